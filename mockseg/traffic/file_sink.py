"""Calls into a file, one JSON object a line, whole lines at a time.

What fails leaves whole lines; a process that is killed in the middle of a write may leave a
part of one more at the end.
"""

from __future__ import annotations

import contextlib
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mockseg.errors import ConfigError

PIPE: Final = "-"
_GZIP: Final = 31


@contextlib.contextmanager
def opened(name: str) -> Iterator[Callable[[bytes], None]]:
    """Open for writing; give a function that writes whole lines.

    A name that ends in .gz is gzipped, ``-`` is standard output. A write that fails is
    undone, so that the file ends with the line before.

    Raises:
        ConfigError: it cannot be written there.
    """
    if name == PIPE:

        def pipe(data: bytes) -> None:
            sys.stdout.buffer.write(data)

        yield pipe
        sys.stdout.buffer.flush()
        return
    try:
        # No buffer: nothing that was written is lost with the process.
        file = Path(name).open("wb", buffering=0)  # noqa: SIM115 - closed below, with the rest
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot write {name}: {reason}") from None
    # Without name and time the same calls give the same file.
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP) if name.endswith(".gz") else None
    done = 0

    def put(data: bytes) -> None:
        nonlocal done
        left = memoryview(data)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), done)
            raise ConfigError(f"cannot write {name}: {error.strerror or error}") from None
        done += len(data)

    def write(lines: bytes) -> None:
        if packer is None:
            put(lines)
        else:
            put(packer.compress(lines) + packer.flush(zlib.Z_FULL_FLUSH))

    try:
        yield write
        if packer is not None:
            put(packer.flush())
    finally:
        file.close()
