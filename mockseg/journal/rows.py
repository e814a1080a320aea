"""Rows of a journal's file: a request with its calls, as they are written and read."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

import msgspec

from mockseg.domain.call import KeptCall, Remark
from mockseg.domain.findings import Discard
from mockseg.domain.message import Shared
from mockseg.domain.request import Answer, FaultMark, Headers, KeptRequest, OwnHeaders

# Number, entry, body and checksum.
Row: TypeAlias = tuple[int, bytes, bytes, int]


class _Call(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call in the row of its request.

    Attributes:
        start, size: where it is in the body.
        raw: its JSON, where the body does not have it as it came.
    """

    start: int
    size: int
    raw: bytes | None
    type: str
    event: str | None
    user_id: str | None
    message_id: str
    remark: Remark | None


_Calls = TypeVar("_Calls")


class _Entry(msgspec.Struct, Generic[_Calls], frozen=True, array_like=True, gc=False):
    """A request's row besides its number and body."""

    source: str
    method: str
    path: str
    query: str
    headers: Headers
    own_headers: bool
    sent_bytes: int
    received_ns: int
    answer: Answer
    reason: Discard | None
    fault: FaultMark | None
    shared: Shared | None
    spent_ns: int
    first_cursor: int
    calls: _Calls


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Entry[tuple[_Call, ...]]).decode
# Where one call is asked for, the others need not be decoded.
_decode_around = msgspec.msgpack.Decoder(_Entry[tuple[msgspec.Raw, ...]]).decode
_decode_call = msgspec.msgpack.Decoder(_Call).decode


class ReadRow:
    """A request as it was read, and its calls.

    Attributes:
        request: the request.
    """

    __slots__ = ("_body", "_calls", "_texts", "request")

    def __init__(
        self,
        request: KeptRequest,
        calls: Sequence[_Call | msgspec.Raw],
        texts: dict[str, str],
    ) -> None:
        self.request = request
        self._calls, self._texts, self._body = calls, texts, memoryview(request.body)

    def calls(self) -> list[KeptCall]:
        return [self._made(*each) for each in enumerate(self._calls)]

    def call(self, cursor: int) -> KeptCall | None:
        """Return the call with a cursor, None where the request has none.

        Raises:
            msgspec.MsgspecError: it cannot be read.
        """
        index = cursor - self.request.first_cursor
        return self._made(index, self._calls[index]) if 0 <= index < len(self._calls) else None

    def _made(self, index: int, kept: _Call | msgspec.Raw) -> KeptCall:
        call = _decode_call(kept) if isinstance(kept, msgspec.Raw) else kept
        text = self._texts.setdefault
        return KeptCall(
            self.request.first_cursor + index,
            self.request,
            index,
            msgspec.Raw(call.raw or self._body[call.start : call.start + call.size]),
            text(call.type, call.type),
            call.event and text(call.event, call.event),
            call.user_id and text(call.user_id, call.user_id),
            call.message_id,
            call.remark,
        )


class RowReader:
    """Reads rows of requests; what many of them have in common is one object."""

    def __init__(self) -> None:
        self._headers: dict[Headers, Headers] = {}
        self._answers: dict[Answer, Answer] = {}
        self._texts: dict[str, str] = {}

    def read(
        self,
        number: int,
        entry_bytes: bytes,
        body: bytes,
        crc: int,
        *,
        few: bool = False,
        checked: bool = False,
    ) -> ReadRow:
        """Return a request, with calls that are made when they are asked for.

        Args:
            number: of the request.
            entry_bytes: what is known of it.
            body: of it.
            crc: checksum of these three.
            few: whether few of its calls will be asked for.
            checked: whether its checksum was found right before; it is not made again then.

        Raises:
            ValueError: its checksum is wrong.
            TypeError, msgspec.MsgspecError: it cannot be read.
        """
        if not checked and _checksum(number, entry_bytes, body) != crc:
            raise ValueError(f"the checksum of request {number} is wrong")
        entry: _Entry[tuple[_Call, ...]] | _Entry[tuple[msgspec.Raw, ...]]
        entry = _decode_around(entry_bytes) if few else _decode(entry_bytes)
        headers = (
            OwnHeaders(entry.headers)
            if entry.own_headers
            else self._headers.setdefault(entry.headers, entry.headers)
        )
        request = KeptRequest(
            number=number,
            source=entry.source,
            method=entry.method,
            path=entry.path,
            query=entry.query,
            headers=headers,
            body=body,
            sent_bytes=entry.sent_bytes,
            received_ns=entry.received_ns,
            answer=self._answers.setdefault(entry.answer, entry.answer),
            reason=entry.reason,
            fault=entry.fault,
            shared=entry.shared,
            first_cursor=entry.first_cursor,
            calls=len(entry.calls),
            spent_ns=entry.spent_ns,
        )
        return ReadRow(request, entry.calls, self._texts)


def row_of(request: KeptRequest, calls: list[KeptCall], explained: Mapping[int, Remark]) -> Row:
    """Return the row of a request with its calls.

    Args:
        request: the request.
        calls: of it.
        explained: remarks that were explained before, by the cursors of their calls.
    """
    body, place, kept = request.body, 0, []
    for call in calls:
        raw, remark = call.raw, call.remark
        size, apart = len(raw), None
        # To compare costs far less than to search.
        start = place if body.startswith(raw, place) else body.find(raw, place)
        if start < 0:
            apart = bytes(raw)
        else:
            # Most often the next call follows a comma.
            place = start + size + 1
        if remark is not None:
            remark = explained.get(call.cursor) or call.explained()
        kept.append(
            _Call(start, size, apart, call.type, call.event, call.user_id, call.message_id, remark)
        )
    entry = _encode(
        _Entry(
            request.source,
            request.method,
            request.path,
            request.query,
            request.headers,
            isinstance(request.headers, OwnHeaders),
            request.sent_bytes,
            request.received_ns,
            request.answer,
            request.reason,
            request.fault,
            request.shared,
            request.spent_ns,
            request.first_cursor,
            tuple(kept),
        )
    )
    return request.number, entry, body, _checksum(request.number, entry, body)


def _checksum(number: int, entry: bytes, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(entry, number & 0xFFFFFFFF))
