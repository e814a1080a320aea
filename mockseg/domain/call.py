"""A call: one recorded message, as the journal keeps it and as readers see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from mockseg import json_types
from mockseg.domain.findings import Discard, Finding, Violation, all_warnings
from mockseg.domain.message import normalise
from mockseg.domain.request import KeptRequest
from mockseg.domain.timestamps import format_moment
from mockseg.json_types import JsonObject, as_object
from mockseg.printable import printable

# An event may be named by any text; a line that is cut still names the call.
_MAX_REPR = 300

Verdict: TypeAlias = Literal["accepted", "dropped", "blocked", "rejected"]


class RequestRef(msgspec.Struct, frozen=True, rename="camel"):
    """Which request brought a call.

    Attributes:
        id: of the request.
        path: as sent.
        index: the call's place in its batch, from 0.
        attempt: 1 + earlier requests that carried this messageId.
    """

    id: str
    path: str
    index: int
    attempt: int


class Call(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One recorded message, whole.

    Attributes:
        id: unique in the server.
        cursor: its place in the journal; rises, never repeats.
        source: the write key; empty when the request had none.
        type: identify, track, page, screen, group or alias; as sent for any other type.
        event: the name of a track call.
        user_id, anonymous_id, group_id: where they are strings.
        message_id: its own, or the one that was minted.
        verdict: accepted, dropped, blocked or rejected.
        good: accepted without findings other than warnings.
        findings: why it is not good, and warnings.
        message: normalised, as Segment would hand it on.
        raw: as sent; any JSON value.
        request: which request brought it.
        received_at: ISO 8601.
        duplicate_of: the id of the call that had this messageId before, or None.
    """

    id: str
    cursor: int
    source: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    group_id: str | None
    message_id: str
    verdict: Verdict
    good: bool
    findings: tuple[Finding, ...]
    message: JsonObject
    raw: Any
    request: RequestRef
    received_at: str
    duplicate_of: str | None = None

    def __repr__(self) -> str:
        """Name the call and its fate in one line; everything else is in its attributes."""
        name = self.event if self.type == "track" else self.message.get("name")
        said = [self.type, repr(name)] if isinstance(name, str) else [self.type]
        for key, value in (("userId", self.user_id), ("anonymousId", self.anonymous_id)):
            if value is not None:
                said.append(f"{key}={value!r}")
                break
        fate = ", ".join([self.verdict, *(finding.code for finding in self.findings)])
        return printable(f"<Call {self.id} {' '.join(said)}: {fate}>", longest=_MAX_REPR)

    @property
    def properties(self) -> JsonObject:
        return as_object(self.message.get("properties"))

    @property
    def traits(self) -> JsonObject:
        return as_object(self.message.get("traits"))

    @property
    def context(self) -> JsonObject:
        return as_object(self.message.get("context"))

    @property
    def integrations(self) -> JsonObject:
        return as_object(self.message.get("integrations"))


class Remark(msgspec.Struct, frozen=True, gc=False):
    """What is to be said of a call that is not simply good and new.

    Attributes:
        verdict: what Segment would do with it.
        findings: why.
        attempt: 1 + earlier requests that carried this messageId.
        duplicate_of: the cursor of the call that had this messageId before, or 0.
        altered: the normalised message as JSON, where the plan's settings changed it.
    """

    verdict: Verdict = "accepted"
    findings: tuple[Finding, ...] = ()
    attempt: int = 1
    duplicate_of: int = 0
    altered: bytes | None = None


_UNREMARKABLE = Remark()


class Explainer(Protocol):
    """Knows why a call was judged as it was."""

    def explain(self, call: KeptCall) -> Remark:
        """Return the call's remark with its findings and the altered message."""
        ...


class UnexplainedRemark(Remark, frozen=True, gc=False, kw_only=True):
    """What a plan says of a call, its findings and the altered message left to the reader.

    To word them takes longer than to judge, and most calls are never read. Its `findings` are only
    what else is to be said.

    Attributes:
        explainer: makes them.
        violates: whether a violation is among the findings.
    """

    explainer: Explainer
    violates: bool


# A call with a messageId of 36 characters, and a remark or finding, in CPython 3.11.
CALL_BYTES = 255
_REMARK_BYTES = 72
# What one has more that is not explained, its share of the explainer included.
_UNEXPLAINED_BYTES = 32
_FINDING_BYTES = 96
# A text without its characters. Those of a text that is not ASCII take more than a byte each, and
# once it was shown CPython keeps its UTF-8 beside it: about four bytes a character in all.
_TEXT_BYTES = 57
_WIDE_BYTES = 4
_SHORT_BYTES = 1024


class KeptCall(msgspec.Struct, frozen=True, gc=False):
    """A call as the journal keeps it: the bytes that were sent, and the few keys to find it by.

    ``gc=False`` keeps a hundred thousand of these out of the collector's walks; that is
    safe because nothing reachable from here points back.

    Attributes:
        cursor: its place in the journal.
        request: that brought it.
        index: its place in the batch, from 0.
        raw: its JSON as sent, a slice of the request's body.
        type, event, user_id, message_id: as in :class:`Call`.
        remark: None for a call that is good and new, which most are; its findings may be missing,
            so read :attr:`findings`.
    """

    cursor: int
    request: KeptRequest
    index: int
    raw: msgspec.Raw
    type: str
    event: str | None
    user_id: str | None
    message_id: str
    remark: Remark | None = None

    @property
    def source(self) -> str:
        return self.request.source

    @property
    def size_bytes(self) -> int:
        """Memory that it takes without its request, to within a third (measured)."""
        return CALL_BYTES + extra_bytes((self,))

    @property
    def verdict(self) -> Verdict:
        return "accepted" if self.remark is None else self.remark.verdict

    @property
    def good(self) -> bool:
        remark = self.remark
        return remark is None or (
            remark.verdict == "accepted"
            and all_warnings(remark.findings)
            and not (isinstance(remark, UnexplainedRemark) and remark.violates)
        )

    @property
    def violates(self) -> bool:
        """Whether a violation is among its findings; nothing is explained for it."""
        remark = self.remark
        if isinstance(remark, UnexplainedRemark):
            return remark.violates
        return remark is not None and any(isinstance(each, Violation) for each in remark.findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why it is not good, and warnings; explained when they are read."""
        remark = self.explained()
        return () if remark is None else remark.findings

    def explained(self) -> Remark | None:
        """Return its remark with all findings and the altered message."""
        remark = self.remark
        return remark.explainer.explain(self) if isinstance(remark, UnexplainedRemark) else remark

    @property
    def is_duplicate(self) -> bool:
        """Whether it was dropped because its messageId had been recorded before."""
        findings = () if self.remark is None else self.remark.findings
        return any(finding.code == "duplicate_message_id" for finding in findings)

    def message(self) -> JsonObject:
        """Return the normalised message; empty if it is not an object."""
        return self._message(self.explained())

    def message_before_plans(self) -> JsonObject:
        """Return the normalised message as it was before a plan's settings changed it."""
        raw = json_types.decode(self.raw)
        if not isinstance(raw, dict):
            return {}
        return normalise(
            raw,
            type_=self.type,
            message_id=self.message_id,
            received_ns=self.request.received_ns,
            shared=self.request.shared,
        )

    def _message(self, remark: Remark | None) -> JsonObject:
        if remark is None or remark.altered is None:
            return self.message_before_plans()
        altered: JsonObject = json_types.decode(remark.altered)
        return altered

    def view(self) -> Call:
        remark = self.explained() or _UNREMARKABLE
        message = self._message(remark)
        return Call(
            id=call_id(self.cursor),
            cursor=self.cursor,
            source=self.request.source,
            type=self.type,
            event=self.event,
            user_id=self.user_id,
            anonymous_id=_string(message.get("anonymousId")),
            group_id=_string(message.get("groupId")),
            message_id=self.message_id,
            verdict=remark.verdict,
            good=self.good,
            findings=remark.findings,
            message=message,
            raw=json_types.decode(self.raw),
            request=RequestRef(
                id=self.request.id,
                path=self.request.path,
                index=self.index,
                attempt=remark.attempt,
            ),
            received_at=format_moment(self.request.received_ns),
            duplicate_of=call_id(remark.duplicate_of) if remark.duplicate_of else None,
        )


def call_id(cursor: int) -> str:
    return f"call-{cursor}"


def call_cursor(id_: str) -> int | None:
    """Return the cursor of the call with this id, ``call-17`` or ``17``; None for anything else."""
    digits = id_.removeprefix("call-")
    # No server has a cursor with more digits, and reading them would take long.
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def extra_bytes(calls: Iterable[KeptCall]) -> int:
    """Return what calls take above `CALL_BYTES` each; every recorded call takes this way."""
    # The texts of a call are shorter than what was sent.
    return sum(
        [_texts(call) for call in calls if call.remark is not None or len(call.raw) > _SHORT_BYTES]
    )


def _texts(call: KeptCall) -> int:
    size = len(call.message_id) + len(call.event or "") + len(call.user_id or "")
    remark = call.remark
    if remark is not None:
        size += remark_bytes(remark)
    return size


def remark_bytes(remark: Remark) -> int:
    """Return the memory that a remark takes with what is in it."""
    size = _REMARK_BYTES + len(remark.altered or b"")
    if isinstance(remark, UnexplainedRemark):
        size += _UNEXPLAINED_BYTES
    return size + _findings_bytes(remark.findings) if remark.findings else size


def _findings_bytes(findings: tuple[Finding, ...]) -> int:
    """Return what findings take; a text that several of them share counts once."""
    texts: dict[int, str] = {}
    for each in findings:
        held = [each.field, each.description]
        if isinstance(each, Violation):
            held += [each.instance_path, each.schema_path]
        if not isinstance(each, Discard):
            held.append(each.plan)
        texts.update((id(text), text) for text in held if text)
    return _FINDING_BYTES * len(findings) + sum(
        _TEXT_BYTES + len(text) * (1 if text.isascii() else _WIDE_BYTES) for text in texts.values()
    )
