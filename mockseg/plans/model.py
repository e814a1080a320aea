"""A tracking plan as a value, and reading one from Segment's Public API JSON.

The shape is that of ``GET /tracking-plans/{id}/rules``: rules of ``{type, key?,
jsonSchema, version, ...}``. Accepted are the API's whole answer (``{"data": {...}}``),
its inside (``{"trackingPlan"?, "rules"}``), the flat form that mockseg writes
(``{"name", "rules"}``), and what :mod:`mockseg.plans.plan_forms` converts. Files are read,
never executed.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from mockseg.domain.message import MESSAGE_TYPES, holder_of
from mockseg.errors import PlanError, UnreadableFileError
from mockseg.files import read_json, read_text, suffix_of
from mockseg.json_types import Json, JsonObject, as_object, as_text
from mockseg.plans.hcl import decode_hcl
from mockseg.plans.plan_forms import public_form, schema_of
from mockseg.schemas.drafts import in_draft_07
from mockseg.schemas.soundness import checking, ended
from mockseg.suggestions import quoted, unknown

RuleType: TypeAlias = Literal["TRACK", "IDENTIFY", "GROUP", "PAGE", "SCREEN", "ALIAS", "COMMON"]
RULE_TYPES: Final[tuple[str, ...]] = get_args(RuleType)
Strictness: TypeAlias = Literal["lenient", "strict"]
STRICTNESSES: Final[tuple[Strictness, ...]] = get_args(Strictness)

# The types of which a plan may have several rules, distinguished by their keys.
KEYED: Final = frozenset({"TRACK", "PAGE", "SCREEN", "COMMON"})

_RULE_KEYS: Final = frozenset(
    {
        "type",
        "key",
        "version",
        "jsonSchema",
        "json_schema",
        "title",
        "description",
        "aliases",
        "document",
        "examples",
    }
)
_PLAN_KEYS: Final = frozenset(
    {"id", "name", "slug", "description", "document", "strictness", "caseless", "rules"}
)
# Tracking plans are smaller; the API itself takes 200 rules in one update.
_LARGEST_FILE: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one kind of call must look like.

    Attributes:
        type: the kind of call; COMMON is every call.
        key: the event's name, for TRACK always given; for PAGE and SCREEN the name of
            the one page that the rule is for, if it is not for all. A COMMON rule may have
            one to distinguish it from others.
        version: the version of the event, see ``context.protocols.event_version``.
        schema: JSON Schema over the whole message, as draft-07 says it; not to be changed.
        title: a name for people.
        description: what it is about, for people; may be empty.
        aliases: other spellings of the key that mean this event too; not Segment's.
        document: the document and the section of it that the rule is taken from, if any.
        examples: parts of good messages, one for each way of the document's examples;
            :func:`mockseg.catalogue.samples.message_for` makes whole messages of them.
        written: the schema as it stands in the plan, where that is of another draft; else None.
        extra: what else stands in the rule's JSON (``labels``, ``createdAt``, ...).
    """

    type: RuleType
    key: str | None
    version: int
    schema: JsonObject
    title: str
    description: str = ""
    aliases: tuple[str, ...] = ()
    document: str = ""
    examples: tuple[JsonObject, ...] = ()
    written: JsonObject | None = None
    extra: JsonObject = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it: the event's name, or ``identify``, ``common``, ..."""
        return self.key or self.type.lower()

    @property
    def keys(self) -> tuple[str, ...]:
        """The key and its other spellings; empty where the rule has none."""
        return (self.key, *self.aliases) if self.key else ()

    @property
    def body(self) -> JsonObject:
        """The schema of its properties or traits; empty where it has none of its own."""
        properties = as_object(self.schema.get("properties"))
        return as_object(properties.get(holder_of(self.type.lower())))

    @property
    def label(self) -> str:
        """The rule in one line: ``TRACK "Guide Started"``, with its version from 2 on."""
        key = "" if self.key is None else f' "{self.key}"'
        return f"{self.type}{key}" + (f" version {self.version}" if self.version > 1 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How a source puts its events on the wire.

    Attributes:
        channel: ``server``, ``browser`` or ``mobile``.
        calls: the types of call that it makes, in lower case.
        context: what every call's context holds.
        regions: the regions of Segment that the source can send to, ``us`` and ``eu``.
        user_id_property: the property in which its document repeats the userId, or None.
        user_id_allowed: the property that is the userId again where it is sent: the same, and
            of a lenient plan also that of the other document of its source.
        complete: whether its document lists every call that the source makes.
    """

    channel: Literal["server", "browser", "mobile"] = "browser"
    calls: tuple[str, ...] = MESSAGE_TYPES
    context: JsonObject = field(default_factory=dict)
    regions: tuple[str, ...] = ("us", "eu")
    user_id_property: str | None = None
    user_id_allowed: str | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Plan:
    """A tracking plan: rules that may be checked, the user's own or of the catalogue.

    Attributes:
        name: the plan's name, for people.
        rules: in the order of the file; no two with equal type, key and version.
        id: Segment's id (``tp_...``, ``rs_...``), or empty.
        description: for people; may be empty.
        slug: its short name, which findings, commands and options carry, such as
            ``userguiding``; the name if the plan has none.
        document: the document that it is taken from, with its address; may be empty.
        strictness: of a plan of the catalogue: ``strict`` is exactly the document; ``lenient``
            is what either document of the source allows, and more properties. Else empty.
        caseless: whether the case of an event's name is ignored; not Segment's.
        wire: how its source sends.
        extra: what else stands beside the rules in the plan's JSON.
    """

    name: str
    rules: tuple[Rule, ...]
    id: str = ""
    description: str = ""
    slug: str = ""
    document: str = ""
    strictness: Strictness | Literal[""] = ""
    caseless: bool = False
    wire: Wire = field(default_factory=Wire)
    extra: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.slug:
            object.__setattr__(self, "slug", self.name)

    @property
    def closes_calls(self) -> bool:
        """Whether a call that it has no rule for is unplanned, whatever its type."""
        return self.strictness == "strict" and self.wire.complete

    @property
    def common(self) -> tuple[JsonObject, ...]:
        return tuple(rule.schema for rule in self.rules if rule.type == "COMMON")

    def rule(self, name: str, *, type: str | None = None) -> Rule | None:  # noqa: A002  # the word of the JSON
        """Find the rule for an event's name, or None.

        Args:
            name: a rule's name or another spelling of it.
            type: the rule's type in capitals, where one name has several.
        """
        wanted = name.casefold() if self.caseless else name
        spelled_otherwise = None
        for rule in self.rules:
            if type is not None and rule.type != type:
                continue
            if rule.name == name:
                return rule
            spellings = (rule.name, *rule.aliases)
            if self.caseless:
                spellings = tuple(spelling.casefold() for spelling in spellings)
            if spelled_otherwise is None and wanted in spellings:
                spelled_otherwise = rule
        return spelled_otherwise


def plan_from_json(document: Json, *, file: str, check: bool = True) -> Plan:
    """Make a plan from decoded JSON, as :func:`reading_plan`."""
    return ended(reading_plan(document, file=file, check=check))


def reading_plan(document: Json, *, file: str, check: bool = True) -> Generator[None, None, Plan]:
    """Make a plan from decoded JSON; yields between steps, because a large one takes long.

    Args:
        document: Segment's Public API JSON, see the module.
        file: the file's name or the plan's, for errors; the name of a plan without one.
        check: check every schema now. Without it a bad schema is found at its first use;
            for the catalogue, whose files are checked by its tests.

    Raises:
        PlanError: invalid plan, or one of its rules is invalid.
    """
    plan, rules, where = _parts(public_form(document, file=file), file=file)
    known = set(_PLAN_KEYS)
    strictness = plan.get("strictness", "")
    if strictness not in STRICTNESSES:
        known.discard("strictness")
        strictness = ""
    source = plan.get("document", "")
    if not isinstance(source, str):
        known.discard("document")
        source = ""
    read: list[Rule] = []
    places: dict[tuple[str, str | None, int], str] = {}
    for index, entry in enumerate(rules):
        place = f"{where}[{index}]"
        rule = _rule(entry, file=file, place=place)
        identity = (rule.type, rule.key if rule.type in KEYED else None, rule.version)
        if identity in places:
            raise PlanError(
                f"a second rule for {rule.label}, the first is {places[identity]}; allowed is "
                "one rule for each type, key and version (identify, group and alias have no keys)",
                file=file,
                place=place,
            )
        places[identity] = place
        if check:
            schema = rule.schema if rule.written is None else rule.written
            yield from checking(schema, file=file, place=f"{place}.jsonSchema")
        read.append(rule)
    return Plan(
        name=_text(plan, "name", file=file) or Path(file).stem or file,
        rules=tuple(read),
        id=_text(plan, "id", file=file),
        description=_text(plan, "description", file=file),
        slug=_text(plan, "slug", file=file),
        document=source,
        strictness=strictness,
        caseless=plan.get("caseless") is True,
        extra={key: value for key, value in plan.items() if key not in known},
    )


def plan_to_json(plan: Plan) -> JsonObject:
    """Write a plan as JSON that ``plan_from_json`` reads back as an equal plan."""
    head: JsonObject = {
        "id": plan.id,
        "name": plan.name,
        "slug": "" if plan.slug == plan.name else plan.slug,
        "description": plan.description,
        "document": plan.document,
        "strictness": plan.strictness,
    }
    document = {key: value for key, value in head.items() if value or key == "name"}
    if plan.caseless or plan.strictness:
        document["caseless"] = plan.caseless
    document |= plan.extra
    document["rules"] = [_rule_to_json(rule) for rule in plan.rules]
    return document


def read_plan(path: str | Path, *, check: bool = True) -> Plan:
    """Read a plan from a file: HCL if it is called ``.tf``, else JSON.

    Raises:
        MissingExtraError: HCL needs python-hcl2.
        PlanError: the file cannot be read, is not JSON, or is not a plan.
    """
    file = str(path)
    try:
        hcl = suffix_of(path) == ".tf"
        document = decode_hcl(read_text(path), file=file) if hcl else read_json(path)
    except UnreadableFileError as error:
        raise PlanError(f"cannot be read: {error.reason}", file=file) from None
    return plan_from_json(document, file=file, check=check)


def _parts(document: Json, *, file: str) -> tuple[JsonObject, list[Json], str]:
    """Find the plan's own fields, its rules, and where the rules stand."""
    holder, where = document, ""
    if isinstance(holder, dict) and "rules" not in holder and isinstance(holder.get("data"), dict):
        holder, where = holder["data"], "data."
    if not isinstance(holder, dict) or not isinstance(holder.get("rules"), list):
        raise PlanError(
            f"found {quoted(holder)}; allowed is Segment's Public API JSON, "
            '{"rules": [...]} or {"data": {"trackingPlan": {...}, "rules": [...]}}, a plan of '
            "Terraform or of the Config API",
            file=file,
            place=where.rstrip("."),
        )
    if as_object(holder.get("pagination")).get("next"):
        raise PlanError(
            f"found {len(holder['rules'])} rules and more on the next page; put all pages into "
            "one list, such as by curl ... | jq -s",
            file=file,
            place=f"{where}pagination.next",
        )
    inner = holder.get("trackingPlan")
    plan = inner if isinstance(inner, dict) else holder
    own = {key: value for key, value in plan.items() if key not in {"rules", "pagination"}}
    return own, holder["rules"], f"{where}rules"


def _rule(entry: Json, *, file: str, place: str) -> Rule:
    if not isinstance(entry, dict):
        raise PlanError(f"a rule must be an object, got {quoted(entry)}", file=file, place=place)
    kind = entry.get("type")
    if kind not in RULE_TYPES:
        raise PlanError(unknown("rule type", kind, RULE_TYPES), file=file, place=f"{place}.type")
    key = entry.get("key")
    if (kind == "TRACK" and not key) or not isinstance(key, str | None):
        raise PlanError(
            f"invalid key {quoted(key)}: expected the event's name as a string, and for other "
            "types than TRACK none",
            file=file,
            place=f"{place}.key",
        )
    schema = schema_of(entry, file=file, place=place)
    if not isinstance(schema, dict):
        raise PlanError(
            f"a rule needs a JSON Schema as an object, got {quoted(schema)}",
            file=file,
            place=f"{place}.jsonSchema",
        )
    aliases = entry.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise PlanError(
            "other spellings of a key must be a list of strings",
            file=file,
            place=f"{place}.aliases",
        )
    known = set(_RULE_KEYS)
    examples = entry.get("examples", [])
    if not isinstance(examples, list) or not all(isinstance(each, dict) for each in examples):
        known.discard("examples")
        examples = []
    document = entry.get("document", "")
    if not isinstance(document, str):
        known.discard("document")
        document = ""
    title, description = entry.get("title"), entry.get("description")
    written, schema = schema, in_draft_07(schema)
    return Rule(
        type=cast("RuleType", kind),
        key=key or None,
        version=_version(entry, file=file, place=place),
        schema=schema,
        title=title if isinstance(title, str) and title else _default_title(kind, key, schema),
        description=description
        if isinstance(description, str)
        else as_text(schema.get("description")),
        aliases=tuple(aliases),
        document=document,
        examples=tuple(examples),
        written=None if written is schema else written,
        extra={name: value for name, value in entry.items() if name not in known},
    )


def _version(entry: JsonObject, *, file: str, place: str) -> int:
    version = entry.get("version", 1)
    if isinstance(version, float) and version.is_integer():
        version = int(version)
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        raise PlanError(
            f"invalid version {quoted(version)}: expected a whole number from 0",
            file=file,
            place=f"{place}.version",
        )
    return version


def _rule_to_json(rule: Rule) -> JsonObject:
    entry: JsonObject = {"type": rule.type}
    if rule.key is not None:
        entry["key"] = rule.key
    entry["version"] = rule.version
    if rule.title != _default_title(rule.type, rule.key, rule.schema):
        entry["title"] = rule.title
    if rule.description != as_text(rule.schema.get("description")):
        entry["description"] = rule.description
    if rule.document:
        entry["document"] = rule.document
    if rule.aliases:
        entry["aliases"] = list(rule.aliases)
    written = rule.schema if rule.written is None else rule.written
    entry |= rule.extra | {"jsonSchema": written}
    if rule.examples:
        entry["examples"] = list(rule.examples)
    return entry


def _default_title(kind: str, key: str | None, schema: JsonObject) -> str:
    return as_text(schema.get("title")) or key or kind


def _text(plan: JsonObject, key: str, *, file: str) -> str:
    value = plan.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PlanError(f"must be a string, got {quoted(value)}", file=file, place=key)
    return value
