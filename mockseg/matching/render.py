"""What a person reads of a failed expectation: values, calls and findings in words.

Values are written on one line, with nothing in them that a terminal obeys, and cost no more than
the characters that are shown of them, however large they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mockseg.domain.call import Call
from mockseg.domain.findings import Discard, Finding
from mockseg.domain.limits import MAX_SOURCES
from mockseg.domain.lost import BOUNDS, ForgottenSource, Lost
from mockseg.domain.timestamps import parse_moment
from mockseg.json_types import Json, JsonObject
from mockseg.matching.values import ABSENT, ANY, Approx, Between, Exactly, type_name
from mockseg.printable import printable

# --- values

# Deeper than this an object or array is three dots.
_MAX_LEVELS = 4
# Message type -> the field that names a call.
NAME_FIELDS = {"track": "event", "page": "name", "screen": "name"}
# Ends a text that was cut, which needs no type beside it.
_CHARACTERS = " characters)"


def shown(value: object, *, limit: int = 60) -> str:
    """Show a JSON value or what was expected of one, in at most ``limit`` characters or so.

    Texts are written as Python writes them, so that control characters, line ends and
    lone surrogates are escaped. A text that was cut says how long it is.
    """
    return _shown(value, limit, _MAX_LEVELS)


def shown_typed(value: object, *, limit: int = 60) -> str:
    """Show a value with the name of its JSON type: ``'42' (string)``.

    What needs no such name (null, true, false, and expectations that are no plain
    values) has none.
    """
    text = shown(value, limit=limit)
    name = type_name(value)
    if name in {"", "null", "boolean"} or text.endswith(_CHARACTERS):
        return text
    return f"{text} ({name})"


def shown_path(field: str, key: str) -> str:
    """Write the place of a member: ``properties.total``, or ``properties['a.b']``.

    A member of the message itself, whose ``field`` is empty, is only its key.
    """
    plain = key.isascii() and key.replace("-", "_").replace(" ", "_").isidentifier()
    if plain and len(key) <= 60:
        return f"{field}.{key}" if field else key
    return f"{field}[{_text(key, 60)}]"


def clip(text: str, limit: int) -> str:
    """Cut a line to ``limit`` characters, the last of which is then three dots in one."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(value: object, limit: int, levels: int) -> str:
    if isinstance(value, str):
        return _text(value, limit)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, limit)
    if isinstance(value, dict):
        return _braced("{", _members(value, limit, levels), "}", limit)
    if isinstance(value, list | tuple):
        return _braced("[", (_shown(item, limit, levels - 1) for item in value), "]", limit)
    if isinstance(value, Exactly):
        return f"exactly({_shown(value.expected, limit, levels)})"
    if isinstance(value, Between):
        # Two timestamps at most: a cut would hide the end of the range.
        return repr(value)
    return clip(_token(value), max(limit, 20))


def _text(value: str, limit: int) -> str:
    if len(value) <= limit:
        # What is escaped grows; a cut inside an escape would be unreadable, so none is made.
        return repr(value)
    return f"{repr(value[: max(limit - 20, 10)])[:-1]}…' ({len(value):,}{_CHARACTERS}"


def _number(value: float, limit: int) -> str:
    try:
        return clip(repr(value), limit)
    except ValueError:
        # Python writes no whole number of more than 4300 digits.
        return "a number of thousands of digits"


def _members(value: dict[str, Json], limit: int, levels: int) -> Iterator[str]:
    for key, member in value.items():
        if levels <= 0:
            yield "…"
            return
        yield f"{_text(str(key), limit)}: {_shown(member, limit, levels - 1)}"


def _braced(opening: str, parts: Iterable[str], closing: str, limit: int) -> str:
    """Join parts until the limit; the parts are made one by one, so the rest costs nothing."""
    written: list[str] = []
    length = 0
    for part in parts:
        if length + len(part) > limit and written:
            written.append("…")
            break
        # The first part may be longer than all that is allowed.
        written.append(clip(part, limit))
        length += len(part) + 2
    return f"{opening}{', '.join(written)}{closing}"


def _token(value: object) -> str:
    if value is ANY or value is ABSENT or isinstance(value, Approx):
        return repr(value)
    if isinstance(value, re.Pattern):
        return f"pattern {_text(value.pattern, 60)}"
    name = getattr(value, "__name__", None)
    if callable(value) and isinstance(name, str):
        return _function(value, name)
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a foreign repr must not hide what is being explained
        text = f"a {type(value).__name__}"
    return text if text.isprintable() else repr(text)


def _function(value: object, name: str) -> str:
    if name != "<lambda>":
        return f"predicate {name}" if name.isprintable() else f"predicate {name!r}"
    code = getattr(value, "__code__", None)
    if code is None:
        return "a lambda"
    file = code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"the lambda at {file}:{code.co_firstlineno}"


# --- calls and findings

_VERDICT_WORDS = {
    "accepted": "accepted, with findings",
    "dropped": "answered 200, but Segment would drop it",
    "blocked": "answered 200, but the settings of the tracking plan block it",
    "rejected": "rejected with an error status",
}
_MAX_NAMES = 8
_MAX_FINDINGS = 3
_MAX_FINDING_CHARACTERS = 200


def call_line(call: Call) -> str:
    """Name a call: ``call-17 track 'Order Completed', userId 'u1'``."""
    name = name_of(call)
    head = f"{clip(call.id, 40)} {_type(call)}"
    if name is not None:
        head += f" {shown(name)}"
    if call.user_id is not None:
        return f"{head}, userId {shown(call.user_id, limit=40)}"
    if call.anonymous_id is not None:
        return f"{head}, anonymousId {shown(call.anonymous_id, limit=40)}"
    return head


def verdict_words(call: Call) -> str:
    if call.duplicate_of is not None:
        return f"dropped as a duplicate of {clip(call.duplicate_of, 40)}"
    return "accepted" if call.good else _VERDICT_WORDS[call.verdict]


def verdict_line(call: Call) -> str:
    return f"{call_line(call)}: {verdict_words(call)}"


def verdict_lines(call: Call) -> list[str]:
    """The same with the findings below it, indented."""
    lines = [f"  {finding_line(finding)}" for finding in call.findings[:_MAX_FINDINGS]]
    beyond = len(call.findings) - _MAX_FINDINGS
    more = [f"  … and {counted(beyond, 'more finding')}"] if beyond > 0 else []
    return [verdict_line(call), *lines, *more]


def finding_line(finding: Finding) -> str:
    """Say why a call is not good: ``required at properties.total: ...``."""
    # Both name the field and carry a sentence; a field may be as long as a message.
    place = f" at {clip(finding.field, 80)}" if finding.field else ""
    plan = (
        f" (plan {shown(finding.plan)})"
        if not isinstance(finding, Discard) and finding.plan
        else ""
    )
    description = clip(finding.description, _MAX_FINDING_CHARACTERS)
    return printable(f"{finding.code}{place}: {description}{plan}")


def names_line(counts: Mapping[str, int]) -> str:
    """Count what was recorded by name: ``3 x 'Order Started', 1 x 'identify'``."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    parts = [f"{count:,} x {shown(name, limit=40)}" for name, count in ranked[:_MAX_NAMES]]
    if len(ranked) > _MAX_NAMES:
        parts.append(f"… and {counted(len(ranked) - _MAX_NAMES, 'more name')}")
    return ", ".join(parts)


def count_names(calls: Iterable[Call]) -> dict[str, int]:
    """Count calls as ``summary`` does: track calls by event name, others by type."""
    return dict(Counter(call.event or call.type for call in calls))


def duration(seconds: float) -> str:
    """Write a time that a test waits: ``12 ms``, ``1.5 s``."""
    # With three digits, 999.5 would be written as 1e+03.
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:.0f} s"


def call_json(call: Call) -> JsonObject:
    found: JsonObject = {
        "id": call.id,
        "cursor": call.cursor,
        "source": call.source,
        "type": call.type,
        "name": name_of(call),
        "verdict": call.verdict,
        "good": call.good,
        "findings": [
            {"code": each.code, "field": each.field, "description": each.description}
            for each in call.findings[:10]
        ],
    }
    if call.duplicate_of is not None:
        found["duplicateOf"] = call.duplicate_of
    return found


def _type(call: Call) -> str:
    return call.type if call.type.isalpha() and len(call.type) <= 20 else shown(call.type)


def name_of(call: Call) -> str | None:
    """Return the event of a track call, the name of a page or screen; else None."""
    field = NAME_FIELDS.get(call.type)
    name = call.message.get(field) if field is not None else None
    return name if isinstance(name, str) else None


# --- what else there is to say

_MAX_REFUSALS = 3
_MAX_IDS = 5


def evicted_note(lost: Lost) -> list[str]:
    """Say what could not be looked at; nothing where no call was lost."""
    if lost.forgotten is not None:
        words = forgotten_words(lost.forgotten, subject="this source")
        return [f"{words[0].upper()}{words[1:]}."]
    if not lost.calls:
        return []
    were = "call was" if lost.calls == 1 else "calls were"
    what = f"{lost.calls:,} older {were} evicted and could not be looked at"
    return [f"{what}: raise {bounds_words(lost)}."]


def bounds_words(lost: Lost, *, flags: bool = False) -> str:
    """Return the settings over which calls were evicted: ``max_calls and max_bytes``.

    Args:
        lost: what was evicted; where it is not known why, these are all that may be the reason.
        flags: whether they are named as flags.
    """
    names = lost.bounds or BOUNDS[:-1]
    if flags:
        names = tuple(f"--{name.replace('_', '-')}" for name in names)
    *others, last = names
    word = "and" if lost.bounds else "or"
    return f"{', '.join(others)} {word} {last}" if others else last


def refused_notes(refused: int, refusals: Sequence[str]) -> list[str]:
    """Say how many requests were refused and why; nothing where none was.

    Args:
        refused: how many.
        refusals: how and why, different ones.
    """
    if not refused:
        return []
    were = "was" if refused == 1 else "were"
    head = f"{counted(refused, 'request')} {were} refused"
    if len(refusals) <= 1:
        return [f"{head}: {refusals[0] if refusals else 'source.requests() has the reasons.'}"]
    more = ["… and others."] if len(refusals) > _MAX_REFUSALS else []
    return [
        f"{head} (source.requests() has them):",
        *(f"  {text}" for text in refusals[:_MAX_REFUSALS]),
        *more,
    ]


def lost_words(lost: Lost, *, requests: bool = False, of: str = "") -> str:
    """Say what can no longer be checked, as a clause: ``3 calls were evicted and …``.

    Args:
        lost: what it is.
        requests: whether requests without calls matter too.
        of: of what, such as ``this source``.
    """
    if lost.forgotten is not None:
        return forgotten_words(lost.forgotten, subject=of or "the source")
    parts = [counted(lost.calls, "call")] if lost.calls else []
    if lost.requests and (requests or not parts):
        parts.append(counted(lost.requests, "request"))
    were = "was" if len(parts) == 1 and parts[0].startswith("1 ") else "were"
    whose = f" of {of}" if of else ""
    return f"{' and '.join(parts)}{whose} {were} evicted and cannot be checked"


def forgotten_words(forgotten: ForgottenSource, *, subject: str) -> str:
    """Say that a source was forgotten, as a clause.

    Args:
        forgotten: what is known of it.
        subject: the source: ``this source``, ``it``.
    """
    if not forgotten.known:
        return (
            f"the server keeps {MAX_SOURCES:,} sources and has forgotten more than it can name;"
            f" {subject} may be one of them"
        )
    parts = [counted(forgotten.calls, "call")] if forgotten.calls else []
    parts += [counted(forgotten.requests, "request")] if not parts and forgotten.requests else []
    parts += [f"its {name}" for name in forgotten.settings]
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
    having = f" with {listed}" if listed else ""
    often = f" {forgotten.times} times, last" if forgotten.times > 1 else ""
    return (
        f"{subject} was forgotten{often} at {forgotten.at}{having}, because the server keeps"
        f" {MAX_SOURCES:,} sources"
    )


def before_window(calls: Iterable[Call], opened_at: str | None) -> tuple[str, ...]:
    """Return the ids of calls that happened, or were received, before a window was opened.

    Args:
        calls: of the window.
        opened_at: ISO 8601, or None without a window.
    """
    opened = parse_moment(opened_at)
    if opened is None:
        return ()
    return tuple(call.id for call in calls if _earliest(call, default=opened) < opened)


def before_window_note(ids: Sequence[str]) -> list[str]:
    """Say which calls are from before the window; nothing where none is."""
    if not ids:
        return []
    named = ", ".join(ids[:_MAX_IDS]) + (", …" if len(ids) > _MAX_IDS else "")
    has = "has a timestamp" if len(ids) == 1 else "have timestamps"
    note = (
        f"{named} {has} from before this window was opened: an earlier test may have sent them,"
        " and flushed late."
    )
    return [note if len(ids) > 1 else note.replace("sent them", "sent it")]


def _earliest(call: Call, *, default: int) -> int:
    moments = (parse_moment(call.message.get("timestamp")), parse_moment(call.received_at))
    return min((moment for moment in moments if moment is not None), default=default)


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 call``, ``2 calls``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
