"""Reading the catalogue: the only module of this floor that touches files.

The files are parts of the package, read once each, when they are first asked for. References
inside of a file are written out. A file says what several of its rules share once, under
``definitions``; a rule points there with ``{"$ref": "#/definitions/product"}``. What stands
beside the ``$ref`` changes the copy as a JSON merge patch does (RFC 7396): null takes a property
away. The rules that leave the loader hold no references, so that each is whole by itself.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, get_args

from mockseg.catalogue.spelling import Spelling, camel_case, snake_case
from mockseg.catalogue.strictness import EventNames, Leniency, closed, merged_rules, opened
from mockseg.errors import PlanError
from mockseg.json_types import decode
from mockseg.plans.model import DRAFT, Plan, Rule, Strictness, Wire
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import Json, JsonObject


_PREFIX: Final = "#/definitions/"


def expand(value: Json, definitions: JsonObject, *, file: str, trail: tuple[str, ...] = ()) -> Json:
    """Write out every reference in a part of a plan file.

    Args:
        value: the part.
        definitions: what the file defines.
        file: the file's name, for errors.
        trail: the definitions that are being written out already.

    Raises:
        PlanError: a reference leads out of the file, nowhere, or back to itself.
    """
    if isinstance(value, list):
        return [expand(item, definitions, file=file, trail=trail) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if not isinstance(reference, str):
        # Also where a property is called "$ref": then a schema stands there.
        return {
            key: expand(item, definitions, file=file, trail=trail) for key, item in value.items()
        }
    beside = {key: item for key, item in value.items() if key != "$ref"}
    name = _target(reference, definitions, file=file, trail=trail)
    base = expand(definitions[name], definitions, file=file, trail=(*trail, name))
    return patched(base, expand(beside, definitions, file=file, trail=trail))


def patched(base: Json, patch: Json) -> Json:
    """Apply a JSON merge patch (RFC 7396); neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), item)
    return result


def _target(reference: str, definitions: JsonObject, *, file: str, trail: tuple[str, ...]) -> str:
    name = reference.removeprefix(_PREFIX)
    if name == reference or name not in definitions:
        known = ", ".join(_PREFIX + each for each in definitions) or "none"
        raise PlanError(
            f"the reference {reference} leads nowhere in this file; allowed are {known}",
            file=file,
            place="$ref",
        )
    if name in trail:
        raise PlanError(
            f"the definitions {' > '.join((*trail, name))} lead back to themselves",
            file=file,
            place=f"definitions.{name}",
        )
    return name


# Vendors first, then Segment's own: the order in which an event's name is looked up.
_NAMES: Final = (
    "userguiding",
    "userguiding-segment",
    "candu",
    "spec",
    "ecommerce",
    "video",
    "mobile",
    "b2b-saas",
    "email",
    "live-chat",
    "ab-testing",
    "copilot",
)


def catalogues() -> tuple[str, ...]:
    """Return the names of all plans of the catalogue, in the order they are looked through."""
    return _NAMES


def load(name: str, *, strictness: Strictness = "lenient") -> Plan:
    """Return one plan of the catalogue.

    Args:
        name: one of :func:`catalogues`.
        strictness: ``strict`` for exactly its document, ``lenient`` for what either
            document of the source allows.

    Raises:
        PlanError: unknown plan or strictness; the sentence names the nearest.
    """
    if name not in _NAMES:
        raise PlanError(unknown("plan", name, _NAMES), file="catalogue")
    if strictness not in get_args(Strictness):
        raise PlanError(
            unknown("strictness", strictness, get_args(Strictness)),
            file="catalogue",
            place=name,
        )
    return _load(name, strictness)


@cache
def read_journeys() -> JsonObject:
    """Return the journeys file as it is; see :mod:`mockseg.catalogue.journeys`."""
    return _read("journeys")


@cache
def _read(name: str) -> JsonObject:
    path = resources.files("mockseg.catalogue") / "data" / f"{name}.json"
    document: JsonObject = decode(path.read_bytes())
    return document


@cache
def _load(name: str, strictness: Strictness) -> Plan:
    file = _read(name)
    return Plan(
        slug=name,
        name=file["name"],
        description=file["description"],
        document=file["document"],
        strictness=strictness,
        caseless=strictness == "lenient" and _table(file).get("caseless", False),
        rules=_lenient(file) if strictness == "lenient" else _strict(file),
        wire=_wire(file["wire"]),
    )


def _strict(file: JsonObject) -> tuple[Rule, ...]:
    rules = _expanded(file, file.get("definitions", {}))
    schemas = [rule["jsonSchema"] for rule in rules]
    if file["closed"]:
        schemas = [closed(schema) for schema in schemas]
    return tuple(_rule(rule, schema) for rule, schema in zip(rules, schemas, strict=True))


def _lenient(file: JsonObject) -> tuple[Rule, ...]:
    table = _table(file)
    rules = _expanded(file, file.get("definitions", {}) | table.get("definitions", {}))
    other = _other_document(file)
    spell: Callable[[str], str] = str
    if other is not None:
        spell = camel_case if table is file["lenient"] else snake_case
        rules = merged_rules(
            rules,
            _expanded(other, other["definitions"]),
            spell=spell,
            names=EventNames(suffix=table["nameSuffix"], seen=tuple(table["nameSuffixesSeen"])),
            identifiers=frozenset(table["identifiers"]),
        )
    leniency = Leniency(
        spelling=Spelling(
            either_case=other is not None,
            others={spell(k): tuple(v) for k, v in table.get("spellings", {}).items()},
        ),
        properties={spell(k): v for k, v in table.get("properties", {}).items()},
    )
    made = []
    for rule in rules:
        aliases = tuple(rule.get("aliases", ()))
        schema = opened(rule["jsonSchema"], leniency)
        made.append(_rule(rule, schema, aliases=aliases))
    return tuple(made)


def _table(file: JsonObject) -> JsonObject:
    """Return a plan's table of exceptions; two documents of one source have one between them."""
    table: JsonObject = file["lenient"]
    return _read(table["like"])["lenient"] if "like" in table else table


def _other_document(file: JsonObject) -> JsonObject | None:
    name = file["lenient"].get("like") or file["lenient"].get("either")
    return None if name is None else _read(name)


def _expanded(file: JsonObject, definitions: JsonObject) -> list[JsonObject]:
    return [
        {
            **rule,
            "document": f"{file['document']}, {rule['section']}",
            "jsonSchema": expand(rule["jsonSchema"], definitions, file=file["slug"]),
        }
        for rule in file["rules"]
    ]


def _rule(rule: JsonObject, schema: JsonObject, *, aliases: tuple[str, ...] = ()) -> Rule:
    return Rule(
        type=rule["type"],
        key=rule.get("key"),
        version=1,
        title=rule["title"],
        document=rule["document"],
        schema={"$schema": DRAFT, **schema},
        examples=tuple(rule["examples"]),
        aliases=aliases,
    )


def _wire(wire: JsonObject) -> Wire:
    return Wire(
        channel=wire["channel"],
        calls=tuple(wire["calls"]),
        context=wire["context"],
        regions=tuple(wire["regions"]),
        user_id_property=wire.get("userIdProperty"),
    )
