"""A message as it was sent, spelled as it was, beside the one that Segment hands on."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from typing import Final, Literal, TypeAlias

from mockseg import json_types
from mockseg.domain.message import Shared
from mockseg.errors import MalformedJsonError
from mockseg.json_types import Json, JsonObject

Mark: TypeAlias = Literal["", "added", "changed", "gone"]

# A longer message is shown without what differs.
_MOST_CHARACTERS: Final = 100_000
_MOST_LINES: Final = 2000
_LONGEST_TEXT: Final = 2000
_LONGEST_NOTE: Final = 200
# What lies deeper stands in one line.
_MOST_LEVELS: Final = 40

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
# Characters that JSON writes as they are.
_NEEDLESS_ESCAPE: Final = re.compile(
    r"(?<!\\)(?:\\\\)*\\u00(?:[3-5][0-9a-f]|[67][0-9a-e]|2[^27])", re.IGNORECASE
)
# Encoders escape them for HTML.
_FOR_HTML: Final = re.compile(r"\\u00(?:3c|3e|26|27|3d)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A line of JSON.

    Attributes:
        indent: number of levels.
        text: as it was spelled; of what was added, as it is in the message.
        mark: whether it is only in the message, differs there, or is not in it; empty for neither.
        note: what is to be said of it; may be empty.
    """

    indent: int
    text: str
    mark: Mark = ""
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class AsSent:
    """What was sent, and how the message differs.

    Attributes:
        lines: of both, at most 2,000.
        left_out: number of further lines.
        differs: such as "3 added, 1 gone"; empty where nothing does.
        repeated: names that are more than once in their object.
        text: what was sent, where it is too long to be compared; else empty.
    """

    lines: list[Line]
    left_out: int
    differs: str
    repeated: list[str]
    text: str = ""


def as_sent(raw: bytes, message: JsonObject, shared: Shared | None) -> AsSent:
    """Compare what was sent with its message.

    Args:
        raw: JSON as it was sent.
        message: normalised, as Segment would hand it on.
        shared: what the request says for all of its messages.
    """
    text = raw.decode("utf-8", "replace")
    if len(text) > _MOST_CHARACTERS:
        return AsSent([], 0, "", [], json_types.pretty_text(text))
    comparison = _Comparison(_of_batch(shared))
    comparison.compare("", _Parser(text).value(0), message, (), indent=0)
    counts = comparison.counts
    return AsSent(
        lines=comparison.lines[:_MOST_LINES],
        left_out=max(0, len(comparison.lines) - _MOST_LINES),
        differs=", ".join(f"{counts[each]} {each}" for each in _MARKS if counts[each]),
        repeated=comparison.repeated,
    )


_MARKS: Final = ("added", "changed", "gone")


def _of_batch(shared: Shared | None) -> set[tuple[str, ...]]:
    """Return the places of what a request says for all of its messages."""
    places: set[tuple[str, ...]] = set()
    if shared is None:
        return places
    for name, given in (("context", shared.context), ("integrations", shared.integrations)):
        if given is not None:
            places |= {(name,), *((name, key) for key in json_types.decode(given))}
    return places | {("sentAt",)} if shared.sent_at is not None else places


@dataclasses.dataclass(slots=True)
class _Spelled:
    """A JSON value as it is spelled.

    Attributes:
        text: of all that has no members here.
        members: each with its name as it is spelled, which is empty in a list.
        kind: ``{``, ``[``, or empty where the text is all.
    """

    text: str = ""
    members: list[tuple[str, _Spelled]] = dataclasses.field(default_factory=list)
    kind: str = ""


class _Parser:
    """Reads JSON that is known to be right, and keeps how it is spelled."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._at = 0

    def _next(self) -> str:
        token: str = self._tokens[self._at]
        self._at += 1
        return token

    def value(self, level: int) -> _Spelled:
        token = self._next()
        if token not in ("{", "["):
            return _Spelled(token)
        if level >= _MOST_LEVELS:
            return _Spelled(self._rest(token))
        found = _Spelled(kind=token)
        while self._tokens[self._at] not in ("}", "]"):
            name = self._next() if found.kind == "{" else ""
            # Over the colon after a name.
            self._at += found.kind == "{"
            found.members.append((name, self.value(level + 1)))
            self._at += self._tokens[self._at] == ","
        self._at += 1
        return found

    def _rest(self, opening: str) -> str:
        """Return all up to the end of what was opened."""
        parts, depth = [opening], 1
        while depth:
            token = self._next()
            depth += (token in ("{", "[")) - (token in ("}", "]"))
            parts.append(token)
        return "".join(parts)


class _Absent:
    """Nothing is in the message at this place."""


_ABSENT: Final = _Absent()


class _Comparison:
    """Writes lines of what was sent and of what the message has besides."""

    def __init__(self, of_batch: set[tuple[str, ...]]) -> None:
        self._of_batch = of_batch
        self.lines: list[Line] = []
        self.counts: Counter[str] = Counter()
        self.repeated: list[str] = []

    def _differs(self, mark: Mark, path: tuple[str, ...]) -> None:
        # What is in something else that is gone is gone with it.
        if path:
            self.counts[mark] += 1

    def compare(
        self,
        label: str,
        sent: _Spelled,
        there: Json | _Absent,
        path: tuple[str, ...],
        *,
        indent: int,
        end: str = "",
        note: str = "",
        inside: Mark = "",
    ) -> None:
        """Write a value that was sent.

        Args:
            label: its name and a colon; empty in a list.
            sent: how it was spelled.
            there: what the message has in its place.
            path: the way to it.
            indent: number of levels.
            end: a comma, where something follows.
            note: what is to be said of it.
            inside: the mark of what it is in, where that is gone or changed as a whole.
        """
        mark, said = (inside, "") if inside else self._judged(sent, there, path)
        note = "; ".join(filter(None, (note, said)))
        if not sent.kind:
            self.lines.append(Line(indent, f"{label}{_cut(sent.text)}{end}", mark, note))
            return
        closing = "}" if sent.kind == "{" else "]"
        added = self._added(sent, there, mark)
        if not sent.members and not added:
            self.lines.append(Line(indent, f"{label}{sent.kind}{closing}{end}", mark, note))
            return
        self.lines.append(Line(indent, f"{label}{sent.kind}", mark, note))
        self._members(sent, there, path, indent=indent + 1, inside=mark)
        for key, value in added:
            self._add(key, value, (*path, key), indent=indent + 1)
        self.lines.append(Line(indent, f"{closing}{end}", mark))

    def _judged(
        self, sent: _Spelled, there: Json | _Absent, path: tuple[str, ...]
    ) -> tuple[Mark, str]:
        if isinstance(there, _Absent):
            self._differs("gone", path)
            return "gone", "not in the message"
        if sent.kind == (
            "{" if isinstance(there, dict) else "[" if isinstance(there, list) else ""
        ):
            if sent.kind:
                return "", ""
            value = _value(sent.text)
            if json_types.canonical(value) == json_types.canonical(there):
                return "", _spelling(sent.text, value)
        elif not sent.kind and isinstance(there, dict | list) and sent.text[:1] in ("{", "["):
            # So deep that it stands in one line.
            return "", ""
        self._differs("changed", path)
        return "changed", f"the message has {_brief(there)}"

    def _members(
        self,
        sent: _Spelled,
        there: Json | _Absent,
        path: tuple[str, ...],
        *,
        indent: int,
        inside: Mark,
    ) -> None:
        is_object = sent.kind == "{"
        names = [_name(name) if is_object else "" for name, _ in sent.members]
        last = {name: index for index, name in enumerate(names)}
        times = Counter(names) if is_object else Counter[str]()
        for index, (name, member) in enumerate(sent.members):
            key = names[index] if is_object else str(index)
            note = _spelling(name, key) if is_object else ""
            is_last = not is_object or last[key] == index
            if times[key] > 1:
                words = f"sent {times[key]} times: " + (
                    "this one counts" if is_last else "the last one counts"
                )
                note = "; ".join(filter(None, (note, words)))
                if is_last:
                    self.repeated.append(key)
            self.compare(
                f"{name}: " if is_object else "",
                member,
                _of(there, key) if is_last else _ABSENT,
                (*path, key),
                indent=indent,
                end="," if index + 1 < len(sent.members) else "",
                note=note,
                inside=inside,
            )

    def _added(self, sent: _Spelled, there: Json | _Absent, mark: Mark) -> list[tuple[str, Json]]:
        """Return what only the message has."""
        if mark or sent.kind != "{" or not isinstance(there, dict):
            return []
        names = {_name(name) for name, _ in sent.members}
        return [(key, value) for key, value in there.items() if key not in names]

    def _add(self, key: str, value: Json, path: tuple[str, ...], *, indent: int) -> None:
        self._differs("added", path)
        note = "from the batch" if path in self._of_batch else "filled in"
        name = json_types.encode(key).decode()
        for number, line in enumerate(json_types.pretty(value).split("\n")):
            text = line.lstrip(" ")
            level = indent + (len(line) - len(text)) // 2
            text, said = (text, "") if number else (f"{name}: {text}", note)
            self.lines.append(Line(level, _cut(text), "added", said))


def _name(spelled: str) -> str:
    name: str = _value(spelled)
    return name


def _value(spelled: str) -> Json:
    try:
        return json_types.decode(spelled.encode())
    except MalformedJsonError:
        return json_types.decode_leniently(spelled.encode())


def _of(there: Json | _Absent, key: str) -> Json | _Absent:
    if isinstance(there, dict):
        return there.get(key, _ABSENT)
    if isinstance(there, list) and int(key) < len(there):
        return there[int(key)]
    return _ABSENT


def _spelling(spelled: str, value: Json) -> str:
    """Return what is to be said of an unusual spelling; empty for a usual one."""
    if isinstance(value, str):
        plain = _FOR_HTML.sub("", spelled)
        return f"reads {_brief(value)}" if _NEEDLESS_ESCAPE.search(plain) else ""
    if isinstance(value, float) and json_types.encode(value).decode() != spelled:
        return f"reads {_brief(value)}"
    return ""


def _brief(value: Json) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json_types.encode(value).decode("utf-8", "replace")
    return text if len(text) <= _LONGEST_NOTE else f"{text[:_LONGEST_NOTE]}…"


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT]}… and {len(text) - _LONGEST_TEXT:,} characters more"
