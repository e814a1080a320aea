"""The match keys: which calls a query, a wait or an assertion means.

The same keys everywhere. Each names a value that a call must have; ``properties``,
``traits``, ``context`` and ``integrations`` name objects that the call's must contain,
all the way down; ``where`` is a filter in FQL over the normalised message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from mockseg.domain.call import Verdict
from mockseg.fql.query import parse_question
from mockseg.json_types import Json, JsonObject

# A field that is kept with every call, or a path in its message.
Key: TypeAlias = "str | tuple[str, ...]"
# A verdict, or calls of all verdicts.
VerdictKey: TypeAlias = Literal["accepted", "dropped", "blocked", "rejected", "any"]


class Matchable(Protocol):
    """What can be matched: a call, kept or whole."""

    @property
    def source(self) -> str: ...

    @property
    def type(self) -> str: ...

    @property
    def event(self) -> str | None: ...

    @property
    def user_id(self) -> str | None: ...

    @property
    def message_id(self) -> str: ...

    @property
    def verdict(self) -> Verdict: ...

    @property
    def good(self) -> bool: ...

    def message(self) -> JsonObject: ...


class ScalarMatch(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The match keys that fit into a query string. None matches every call.

    Attributes:
        source: a write key; the empty string means requests without a key.
        type: identify, track, page, screen, group or alias.
        event: the name of a track call.
        user_id, anonymous_id, message_id, group_id: exact.
        verdict: accepted, dropped, blocked or rejected, or any.
        good: accepted without findings, or not.
        where: a filter in FQL.
    """

    source: str | None = None
    type: str | None = None
    event: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    message_id: str | None = None
    group_id: str | None = None
    verdict: VerdictKey | None = None
    good: bool | None = None
    where: str | None = None


class Match(ScalarMatch, frozen=True, kw_only=True, rename="camel"):
    """All match keys.

    Attributes:
        properties, traits, context, integrations: objects that the call's must contain.
    """

    properties: JsonObject | None = None
    traits: JsonObject | None = None
    context: JsonObject | None = None
    integrations: JsonObject | None = None


# Kept with every call, so that they are compared without decoding its message.
_INDEXED = ("source", "type", "event", "user_id", "message_id", "verdict", "good")
_IN_MESSAGE = (("anonymous_id", "anonymousId"), ("group_id", "groupId"))
_OBJECTS = ("properties", "traits", "context", "integrations")


def narrows(match: ScalarMatch) -> bool:
    """Return whether some call of a source does not match."""
    keys = (key for key in ScalarMatch.__struct_fields__ if key != "source")
    return any(getattr(match, key) not in {None, "any"} for key in keys)


class Predicate(Protocol):
    def __call__(self, call: Matchable, message: Callable[[], JsonObject] | None = None) -> bool:
        """Return whether a call matches.

        Args:
            call: it.
            message: returns its normalised message, for who asks several predicates about it.
        """


def compile_match(match: ScalarMatch) -> Predicate:
    """Make the predicate of these keys; it decodes a message only when it has to.

    Raises:
        FqlError: ``where`` cannot be read.
    """
    plain = [
        (key, value)
        for key in _INDEXED
        if (value := getattr(match, key)) is not None and (key, value) != ("verdict", "any")
    ]
    deep: list[Callable[[JsonObject], bool]] = []
    for key, field in _IN_MESSAGE:
        if (value := getattr(match, key)) is not None:
            deep.append(_equals(field, value))
    deep.extend(
        _holds(field, value)
        for field in _OBJECTS
        if (value := getattr(match, field, None)) is not None
    )
    if match.where is not None:
        deep.append(parse_question(match.where).matches)

    def predicate(call: Matchable, message: Callable[[], JsonObject] | None = None) -> bool:
        for key, value in plain:
            if getattr(call, key) != value:
                return False
        if not deep:
            return True
        decoded = (message or call.message)()
        for test in deep:  # noqa: SIM110  (a generator costs each of hundreds of waits half as much again)
            if not test(decoded):
                return False
        return True

    return predicate


class Required(NamedTuple):
    """A text that a call must have to match.

    Attributes:
        key: where: the name of a field that is kept with every call, or a path in its message.
        text: the value.
    """

    key: Key
    text: str


def required(match: ScalarMatch) -> list[Required]:
    """Return texts that every call has which matches, those that need no decoding first.

    Raises:
        FqlError: ``where`` cannot be read.
    """
    found = [
        Required(key, value)
        for key in ("message_id", "user_id", "event", "type")
        if (value := getattr(match, key)) is not None
    ]
    for key, field in _IN_MESSAGE:
        if (value := getattr(match, key)) is not None:
            found.append(Required((field,), value))
    if match.where is not None:
        found += [Required(*each) for each in parse_question(match.where).required]
    for field in _OBJECTS:
        if (value := getattr(match, field, None)) is not None:
            found += _texts(value, (field,))
    return found


def _texts(value: JsonObject, path: tuple[str, ...]) -> Iterator[Required]:
    """Yield the texts in an object, but for those in its lists."""
    # Without recursion, as in `contains`.
    pending = [(path, value)]
    while pending:
        path, value = pending.pop()
        for name, each in value.items():
            if isinstance(each, str):
                yield Required((*path, name), each)
            elif isinstance(each, dict):
                pending.append(((*path, name), each))


def value_at(message: JsonObject, path: Sequence[str]) -> Json:
    """Return the value at a path of names, None where it leads nowhere."""
    value: Json = message
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def accepted_by_default(match: ScalarMatch) -> VerdictKey:
    """Return the verdict that a wait means: accepted, unless verdict or good say otherwise."""
    if match.verdict is not None:
        return match.verdict
    return "accepted" if match.good is None else "any"


def contains(actual: Json, expected: Json) -> bool:
    """Return whether a JSON value has at least what is expected of it.

    An object may have more keys; everything else must be equal, with JSON's types:
    ``42`` is not ``"42"``, ``1`` is not ``true``, ``1`` is ``1.0``.
    """
    # Without recursion: what is expected comes from outside, as deep as JSON may be.
    pending = [(actual, expected)]
    while pending:
        one, wanted = pending.pop()
        if isinstance(wanted, dict):
            if not isinstance(one, dict):
                return False
            for key, value in wanted.items():
                if key not in one:
                    return False
                pending.append((one[key], value))
        elif isinstance(wanted, list):
            if not isinstance(one, list) or len(one) != len(wanted):
                return False
            pending.extend(zip(one, wanted, strict=True))
        elif not _same(one, wanted):
            return False
    return True


def _same(one: Json, other: Json) -> bool:
    if isinstance(other, bool) or isinstance(one, bool):
        return one is other
    return bool(one == other)


def _equals(field: str, value: str) -> Callable[[JsonObject], bool]:
    return lambda message: message.get(field) == value


def _holds(field: str, value: JsonObject) -> Callable[[JsonObject], bool]:
    return lambda message: contains(message.get(field), value)
