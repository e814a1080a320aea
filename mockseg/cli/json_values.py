"""JSON values of a file: one a line, over several lines, or the items of an array.

So one reader takes exported calls, Segment's archive, and what is pasted from its debugger.
It holds one value at a time, never the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from mockseg.cli.data_files import LONGEST_LINE, files_of, lines_of
from mockseg.errors import ConfigError

_read_value = msgspec.json.Decoder(msgspec.Raw).decode
_read_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_NOT_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BRACKET: Final = re.compile(rb"[{}\[\]]")
# A string, a bracket, or the quote of a string that does not end on its line.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]"]')
# A string, or up to where the next item or the end of the array is.
_SCALAR: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[^,\]]*')


@dataclass(frozen=True, slots=True)
class Value:
    """One JSON value, or what stands in the place of one.

    Attributes:
        file: its name.
        line: on which it begins, from 1.
        last: line on which it ends.
        item: index in the array around it, from 0; None outside of an array.
        text: as written; without blanks if it was spread over several lines, as its size counts.
    """

    file: str
    line: int
    last: int
    item: int | None
    text: bytes

    @property
    def where(self) -> str:
        """``line 3``, ``line 3, item 0 of its array``."""
        return f"line {self.line}" + (
            "" if self.item is None else f", item {self.item} of its array"
        )

    @property
    def place(self) -> str:
        return f"{self.file}, {self.where}"


def values_of(name: str) -> Iterator[Value]:
    """Yield the JSON values of a file, or of all files in a folder, in the order of their names.

    A value that is malformed is yielded too: the caller says what is wrong with it. After it,
    reading goes on at the next line.

    Args:
        name: of a file or a folder, or ``-`` for standard input.

    Raises:
        ConfigError: a file cannot be read, or a value is too long.
    """
    for file in files_of(name):
        splitter = _Splitter(file)
        for number, line in lines_of(file):
            yield from splitter.feed(number, line)
        yield from splitter.end()


class _Splitter:
    """Cuts the lines of a file into values.

    In an array, commas between items may be missing, as after an edit by hand.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        # The lines of a value that is not complete with their numbers, their length, and the
        # brackets that are open.
        self._parts: list[tuple[int, bytes]] = []
        self._size = 0
        self._open = bytearray()
        # Of the array around the values: the line on which it begins, and the index of the next
        # item; None outside of an array.
        self._array_line = 0
        self._item: int | None = None
        # Whether a value in it was cut off.
        self._is_cut = False

    def feed(self, number: int, line: bytes) -> Iterable[Value]:
        """Return the values that end on a line.

        Args:
            number: of the line.
            line: without blanks around it, not empty.
        """
        if self._parts and not _BRACKET.search(line):
            # Most lines of what is pretty-printed are of this kind.
            self._add(number, line)
            return ()
        return self._fed(number, line)

    def _fed(self, number: int, line: bytes) -> Iterator[Value]:
        # The last one is the next.
        waiting = [(number, line)]
        while waiting:
            number, line = waiting[-1]
            if self._parts and line.startswith(b"{") and not self._may_hold_object():
                value, following = self._cut_off()
                yield value
                waiting += reversed(following)
            else:
                waiting.pop()
                yield from self._values(number, line)

    def end(self) -> Iterator[Value]:
        """Yield what is not complete at the end of the file."""
        while self._parts:
            value, following = self._cut_off()
            yield value
            for number, line in following:
                yield from self.feed(number, line)
        if self._item is not None and not self._is_cut:
            yield Value(self._file, self._array_line, self._array_line, None, b"[")

    def _values(self, number: int, line: bytes) -> Iterator[Value]:
        if self._item is None and not self._parts:
            whole = self._whole(number, line)
            if whole is not None:
                yield from whole
                return
        while line:
            if not self._parts and line.startswith(self._separators()):
                self._pass(line[:1], number)
                line = line[1:].lstrip()
                continue
            end = self._end_of_value(line)
            self._add(number, line[:end])
            line = line[end:].lstrip()
            if not self._open:
                yield self._taken()

    def _whole(self, number: int, line: bytes) -> list[Value] | None:
        """Return the values of a line that is complete in itself; None if it is not."""
        try:
            if line.startswith(b"["):
                return [
                    Value(self._file, number, number, item, bytes(raw))
                    for item, raw in enumerate(_read_array(line))
                ]
        except _NOT_JSON:
            return None
        if line.startswith(b"{") and not _is_json(line):
            return None
        return [Value(self._file, number, number, None, line)]

    def _separators(self) -> tuple[bytes, ...]:
        """Return what stands between values here."""
        return (b"[",) if self._item is None else (b",", b"]")

    def _pass(self, mark: bytes, number: int) -> None:
        if mark == b"[":
            self._item, self._array_line, self._is_cut = 0, number, False
        elif mark == b"]":
            self._item = None

    def _end_of_value(self, line: bytes) -> int:
        """Return where the value that is open, or that begins here, ends on a line.

        Outside of an array that is the whole line: what follows a value makes it malformed.
        """
        if not self._parts and not line.startswith((b"{", b"[")):
            scalar = _SCALAR.match(line) if self._item is not None else None
            return scalar.end() if scalar else len(line)
        for token in _TOKEN.finditer(line):
            mark = token[0]
            if mark in b"{[":
                self._open += mark
            elif mark in b"}]":
                del self._open[-1:]
                if not self._open:
                    return len(line) if self._item is None else token.end()
            elif mark == b'"':
                # JSON has no string over several lines: the value was cut off.
                self._open.clear()
                break
        return len(line)

    def _may_hold_object(self) -> bool:
        """Return whether an object may follow in the open value; else that was cut off."""
        before = self._parts[-1][1][-1:]
        return before in b":[" or (before == b"," and self._open.endswith(b"["))

    def _cut_off(self) -> tuple[Value, list[tuple[int, bytes]]]:
        """Return the open value up to a line that is an object itself, and the lines after it."""
        self._is_cut = True
        following: list[tuple[int, bytes]] = []
        for index, (_, line) in enumerate(self._parts):
            if index and line.startswith(b"{") and _is_json(line.removesuffix(b",")):
                following = self._parts[index:]
                del self._parts[index:]
                break
        return self._taken(), following

    def _add(self, number: int, part: bytes) -> None:
        self._parts.append((number, part))
        self._size += len(part) + 1
        if self._size > LONGEST_LINE:
            limit = f"{LONGEST_LINE:,} bytes, the maximum"
            place = f"{self._file}, line {self._parts[0][0]}"
            raise ConfigError(f"{place}: the value is longer than {limit}")

    def _taken(self) -> Value:
        text = b"\n".join(part for _, part in self._parts)
        if len(self._parts) > 1:
            text = _compact(text)
        value = Value(self._file, self._parts[0][0], self._parts[-1][0], self._item, text)
        if self._item is not None:
            self._item += 1
        self._parts = []
        self._size = 0
        self._open.clear()
        return value


def _is_json(text: bytes) -> bool:
    try:
        _read_value(text)
    except _NOT_JSON:
        return False
    return True


def _compact(text: bytes) -> bytes:
    try:
        return msgspec.json.format(text, indent=-1)
    except _NOT_JSON:
        return text
