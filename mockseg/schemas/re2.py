r"""Go's regular expressions (RE2) as a tree: what a plan's ``pattern`` means at Segment.

Segment judges plans by a Go library, so a pattern has the syntax of Go's package ``regexp``
with its Perl flags (https://github.com/google/re2/wiki/Syntax): unanchored, ``$`` is the end of
the text, ``\d \w \s \b`` are ASCII, no look-around, no backreferences. Greediness and
captures do not change whether a text matches, so the tree has neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

# An inclusive range of code points, or a property of Unicode: "L", "Greek", "^L" for all others.
Item: TypeAlias = tuple[int, int] | str

LAST_CODE_POINT: Final = 0x10FFFF
_MOST_REPEATS: Final = 1000
_DEEPEST: Final = 100


class Re2Error(ValueError):
    """A pattern is not RE2.

    Attributes:
        reason: what RE2 does not take, and where.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set.

    Attributes:
        items: ranges and properties.
        negated: whether the character must not be one of them.
        folded: whether case is ignored: the items stand for all cases, before they are negated.
    """

    items: tuple[Item, ...]
    negated: bool = False
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place between characters."""

    kind: Literal["start", "end", "line start", "line end", "word edge", "no word edge"]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A node several times: ``low`` to ``high``, or without limit if ``high`` is None."""

    node: Node
    low: int
    high: int | None
    # The product of the counts of all repeats inside, which RE2 limits.
    size: int


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    ways: tuple[Node, ...]


Node: TypeAlias = Chars | Anchor | Repeat | Sequence | Choice

DIGITS: Final[tuple[Item, ...]] = ((0x30, 0x39),)
WORD: Final[tuple[Item, ...]] = ((0x30, 0x39), (0x61, 0x7A), (0x41, 0x5A), (0x5F, 0x5F))
SPACES: Final[tuple[Item, ...]] = ((0x20, 0x20), (0x09, 0x0A), (0x0C, 0x0D))
NOT_LINE_FEED: Final = Chars(((0x0A, 0x0A),), negated=True)
ANY: Final = Chars(((0, LAST_CODE_POINT),))

_PERL: Final = {"d": DIGITS, "w": WORD, "s": SPACES}
_POSIX: Final[dict[str, tuple[Item, ...]]] = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": DIGITS,
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": WORD,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
_CONTROLS: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_CATEGORY_NAMES: Final = """
    C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So
    Z Zl Zp Zs Any
"""
_SCRIPT_NAMES: Final = """
    Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak
    Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian
    Caucasian_Albanian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot
    Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs
    Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi
    Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited
    Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li
    Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B
    Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi
    Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi
    Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu
    Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic
    Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya
    Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan
    Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese
    Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu
    Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi
    Zanabazar_Square
"""
_CATEGORIES: Final = frozenset(_CATEGORY_NAMES.split())
SCRIPTS: Final = frozenset(_SCRIPT_NAMES.split())
_COUNT: Final = re.compile(
    r"\{(?P<low>0|[1-9][0-9]*)(?P<to>,(?P<high>0|[1-9][0-9]*)?)?\}", re.ASCII
)
_NAMED_CLASS: Final = re.compile(r"\[:(?P<name>[^\[\]\\:]*):\]")
_LOOK_AROUND: Final = ("(?=", "(?!", "(?<=", "(?<!")
_INSTEAD: Final = {
    "Z": r"; write $ or \z for the end of the text",
    "u": r"; write \x{1F600} for a code point",
    "k": "; backreferences are not supported",
}


class _Flags(NamedTuple):
    """What ``(?im-s)`` switches: ignore case, anchors at lines, a dot is any character."""

    i: bool = False
    m: bool = False
    s: bool = False


class _Group:
    """An open group: what has been read of it, and the flags to return to at its end."""

    __slots__ = ("flags", "parts", "start", "ways")

    def __init__(self, start: int, flags: _Flags) -> None:
        self.start = start
        self.flags = flags
        self.ways: list[Node] = []
        self.parts: list[Node] = []

    def end_way(self) -> None:
        self.ways.append(self.parts[0] if len(self.parts) == 1 else Sequence(tuple(self.parts)))
        self.parts = []

    def node(self) -> Node:
        self.end_way()
        return self.ways[0] if len(self.ways) == 1 else Choice(tuple(self.ways))


def parse(pattern: str) -> Node:
    """Parse a pattern.

    Raises:
        Re2Error: RE2 does not take it, or its groups are nested more than 100 deep.
    """
    return _Parser(pattern).parse()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._flags = _Flags()
        self._groups = [_Group(0, self._flags)]

    def parse(self) -> Node:
        repeatable = False
        while self._at < len(self._text):
            repeatable = self._step(repeatable=repeatable)
        if len(self._groups) > 1:
            raise self._error("unclosed group", self._groups[-1].start)
        return self._groups[0].node()

    def _step(self, *, repeatable: bool) -> bool:
        """Read one thing; return whether a repetition may follow it."""
        char = self._text[self._at]
        if char in "*+?" or (char == "{" and self._count() is not None):
            return self._repeat(repeatable=repeatable)
        group = self._groups[-1]
        if char == "(":
            return self._open()
        if char == ")":
            if len(self._groups) == 1:
                raise self._error('unexpected ")"', self._at)
            self._groups.pop()
            self._flags = group.flags
            self._groups[-1].parts.append(group.node())
        elif char == "|":
            group.end_way()
            self._at += 1
            return False
        elif char == "[":
            group.parts.append(self._class())
            return True
        elif char == "\\":
            return self._escaped(group)
        else:
            group.parts.append(self._plain(char))
        self._at += 1
        return True

    def _plain(self, char: str) -> Node:
        if char == ".":
            return ANY if self._flags.s else NOT_LINE_FEED
        if char == "^":
            return Anchor("line start" if self._flags.m else "start")
        if char == "$":
            return Anchor("line end" if self._flags.m else "end")
        return self._literal(ord(char))

    def _literal(self, code: int) -> Chars:
        return Chars(((code, code),), folded=self._flags.i)

    def _error(self, reason: str, at: int) -> Re2Error:
        return Re2Error(f"at character {at + 1}: {reason}")

    # --- groups

    def _open(self) -> bool:
        start = self._at
        if len(self._groups) > _DEEPEST:
            raise Re2Error(f"groups are nested more than {_DEEPEST} deep")
        before = self._flags
        if self._text.startswith("(?", start):
            if self._text.startswith(_LOOK_AROUND, start):
                raise self._error("look-around is not supported", start)
            self._at += 2
            if self._text.startswith(("P<", "<"), self._at):
                self._name(start)
            elif not self._switch(start):
                # The flags hold for the rest of the group that is open.
                return bool(self._groups[-1].parts)
        else:
            self._at += 1
        self._groups.append(_Group(start, before))
        return False

    def _name(self, start: int) -> None:
        opening = self._text.index("<", self._at)
        closing = self._text.find(">", opening)
        name = self._text[opening + 1 : max(closing, opening + 1)]
        if not name.isascii() or not name.replace("_", "a").isalnum():
            raise self._error("invalid name of a group", start)
        self._at = closing + 1

    def _switch(self, start: int) -> bool:
        """Read the flags of ``(?i)`` or ``(?i:``; return whether a group begins."""
        on, switched = True, True
        flags = self._flags
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char in "ims":
                flags = flags._replace(**{char: on})
                switched = True
            elif char == "U":
                switched = True
            elif char == "-" and on:
                on = switched = False
            elif char in ":)" and switched:
                self._flags = flags
                return char == ":"
            else:
                break
        raise self._error("invalid flags (RE2 has i, m, s and U)", start)

    # --- repetitions

    def _count(self) -> tuple[int, int | None, int] | None:
        """Read ``{n}``, ``{n,}`` or ``{n,m}`` with the place after it; anything else is text."""
        found = _COUNT.match(self._text, self._at)
        if found is None:
            return None
        # What has more digits is too large in any case.
        low = int(found["low"][:9])
        high = int(found["high"][:9]) if found["high"] else None
        return low, (high if found["to"] else low), found.end()

    def _repeat(self, *, repeatable: bool) -> bool:
        start, char = self._at, self._text[self._at]
        low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(char, (0, None))
        after = start + 1
        if char == "{":
            low, high, after = self._count() or (0, None, after)
        parts = self._groups[-1].parts
        if not repeatable:
            again = start and self._text[start - 1] in "*+?}" and parts
            what = "repeats a repetition" if again else "has nothing to repeat"
            raise self._error(f'"{self._text[start:after]}" {what}', start)
        size = _size(parts[-1])
        if char == "{":
            size *= max(1, low if high is None else high)
            if size > _MOST_REPEATS or low > _MOST_REPEATS or (high is not None and high < low):
                raise self._error(
                    f"invalid count (at most {_MOST_REPEATS}, nested ones multiplied)", start
                )
        parts[-1] = Repeat(parts[-1], low, high, size)
        self._at = after + self._text.startswith("?", after)
        return False

    # --- escapes

    def _escaped(self, group: _Group) -> bool:
        letter = self._text[self._at + 1 : self._at + 2]
        anchors: dict[str, Anchor] = {
            "A": Anchor("start"),
            "z": Anchor("end"),
            "b": Anchor("word edge"),
            "B": Anchor("no word edge"),
        }
        if letter in anchors:
            group.parts.append(anchors[letter])
            self._at += 2
        elif letter == "Q":
            quoted, _, _ = self._text[self._at + 2 :].partition("\\E")
            group.parts += map(self._literal, map(ord, quoted))
            self._at += 2 + len(quoted) + 2
            return bool(group.parts)
        elif (items := self._set()) is not None:
            group.parts.append(Chars(items, folded=self._flags.i))
        else:
            group.parts.append(self._literal(self._character()))
        return True

    def _set(self) -> tuple[Item, ...] | None:
        """Read an escape that stands for several characters, or nothing."""
        letter = self._text[self._at + 1 : self._at + 2]
        if letter.lower() in _PERL and letter:
            self._at += 2
            items = _PERL[letter.lower()]
            return items if letter.islower() else _others(items, folded=self._flags.i)
        if letter not in {"p", "P"}:
            return None
        start = self._at
        name = self._text[start + 2 : start + 3]
        self._at += 3
        if name == "{":
            end = self._text.find("}", self._at)
            name = self._text[self._at : max(end, self._at)]
            self._at = end + 1
        negated = (letter == "P") != name.startswith("^")
        name = name.removeprefix("^")
        if name not in _CATEGORIES and name not in SCRIPTS:
            raise self._error(
                f'unknown class "{self._text[start : self._at] or name}" (RE2 has the categories '
                "and scripts of Unicode, such as \\pL, \\p{Lu}, \\p{Greek})",
                start,
            )
        if name == "Any":
            return ((1, 0),) if negated else ANY.items
        return ("^" * negated + name,)

    def _character(self) -> int:
        """Read an escape that stands for one character."""
        start = self._at
        letter = self._text[start + 1 : start + 2]
        self._at += 2
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter.isascii() and not letter.isalnum() and letter:
            return ord(letter)
        if letter == "x" and (code := self._hexadecimal()) is not None:
            return code
        octal = {*"01234567"}
        if letter == "0" or (letter in octal and self._text[start + 2 : start + 3] in octal):
            while self._at < start + 4 and self._text[self._at : self._at + 1] in octal:
                self._at += 1
            return int(self._text[start + 1 : self._at], 8)
        if letter.isdecimal() and letter.isascii():
            raise self._error(f"the backreference \\{letter} is not supported", start)
        what = f"invalid escape \\{letter}" if letter else "a backslash without a character"
        raise self._error(what + _INSTEAD.get(letter, ""), start)

    def _hexadecimal(self) -> int | None:
        digits = self._text[self._at : self._at + 2]
        after = self._at + 2
        if digits.startswith("{"):
            end = self._text.find("}", self._at)
            digits = self._text[self._at + 1 : max(end, self._at)]
            after = end + 1
        elif len(digits) < 2:
            return None
        if not digits or not {*digits} <= {*"0123456789abcdefABCDEF"}:
            return None
        code = int(digits, 16)
        self._at = after
        return code if code <= LAST_CODE_POINT else None

    # --- classes

    def _class(self) -> Chars:
        start = self._at
        self._at += 1
        negated = self._text.startswith("^", self._at)
        self._at += negated
        items: list[Item] = []
        first = True
        while first or not self._text.startswith("]", self._at):
            if self._at >= len(self._text):
                raise self._error("unclosed class", start)
            first = False
            items += self._member(start)
        self._at += 1
        return Chars(tuple(items), negated=negated, folded=self._flags.i)

    def _member(self, start: int) -> tuple[Item, ...]:
        found = _NAMED_CLASS.match(self._text, self._at)
        if found is not None:
            name = found["name"]
            known = _POSIX.get(name.removeprefix("^"))
            if known is None:
                raise self._error(f'unknown class "[:{name}:]"', self._at)
            self._at = found.end()
            return _others(known, folded=self._flags.i) if name.startswith("^") else known
        if self._text.startswith("\\", self._at) and (items := self._set()) is not None:
            return items
        place = self._at
        low = high = self._class_character(start)
        following = self._text[self._at : self._at + 2]
        if following[:1] == "-" and len(following) == 2 and following[1] != "]":
            self._at += 1
            high = self._class_character(start)
            if high < low:
                raise self._error(
                    f'invalid range "{self._text[place : self._at]}" in a class', place
                )
        return ((low, high),)

    def _class_character(self, start: int) -> int:
        if self._at >= len(self._text):
            raise self._error("unclosed class", start)
        if self._text[self._at] == "\\":
            return self._character()
        self._at += 1
        return ord(self._text[self._at - 1])


def _size(node: Node) -> int:
    if isinstance(node, Repeat):
        return node.size
    if isinstance(node, Sequence):
        return max(map(_size, node.parts), default=1)
    if isinstance(node, Choice):
        return max(map(_size, node.ways))
    return 1


def complement(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the ranges of all code points that are in none of these."""
    found, first = [], 0
    for low, high in sorted(ranges):
        if low > first:
            found.append((first, low - 1))
        first = max(first, high + 1)
    return [*found, (first, LAST_CODE_POINT)] if first <= LAST_CODE_POINT else found


# Letters of other alphabets whose lower case is an ASCII letter.
KELVIN_AND_LONG_S: Final = {"k": 0x212A, "s": 0x17F}


def _others(items: tuple[Item, ...], *, folded: bool) -> tuple[Item, ...]:
    """Negate ranges of ASCII; where case is ignored, after all cases are in."""
    ranges = [item for item in items if not isinstance(item, str)]
    if folded:
        codes = [code for low, high in ranges for code in range(low, high + 1)]
        letters = [chr(code) for code in codes if chr(code).isalpha()]
        cases = [ord(letter.swapcase()) for letter in letters]
        cases += [KELVIN_AND_LONG_S[each] for each in map(str.lower, letters)
                  if each in KELVIN_AND_LONG_S]  # fmt: skip
        ranges += [(code, code) for code in cases]
    return tuple(complement(ranges))
