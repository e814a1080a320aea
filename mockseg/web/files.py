"""Files that a setting names; no path is ever opened because a request named it."""

from __future__ import annotations

from pathlib import Path

from mockseg.errors import ConfigError

__all__ = ["read_text"]


def read_text(path: str | None, setting: str) -> str | None:
    """Read the file that a setting names; None when it names none.

    Raises:
        ConfigError: it cannot be read, or is not text.
    """
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{setting}: cannot read {path}: {reason}") from None
