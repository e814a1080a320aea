"""Values that are legal and nasty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from mockseg.strategies.palette import LARGEST, PlainPalette
from mockseg.strategies.texts import FORMATS, MOMENT

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["EDGE", "LONE_SURROGATES", "EdgePalette"]

# Half of a pair: JSON can write it as an escape, UTF-8 cannot hold it.
LONE_SURROGATES: Final = ("\ud800", "a\udfff", "\udc00\ud800")
_NASTY: Final = (
    "\u202eabc\u202c",
    "\u0645\u0631\u062d\u0628\u0627",
    "\u05e9\u05dc\u05d5\u05dd, \u05e2\u05d5\u05dc\u05dd",
    "\u200b",
    "\ufeff",
    "\u2028\u2029",
    "e\u0301\u0327",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\uffff",
    "null",
    "undefined",
    "NaN",
    "true",
    "0",
    "-1",
    "1e309",
    "__proto__",
    "a,b;c\td\r\n\"e\" 'f'",
    "</script><script>",
    "{{7*7}} ${7*7} %s %n",
    "../../etc",
    " ",
    "\u0130\u0131\u00df",
)
_PLANES: Final = tuple(
    st.text(
        st.characters(
            min_codepoint=plane << 16,
            max_codepoint=(plane << 16) | 0xFFFF,
            exclude_categories=["Cs"],
        ),
        min_size=1,
        max_size=3,
    )
    for plane in range(17)
)
_NUMBERS: Final = (
    0,
    -1,
    2**31 - 1,
    2**31,
    -(2**31) - 1,
    LARGEST,
    LARGEST + 1,
    LARGEST + 2,
    -LARGEST - 2,
    2**63 - 1,
)
_DOUBLES: Final = (
    -0.0,
    1e308,
    -1e308,
    1.7976931348623157e308,
    5e-324,
    2.2250738585072014e-308,
    0.1 + 0.2,
    1e-7,
    1e21,
    float(2**53),
    100.0,
    0.5,
)
_KEYS: Final = (
    "a.b",
    ".",
    "$set",
    "$",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    "",
    " ",
    "userId",
    "user_id",
    "event",
    "type",
    "timestamp",
    "messageId",
    "message_id",
    "id",
    "a[0]",
    "a/b~c",
    "#",
    "\x00",
    "\u05e9\u05dd",
    "\U0001f600",
    "k" * 300,
)
_OFFSETS: Final = ("Z", "+00:00", "-00:00", "+14:00", "-12:00", "+05:45", "+23:59", "-23:59")
_CLOCKS: Final = ("00:00:00", "23:59:59", "23:59:60", "12:00:00")
_FAR_DAYS: Final = ("0001-01-01", "9999-12-31", "1970-01-01", "1969-12-31", "2000-02-29")
_NEAR_DAYS: Final = ("2026-01-15", "2024-02-29", "2026-12-31", "2026-03-29", "1970-01-01")
_DIGITS: Final = st.integers(0, 9).map(lambda count: f".{'123456789'[:count]}" if count else "")


def _moments(days: tuple[str, ...]) -> SearchStrategy[str]:
    """Give moments with 0 to 9 digits at odd offsets."""
    return st.tuples(
        st.sampled_from(days), st.just("T"), st.sampled_from(_CLOCKS), _DIGITS,
        st.sampled_from(_OFFSETS),
    ).map("".join)  # fmt: skip


_FORMATTED: Final = {
    "date-time": _moments(_FAR_DAYS),
    MOMENT: _moments(_NEAR_DAYS),
    "date": st.sampled_from(_FAR_DAYS),
    "email": st.sampled_from(
        ["a@b.c", "a+b@c.io", "!#$%&'*+/=?^_`{|}~-@a-b.co", f"{'a' * 64}@{'b' * 63}.io"]
    ),
    "uri": st.sampled_from(
        [
            "a:",
            "https://a.io/?q=%22%00#f",
            "mailto:a@b.c",
            f"https://a.io/{'p' * 2000}",
            "HTTP://A/",
        ]
    ),
    "uuid": st.sampled_from(
        ["0" * 8 + "-0000" * 3 + "-" + "0" * 12, "F" * 8 + "-FFFF" * 3 + "-" + "F" * 12]
    ),
    "ipv6": st.sampled_from(["::", "::1", "::ffff:1.2.3.4", "2001:db8:0:0:0:0:0:1"]),
    "ipv4": st.sampled_from(["0.0.0.0", "255.255.255.255"]),  # noqa: S104  (nothing listens there)
}


class EdgePalette(PlainPalette):
    """Values at the limits of what is legal, and those that consumers stumble over."""

    most_extras = 8

    def text(self, name: str, least: int, most: int | None) -> SearchStrategy[str]:
        """Give empty ones, ones of exactly the limits, and all planes of Unicode."""

        def fitted(text: str) -> str:
            long = text.ljust(least, "x")
            return long if most is None else long[:most]

        kinds: list[SearchStrategy[str]] = [
            st.just("").map(fitted),
            st.sampled_from(["\x00", "a\x00b"]).map(fitted),
            st.sampled_from(_NASTY).map(fitted),
            st.one_of(_PLANES).map(fitted),
            st.sampled_from(LONE_SURROGATES).map(fitted),
        ]
        if most is not None and most <= 0xFFFF:
            kinds.append(st.sampled_from("x\u00e9\u6f22\U0001f600").map(lambda char: char * most))
        else:
            kinds.append(st.sampled_from([255, 256, 1024]).map(lambda size: "x" * max(size, least)))
        return st.one_of(*kinds, super().text(name, least, most))

    def formatted(
        self, kind: str, name: str, least: int, most: int | None
    ) -> SearchStrategy[str] | None:
        """Give the longest, the shortest and the oddest of a format."""
        plain = super().formatted(kind, name, least, most)
        nasty = _FORMATTED.get(kind)
        free = not least and most is None
        if nasty is None or not (free or (kind in FORMATS and plain is not None)):
            return plain
        return nasty if plain is None else st.one_of(nasty, plain)

    def whole(self, least: int | None, most: int | None) -> SearchStrategy[int]:
        """Give the limits themselves, and those of doubles and of 32 bits."""
        inside = [
            number
            for number in dict.fromkeys((least, most, *_NUMBERS))
            if number is not None
            and (least is None or number >= least)
            and (most is None or number <= most)
        ]
        plain = super().whole(least, most)
        return st.one_of(st.sampled_from(inside), plain) if inside else plain

    def fraction(
        self, least: float | None, most: float | None, *, above: bool, below: bool
    ) -> SearchStrategy[float]:
        """Give the limits themselves, minus zero, the largest and the smallest."""
        low = [] if least is None or above else [float(least)]
        high = [] if most is None or below else [float(most)]
        inside = [
            number
            for number in (*low, *high, *_DOUBLES)
            if (least is None or number > least or (number == least and not above))
            and (most is None or number < most or (number == most and not below))
        ]
        plain = super().fraction(least, most, above=above, below=below)
        return st.one_of(st.sampled_from(inside), plain) if inside else plain

    def anything(self) -> SearchStrategy[Any]:
        """Give null, empty and deep values beside plain ones."""
        return _ANYTHING

    def names(self) -> SearchStrategy[str]:
        """Give names with dots and dollars, reserved ones, and such as JavaScript gives to all."""
        return _NAMES


def _deep(depth: int) -> Any:
    value: Any = {}
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


_NAMES: Final = st.sampled_from(_KEYS)
_ANYTHING: Final = st.one_of(
    st.sampled_from([None, "", 0, -0.0, False, 1e308, LARGEST + 2]),
    st.builds(dict),
    st.builds(list),
    st.sampled_from([1, 2, 8, 32, 100]).map(_deep),
    st.sampled_from(LONE_SURROGATES),
    st.dictionaries(_NAMES, st.sampled_from(["", 0, None]), min_size=1, max_size=3),
    PlainPalette().anything(),
)

EDGE: Final = EdgePalette()
