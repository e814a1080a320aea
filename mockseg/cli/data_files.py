"""Files that are read and written line by line, folders of them, and ``-`` for the pipe.

What is gzipped is known by its first bytes when it is read, and by its name (.gz) when written.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from mockseg.cli.output import say_text
from mockseg.errors import ConfigError
from mockseg.files import GZIP_MAGIC

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIPE: Final = "-"
# Bytes.
LONGEST_LINE: Final = 32 * 1024 * 1024


def put(text: str, out: str) -> None:
    """Write a whole document; a file appears when it is whole, gzipped if its name ends in .gz.

    Args:
        text: with its last line ended.
        out: a file, or ``-`` for standard output.

    Raises:
        ConfigError: it cannot be written there.
    """
    if out == PIPE:
        say_text(text)
        return
    with written(out) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def is_stream(name: str) -> bool:
    """Return whether lines can be read once only: ``-``, a FIFO, ``<(...)`` of a shell."""
    if name == PIPE:
        return True
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116  (Path.stat raises for odd names)
    except (OSError, ValueError):
        # Opening it raises what is wrong with it.
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def files_of(name: str) -> Iterator[str]:
    """Yield a name itself, or the files below it if it is a folder, in the order of their names.

    Hidden files, and all but regular files, are left out, and so is a folder that was entered
    already through another link.

    Raises:
        ConfigError: a folder cannot be read.
    """
    if name == PIPE or not os.path.isdir(name):  # noqa: PTH112  (Path.is_dir raises for odd names)
        yield name
        return
    entered: set[tuple[int, int]] = set()
    waiting = [name]
    while waiting:
        path = waiting.pop()
        try:
            found = os.stat(path)  # noqa: PTH116
            if stat.S_ISREG(found.st_mode):
                yield path
            if not stat.S_ISDIR(found.st_mode) or (found.st_dev, found.st_ino) in entered:
                continue
            entered.add((found.st_dev, found.st_ino))
            inside = sorted(os.listdir(path), reverse=True)  # noqa: PTH208
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None
        waiting += [
            os.path.join(path, each)  # noqa: PTH118
            for each in inside
            if not each.startswith(".")
        ]


@contextlib.contextmanager
def written(name: str) -> Iterator[IO[bytes]]:
    """Open for writing. A file has its name only when all was written.

    Raises:
        ConfigError: it cannot be written there.
    """
    if name == PIPE:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file, _zipped(file, zip_it=path.suffix == ".gz") as out:
            yield out
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {name}: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _zipped(file: IO[bytes], *, zip_it: bool) -> Iterator[IO[bytes]]:
    if not zip_it:
        yield file
        return
    # Without name and time the same calls give the same file.
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as zipped:
        yield cast("IO[bytes]", zipped)


def lines_of(name: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file that are not empty, with their numbers from 1.

    It may be gzipped, and may begin with a byte order mark.

    Raises:
        ConfigError: it cannot be read, to its end or at all; it is not UTF-8; or a line is too
            long.
    """
    number = 0
    try:
        with _source(name) as file:
            while line := file.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    limit = f"{LONGEST_LINE:,} bytes, the maximum"
                    raise ConfigError(f"{name}, line {number}: is longer than {limit}")
                if number == 1:
                    line = _without_mark(line, name)
                if text := line.strip():
                    yield number, text
    except OSError as error:
        # Also what begins as gzip and is damaged later.
        raise ConfigError(f"{_place(name, number)}: {error.strerror or error}") from None
    except (EOFError, ValueError, zlib.error) as error:
        raise ConfigError(f"{_place(name, number)}: {error}") from None


def _without_mark(line: bytes, name: str) -> bytes:
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigError(f"cannot read {name}: it is UTF-16 text; save it as UTF-8")
    return line.removeprefix(codecs.BOM_UTF8)


def _place(name: str, number: int) -> str:
    return f"cannot read {name}" + (f" after line {number}" if number else "")


@contextlib.contextmanager
def _source(name: str) -> Iterator[IO[bytes]]:
    if name == PIPE:
        with _unzipped(sys.stdin.buffer) as file:
            yield file
        return
    with Path(name).open("rb") as opened, _unzipped(opened) as file:
        yield file


@contextlib.contextmanager
def _unzipped(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open what a file holds, gzipped or not."""
    head = file.read(len(GZIP_MAGIC))
    whole = io.BufferedReader(_Rejoined(head, file))
    if head != GZIP_MAGIC:
        yield whole
        return
    with gzip.GzipFile(fileobj=whole, mode="rb") as unzipped:
        yield cast("IO[bytes]", unzipped)


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = cast("io.BufferedIOBase", rest)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if not self._head:
            return self._rest.readinto1(buffer)
        view = memoryview(buffer)
        taken = self._head[: len(view)]
        view[: len(taken)] = taken
        self._head = self._head[len(taken) :]
        return len(taken)
