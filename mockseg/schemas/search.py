"""Search for a pattern anywhere in a text, bounded in time whatever the pattern is.

The engine is the compiled validator's own, in the dialect that vendors' pages show, look-ahead
included; what would need more steps than allowed matches nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, cast

_MOST_STEPS: Final = 10_000
_MOST_BYTES: Final = 1 << 20


@lru_cache(maxsize=1024)
def compile_search(pattern: str) -> Callable[[str], bool] | None:
    """Return a test whether a text holds the pattern; None for an invalid pattern.

    Args:
        pattern: a regular expression of ECMA 262; unanchored.
    """
    # Its import costs more than the rest of a vendor; few have patterns.
    import jsonschema_rs

    options = jsonschema_rs.FancyRegexOptions(backtrack_limit=_MOST_STEPS, size_limit=_MOST_BYTES)
    try:
        validator = jsonschema_rs.Draft7Validator({"pattern": pattern}, pattern_options=options)
    except (jsonschema_rs.ValidationError, ValueError):
        return None
    return cast("Callable[[str], bool]", validator.is_valid)
