"""The one reader of whole files that a setting, a flag or an argument names.

What it reads is bounded, in size and in time: a device that never ends, a FIFO that no program
writes to, a directory or a file of gigabytes is one sentence, never a full memory or a hang.
Files that are read line by line are :mod:`mockseg.cli.data_files`'s.
"""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from mockseg.errors import MalformedJsonError, UnreadableFileError
from mockseg.json_types import Json, JsonObject

# Bytes. The largest plans that people have are a tenth of it.
LARGEST: Final = 32 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
# The bytes that gzip begins with, RFC 1952.
GZIP_MAGIC: Final = b"\x1f\x8b"
# How long a pipe may be silent.
_PATIENCE_SECONDS: Final = 5.0


def read_bytes(path: str | Path, *, most: int = LARGEST) -> bytes:
    """Return what a file holds.

    A pipe is read to its end, so that ``<(...)`` of a shell works.

    Args:
        path: of the file.
        most: maximum number of bytes.

    Raises:
        UnreadableFileError: it cannot be read, is larger, or is a device or a directory.
    """
    content = bytearray()
    try:
        # Without waiting for a program that writes to a FIFO.
        with open(path, "rb", buffering=0, opener=_opened) as file:
            for chunk in _chunks(path, file):
                content += chunk
                if len(content) > most:
                    raise UnreadableFileError(
                        f"it is larger than {most:,} bytes, the maximum", path=str(path)
                    )
    except OSError as error:
        missing = error.errno in {errno.ENOENT, errno.ENOTDIR}
        reason = error.strerror or str(error)
        raise UnreadableFileError(reason, path=str(path), missing=missing) from None
    except ValueError as error:
        # A name with a NUL in it.
        raise UnreadableFileError(str(error), path=str(path)) from None
    return bytes(content)


def read_text(path: str | Path, *, most: int = LARGEST) -> str:
    """Return the text of a UTF-8 file, gzipped or not, without a byte order mark.

    Raises:
        UnreadableFileError: as for :func:`read_bytes`, or it is not UTF-8, or damaged gzip.
    """
    content = read_bytes(path, most=most)
    if content.startswith(GZIP_MAGIC):
        content = _unzipped(path, content, most=most)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"it is not UTF-8 text (byte {error.start + 1}); save it as UTF-8", path=str(path)
        ) from None


def read_json(path: str | Path, *, most: int = LARGEST) -> Json:
    """Return the JSON of a file.

    Raises:
        UnreadableFileError: as for :func:`read_text`, or it is not JSON.
    """
    # The settings are read with this module, before anything heavy is loaded.
    from mockseg import json_types

    text = read_text(path, most=most)
    try:
        return json_types.decode(text.encode())
    except MalformedJsonError as error:
        raise UnreadableFileError(f"it is not JSON: {error}", path=str(path)) from None


def read_toml(path: str | Path, *, most: int = LARGEST) -> JsonObject:
    """Return the TOML of a file.

    Raises:
        UnreadableFileError: as for :func:`read_text`, or it is not TOML.
    """
    import tomllib

    text = read_text(path, most=most)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"it is not TOML: {error}", path=str(path)) from None


def suffix_of(path: str | Path) -> str:
    """Return how a file's name ends, in lower case and without ``.gz``: ``.csv``, or empty."""
    return Path(str(path).lower().removesuffix(".gz")).suffix


def read_document(path: str | Path) -> Json:
    """Return what a file holds: TOML where its name ends in ``.toml``, else JSON.

    Raises:
        UnreadableFileError: as for :func:`read_text`, or it is neither.
    """
    return read_toml(path) if suffix_of(path) == ".toml" else read_json(path)


def _unzipped(path: str | Path, content: bytes, *, most: int) -> bytes:
    import gzip

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            unzipped = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFileError(f"it is damaged gzip: {error}", path=str(path)) from None
    if len(unzipped) > most:
        reason = f"unzipped, it is larger than {most:,} bytes, the maximum"
        raise UnreadableFileError(reason, path=str(path))
    return unzipped


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _chunks(path: str | Path, file: IO[bytes]) -> Iterator[bytes]:
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISFIFO(mode):
        waits = hasattr(select, "poll")
    elif stat.S_ISREG(mode):
        waits = False
    else:
        raise UnreadableFileError("it is a device or a socket, not a file", path=str(path))
    while True:
        if waits:
            poll = select.poll()
            poll.register(file, select.POLLIN)
            if not poll.poll(_PATIENCE_SECONDS * 1000):
                raise UnreadableFileError(
                    f"it is a pipe, and nothing came through it for {_PATIENCE_SECONDS:g} s",
                    path=str(path),
                )
        chunk = file.read(_CHUNK)
        if not chunk:
            return
        yield chunk
