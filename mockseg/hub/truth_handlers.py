"""What became of each message of a source, read from the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mockseg.clock import breathe
from mockseg.domain.limits import MAX_MESSAGE_ID_CHARACTERS
from mockseg.domain.lost import NOTHING_LOST
from mockseg.domain.reading import read_batch, read_message
from mockseg.faults.truth import FATES, Attempt, Fate, fate_of, summary_of
from mockseg.operations.faults import AttemptView, MessageTruth, Truth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mockseg.domain.call import KeptCall
    from mockseg.domain.request import KeptRequest
    from mockseg.hub.hub import Hub
    from mockseg.operations.faults import AskTruth


_REQUESTS_AT_ONCE = 200


class _Stories:
    """The attempts of each message, in the order in which messages came first.

    Args:
        only: the one messageId that is of interest; all if omitted.
    """

    def __init__(self, *, only: str | None = None) -> None:
        self.by_id: dict[str, list[Attempt]] = {}
        self.nameless = 0
        self._only = None if only is None else _known_as(only)

    def take(self, hub: Hub, request: KeptRequest) -> None:
        """Take in what a request carried."""
        if request.fault is not None and not request.fault.stored:
            for message_id in _ids_in(request):
                if message_id:
                    self._add(message_id, request, "unstored")
                else:
                    self.nameless += 1
            return
        for call in hub.calls_of(request):
            self._add(call.message_id, request, _end(call))

    def _add(
        self,
        message_id: str,
        request: KeptRequest,
        end: Literal["accepted", "duplicate", "dropped", "unstored"],
    ) -> None:
        known_as = _known_as(message_id)
        if self._only is not None and known_as != self._only:
            return
        attempt = Attempt(request.number, request.received_ns, request.answer.status, end)
        self.by_id.setdefault(known_as, []).append(attempt)


async def truth(hub: Hub, asked: AskTruth) -> Truth:
    """Tell what became of each message of a source."""
    stories = _Stories()
    async for page in _pages(hub, source=asked.source, after=asked.after):
        for request in page:
            stories.take(hub, request)
    by_fate: dict[Fate, list[tuple[int, ...]]] = {fate: [] for fate in FATES}
    told: list[MessageTruth] = []
    plain: list[MessageTruth] = []
    for message_id, attempts in stories.by_id.items():
        fate = fate_of(attempts)
        by_fate[fate].append(tuple(attempt.status for attempt in _once(attempts)))
        has_story = fate != "delivered once" or len(attempts) > 1
        if len(told if has_story else plain) < asked.limit:
            view = _view(message_id, fate, attempts)
            (told if has_story else plain).append(view)
    lost = hub.lost(asked.source)
    if not lost.inside(after=0, after_request=asked.after):
        # All that was lost came before.
        lost = NOTHING_LOST
    messages = (told + plain)[: asked.limit]
    return Truth(
        summary=summary_of(by_fate, nameless=stories.nameless, lost=lost),
        total=len(stories.by_id),
        fates={fate: len(by_fate[fate]) for fate in FATES},
        messages=messages,
        left_out=len(stories.by_id) - len(messages),
        nameless=stories.nameless,
        evicted=lost.calls,
        lost=lost,
    )


async def attempts_of(hub: Hub, *, source: str, message_id: str) -> list[AttemptView]:
    """Return each request of a source that carried this messageId, oldest first."""
    known_as = _known_as(message_id)
    found: dict[int, KeptRequest] = {}
    async for portion in hub.scan(after=0, source=source):
        for call in portion:
            if call.message_id.startswith(known_as) and _known_as(call.message_id) == known_as:
                found[call.request.number] = call.request
    async for page in _pages(hub, source=source, after=0):
        # Of what was not stored no call tells which ids it had.
        unstored = (one for one in page if one.fault is not None and not one.fault.stored)
        found.update((request.number, request) for request in unstored)
    stories = _Stories(only=message_id)
    for number in sorted(found):
        stories.take(hub, found[number])
    return [view for attempts in stories.by_id.values() for view in _views(attempts)]


async def _pages(hub: Hub, *, source: str, after: int) -> AsyncIterator[list[KeptRequest]]:
    while page := hub.requests_after(after, limit=_REQUESTS_AT_ONCE, source=source):
        yield page
        after = page[-1].number
        await breathe()


def _view(message_id: str, fate: Fate, attempts: list[Attempt]) -> MessageTruth:
    return MessageTruth(message_id=message_id, fate=fate, attempts=_views(attempts))


def _views(attempts: list[Attempt]) -> list[AttemptView]:
    views = []
    before: Attempt | None = None
    for attempt in attempts:
        gap = None if before is None else (attempt.at_ns - before.at_ns) / 1_000_000_000
        views.append(
            AttemptView(
                request=f"req-{attempt.request}", status=attempt.status, gap=gap, end=attempt.end
            )
        )
        before = attempt
    return views


def _once(attempts: list[Attempt]) -> Iterator[Attempt]:
    """Give one attempt for each request, also where a batch has a messageId twice."""
    last = 0
    for attempt in attempts:
        if attempt.request != last:
            yield attempt
        last = attempt.request


def _ids_in(request: KeptRequest) -> list[str]:
    """Read again which messages a request carried of which no call was made; empty: no id."""
    outline = read_batch(request.body)
    if not outline.items:
        outline = read_message(request.body)
    ids = []
    for _, message in outline.items:
        if not isinstance(message, dict) or "batch" in message:
            continue
        message_id = message.get("messageId")
        ids.append(message_id if isinstance(message_id, str) else "")
    return ids


def _known_as(message_id: str) -> str:
    """Return what an id is known as: one character over the limit tells it from all others."""
    return message_id[: MAX_MESSAGE_ID_CHARACTERS + 1]


def _end(call: KeptCall) -> Literal["accepted", "duplicate", "dropped", "unstored"]:
    if call.verdict == "accepted":
        return "accepted"
    if call.verdict == "rejected":
        return "unstored"
    findings = () if call.remark is None else call.remark.findings
    resent = any(finding.code == "duplicate_message_id" for finding in findings)
    return "duplicate" if resent else "dropped"
