"""Reading the catalogue: the only module of this floor that touches files.

The files are parts of the package, read once each, when they are first asked for.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, get_args

from mockseg.catalogue.either import EventNames, merged_rules
from mockseg.catalogue.model import CataloguePlan, CatalogueRule, Strictness, Wire
from mockseg.catalogue.references import expand
from mockseg.catalogue.spelling import Spelling, camel_case, snake_case
from mockseg.catalogue.strictness import Leniency, closed, opened
from mockseg.errors import PlanError
from mockseg.json_types import decode
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from mockseg.json_types import JsonObject

__all__ = ["catalogues", "load", "read_journeys"]

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
    """Give the names of all plans of the catalogue, in the order they are looked through."""
    return _NAMES


def load(name: str, *, strictness: Strictness = "lenient") -> CataloguePlan:
    """Give one plan of the catalogue.

    Args:
        name: one of :func:`catalogues`.
        strictness: ``strict`` for exactly its document, ``lenient`` for what either
            document of the source allows.

    Raises:
        PlanError: there is no such plan or strictness; the sentence names the nearest.
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
    """Give the journeys file as it is; see :mod:`mockseg.catalogue.journeys`."""
    return _read("journeys")


@cache
def _read(name: str) -> JsonObject:
    path = resources.files("mockseg.catalogue") / "data" / f"{name}.json"
    document: JsonObject = decode(path.read_bytes())
    return document


@cache
def _load(name: str, strictness: Strictness) -> CataloguePlan:
    file = _read(name)
    return CataloguePlan(
        name=name,
        title=file["name"],
        description=file["description"],
        document=file["document"],
        strictness=strictness,
        caseless=strictness == "lenient" and _table(file).get("caseless", False),
        rules=_lenient(file) if strictness == "lenient" else _strict(file),
        wire=_wire(file["wire"]),
    )


def _strict(file: JsonObject) -> tuple[CatalogueRule, ...]:
    rules = _expanded(file, file.get("definitions", {}))
    schemas = [rule["jsonSchema"] for rule in rules]
    if file["closed"]:
        schemas = [closed(schema) for schema in schemas]
    return tuple(_rule(rule, schema) for rule, schema in zip(rules, schemas, strict=True))


def _lenient(file: JsonObject) -> tuple[CatalogueRule, ...]:
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
    """Give a plan's table of exceptions; two documents of one source have one between them."""
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


def _rule(rule: JsonObject, schema: JsonObject, *, aliases: tuple[str, ...] = ()) -> CatalogueRule:
    return CatalogueRule(
        type=rule["type"],
        key=rule.get("key", ""),
        title=rule["title"],
        document=rule["document"],
        schema=schema,
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
