"""Files with one JSON object a line: plain, gzipped by name (.gz), or ``-`` for the pipe."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from mockseg.cli.output import say_text
from mockseg.errors import ConfigError


def put(text: str, out: str) -> None:
    """Write a whole document; a file appears when it is whole, zipped if it is called so.

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


PIPE = "-"
_LONGEST_LINE = 32 * 1024 * 1024


def is_stream(name: str) -> bool:
    """Return whether lines can be read once only: ``-``, a FIFO, ``<(...)`` of a shell."""
    if name == PIPE:
        return True
    try:
        return not stat.S_ISREG(os.stat(name).st_mode)  # noqa: PTH116  (Path.stat raises for odd names)
    except (OSError, ValueError):
        # Opening it raises what is wrong with it.
        return False


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
        with _opened(draft, "wb", zipped=path.suffix == ".gz") as file:
            yield file
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {name}: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def lines_of(name: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty, with their numbers from 1.

    Raises:
        ConfigError: it cannot be read, to its end or at all; or a line is too long.
    """
    number = 0
    try:
        with _source(name) as file:
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                    limit = f"{_LONGEST_LINE:,} bytes, the maximum"
                    raise ConfigError(f"{name}, line {number}: is longer than {limit}")
                if text := line.strip():
                    yield number, text
    except OSError as error:
        # Also what is not gzip although its name says so.
        raise ConfigError(f"{_place(name, number)}: {error.strerror or error}") from None
    except (EOFError, ValueError) as error:
        raise ConfigError(f"{_place(name, number)}: {error}") from None


def _place(name: str, number: int) -> str:
    return f"cannot read {name}" + (f" after line {number}" if number else "")


@contextlib.contextmanager
def _source(name: str) -> Iterator[IO[bytes]]:
    if name == PIPE:
        yield sys.stdin.buffer
        return
    with _opened(Path(name), "rb", zipped=name.endswith(".gz")) as file:
        yield file


@contextlib.contextmanager
def _opened(path: Path, mode: str, *, zipped: bool) -> Iterator[IO[bytes]]:
    with path.open(mode) as file:
        if not zipped:
            yield cast("IO[bytes]", file)
            return
        # Without name and time the same calls give the same file.
        with gzip.GzipFile(
            fileobj=cast("IO[bytes]", file), mode=mode, mtime=0, filename=""
        ) as unzipped:
            yield cast("IO[bytes]", unzipped)
