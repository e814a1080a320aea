"""Which call a test means: ``track("Order Completed", user_id="u1", properties={...})``.

Each function gives a :class:`~mockseg.matching.matcher.Matcher`. What an argument may
be is said in :mod:`mockseg.matching.values`; None, the default, means that a field is
not looked at, and ``ABSENT`` that it must not be there. All functions take:

    user_id, anonymous_id, message_id, group_id: ids of the message.
    context, integrations: objects that the call's must contain.
    verdict: ``accepted`` (the default), ``dropped``, ``blocked``, ``rejected``, or ``ANY``.
    good: accepted without findings, or not; True, False, or None for both.
    where: a filter in FQL over the normalised message.

and raise :exc:`TypeError` for an argument that does not exist or can never match,
:exc:`ValueError` for a value that is not allowed, and
:exc:`~mockseg.errors.FqlError` for a filter that cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack, get_args

from mockseg.domain.call import Verdict
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.fql.query import parse_question
from mockseg.matching.matcher import Matcher, make_matcher
from mockseg.matching.render import shown, shown_typed
from mockseg.matching.values import ANY, Exactly, Expected, admit, is_plain
from mockseg.suggestions import unknown, unknown_option

# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


class _Shared(TypedDict, total=False):
    anonymous_id: Expected
    message_id: Expected
    context: Expected
    integrations: Expected
    verdict: Verdict | Any | None
    good: bool | None
    where: str | None


class _CommonButUser(_Shared, total=False):
    group_id: Expected


class _CommonButGroup(_Shared, total=False):
    user_id: Expected


class _Common(_CommonButUser, total=False):
    user_id: Expected


_COMMON = (
    *("user_id", "anonymous_id", "message_id", "group_id"),
    *("context", "integrations", "verdict", "good", "where"),
)
# Argument -> the field of the message, ids and names first, in the order they are shown.
_TEXTS = {
    "event": "event",
    "name": "name",
    "category": "category",
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "group_id": "groupId",
    "previous_id": "previousId",
    "message_id": "messageId",
}
_OBJECTS = ("properties", "traits", "context", "integrations")
_VERDICTS: tuple[str, ...] = get_args(Verdict)


def track(
    event: Expected = ANY, *, properties: Expected = None, **common: Unpack[_Common]
) -> Matcher:
    """Expect a track call with this event name (any by default) and these properties.

    Raises:
        TypeError, ValueError, FqlError: see the module.
    """
    event = None if event is ANY else event
    return _make("track", {"event": event, "properties": properties}, common)


def identify(
    user_id: Expected = None, *, traits: Expected = None, **common: Unpack[_CommonButUser]
) -> Matcher:
    """Expect an identify call of this user with these traits.

    Raises:
        TypeError, ValueError, FqlError: see the module.
    """
    return _make("identify", {"user_id": user_id, "traits": traits}, common)


def page(
    name: Expected = None,
    *,
    category: Expected = None,
    properties: Expected = None,
    **common: Unpack[_Common],
) -> Matcher:
    """Expect a page call with this name, category and properties.

    Raises:
        TypeError, ValueError, FqlError: see the module.
    """
    own = {"name": name, "category": category, "properties": properties}
    return _make("page", own, common)


def screen(
    name: Expected = None,
    *,
    category: Expected = None,
    properties: Expected = None,
    **common: Unpack[_Common],
) -> Matcher:
    """Expect a screen call with this name, category and properties.

    Raises:
        TypeError, ValueError, FqlError: see the module.
    """
    own = {"name": name, "category": category, "properties": properties}
    return _make("screen", own, common)


def group(
    group_id: Expected = None, *, traits: Expected = None, **common: Unpack[_CommonButGroup]
) -> Matcher:
    """Expect a group call of this group with these traits.

    Raises:
        TypeError, ValueError, FqlError: see the module.
    """
    return _make("group", {"group_id": group_id, "traits": traits}, common)


def alias(
    user_id: Expected = None, *, previous_id: Expected = None, **common: Unpack[_CommonButUser]
) -> Matcher:
    """Expect an alias call that gives this user the new identity, from the previous one.

    Raises:
        TypeError, ValueError, FqlError: see the module.
    """
    return _make("alias", {"user_id": user_id, "previous_id": previous_id}, common)


def message(
    type: str | None = None,  # noqa: A002 - the field's own name
    *,
    properties: Expected = None,
    traits: Expected = None,
    **common: Unpack[_Common],
) -> Matcher:
    """Expect a call of this type, or of any.

    A type that Segment does not know can be asked for with a verdict other than
    ``accepted``.

    Raises:
        TypeError, ValueError, FqlError: see the module.
    """
    return _make(type, {"properties": properties, "traits": traits}, common, called="message")


def any_call(
    *, properties: Expected = None, traits: Expected = None, **common: Unpack[_Common]
) -> Matcher:
    """Expect a call of any type.

    Raises:
        TypeError, ValueError, FqlError: see the module.
    """
    return _make(None, {"properties": properties, "traits": traits}, common, called="any_call")


def _make(
    type_: str | None, own: dict[str, Expected], common: Mapping[str, Any], *, called: str = ""
) -> Matcher:
    called = called or str(type_)
    allowed = (*own, *(name for name in _COMMON if name not in own))
    for name in common:
        if name not in allowed:
            raise unknown_option(called, name, allowed)
    verdict = _verdict(common.get("verdict"), called)
    good = common.get("good")
    if good is not None and not isinstance(good, bool):
        raise TypeError(f"{called}(good={shown(good)}): good is True, False or None")
    where = common.get("where")
    if where is not None and not isinstance(where, str):
        raise TypeError(f"{called}(where={shown(where)}): a filter is a text in FQL")
    may_be_bad = verdict not in {None, "accepted"}
    _check_type(type_, called, may_be_bad=may_be_bad)
    given = {**common, **own}
    expected: list[tuple[str, Expected]] = []
    for name, field in _TEXTS.items():
        if (value := given.get(name)) is not None:
            expected.append((field, _text(value, f"{called}({name})", may_be_bad=may_be_bad)))
    for name in _OBJECTS:
        value = given.get(name)
        if value is None:
            continue
        admitted = _object(value, f"{called}({name})")
        # Nothing is expected of an empty object, so it may as well be missing.
        if not (isinstance(admitted, dict) and not admitted):
            expected.append((name, admitted))
    return make_matcher(
        type_,
        tuple(expected),
        verdict=verdict,
        good=good,
        where=None if where is None else parse_question(where),
    )


def _verdict(verdict: object, called: str) -> Verdict | Any | None:
    if verdict is None or verdict is ANY:
        return verdict
    if isinstance(verdict, str) and verdict in _VERDICTS:
        return verdict
    raise ValueError(f"{called}(): {unknown('verdict', verdict, (*_VERDICTS, 'ANY'))}")


def _check_type(type_: object, called: str, *, may_be_bad: bool) -> None:
    if type_ is None or type_ in MESSAGE_TYPES:
        return
    if not isinstance(type_, str):
        raise TypeError(f"{called}(type={shown(type_)}): a type is a text or None")
    if not may_be_bad:
        raise ValueError(
            f"{called}(): {unknown('type', type_, MESSAGE_TYPES)} Calls of other types are never"
            " accepted; to match them, pass a verdict."
        )


def _text(value: object, place: str, *, may_be_bad: bool) -> Expected:
    admitted = admit(value, place)
    if is_plain(admitted) and not isinstance(admitted, str) and not may_be_bad:
        raise TypeError(
            f"{place} is {shown_typed(admitted)}: accepted calls have a string there;"
            " pass a string, or verdict= to match calls that were not accepted"
        )
    return admitted


def _object(value: object, place: str) -> Expected:
    admitted = admit(value, place)
    inner = admitted.expected if isinstance(admitted, Exactly) else admitted
    if isinstance(inner, dict) or not (isinstance(inner, list) or is_plain(inner)):
        return admitted
    raise TypeError(
        f"{place} is {shown_typed(admitted)}: give an object (a dict), exactly(...), ANY, ABSENT"
        " or a predicate"
    )
