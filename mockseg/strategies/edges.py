"""Messages and values that are legal and nasty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
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
from mockseg.strategies.classes import Script, Values, classed, either, in_turn
from mockseg.strategies.events import in_classes, values_of

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
    # All of it in one; the last, so that a failing test shrinks to what it needs of it.
    "\u202ea\u202c\x00\u0645\u00df\u0131,\u200b\ufeff\u2028e\u0301\U0001f468\u200d\U0001f469\uffff</script>{{7}}%s",
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
# Those that every event with a number shows.
_WHOLE_LIMITS: Final = (2**31, LARGEST + 2)
_DOUBLE_LIMITS: Final = (-0.0, 1e308)
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
    "\u00e9" * 255,
    "\ud800",
    "a\udfffb",
)
_NULS: Final = ("\x00", "a\x00b")
_WIDTHS: Final = "x\u00e9\u6f22\U0001f600"
_LENGTHS: Final = (255, 256, 1024)
_OFFSETS: Final = ("Z", "+00:00", "-00:00", "+14:00", "-12:00", "+05:45", "+23:59", "-23:59")
# No second 60: Segment's library does not take it for a date-time.
_CLOCKS: Final = ("00:00:00", "23:59:59", "12:00:00")
_FAR_DAYS: Final = (
    "2024-02-29", "9999-12-31", "0001-01-01", "1969-12-31", "1970-01-01", "2000-02-29",
    "1900-02-28", "1582-10-10", "0004-02-29",
)  # fmt: skip
_NEAR_DAYS: Final = (
    "2026-01-15", "2024-02-29", "1969-12-31", "2026-12-31", "1970-01-01", "1900-01-01",
    "2000-02-29", "2038-01-20", "2100-02-28",
)  # fmt: skip
# Local times that a change of clocks leaves out or has twice, and the ends of 32-bit time.
_ODD_MOMENTS: Final = (
    "2026-03-29T02:30:00+01:00",
    "2026-03-08T02:30:00-05:00",
    "2026-10-25T02:30:00+02:00",
    "2026-10-25T02:30:00+01:00",
    "2026-11-01T01:30:00-04:00",
    "2026-10-04T02:15:00+10:30",
    "1901-12-13T20:45:51Z",
    "2038-01-19T03:14:08Z",
    "1969-12-31T23:59:59.999Z",
    "2024-02-29T23:59:59.999999999-12:00",
)
_DIGITS: Final = st.integers(0, 9).map(lambda count: f".{'123456789'[:count]}" if count else "")


def _moments(days: tuple[str, ...]) -> Values:
    parts = st.tuples(
        st.sampled_from(days), st.just("T"), st.sampled_from(_CLOCKS), _DIGITS,
        st.sampled_from(_OFFSETS),
    ).map("".join)  # fmt: skip
    scripts = [
        (row % len(days), (row + row // len(days)) % len(_CLOCKS), row % 10, row % len(_OFFSETS))
        for row in range(len(days) * 4)
    ]
    return either([_sampled(_ODD_MOMENTS), classed(parts, scripts, count=4)])


def _with_limits(inside: Sequence[Any], limits: Sequence[Any], plain: Values) -> Values:
    """Return numbers at limits, and plain ones; each event shows the most telling limits."""
    scripts: list[Script] = [(0, index) for index in range(len(inside))]
    telling = [script for script, number in zip(scripts, inside, strict=True) if number in limits]
    rest = [script for script in scripts if script not in telling]
    drawn = either([classed(st.sampled_from(inside), [()]), plain]).strategy
    return in_turn(drawn, [*([script] for script in telling), rest])


def _mixed(*kinds: Sequence[Script]) -> list[Script]:
    """Return one of each kind, then the next of each, and so on."""
    return [each for several in zip_longest(*kinds) for each in several if each is not None]


def _sampled(values: Sequence[Any], *, count: int = 4) -> Values:
    """Return these values; every event shows a few of them, all events together all."""
    return classed(st.sampled_from(values), [(index,) for index in range(len(values))], count=count)


_FORMATTED: Final = {
    "date-time": _moments(_FAR_DAYS),
    MOMENT: _moments(_NEAR_DAYS),
    "date": _sampled((*_FAR_DAYS, "2026-03-29", "2100-02-28")),
    "email": _sampled(
        ["a@b.c", "a+b@c.io", "!#$%&'*+/=?^_`{|}~-@a-b.co", f"{'a' * 64}@{'b' * 63}.io"]
    ),
    "uri": _sampled(
        [
            "a:",
            "https://a.io/?q=%22%00#f",
            "mailto:a@b.c",
            f"https://a.io/{'p' * 2000}",
            "HTTP://A/",
        ]
    ),
    "uuid": _sampled(
        ["0" * 8 + "-0000" * 3 + "-" + "0" * 12, "F" * 8 + "-FFFF" * 3 + "-" + "F" * 12]
    ),
    "ipv6": _sampled(["::", "::1", "::ffff:1.2.3.4", "2001:db8:0:0:0:0:0:1"]),
    "ipv4": _sampled(["0.0.0.0", "255.255.255.255"]),  # noqa: S104  (nothing listens there)
}


class EdgeChooser(PlainChooser):
    most_extras = 8

    def text(self, name: str, least: int, most: int | None) -> Values:

        def fitted(text: str) -> str:
            long = text.ljust(least, "x")
            return long if most is None else long[:most]

        plain = super().text(name, least, most)
        kinds: list[SearchStrategy[str]] = [
            st.just("").map(fitted),
            st.sampled_from(_NULS).map(fitted),
            st.sampled_from(_NASTY).map(fitted),
            st.one_of(_PLANES).map(fitted),
            st.sampled_from(LONE_SURROGATES).map(fitted),
        ]
        if most is not None and most <= 0xFFFF:
            kinds.append(st.sampled_from(_WIDTHS).map(lambda char: char * most))
            longest = len(_WIDTHS)
        else:
            kinds.append(st.sampled_from(_LENGTHS).map(lambda size: "x" * max(size, least)))
            longest = len(_LENGTHS)
        drawn = either([*(classed(kind, [()]) for kind in kinds), plain]).strategy
        return in_turn(
            drawn,
            [
                [(0,)],
                [(2, len(_NASTY) - 1)],
                [(2, index) for index in range(len(_NASTY) - 1)],
                [(4, index) for index in range(len(LONE_SURROGATES))],
                [(5, index) for index in range(longest)],
            ],
        )

    def formatted(self, kind: str, name: str, least: int, most: int | None) -> Values | None:
        plain = super().formatted(kind, name, least, most)
        nasty = _FORMATTED.get(kind)
        free = not least and most is None
        if nasty is None or not (free or (kind in FORMATS and plain is not None)):
            return plain
        return nasty if plain is None else either([nasty, plain])

    def whole(self, least: int | None, most: int | None) -> Values:
        inside = [
            number
            for number in dict.fromkeys((least, most, *_NUMBERS))
            if number is not None
            and (least is None or number >= least)
            and (most is None or number <= most)
        ]
        plain = super().whole(least, most)
        return _with_limits(inside, _WHOLE_LIMITS, plain) if inside else plain

    def fraction(
        self, least: float | None, most: float | None, *, above: bool, below: bool
    ) -> Values:
        low = [] if least is None or above else [float(least)]
        high = [] if most is None or below else [float(most)]
        inside = [
            number
            for number in (*low, *high, *_DOUBLES)
            if (least is None or number > least or (number == least and not above))
            and (most is None or number < most or (number == most and not below))
        ]
        plain = super().fraction(least, most, above=above, below=below)
        return _with_limits(inside, _DOUBLE_LIMITS, plain) if inside else plain

    def anything(self) -> Values:
        return classed(_ANYTHING, _ANY_SCRIPTS, count=1)

    def names(self) -> Values:
        return _NAMES


def _deep(depth: int) -> Any:
    value: Any = {}
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


# Each open object shows these four names, all objects together all.
_TELLING_KEYS: Final = ("\ud800", "k" * 300, "__proto__", "a.b")
_NAMES: Final = classed(
    st.sampled_from(_KEYS),
    [(_KEYS.index(key),) for key in dict.fromkeys((*_TELLING_KEYS, *_KEYS))],
    count=len(_TELLING_KEYS),
)
_LEAVES: Final = (None, "", 0, -0.0, False, 1e308, LARGEST + 2)
_DEPTHS: Final = (1, 2, 8, 32, 100)
_ANYTHING: Final = st.one_of(
    st.sampled_from(_LEAVES),
    st.builds(dict),
    st.builds(list),
    st.sampled_from(_DEPTHS).map(_deep),
    st.sampled_from(LONE_SURROGATES),
    st.dictionaries(_NAMES.strategy, st.sampled_from(["", 0, None]), min_size=1, max_size=3),
    PlainChooser().anything().strategy,
)
_ANY_SCRIPTS: Final = _mixed(
    [(0, index) for index in range(len(_LEAVES))],
    [(1,), (2,)],
    [(3, index) for index in range(len(_DEPTHS))],
    [(4, index) for index in range(len(LONE_SURROGATES))],
)

EDGE: Final = EdgeChooser()


_WRAPPING: Final = Wrapping(message_id=True)
# What SDKs send as null where there is nothing: Segment takes those for absent.
_NULLED: Final = ("userId", "anonymousId", "context", "integrations", "timestamp", "messageId")
_TWISTS: Final = ("nothing", "nulls", "skew", "limit", "repeated id", "bare body")
_BARE: Final = _TWISTS.index("bare body")
_MOMENTS: Final = _FORMATTED[MOMENT]
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
    return fresh(in_classes([edges_of(get(name, plan=plan, type=type, strictness=strictness))]))


def edge_events(plan: PlanLike, *, strictness: Strictness = "strict") -> SearchStrategy[JsonObject]:
    """Return messages of all events of a plan that are legal and nasty; see :func:`edge_event`.

    Raises:
        PlanError: unknown plan, or one of its schemas cannot be satisfied.
    """
    matches = matches_of(plan, strictness=strictness)
    return fresh(in_classes([edges_of(match) for match in matches]))


@lru_cache(maxsize=1024)
def edges_of(match: FoundRule) -> Values:
    messages = values_of(match, palette=EDGE, wrapping=_WRAPPING)
    planned = frozenset(spoken_fields(match))

    def script(row: int, turn: int) -> Script:
        # The twists shift from round to round, so that each meets all classes of messages; but
        # of a bare body there is nothing to see.
        rounds, place = divmod(row, _BARE)
        twist = _BARE if rounds % 4 == 3 and not place else (rounds + place + turn) % _BARE
        steps: Script = (twist, *messages.script(row, turn))
        if _TWISTS[twist] == "skew":
            fields = [name for name in ("timestamp", "sentAt") if name not in planned]
            return (
                *steps,
                *(s for at in range(len(fields)) for s in _MOMENTS.script(row + at, turn)),
            )
        if _TWISTS[twist] == "limit":
            return (*steps, (rounds + turn) % len(_WIDTHS))
        return (*steps, (rounds + turn) % len(_IDS)) if _TWISTS[twist] == "repeated id" else steps

    return Values(
        strategy=_twisted(messages.strategy, match, planned), count=messages.count, script=script
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
        moments = _MOMENTS.strategy
        message |= {name: draw(moments) for name in ("timestamp", "sentAt") if name not in planned}
    elif twist == "repeated id" and "messageId" not in planned:
        message["messageId"] = draw(st.sampled_from(_IDS))
    elif twist == "limit":
        full = padded(message, MAX_CALL_BYTES, char=draw(_FILLING))
        if "context" not in planned or _allows(match, full):
            return full
    elif twist == "bare body":
        body = holder_of(message["type"])
        if body not in planned:
            message[body] = {}
    return message


_TWIST: Final = st.sampled_from(_TWISTS)
_FILLING: Final = st.sampled_from(_WIDTHS)


def _allows(match: FoundRule, message: Mapping[str, object]) -> bool:
    try:
        return all(compile_schema(schema).is_valid(message) for schema in match.schemas)
    except ValueError:
        # A lone surrogate, which no validator judges: rather not.
        return False
