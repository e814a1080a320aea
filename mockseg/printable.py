r"""Text that a terminal, a log and XML can hold: what is invisible or is obeyed becomes an escape.

Names of events, write keys and paths were sent by any client. An escape sequence in one of them
can recolour, clear or rewrite a terminal, and a directional character can reorder a line on the
screen. The characters below are written as escapes (``\x1b``, ``\u202e``) wherever text leaves
mockseg for a person:

- the controls C0, DEL and C1, line and paragraph separators;
- directional marks, embeddings, overrides and isolates;
- characters that are always invisible (soft hyphen, zero-width space, byte order mark, tags),
  so that a name which differs by one of them also looks different;
- lone surrogates and the noncharacters that XML refuses.

Zero-width joiners stay: Persian, Hindi and family emoji are written with them.
"""

from __future__ import annotations

import re

_UNSAFE = (
    r"\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f"
)
_in_line = re.compile(rf"[\x00-\x1f{_UNSAFE}]")
_in_lines = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f{_UNSAFE}]|\r(?!\n)")
# A JSON document: controls inside its strings are escaped already, those outside are white space.
_in_json = re.compile(rf"[{_UNSAFE}]")


def printable(text: str, *, longest: int | None = None) -> str:
    """Return a text as one line, unsafe characters escaped.

    Args:
        text: any.
        longest: maximum number of characters before escaping; the rest is cut and marked ``…``.
    """
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return _in_line.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """Return a text with its other unsafe characters escaped; line ends and tabs stay."""
    return _in_lines.sub(_escaped, text)


def printable_json(document: str) -> str:
    """Return the same JSON with unsafe characters as JSON's own escapes."""
    return _in_json.sub(_escaped_in_json, document)


def printable_utf8(document: bytes) -> bytes:
    """Return the same for JSON as UTF-8; what is ASCII, as nearly all is, costs nothing."""
    if document.isascii() and b"\x7f" not in document:
        return document
    return printable_json(document.decode()).encode()


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "backslashreplace").decode()


def _escaped_in_json(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
