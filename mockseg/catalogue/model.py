"""A plan of the catalogue as a value.

The JSON that :meth:`CataloguePlan.to_json` gives is Segment's Public API JSON of a
tracking plan; what is ours stands in keys that the API does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject

__all__ = ["STRICTNESSES", "CataloguePlan", "CatalogueRule", "Strictness", "Wire"]

Strictness: TypeAlias = Literal["lenient", "strict"]
STRICTNESSES: Final[tuple[Strictness, ...]] = ("lenient", "strict")

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRule:
    """What one documented event looks like.

    Attributes:
        type: ``TRACK``, ``IDENTIFY``, ``PAGE``, ``SCREEN``, ``GROUP``, ``ALIAS``, or
            ``COMMON`` for what is said of every call.
        key: the event's name; of a PAGE or SCREEN the one name it is for; else empty.
        title: what happened, in one sentence for people.
        document: the document and the section of it that the rule is taken from.
        schema: JSON Schema draft-07 over the whole message, without references; not to be changed.
        examples: the part of a message that the document speaks of, one for each way of
            its examples; :func:`mockseg.catalogue.samples.sample` makes whole messages of them.
        aliases: other spellings of the key that mean this event too; only in lenient plans.
    """

    type: str
    key: str
    title: str
    document: str
    schema: JsonObject
    examples: tuple[JsonObject, ...]
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Give what people call the rule: the event's name, or ``identify``, ``common``, ..."""
        return self.key or self.type.lower()

    def to_json(self) -> JsonObject:
        """Give the rule as Segment's Public API has it."""
        rule: JsonObject = {"type": self.type}
        if self.key:
            rule["key"] = self.key
        rule |= {"version": 1, "title": self.title, "document": self.document}
        if self.aliases:
            rule["aliases"] = list(self.aliases)
        rule["jsonSchema"] = {"$schema": _DRAFT, **self.schema}
        rule["examples"] = list(self.examples)
        return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How a source puts its events on the wire.

    Attributes:
        channel: ``server``, ``browser`` or ``mobile``.
        calls: the types of call that it makes, in lower case.
        context: what every call's context holds.
        regions: the regions of Segment that the source can send to, ``us`` and ``eu``.
        user_id_property: the property that repeats the userId, or None.
    """

    channel: Literal["server", "browser", "mobile"]
    calls: tuple[str, ...]
    context: JsonObject
    regions: tuple[str, ...]
    user_id_property: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePlan:
    """The documented events of one source, in one naming.

    Attributes:
        name: the plan's name in commands and options, such as ``userguiding``.
        title: its name for people.
        description: what it is about and where its words are from.
        document: the document that it is taken from, with its address.
        strictness: ``strict`` is exactly the document; ``lenient`` is what either document
            of the source allows, and more properties.
        caseless: whether the case of an event's name is ignored.
        rules: in the order of the document; no two with equal type and key.
        wire: how the source sends them.
    """

    name: str
    title: str
    description: str
    document: str
    strictness: Strictness
    caseless: bool
    rules: tuple[CatalogueRule, ...]
    wire: Wire

    def rule(self, name: str, *, type: str | None = None) -> CatalogueRule | None:  # noqa: A002  # the word of the JSON
        """Find the rule for an event's name, or None.

        Args:
            name: a rule's name or, in a lenient plan, another spelling of it.
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

    def to_json(self) -> JsonObject:
        """Give the plan as Segment's Public API has it, with each schema whole."""
        return {
            "name": self.title,
            "slug": self.name,
            "description": self.description,
            "document": self.document,
            "strictness": self.strictness,
            "caseless": self.caseless,
            "rules": [rule.to_json() for rule in self.rules],
        }
