"""The assertion that nothing personal was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote_plus

from mockseg import json_types
from mockseg.client.verbs.judging import settled
from mockseg.client.verbs.reading import call_pages, requests
from mockseg.client.verbs.unmet import raise_unmet, refuse_if_evicted
from mockseg.errors import UnmetExpectationError

if TYPE_CHECKING:
    from mockseg.client.operation_call import Steps
    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call
    from mockseg.json_types import Json
    from mockseg.operations.requests import RequestView

# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


Patterns: TypeAlias = (
    "Mapping[str, str | re.Pattern[str]] | Iterable[str | re.Pattern[str]]"  # names are optional
)

# What is looked for by default; each is bounded, so that no body makes it slow.
PII_PATTERNS: dict[str, str] = {
    "e-mail address": (
        r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z])"
    ),
    "card number": r"(?<![\w.-])[3-6]\d(?:[ -]?\d){12,17}(?![\w.-])",
    "phone number": r"(?<![\w+])\+[1-9]\d{0,2}(?:[ .()-]{0,2}\d){7,12}(?!\d)",
    "US social security number": r"(?<![\w-])(?!000|666|9\d\d)\d{3}-\d{2}-\d{4}(?![\w-])",
}
_MOST_FOUND = 20
_NOTHING_PERSONAL = "that no personal data was sent"


def assert_no_pii(
    scope: Scope,
    patterns: Patterns | None = None,
    *,
    allow: Iterable[str] = (),
    quiet: float = 0.1,
    timeout: float = 5.0,
) -> Steps[None]:
    """Fail when something personal is in what was sent; an empty capture fails, too.

    Bodies are searched as they came, inflated, and each text of each call with JSON's
    escapes undone; queries percent-decoded. Without `patterns`: e-mail addresses, card
    numbers, phone numbers, US social security numbers
    (:data:`~mockseg.client.verbs.privacy.PII_PATTERNS`).

    Args:
        patterns: regular expressions, by name or not, instead of these.
        allow: values that may be sent.
        quiet: look only when nothing came for this many seconds.
        timeout: seconds in which that must be.

    Raises:
        UnmetExpectationError: with each value, masked, and its place.
    """
    compiled = _compiled(PII_PATTERNS if patterns is None else patterns)
    allowed = frozenset(allow)
    yield from settled(scope, quiet=quiet, timeout=timeout)
    sent = yield from requests(scope)
    if not sent:
        yield from refuse_if_evicted(scope, _NOTHING_PERSONAL, requests=True)
        raise UnmetExpectationError(
            "expected no personal data in what was sent; nothing was sent at all, which proves"
            " nothing. Wait for a call first, or check that the app sends to this source."
        )
    calls = yield from call_pages(scope)
    found: dict[tuple[str, str], list[str]] = {}
    for call in calls:
        for place, text in _texts(call.raw, ""):
            for name, value in _matches(compiled, text, allowed):
                found.setdefault((name, value), []).append(f"{call.id} {place or '(root)'}")
    for request in sent:
        for part, text in _parts(request):
            for name, value in _matches(compiled, text, allowed):
                # In a call its place is known better.
                found.setdefault((name, value), [f"{request.id} {request.path}: {part}"])
    if found:
        _fail(found, requests=len(sent), scope=scope, calls=calls)
    yield from refuse_if_evicted(scope, _NOTHING_PERSONAL, requests=True)


def _fail(
    found: dict[tuple[str, str], list[str]], *, requests: int, scope: Scope, calls: list[Call]
) -> None:
    from mockseg.matching.explanation import Explanation, Section, listed
    from mockseg.matching.render import counted

    ids = {place.partition(" ")[0] for places in found.values() for place in places}
    lines = [
        f"{name} {_masked(value)} in {places[0]}"
        + (f" and {counted(len(places) - 1, 'other place')}" if len(places) > 1 else "")
        for (name, value), places in found.items()
    ]
    raise_unmet(
        Explanation(
            kind="personal_data",
            headline=f"expected no personal data in {counted(requests, 'request')};"
            f" {counted(len(found), 'value')} of it found.",
            sections=(Section("Found:", listed(lines, limit=_MOST_FOUND, noun="values")),),
            notes=("A value that may be sent is named with allow=[...].",),
            details={
                "found": [
                    {"pattern": name, "value": _masked(value), "places": places[:20]}
                    for (name, value), places in list(found.items())[:_MOST_FOUND]
                ]
            },
        ),
        scope=scope,
        calls=[call for call in calls if call.id in ids],
    )


def _compiled(patterns: Patterns) -> list[tuple[str, re.Pattern[str]]]:
    """Compile patterns, with a name for each.

    Raises:
        TypeError, ValueError: they are none, or there are none.
    """
    if isinstance(patterns, str) or not isinstance(patterns, Iterable):
        raise TypeError(f"patterns are a list or a dict of regular expressions: got {patterns!r}")
    named = (
        list(patterns.items())
        if isinstance(patterns, Mapping)
        else [(getattr(each, "pattern", str(each)), each) for each in patterns]
    )
    if not named:
        raise ValueError("patterns is empty: nothing would be looked for")
    compiled: list[tuple[str, re.Pattern[str]]] = []
    for name, pattern in named:
        try:
            compiled.append((str(name), re.compile(pattern)))
        except (re.error, TypeError) as error:
            raise ValueError(
                f"the pattern {pattern!r} is not a regular expression: {error}"
            ) from None
    return compiled


def _matches(
    compiled: list[tuple[str, re.Pattern[str]]], text: str, allowed: frozenset[str]
) -> Iterator[tuple[str, str]]:
    for name, pattern in compiled:
        for match in pattern.finditer(text):
            value = match.group()
            if not value or value in allowed:
                continue
            if name == "card number" and not _passes_luhn(value):
                continue
            yield name, value


def _parts(request: RequestView) -> Iterator[tuple[str, str]]:
    yield "body", request.body
    yield "query", unquote_plus(request.query)


def _texts(value: Json, place: str) -> Iterator[tuple[str, str]]:
    """Yield the texts and numbers in a message with their places; JSON's escapes undone."""
    open_values: list[tuple[str, Json]] = [(place, value)]
    while open_values:
        here, each = open_values.pop()
        if isinstance(each, dict):
            for key, member in each.items():
                inner = f"{here}.{key}" if here else str(key)
                yield inner, str(key)
                open_values.append((inner, member))
        elif isinstance(each, list):
            open_values += [(f"{here}[{index}]", member) for index, member in enumerate(each)]
        elif isinstance(each, str):
            yield here, each
        elif isinstance(each, int | float) and not isinstance(each, bool):
            yield here, json_types.encode(each).decode()


def _passes_luhn(value: str) -> bool:
    digits = [int(char) for char in value if char.isdigit()][::-1]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _masked(value: str) -> str:
    # The message of a failed test is kept in logs that more people read.
    shown = f"{value[:2]}…{value[-2:]}" if len(value) > 6 else "…"
    return f"{shown!r} ({len(value)} characters)"
