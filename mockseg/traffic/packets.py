"""Generated and captured calls, and the requests that carry them: pure, whatever sends those."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec

from mockseg.domain.message import MESSAGE_TYPES
from mockseg.domain.request import REPLAY_HEADER
from mockseg.domain.timestamps import format_moment, parse_moment
from mockseg.errors import ConfigError
from mockseg.json_types import JsonObject, as_text, encode

# Where a message says when it happened, the first that does wins.
_TIMES = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")


def moment_of(message: JsonObject) -> int | None:
    for name in _TIMES:
        moment = parse_moment(message.get(name))
        if moment is not None:
            return moment
    return None


def replayed(
    messages: Iterable[JsonObject],
    *,
    speed: Fraction,
    shift_to_ns: int | None,
    ids: str | None,
) -> Iterator[GeneratedCall]:
    """Yield each message with its due time.

    A message without a time is due with the one before it, and so is one that happened
    earlier than that.

    Args:
        messages: in the order in which they are sent.
        speed: how many times faster than it was.
        shift_to_ns: the moment to which the first is moved, the others by as much; None
            leaves the times alone.
        ids: the beginning of new messageIds, None to keep the old ones.
    """
    first: int | None = None
    due = 0
    for number, message in enumerate(messages):
        moment = moment_of(message)
        if moment is not None:
            first = moment if first is None else first
            due = max(due, int((moment - first) / speed))
        changed = dict(message)
        if shift_to_ns is not None and first is not None:
            for name in _TIMES[:2]:
                happened = parse_moment(changed.get(name))
                if happened is not None:
                    changed[name] = format_moment(happened - first + shift_to_ns)
        # It is sent and received now, by the source that the replay goes to.
        changed.pop("writeKey", None)
        changed.pop("sentAt", None)
        changed.pop("receivedAt", None)
        if ids is not None:
            changed["messageId"] = f"{ids}-{number:08x}"
        yield _made(changed, due)


def _made(message: JsonObject, due: int) -> GeneratedCall:
    type_ = as_text(message.get("type"))
    event = as_text(message.get("event"))
    message_id = as_text(message.get("messageId"))
    routed = type_ if type_ in MESSAGE_TYPES else ""
    return GeneratedCall(
        due, encode(message), routed, event or type_ or "(none)", "replayed", "", message_id
    )


Label: TypeAlias = Literal["good", "invalid", "duplicate", "late", "replayed"]


class GeneratedCall(msgspec.Struct, frozen=True, gc=False):
    """One call.

    Attributes:
        due_ns: when it is to be sent, from the beginning of the run.
        line: the message as JSON.
        type: of the call, in lower case; empty where no route is known for it.
        name: of the event, or the type.
        label: what it was made as; of a call that was captured, that it is replayed.
        code: the finding that it must give; empty for a good or a late one.
        message_id: its own.
    """

    due_ns: int
    line: bytes
    type: str
    name: str
    label: Label
    code: str
    message_id: str


Transport: TypeAlias = Literal["batch", "single", "pixel"]
TRANSPORTS: Final[tuple[Transport, ...]] = ("batch", "single", "pixel")
_BATCH_CALLS: Final = 100
_BATCH_BYTES: Final = 400 * 1024
# As SDKs flush: calls wait so long for company.
_LINGER_NS: Final = 100_000_000
_JSON: Final = {"Content-Type": "application/json"}


class Request(NamedTuple):
    """What is sent.

    Attributes:
        method: of HTTP.
        path: below the target's address, percent-encoded; empty for the address itself.
        headers: beside those that every request has.
        body: or nothing.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that go together.

    Attributes:
        due_ns: when the last of them is due, from the beginning.
        calls: at least one.
    """

    due_ns: int
    calls: tuple[GeneratedCall, ...]


def grouped(calls: Iterable[GeneratedCall], transport: str) -> Iterator[Group]:
    """Put calls together as they are sent: at most 100 within a tenth of a second, or alone."""
    if transport != "batch":
        yield from (Group(made.due_ns, (made,)) for made in calls)
        return
    waiting: list[GeneratedCall] = []
    size = 0
    for made in calls:
        if waiting and (
            len(waiting) == _BATCH_CALLS
            or size + len(made.line) > _BATCH_BYTES
            or made.due_ns - waiting[0].due_ns >= _LINGER_NS
        ):
            yield Group(waiting[-1].due_ns, tuple(waiting))
            waiting, size = [], 0
        waiting.append(made)
        size += len(made.line)
    if waiting:
        yield Group(waiting[-1].due_ns, tuple(waiting))


def to_segment(
    write_key: str, transport: Transport, *, zipped: bool
) -> Callable[[Group, int], Request]:
    """Return what makes requests to Segment's data plane.

    Args:
        write_key: of the source.
        transport: which API.
        zipped: whether bodies are gzipped.

    Returns:
        A function of a group and the moment at which it is sent.

    Raises:
        ConfigError: there is nothing to zip.
    """
    if zipped and transport == "pixel":
        raise ConfigError(
            "--gzip has nothing to zip with --transport pixel: allowed are batch, single"
        )
    basic = base64.b64encode(f"{write_key}:".encode()).decode()
    usual = {**_JSON, "Authorization": f"Basic {basic}"}
    if zipped:
        usual["Content-Encoding"] = "gzip"
    key = b',"writeKey":' + encode(write_key) + b"}"

    def headers(group: Group, others: dict[str, str] = usual) -> dict[str, str]:
        return {**others, REPLAY_HEADER: "1"} if group.calls[0].label == "replayed" else others

    def packed(body: bytes) -> bytes:
        return gzip.compress(body, 6, mtime=0) if zipped else body

    def batch(group: Group, now_ns: int) -> Request:
        lines = b",".join([made.line for made in group.calls])
        body = b'{"batch":[%b],"sentAt":"%b"}' % (lines, _stamp(now_ns))
        return Request("POST", "/v1/batch", headers(group), packed(body))

    def single(group: Group, now_ns: int) -> Request:
        made = group.calls[0]
        # Without a readable type it has no route; the batch then carries it.
        if made.type not in MESSAGE_TYPES:
            return batch(group, now_ns)
        body = b'%b,"sentAt":"%b"}' % (made.line[:-1], _stamp(now_ns))
        return Request("POST", f"/v1/{made.type}", headers(group), packed(body))

    def pixel(group: Group, now_ns: int) -> Request:
        made = group.calls[0]
        if made.type not in MESSAGE_TYPES:
            return batch(group, now_ns)
        data = base64.b64encode(made.line[:-1] + key).decode()
        path = f"/v1/pixel/{made.type}?data={quote(data, safe='')}"
        return Request("GET", path, headers(group, {}), b"")

    return {"batch": batch, "single": single, "pixel": pixel}[transport]


def _stamp(now_ns: int) -> bytes:
    return format_moment(now_ns // 1_000_000 * 1_000_000).encode()
