"""What a fault would have done to the recorded requests, had it been in force."""

from __future__ import annotations

from collections.abc import Sequence

from mockseg.clock import Turn
from mockseg.domain.reading import read_batch, read_message
from mockseg.domain.request import KeptRequest
from mockseg.faults.routes import FaultRoute, route_named
from mockseg.faults.rule import RequestFacts
from mockseg.hub.fault_registry import Fault, sent_messages
from mockseg.journal.memory import MemoryJournal
from mockseg.matching.match import Matchable

# Maximum number of requests that are looked at.
_MOST = 1000
# Requests of mockseg's own, such as imports, come here: no fault hits them.
_OWN_PATH = "/_mockseg/"


async def hits_of(fault: Fault, journal: MemoryJournal) -> tuple[int, list[str]]:
    """Return how many recorded requests were looked at, and the ids of those that it hits.

    The oldest of them comes first. The counts of the fault's rules are those of these requests.
    """
    reads = any(rule.selects or rule.draws or rule.match.attempt for rule in fault.rules)
    attempts: dict[str, int] = {}
    hits: list[str] = []
    turn = Turn()
    newest = journal.requests_before(None, limit=_MOST, source=fault.source)
    requests = [each for each in reversed(newest) if not each.path.startswith(_OWN_PATH)]
    for request in requests:
        route = route_named(request.path)
        messages = _messages(request, route, journal) if reads else ()
        facts = RequestFacts(
            route=request.path if route is None else route.path,
            # The prefix of a proxy is known to the routes of the server alone.
            tracking=route is not None or request.calls > 0,
            messages=messages,
            attempt=_attempt(messages, attempts),
            now_ns=request.received_ns,
        )
        judged = list(fault.judge(request.source, facts))
        if judged:
            judged[0][1].fired += 1
            hits.append(request.id)
        await turn.over()
    return len(requests), hits


def _messages(
    request: KeptRequest, route: FaultRoute | None, journal: MemoryJournal
) -> Sequence[Matchable]:
    calls = journal.calls_of(request)
    if calls or not request.body:
        return calls
    # A fault hit it, and it was not stored: its messages are only in its body.
    read = read_batch(request.body)
    if not read.items:
        read = read_message(request.body)
    type_ = "" if route is None else route.type
    return sent_messages(read, source=request.source, type_=type_, now_ns=request.received_ns)


def _attempt(messages: Sequence[Matchable], attempts: dict[str, int]) -> int:
    """Count a request as one more attempt of its messages; return which one it is."""
    ids = {message.message_id for message in messages if message.message_id}
    for id_ in ids:
        attempts[id_] = attempts.get(id_, 0) + 1
    return max((attempts[id_] for id_ in ids), default=1)
