"""The message of a call as a tree: what was sent, what was filled in, and what is wrong where."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Final

from mockseg import json_types
from mockseg.domain.call import Call
from mockseg.domain.findings import Finding, Violation
from mockseg.json_types import Json, JsonObject
from mockseg.query.field_term import field_term

# Of a list or an object this many members are shown, of a text this many characters.
_MOST_MEMBERS: Final = 500
_LONGEST_TEXT: Final = 2000
_OPEN_LEVELS: Final = 2
# What lies deeper is shown as text.
_MOST_LEVELS: Final = 40
# Values by which calls are found; the elements of further links would take as long as all others.
_MOST_LINKED: Final = 200

Path = tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """A member of the message.

    Attributes:
        name: its key or index.
        text: the value; of an object or a list the number of its members, in brackets.
        whole: the value, where the text is only its beginning; else empty.
        notes: what is wrong with it.
        beside: how it was sent, where that differs: another value, or that it was not sent; or
            how it is in the other call.
        missing: whether it is not there although it has to be.
        members: of an object or a list; at most 500.
        left_out: number of further members.
        open: whether its members are shown at once.
        id: by which a link leads to it; empty where none does.
        term: finds calls with this value in the query language; empty where none does, or further
            down than 200 of them.
        only, without: addresses of the calls that it finds, and of the others.
    """

    name: str
    text: str
    whole: str = ""
    notes: tuple[str, ...] = ()
    beside: str = ""
    missing: bool = False
    members: tuple[Node, ...] = ()
    left_out: int = 0
    open: bool = False
    id: str = ""
    term: str = ""
    only: str = ""
    without: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class _Words:
    """What is written beside a value that differs from the one beside it.

    Attributes:
        other: before the other value.
        absent: without another value.
        only: after a value that is in the other message only.
    """

    other: str
    absent: str
    only: str = ""


_SENT: Final = _Words("sent as", "filled in", ", which Segment does not hand on")


def message_tree(call: Call) -> Node:
    """Return the message with its findings at their places, beside how it was sent."""
    return _Tree(_notes(call), _SENT).node("", call.message, call.raw, ())


def plain_tree(value: JsonObject) -> Node:
    """Return a value of which nothing else is to be told."""
    return _Tree({}, _SENT).node("", value, value, ())


def linked_tree(
    call: Call, *, address_of: Callable[[str], str] | None = None
) -> tuple[Node, list[str]]:
    """Return the message as `message_tree` does, and for each finding the id of its place there.

    What is too deep or too far down to be shown has the id of what it is in, or else none: an
    empty text.

    Args:
        call: the call.
        address_of: returns the address of the calls that a term finds; without it no value leads
            to one.
    """
    notes = _notes(call)
    tree = _Tree(notes, _SENT, linked=True, address_of=address_of)
    root = tree.node("", call.message, call.raw, ())
    return root, [tree.id_of(_place(finding)) for finding in call.findings]


def _notes(call: Call) -> dict[Path, list[str]]:
    notes: dict[Path, list[str]] = {}
    for finding in call.findings:
        notes.setdefault(_place(finding), []).append(finding.description)
    return notes


def difference_tree(call: Call, other: Call) -> Node:
    """Return the message of a call beside that of another one, open where they differ."""
    words = _Words(f"{other.id}:", f"not in {other.id}", f" (not in {call.id})")
    tree = _Tree({}, words, open_levels=1, opens_differences=True)
    return tree.node("", call.message, other.message, ())


class _Tree:
    def __init__(
        self,
        notes: dict[Path, list[str]],
        words: _Words,
        *,
        open_levels: int = _OPEN_LEVELS,
        opens_differences: bool = False,
        linked: bool = False,
        address_of: Callable[[str], str] | None = None,
    ) -> None:
        self._notes = notes
        self._address_of = address_of
        self._terms_left = _MOST_LINKED if address_of is not None else 0
        self._words = words
        self._open_levels = open_levels
        self._opens_differences = opens_differences
        # Ways to what is wrong are open.
        self._ways = {path[:length] for path in self._notes for length in range(len(path))}
        self._children: dict[Path, list[str]] = {}
        for path in self._notes:
            for length in range(1, len(path) + 1):
                known = self._children.setdefault(path[: length - 1], [])
                if path[length - 1] not in known:
                    known.append(path[length - 1])
        self._linked = {*self._notes, *self._ways} - {()} if linked else set()
        self._ids: dict[Path, str] = {}

    def id_of(self, path: Path) -> str:
        """Return the id of the node there, or of the next one above it that was made."""
        made = (path[:length] for length in range(len(path), 0, -1))
        return next((self._ids[each] for each in made if each in self._ids), "")

    def node(
        self, name: str, value: Json, raw: Json | _Absent, path: Path, *, in_list: bool = False
    ) -> Node:
        notes = tuple(self._notes.get(path, ()))
        if not isinstance(value, dict | list) or len(path) >= _MOST_LEVELS:
            return self._leaf(name, value, raw, path, in_list=in_list)
        pairs = list(_pairs(value))
        listed = in_list or isinstance(value, list)
        members = [
            self.node(key, member, _of(raw, key), (*path, key), in_list=listed)
            for key, member in pairs[:_MOST_MEMBERS]
        ]
        there = {key for key, _ in pairs}
        members += [
            self._missing(key, (*path, key))
            for key in self._children.get(path, ())
            if key not in there
        ]
        members += [
            Node(key, "", beside=f"{self._words.other} {_text(member)}{self._words.only}")
            for key, member in _only_sent(raw, there)
        ]
        return Node(
            name,
            f"{{{len(pairs)}}}" if isinstance(value, dict) else f"[{len(pairs)}]",
            notes=notes,
            beside="" if isinstance(raw, dict | list) else self._beside(value, raw),
            members=tuple(members),
            left_out=max(0, len(pairs) - _MOST_MEMBERS),
            open=len(path) < self._open_levels or path in self._ways or self._differ(members),
            id=self._id(path),
        )

    def _leaf(
        self, name: str, value: Json, raw: Json | _Absent, path: Path, *, in_list: bool
    ) -> Node:
        notes = tuple(self._notes.get(path, ()))
        text = _text(value)
        node = Node(
            name,
            text[:_LONGEST_TEXT],
            whole=text if len(text) > _LONGEST_TEXT else "",
            notes=notes,
            beside=self._beside(value, raw),
            id=self._id(path),
        )
        # Nothing in a list is found by its place there.
        term = "" if in_list or not self._terms_left else field_term(path, value)
        if not term or self._address_of is None:
            return node
        self._terms_left -= 1
        return dataclasses.replace(
            node, term=term, only=self._address_of(term), without=self._address_of(f"-{term}")
        )

    def _missing(self, name: str, path: Path) -> Node:
        """Return a row for what is not there, with what is said of it and of what is in it."""
        said = [
            note
            for place, notes in self._notes.items()
            if place[: len(path)] == path
            for note in notes
        ]
        return Node(name, "", notes=tuple(said), missing=True, id=self._id(path))

    def _id(self, path: Path) -> str:
        """Return a number's name: nothing of a message becomes an id."""
        if path not in self._linked:
            return ""
        return self._ids.setdefault(path, f"value-{len(self._ids) + 1}")

    def _beside(self, value: Json, raw: Json | _Absent) -> str:
        if isinstance(raw, _Absent):
            return self._words.absent
        if json_types.encode(raw) == json_types.encode(value):
            return ""
        return f"{self._words.other} {_text(raw)}"

    def _differ(self, members: list[Node]) -> bool:
        return self._opens_differences and any(each.beside or each.open for each in members)


class _Absent:
    """Nothing was sent at this place."""


_ABSENT: Final = _Absent()


def _place(finding: Finding) -> Path:
    """Return the way to what a finding is about."""
    pointer = finding.instance_path if isinstance(finding, Violation) else ""
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    dotted = tuple(finding.field.split(".")) if finding.field not in {"", "(root)"} else ()
    # What is missing has no place of its own: the pointer leads to where it should be.
    return dotted if len(dotted) > len(path) and dotted[: len(path)] == path else path or dotted


def _pairs(value: dict[str, Json] | list[Json]) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        yield from value.items()
    else:
        yield from ((str(index), member) for index, member in enumerate(value))


def _of(raw: Json | _Absent, key: str) -> Json | _Absent:
    if isinstance(raw, dict):
        return raw.get(key, _ABSENT)
    if isinstance(raw, list) and int(key) < len(raw):
        return raw[int(key)]
    return _ABSENT


def _only_sent(raw: Json | _Absent, there: set[str]) -> list[tuple[str, Json]]:
    if not isinstance(raw, dict | list):
        return []
    return [(key, value) for key, value in _pairs(raw) if key not in there][:_MOST_MEMBERS]


def _text(value: Json) -> str:
    return json_types.encode(value).decode("utf-8", "replace")
