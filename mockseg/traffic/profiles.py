"""What ``mockseg traffic`` is asked for: flags and TOML profiles, such as ``200/s`` or ``5%``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from mockseg.domain.timestamps import parse_moment
from mockseg.durations import NUMBER, parse_duration, unit_seconds
from mockseg.errors import ConfigError
from mockseg.files import read_toml
from mockseg.plans.model import Plan
from mockseg.suggestions import unknown
from mockseg.traffic.scenario import MOST_USERS, Recipe
from mockseg.traffic.schedule import Schedule, schedule, trace_rates

_RATE: Final = re.compile(NUMBER + r"(?:/([a-z]{1,2}))?")
_SHARE: Final = re.compile(NUMBER + r"(%?)")
_SPEED: Final = re.compile(NUMBER + r"x?")
_FASTEST: Final = 10_000_000
_MOST_WEIGHT: Final = 1_000_000


def parse_rate(text: str, *, place: str) -> Fraction:
    """Read ``200/s``, ``30/m``, ``5/h`` or ``200`` (a second) as calls a second.

    Raises:
        ConfigError: invalid rate; the sentence names the place, the value and the units.
    """
    allowed = "a number of calls and a unit of time, such as 200/s or 30/m"
    number, unit = _groups(_RATE, text, place, allowed)
    rate = Fraction(number) / unit_seconds(unit or "s", text, place=place)
    if not 0 < rate <= _FASTEST:
        raise _refused(text, place, f"above 0/s and at most {_FASTEST}/s")
    return rate


def parse_share(text: str, *, place: str) -> float:
    """Read ``5%`` or ``0.05`` as a share from 0 to 1.

    Raises:
        ConfigError: invalid share.
    """
    allowed = "a share such as 5% or 0.05, from 0% to 100%"
    number, percent = _groups(_SHARE, text, place, allowed)
    share = Fraction(number) / (100 if percent else 1)
    if share > 1:
        raise _refused(text, place, allowed)
    return float(share)


def parse_speed(text: str, *, place: str) -> Fraction:
    """Read ``10x`` or ``0.5`` as how many times faster than it was.

    Raises:
        ConfigError: invalid speed.
    """
    allowed = "how many times faster, above 0, such as 10x or 0.5x"
    (number,) = _groups(_SPEED, text, place, allowed)
    if not Fraction(number):
        raise _refused(text, place, allowed)
    return Fraction(number)


def parse_moment_named(text: str, *, place: str) -> int:
    """Read a day or an ISO 8601 time as a moment, UTC where it names no offset.

    Raises:
        ConfigError: invalid time.
    """
    moment = parse_moment(text)
    if moment is None:
        raise _refused(text, place, "a day or a time such as 2026-01-01 or 2026-01-01T09:30:00Z")
    return moment


def parse_mix(text: str, *, place: str) -> Mapping[str, int]:
    """Read ``Order Completed=3,Product Viewed=20`` as weights by event.

    Raises:
        ConfigError: a part has no name or no weight.
    """
    mix: dict[str, int] = {}
    for part in text.split(","):
        name, _, weight = part.strip().rpartition("=")
        if not name or not weight.isdecimal() or len(weight) > 7 or int(weight) > _MOST_WEIGHT:
            allowed = f"EVENT=WEIGHT, with a whole number from 0 to {_MOST_WEIGHT}"
            raise _refused(part, place, f"{allowed}, such as Order Completed=3")
        mix[name.strip()] = int(weight)
    if not any(mix.values()):
        raise _refused(text, place, "at least one event with a weight above 0")
    return mix


def _groups(pattern: re.Pattern[str], text: str, place: str, allowed: str) -> tuple[str | Any, ...]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise _refused(text, place, allowed)
    return match.groups()


def _refused(text: str, place: str, allowed: str) -> ConfigError:
    return ConfigError(f'{place} is "{text[:100]}": it must be {allowed}')


# Name, what stands for its value, its default, what it means.
ROWS: Final[tuple[tuple[str, str, str | None, str], ...]] = (
    ("catalogue", "NAME,NAME", None, "Plans of the catalogue whose events are sent."),
    ("plan", "FILE,FILE", None, "Your own plans whose events are sent."),
    ("mix", "EVENT=N,EVENT=N", None, "Only these events, in these shares, instead of journeys."),
    ("users", "NUMBER", "100", "How many people."),
    ("rate", "N/s", "100/s", "Calls a second (/s), minute (/m) or hour (/h)."),
    ("duration", "TIME", "10s", "How long: 30s, 5m, 2h."),
    ("shape", "SHAPE", "constant", "constant, ramp, sine, spike or trace:FILE, calls a line."),
    ("seed", "TEXT", "0", "The same seed makes the same traffic."),
    ("invalid", "SHARE", "0%", "Calls that are broken on purpose, each with its label."),
    ("duplicates", "SHARE", "0%", "Calls that were sent before."),
    ("late", "SHARE", "0%", "Calls that happened hours before they are sent."),
    ("strictness", "lenient|strict", "lenient", "Of the catalogue, where it says what is broken."),
    ("locale", "LOCALE", "en_US", "Where the people live: de_DE, ja_JP, ..."),
    ("start", "TIME", None, "When it begins; with --out 2026-01-01, else now."),
    ("span", "TIME", None, "Over which time it happened, such as 90d, for backfills."),
)
DEFAULTS: Final = {name: default for name, _, default, _ in ROWS}
FIXED_START: Final = "2026-01-01T00:00:00Z"
_MOST_USERS_DIGITS: Final = 8


def with_profile(
    flags: Mapping[str, Any], *, file: str | None, others: tuple[str, ...]
) -> dict[str, Any]:
    """Fill what was not given from a profile, and after that from the defaults.

    Args:
        flags: by name, None where not given.
        file: TOML with the same names, or None.
        others: names that a profile may have beside the flags of this module.

    Raises:
        ConfigError: the file cannot be read, or has an unknown name or an invalid value.
    """
    values = {} if file is None else _profile(file, (*DEFAULTS, *others))
    given = {name: value for name, value in flags.items() if value is not None}
    return {**DEFAULTS, **dict.fromkeys(others), **values, **given}


def recipe_of(
    values: Mapping[str, Any],
    *,
    now_ns: int | None,
    read_plan: Callable[[str], Plan],
    read_lines: Callable[[str], Iterator[tuple[int, bytes]]],
    types: frozenset[str] = frozenset(),
) -> Recipe:
    """Read what is asked.

    Args:
        values: texts by name, as :func:`with_profile` gives them.
        now_ns: the default start, None for the fixed one.
        read_plan: reads the plan in a file.
        read_lines: reads the lines of a trace.
        types: the only types of call, or empty for all.

    Raises:
        ConfigError: a value is invalid; the sentence names the flag, the value, what is allowed.
        PlanError: a file is not a plan.
    """
    start = values["start"]
    if start is None and now_ns is not None:
        start_ns = now_ns // 1_000_000 * 1_000_000
    else:
        start_ns = parse_moment_named(start or FIXED_START, place="--start")
    mix = values["mix"]
    strictness = values["strictness"]
    if strictness not in {"lenient", "strict"}:
        allowed = ("lenient", "strict")
        raise ConfigError(f"--strictness: {unknown('strictness', strictness, allowed)}")
    span = values["span"]
    return Recipe(
        schedule=_schedule(values, read_lines),
        start_ns=start_ns,
        catalogue=_names(values["catalogue"]),
        plans=tuple(read_plan(name) for name in _names(values["plan"])),
        strictness=strictness,
        users=_users(values["users"]),
        seed=values["seed"],
        invalid=parse_share(values["invalid"], place="--invalid"),
        duplicates=parse_share(values["duplicates"], place="--duplicates"),
        late=parse_share(values["late"], place="--late"),
        locale=values["locale"],
        mix=parse_mix(mix, place="--mix") if mix else {},
        span_ns=parse_duration(span, place="--span") if span else None,
        types=types,
    )


def _schedule(
    values: Mapping[str, Any], read_lines: Callable[[str], Iterator[tuple[int, bytes]]]
) -> Schedule:
    shape, _, file = values["shape"].partition(":")
    if (shape == "trace") != bool(file):
        raise ConfigError(f'--shape is "{values["shape"][:80]}": a trace is written trace:FILE')
    return schedule(
        shape,
        rate=parse_rate(values["rate"], place="--rate"),
        length_ns=parse_duration(values["duration"], place="--duration"),
        trace=trace_rates(read_lines(file), file=file) if file else (),
    )


def _users(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) <= _MOST_USERS_DIGITS else 0
    if not 1 <= number <= MOST_USERS:
        raise ConfigError(f'--users is "{text[:80]}": it must be a number from 1 to {MOST_USERS}')
    return number


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def _profile(file: str, known: tuple[str, ...]) -> dict[str, Any]:
    document = read_toml(file)
    values: dict[str, Any] = {}
    for key, value in document.items():
        name = key.replace("-", "_")
        if name not in known:
            raise ConfigError(f"{file}: {unknown('key', key, known)}")
        values[name] = _text(value, place=f"{file}: {key}")
    return values


def _text(value: Any, *, place: str) -> Any:
    match value:
        case bool():
            return value
        case str():
            return value
        case int() | float():
            return str(value)
        case list() if all(isinstance(item, str) for item in value):
            return ",".join(value)
        case dict() if all(
            isinstance(item, int) and not isinstance(item, bool) for item in value.values()
        ):
            return ",".join(f"{name}={weight}" for name, weight in value.items())
    raise ConfigError(f"{place} must be a text, a number, a list of texts, or a table of weights")
