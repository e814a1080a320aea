"""Terms of a query in Segment's FQL, where that can say the same."""

from __future__ import annotations

import re
from typing import Final

from mockseg.query.predicate import exact_value
from mockseg.query.terms import Term, Value

# Keys of which FQL knows the field by another name, or by the same.
_FIELDS: Final = {
    "type": "type",
    "user": "userId",
    "name": "name",
    "anon": "anonymousId",
    "group": "groupId",
    "message": "messageId",
}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Text that needs no escape, neither in a string nor in a glob.
_PLAIN: Final = re.compile(r"""[^"'\\*?\[\]{}\x00-\x1f]*""")

_SIMPLE: Final = re.compile(r"true|false|-?(0|[1-9]\d{0,14})(\.\d{1,9})?")


def fql_of(term: Term) -> str | None:
    """Return a term in FQL, None where FQL cannot say it or would have to escape it."""
    names = term.field or ((_FIELDS[term.key],) if term.key in _FIELDS else ())
    if term.key == "event":
        return _of_event(term)
    if not names or not all(map(_NAME.fullmatch, names)):
        return None
    return _joined(term, ".".join(names))


def _of_event(term: Term) -> str | None:
    """Return what compares the event's name, which calls of other types do not have."""
    said = _joined(term, "event")
    if said is None:
        return None
    return f'(type != "track" or {said})' if term.negated else f'(type = "track" and {said})'


def _joined(term: Term, path: str) -> str | None:
    parts = [_value(value, path, is_text=not term.field) for value in term.values]
    if None in parts:
        return None
    said = " or ".join(filter(None, parts))
    if len(parts) > 1:
        said = f"({said})"
    return f"!({said})" if term.negated else said


def _value(value: Value, path: str, *, is_text: bool) -> str | None:
    if not _PLAIN.fullmatch(value.text):
        return None
    text, exact = f'"{value.text}"', exact_value(value)
    if value.prefix:
        return f'match({path}, "{value.text}*")' if value.text else f"{path} != null"
    if is_text or isinstance(exact, str):
        # Segment compares numbers alone by size.
        return None if value.comparison not in {"", "="} else f"{path} = {text}"
    # A key that is missing is null in FQL; numbers in other notations are not FQL's.
    if exact is None or not _SIMPLE.fullmatch(value.text):
        return None
    if value.comparison == "":
        return f"({path} = {value.text} or {path} = {text})"
    if isinstance(exact, bool) and value.comparison != "=":
        return None
    return f"{path} {value.comparison} {value.text}"
