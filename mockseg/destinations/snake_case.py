"""Names in snake_case, as audiences and attributes have them."""

from __future__ import annotations

import functools
import re

# Digits stay with the letters they touch: "30days" is one word in the document's example.
_HUMP = re.compile(r"(?<=[^\W\d_])(?<![A-Z])(?=[A-Z])")
_GAP = re.compile(r"[\W_]+")


@functools.lru_cache(maxsize=4096)
def snake_case(name: str) -> str:
    """Return a name in snake_case: of ``Order Last 30days``, ``order_last_30days``.

    Words are split at anything but letters and digits, and before a capital that follows a
    small letter. Empty where a name has neither letter nor digit.

    Source: UserEngage Destination, "Personas", has the example; it shows no capital inside a
    word, there this follows how ``firstName`` and ``first_name`` are one trait.
    """
    return _GAP.sub("_", _HUMP.sub("_", name)).strip("_").lower()
