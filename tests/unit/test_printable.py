"""Text that a terminal, a log and XML can hold."""

from __future__ import annotations

import json
import unicodedata
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from mockseg.json_types import decode, encode_printable, pretty
from mockseg.printable import printable, printable_json, printable_lines

# Zero-width joiners are letters of Persian and parts of emoji.
_JOINERS = "\u200c\u200d"
_anything = st.text(st.characters(codec=None), max_size=20)


def unsafe(text: str) -> list[str]:
    """Find what a terminal would obey, or what changes the order of a line, or is not there."""
    return [
        char
        for char in text
        if unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"}
        or unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF"}
        or unicodedata.bidirectional(char) in {"LRI", "RLI", "FSI", "PDI"}
        or char in "\u200e\u200f\u061c\u200b\ufeff\xad\U000e0041\ufffe\uffff"
    ]


def test_every_unsafe_character_of_unicode_is_escaped() -> None:
    """Controls, separators, directional characters, surrogates: all of them, by category."""
    everything = "".join(map(chr, range(0x110000)))

    assert not unsafe(printable(everything))
    assert unsafe(printable_lines(everything)) == ["\t", "\n"]


@given(_anything)
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    """A text of safe characters is not touched, an escaped one is not escaped again."""
    safe = "".join(char for char in text if not unsafe(char) and char.isprintable())

    assert printable(safe + "日本語 é 👨‍👩‍👧" + _JOINERS) == safe + "日本語 é 👨‍👩‍👧" + _JOINERS
    assert printable(printable(text)) == printable(text)


def test_escapes_name_the_character() -> None:
    """The way Python writes them; a cut text ends with an ellipsis."""
    assert printable("a\x1b[2J\x9b\u202e\n\ud800\U000e0041") == (
        r"a\x1b[2J\x9b\u202e\n\ud800\U000e0041"
    )
    assert printable_lines("a\r\n\tb\rc\x07") == "a\r\n\tb\\rc\\x07"
    assert printable("x" * 9, longest=5) == "xxxx…"


@given(_anything)
def test_json_keeps_its_value(text: str) -> None:
    """An escaped document says the same as before, and holds nothing unsafe."""
    document = printable_json(json.dumps({text: [text]}, ensure_ascii=False))

    assert json.loads(document) == {text: [text]}
    assert not unsafe(document)


@given(_anything)
def test_json_that_leaves_mockseg_is_printable(text: str) -> None:
    """Compact or indented; a lone surrogate becomes U+FFFD, as JSON in UTF-8 cannot hold it."""
    expected = {"a": text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")}

    for encoded in (encode_printable({"a": text}), pretty({"a": text}).encode()):
        assert decode(encoded) == expected
        assert unsafe(encoded.decode()) in ([], ["\n", "\n"])


@given(_anything)
def test_xml_holds_a_printable_text(text: str) -> None:
    """What XML refuses is escaped, so that a report can always be read."""
    shown = printable(text)

    element = ET.Element("a", b=shown)
    assert ET.fromstring(ET.tostring(element)).get("b") == shown  # noqa: S314 - our own
