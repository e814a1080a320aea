"""Messages and values that are legal and nasty."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mockseg.catalogue.envelope import Wrapping, spoken_fields
from mockseg.catalogue.lookup import FoundRule, PlanLike, get, matches_of
from mockseg.domain.limits import MAX_CALL_BYTES
from mockseg.domain.message import holder_of
from mockseg.json_types import JsonObject
from mockseg.plans.model import Strictness
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.formats import FORMATS, MOMENT
from mockseg.strategies.chooser import LARGEST, PlainChooser, fresh, padded
from mockseg.strategies.events import messages_of, weight_of, weighted

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
# No second 60: Segment's library does not take it for a date-time.
_CLOCKS: Final = ("00:00:00", "23:59:59", "12:00:00")
_FAR_DAYS: Final = ("0001-01-01", "9999-12-31", "1970-01-01", "1969-12-31", "2000-02-29")
_NEAR_DAYS: Final = ("2026-01-15", "2024-02-29", "2026-12-31", "2026-03-29", "1970-01-01")
_DIGITS: Final = st.integers(0, 9).map(lambda count: f".{'123456789'[:count]}" if count else "")


def _moments(days: tuple[str, ...]) -> SearchStrategy[str]:
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


class EdgeChooser(PlainChooser):
    most_extras = 8

    def text(self, name: str, least: int, most: int | None) -> SearchStrategy[str]:

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
        plain = super().formatted(kind, name, least, most)
        nasty = _FORMATTED.get(kind)
        free = not least and most is None
        if nasty is None or not (free or (kind in FORMATS and plain is not None)):
            return plain
        return nasty if plain is None else st.one_of(nasty, plain)

    def whole(self, least: int | None, most: int | None) -> SearchStrategy[int]:
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
        return _ANYTHING

    def names(self) -> SearchStrategy[str]:
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
    PlainChooser().anything(),
)

EDGE: Final = EdgeChooser()


_WRAPPING: Final = Wrapping(message_id=True)
# What SDKs send as null where there is nothing: Segment takes those for absent.
_NULLED: Final = ("userId", "anonymousId", "context", "integrations", "timestamp", "messageId")
_TWISTS: Final = ("nothing", "nulls", "skew", "limit", "repeated id", "bare body")
_MOMENTS: Final = EDGE.formatted(MOMENT, "", 0, None)
_IDS: Final = ("0" * 100, "\u00e9" * 100, "0")


def edge_event(
    name: str,
    *,
    plan: PlanLike | None = None,
    type: str | None = None,  # noqa: A002  # the word of the Spec
    strictness: Strictness = "strict",
) -> SearchStrategy[JsonObject]:
    """Return messages of one planned event that are legal and nasty.

    At the limits, empty, null, of every plane of Unicode, deep, with odd timestamps and
    clocks that are days off. Some hold lone surrogates, which JSON can only write as
    escapes: :func:`mockseg.strategies.encode` does. Some have a messageId that others of
    them have too.

    Args:
        name: as for :func:`mockseg.strategies.event`.
        plan: as there.
        type: as there.
        strictness: ``strict`` draws the event and its properties exactly as its document
            spells them; ``lenient`` also draws the spellings of the source's other document.

    Raises:
        PlanError: as there.
    """
    return fresh(edges_of(get(name, plan=plan, type=type, strictness=strictness)))


def edge_events(plan: PlanLike, *, strictness: Strictness = "strict") -> SearchStrategy[JsonObject]:
    """Return messages of all events of a plan that are legal and nasty; see :func:`edge_event`.

    Raises:
        PlanError: unknown plan, or one of its schemas cannot be satisfied.
    """
    matches = matches_of(plan, strictness=strictness)
    return fresh(weighted([(edges_of(match), weight_of(match)) for match in matches]))


@lru_cache(maxsize=1024)
def edges_of(match: FoundRule) -> SearchStrategy[JsonObject]:
    return _twisted(
        messages_of(match, palette=EDGE, wrapping=_WRAPPING), match, frozenset(spoken_fields(match))
    )


@st.composite
def _twisted(
    draw: DrawFn,
    messages: SearchStrategy[JsonObject],
    match: FoundRule,
    planned: frozenset[str],
) -> JsonObject:
    twist = draw(_TWIST)
    message = draw(messages)
    if twist == "nulls":
        body = holder_of(message["type"])
        for name in (*_NULLED, body):
            # Of a message of any type its own rule may have something to say of the body.
            if (
                name not in message
                and name not in planned
                and (name != body or match.rule.type != "COMMON")
            ):
                message[name] = None
    elif twist == "skew":
        assert _MOMENTS is not None  # noqa: S101  (the palette knows this format)
        message |= {name: draw(_MOMENTS) for name in ("timestamp", "sentAt") if name not in planned}
    elif twist == "repeated id" and "messageId" not in planned:
        message["messageId"] = draw(st.sampled_from(_IDS))
    elif twist == "limit":
        full = padded(message, MAX_CALL_BYTES)
        if "context" not in planned or _allows(match, full):
            return full
    elif twist == "bare body":
        body = holder_of(message["type"])
        if body not in planned:
            message[body] = {}
    return message


_TWIST: Final = st.sampled_from(_TWISTS)


def _allows(match: FoundRule, message: Mapping[str, object]) -> bool:
    try:
        return all(compile_schema(schema).is_valid(message) for schema in match.schemas)
    except ValueError:
        # A lone surrogate, which no validator judges: rather not.
        return False
