"""Which mockseg this is."""

from __future__ import annotations

from functools import cache
from importlib import metadata


@cache
def version() -> str:
    """Return the version; ``unknown`` if mockseg was never installed."""
    try:
        return metadata.version("mockseg")
    except metadata.PackageNotFoundError:
        return "unknown"
