"""Reading the catalogue: the only module of this floor that touches files.

The files are parts of the package, read once each, when they are first asked for. References
inside of a file are written out. A file says what several of its rules share once, under
``definitions``; a rule points there with ``{"$ref": "#/definitions/product"}``. What stands
beside the ``$ref`` changes the copy as a JSON merge patch does (RFC 7396): null takes a property
away. The rules that leave the loader hold no references, so that each is whole by itself.

A file says what a document names. ``strict`` closes it: nothing else may be there. ``lenient``
opens it: more properties may be there, other spellings are known, and the types are those of the
plan's own table of exceptions, which holds the resolutions of the contradictions between the
documents (UG-X*, CA-X* in the tests).

UserGuiding's events are described twice, with other names, other cases and other types (UG-X01
to UG-X25). The lenient form of either plan holds the events of both, in its own naming; a type
is allowed if either document has it, and a property is required if it says which guide,
checklist or survey an event is about. An event that only one document has keeps what that
document requires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final, get_args

from mockseg.catalogue.spelling import camel_case, snake_case
from mockseg.errors import PlanError
from mockseg.json_types import Json, JsonObject, decode, patched
from mockseg.plans.model import Plan, Rule, Strictness, Wire
from mockseg.schemas.tree import DRAFT, types_of
from mockseg.suggestions import unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNames:
    """How the events of the source are named in its two documents.

    Attributes:
        suffix: what the vendor puts behind a name in one document, in lower case.
        seen: other endings that were seen in its place (UG-X25).
    """

    suffix: str
    seen: tuple[str, ...] = ()

    def stem(self, key: str) -> str:
        """Return what the names of one event have in common: lower case, no suffix."""
        return key.lower().removesuffix(self.suffix)

    def titled(self, key: str) -> str:
        """Derive the name that an event would have in the other document (UG-X23)."""
        return " ".join("AI" if w == "ai" else w.capitalize() for w in self.stem(key).split())

    def aliases(self, key: str) -> tuple[str, ...]:
        stem = self.stem(key)
        names = [stem, stem + self.suffix, *(stem + ending for ending in self.seen)]
        return tuple(name for name in names if name != key.lower())


def merged_rules(
    own: Sequence[JsonObject],
    other: Sequence[JsonObject],
    *,
    spell: Callable[[str], str],
    names: EventNames,
    identifiers: frozenset[str],
) -> list[JsonObject]:
    """Return the rules of a source in the naming of its first document, as its files write them.

    Args:
        own: the rules of the document whose naming is used.
        other: the rules of the other document.
        spell: spells a property's name as the first document does.
        names: how the events are named.
        identifiers: the properties that stay required where both documents know an event.
    """
    stay = frozenset(map(spell, identifiers))
    respelt = {names.stem(rule["key"]): respelled(rule, spell) for rule in other}
    own_words, other_words = _vocabulary(own), _vocabulary(list(respelt.values()))
    merged = []
    for rule in own:
        counterpart = respelt.pop(names.stem(rule["key"]), None)
        body = _body_of(rule)
        if counterpart is not None:
            body = _both(body, _body_of(counterpart), stay)
        merged.append(_with_body(rule, _widened(body, other_words), names))
    for rule in respelt.values():
        titled = {**rule, "key": names.titled(rule["key"])}
        merged.append(_with_body(titled, _widened(_body_of(rule), own_words), names))
    return merged


def respelled(value: Json, spell: Callable[[str], str]) -> Json:
    if isinstance(value, list):
        return [respelled(item, spell) for item in value]
    if not isinstance(value, dict):
        return value
    result: JsonObject = {}
    for key, item in value.items():
        if key == "required":
            result[key] = [spell(name) for name in item]
        elif key == "properties":
            result[key] = {spell(name): respelled(sub, spell) for name, sub in item.items()}
        else:
            result[key] = respelled(item, spell)
    return result


def _body_of(rule: JsonObject) -> JsonObject:
    body: JsonObject = rule["jsonSchema"]["properties"]["properties"]
    return body


def _with_body(rule: JsonObject, body: JsonObject, names: EventNames) -> JsonObject:
    schema = {**rule["jsonSchema"], "properties": {"properties": body}}
    return {**rule, "jsonSchema": schema, "aliases": list(names.aliases(rule["key"]))}


def _vocabulary(rules: Sequence[JsonObject]) -> JsonObject:
    words: JsonObject = {}
    for rule in rules:
        for name, schema in _body_of(rule)["properties"].items():
            words[name] = _wider(words[name], schema) if name in words else schema
    return words


def _both(own: JsonObject, other: JsonObject, stay: frozenset[str]) -> JsonObject:
    body = {**own, "properties": {**other["properties"], **own["properties"]}}
    body["required"] = [name for name in own["required"] if name in stay]
    conditions = [*own.get("allOf", ()), *other.get("allOf", ())]
    return body | ({"allOf": conditions} if conditions else {})


def _widened(body: JsonObject, words: Mapping[str, JsonObject]) -> JsonObject:
    properties = {
        name: _wider(schema, words[name]) if name in words else schema
        for name, schema in body["properties"].items()
    }
    return {**body, "properties": properties}


def _wider(one: JsonObject, two: JsonObject) -> JsonObject:
    if one == two:
        return one
    types = list(dict.fromkeys((*types_of(one), *types_of(two))))
    if "number" in types:
        types = [each for each in types if each != "integer"]
    wider: JsonObject = {"type": types[0] if len(types) == 1 else types}
    if "enum" in one and "enum" in two:
        wider["enum"] = list(dict.fromkeys((*one["enum"], *two["enum"])))
    return wider


@dataclass(frozen=True, slots=True, kw_only=True)
class Leniency:
    """What a lenient plan allows beyond its document.

    Attributes:
        either_case: whether camelCase and snake_case mean the same property.
        spellings: further spellings of properties, by the name that the plan itself uses.
        properties: the schema that a property has instead of its own, by name.
    """

    either_case: bool = False
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    properties: Mapping[str, JsonObject] = field(default_factory=dict)

    def forms(self, name: str) -> tuple[str, ...]:
        """Return every spelling of a property's name, the given one first."""
        cased = (camel_case(name), snake_case(name)) if self.either_case else ()
        return tuple(dict.fromkeys((name, *cased, *self.spellings.get(name, ()))))


def closed(schema: JsonObject) -> JsonObject:
    """Allow only the properties that the document names, at every depth of ``properties``.

    Traits and context stay open: no document of a source lists them all.
    """
    root = dict(schema.get("properties", {}))
    if "properties" in root:
        root["properties"] = _closed(root["properties"])
    return {**schema, "properties": root}


def _closed(schema: Json) -> Json:
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: _closed(sub) for name, sub in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = _closed(schema["items"])
    return result


def opened(schema: JsonObject, leniency: Leniency) -> JsonObject:
    """Return the lenient form of a schema.

    What may not be there (the schema ``false``) and "at least one of" are let go: that
    answers exclude each other, and that feedback is never empty, is only read off the
    documents' examples (UG-C1 to UG-C6).
    """
    result = {
        key: value
        for key, value in schema.items()
        if key not in {"properties", "required", "allOf", "anyOf"}
    }
    properties: JsonObject = {}
    for name, sub in schema.get("properties", {}).items():
        if sub is False:
            continue
        lenient = leniency.properties.get(name)
        if lenient is None:
            lenient = opened(sub, leniency)
        properties.update(dict.fromkeys(leniency.forms(name), lenient))
    if properties:
        result["properties"] = properties
    if "items" in schema:
        result["items"] = opened(schema["items"], leniency)
    single = [n for n in schema.get("required", ()) if len(leniency.forms(n)) == 1]
    if single:
        result["required"] = single
    conditions = [*_required(schema, leniency), *_conditions(schema, leniency)]
    if conditions:
        result["allOf"] = conditions
    return result


def _required(schema: JsonObject, leniency: Leniency) -> Iterator[JsonObject]:
    """Require a property in any of its spellings; a finding names the plan's own."""
    for name in schema.get("required", ()):
        own, *others = leniency.forms(name)
        if not others:
            continue
        there: list[JsonObject] = [{"required": [other]} for other in others]
        yield {
            "if": there[0] if len(there) == 1 else {"anyOf": there},
            "else": {"required": [own]},
        }


def _conditions(schema: JsonObject, leniency: Leniency) -> Iterator[JsonObject]:
    for condition in schema.get("allOf", ()):
        then = opened(condition["then"], leniency)
        if not then:
            continue
        (asked,) = condition["if"]["required"]
        answer = condition["if"]["properties"][asked]
        for form in leniency.forms(asked):
            yield {"if": {"required": [form], "properties": {form: answer}}, "then": then}


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
    return _read("journeys")


@cache
def _read(name: str) -> JsonObject:
    path = resources.files("mockseg.catalogue") / "data" / f"{name}.json"
    document: JsonObject = decode(path.read_bytes())
    return document


@cache
def _load(name: str, strictness: Strictness) -> Plan:
    file = _read(name)
    wire = file["wire"]
    return Plan(
        slug=name,
        name=file["name"],
        description=file["description"],
        document=file["document"],
        strictness=strictness,
        caseless=strictness == "lenient" and _table(file).get("caseless", False),
        rules=_lenient(file) if strictness == "lenient" else _strict(file),
        wire=Wire(
            channel=wire["channel"],
            calls=tuple(wire["calls"]),
            context=wire["context"],
            regions=tuple(wire["regions"]),
            user_id_property=wire.get("userIdProperty"),
            user_id_allowed=_user_id_allowed(file, strictness),
            complete=wire.get("complete", False),
        ),
    )


def _user_id_allowed(file: JsonObject, strictness: Strictness) -> str | None:
    name: str | None = file["wire"].get("userIdProperty")
    other = file["lenient"].get("either")
    if name is None and other is not None and strictness == "lenient":
        return _user_id_allowed(_read(other), strictness)
    return name


def _strict(file: JsonObject) -> tuple[Rule, ...]:
    rules = _expanded(file, file.get("definitions", {}))
    judge = closed if file["closed"] else dict
    # The document has one name for each event.
    return tuple(_rule(rule | {"aliases": ()}, judge(rule["jsonSchema"])) for rule in rules)


def _lenient(file: JsonObject) -> tuple[Rule, ...]:
    table = _table(file)
    rules = _expanded(file, file.get("definitions", {}) | table.get("definitions", {}))
    name = file["lenient"].get("like") or file["lenient"].get("either")
    other = None if name is None else _read(name)
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
        either_case=other is not None,
        spellings={spell(k): tuple(v) for k, v in table.get("spellings", {}).items()},
        properties={spell(k): v for k, v in table.get("properties", {}).items()},
    )
    return tuple(_rule(rule, opened(rule["jsonSchema"], leniency)) for rule in rules)


def _table(file: JsonObject) -> JsonObject:
    table: JsonObject = file["lenient"]
    return _read(table["like"])["lenient"] if "like" in table else table


def _expanded(file: JsonObject, definitions: JsonObject) -> list[JsonObject]:
    return [
        {
            **rule,
            "document": f"{file['document']}, {rule['section']}",
            "jsonSchema": expand(rule["jsonSchema"], definitions, file=file["slug"]),
        }
        for rule in file["rules"]
    ]


def _rule(rule: JsonObject, schema: JsonObject) -> Rule:
    return Rule(
        type=rule["type"],
        key=rule.get("key"),
        version=1,
        title=rule["title"],
        document=rule["document"],
        schema={"$schema": DRAFT, **schema},
        examples=tuple(rule["examples"]),
        aliases=tuple(rule.get("aliases", ())),
    )
