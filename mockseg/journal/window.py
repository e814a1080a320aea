"""The dedup window: which messageIds were recorded in the last 24 hours.

Source: Segment's page on duplicate data: at least 24 hours, by messageId alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from mockseg.clock import NANOSECONDS
from mockseg.domain.call import KeptCall, Remark
from mockseg.domain.limits import DEDUP_WINDOW_SECONDS, MAX_MESSAGE_ID_CHARACTERS
from mockseg.journal.background import FREED_AT_ONCE, BackgroundWork
from mockseg.journal.meter import Account

_WINDOW_NS = DEDUP_WINDOW_SECONDS * NANOSECONDS
# How many moments are known. They are a second apart, or further where those of a day would be
# too many, but not further than a minute: as many as are known then are more than a day.
_MOST_MOMENTS = 4096
_STEP_NS = NANOSECONDS
_MOST_STEP_NS = 64 * NANOSECONDS
# One dict of a hundred thousand ids grows, and goes, in steps of several milliseconds.
_PARTS = 16

# An id of 36 characters with its cursor and its place in a dict.
_ID_BYTES = 220

# The cursors of ids, each id in the part that its hash names.
_Parts: TypeAlias = "Sequence[dict[str | None, int]]"


class Seen(NamedTuple):
    """What requests of one source, one after the other, leave in its window.

    Attributes:
        moments: cursors and the moments at which they were recorded, a second apart at least.
        ids, cursors: of the calls that a later one may repeat.
        attempts: cursors, ids and the number of requests that have carried them, where that is not
            simply one.
    """

    moments: Sequence[tuple[int, int]]
    ids: Sequence[str]
    cursors: Sequence[int]
    attempts: Sequence[tuple[int, str, int]]

    def after(self, cursor: int) -> Seen:
        """Return what the calls after a cursor leave."""
        start = bisect_right(self.cursors, cursor)
        recorded = bisect_right(self.moments, cursor, key=lambda moment: moment[0])
        at = [(cursor + 1, moment_ns) for _, moment_ns in self.moments[:recorded][-1:]]
        return Seen(
            [*at, *self.moments[recorded:]],
            self.ids[start:],
            self.cursors[start:],
            [each for each in self.attempts if each[0] > cursor],
        )


def seen_of(calls: Sequence[KeptCall]) -> Seen:
    """Return what these calls of one source leave in its window."""
    moments: list[tuple[int, int]] = []
    before = None
    for call in calls:
        request = call.request
        if request is not before:
            before = request
            if not moments or not 0 <= request.received_ns - moments[-1][1] < _STEP_NS:
                moments.append((call.cursor, request.received_ns))
    attempts = []
    known = calls
    if any(call.remark is not None for call in calls):
        for call in calls:
            remark = call.remark
            if remark is not None and (is_discarded(remark) or remark.attempt > 1):
                known_as = call.message_id[: MAX_MESSAGE_ID_CHARACTERS + 1]
                attempts.append((call.cursor, known_as, remark.attempt))
        known = [call for call in calls if not is_discarded(call.remark)]
    return Seen(
        moments,
        [call.message_id for call in known],
        [call.cursor for call in known],
        attempts,
    )


def is_discarded(remark: Remark | None) -> bool:
    """Return whether no later call can repeat this one: the edge discarded it."""
    return remark is not None and remark.verdict in {"dropped", "rejected"}


class DedupWindow:
    """Remembers messageIds in two generations, the older dropped whole.

    That bounds the memory without walking it: at least `generation` ids are remembered,
    at most twice as many.

    Args:
        generation: how many ids begin a new one.
        account: of all windows of a server; None counts nothing.
        background: frees what is dropped; None drops it at once.

    Attributes:
        size_bytes: that it takes.
    """

    __slots__ = (
        "_account",
        "_background",
        "_before",
        "_carried",
        "_count",
        "_generation",
        "_moments",
        "_newer",
        "_older",
        "_older_count",
        "_since",
        "_step_ns",
        "size_bytes",
    )

    def __init__(
        self,
        *,
        generation: int,
        account: Account | None = None,
        background: BackgroundWork | None = None,
    ) -> None:
        self._generation = generation
        self._account = account
        self._background = background
        self.size_bytes = 0
        self._newer: _Parts = _NOTHING
        self._older: _Parts = _NOTHING
        self.clear()

    def clear(self) -> None:
        self._drop(self._newer)
        self._drop(self._older)
        # Made with the first call: an open source may never get one.
        self._newer, self._older = _NOTHING, _NOTHING
        # How many ids stand in each generation, and the cursor with which the newer one began.
        self._count = self._older_count = self._since = 0
        # How many requests carried an id, where that is not simply one; and the counts that
        # were made before the last turn.
        self._carried: dict[str, int] = {}
        self._before: dict[str, int] = {}
        # (cursor, moment), a step apart: when a cursor was recorded.
        self._moments: list[tuple[int, int]] = []
        self._step_ns = _STEP_NS
        self._recount()

    def begin(self, cursor: int, now_ns: int) -> None:
        """Note that the calls from this cursor on are recorded now; comes before they do."""
        if self._newer is _NOTHING:
            self._newer = _new_parts()
        moments = self._moments
        # Also when time went back: clocks are set, and imported calls have old times.
        if not moments or not 0 <= now_ns - moments[-1][1] < self._step_ns:
            moments.append((cursor, now_ns))
            if len(moments) > _MOST_MOMENTS:
                # Those that follow are as far apart: else the oldest would get ever rarer.
                del moments[1::2]
                self._step_ns = min(2 * self._step_ns, _MOST_STEP_NS)
        if self._count >= self._generation:
            self._turn(cursor)
        self._recount()

    def restore(self, seen: Seen) -> None:
        """Remember again what was seen before a restart; oldest first."""
        for cursor, moment_ns in seen.moments:
            self.begin(cursor, moment_ns)
        parts, most = self._newer, _PARTS
        known = sum(map(len, parts))
        for message_id, cursor in zip(seen.ids, seen.cursors, strict=True):
            parts[hash(message_id) % most][message_id] = cursor
        self._count += sum(map(len, parts)) - known
        for _, known_as, attempt in seen.attempts:
            self.carried(known_as, attempt)
        self._recount()

    def evict(self) -> None:
        """Forget the older generation; if that is empty, the newer one."""
        cursor = self._moments[-1][0] if self._moments else 0
        if not self._older_count:
            self._turn(cursor)
        self._turn(cursor)
        self._recount()

    def _turn(self, cursor: int) -> None:
        """Begin a new generation at this cursor. The oldest goes part by part from here on."""
        self._drop(self._older)
        self._older, self._newer = self._newer, _new_parts()
        self._before, self._carried = self._carried, {}
        moments = self._moments
        keep = bisect_right(moments, self._since, key=lambda moment: moment[0]) - 1
        del moments[: max(keep, 0)]
        self._older_count, self._count, self._since = self._count, 0, cursor

    def _drop(self, parts: _Parts) -> None:
        if self._background is not None and parts is not _NOTHING:
            self._background.add(_free(list(parts)))

    def _recount(self) -> None:
        """Count what it takes; what the last request added counts with the next."""
        ids = self._count + self._older_count + len(self._carried) + len(self._before)
        size_bytes = ids * _ID_BYTES
        if self._account is not None:
            self._account.add(size_bytes - self.size_bytes)
        self.size_bytes = size_bytes

    def take_in(self, message_id: str, cursor: int) -> bool:
        """Remember an id that no request has carried, as far as is known; else return False."""
        part = hash(message_id) % _PARTS
        newer = self._newer[part]
        # The last three are nearly always empty, and every call takes this way.
        if (
            message_id in newer
            or (self._older_count and message_id in self._older[part])
            or (self._carried and message_id in self._carried)
            or (self._before and message_id in self._before)
        ):
            return False
        newer[message_id] = cursor
        self._count += 1
        return True

    def remember(self, message_id: str, cursor: int) -> None:
        newer = self._newer[hash(message_id) % _PARTS]
        self._count += message_id not in newer
        newer[message_id] = cursor

    def forget(self, message_id: str, cursor: int) -> None:
        """Let an id be new again, if it was taken in with this cursor."""
        part = hash(message_id) % _PARTS
        for ids in (self._newer[part], self._older[part]):
            if ids.get(message_id) == cursor:
                del ids[message_id]
                self._carried.pop(message_id, None)
                self._before.pop(message_id, None)

    def first(self, message_id: str, now_ns: int) -> int:
        """Return the cursor of the call that had this id within the window, or 0."""
        part = hash(message_id) % _PARTS
        cursor = self._newer[part].get(message_id) or self._older[part].get(message_id)
        if cursor is None:
            return 0
        place = bisect_right(self._moments, cursor, key=lambda moment: moment[0]) - 1
        recorded_ns = self._moments[max(place, 0)][1]
        return cursor if now_ns - recorded_ns < _WINDOW_NS else 0

    def attempt(self, message_id: str, *, known: bool) -> int:
        """Return 1 + the earlier requests that carried this id.

        Args:
            message_id: of the call.
            known: whether `first` knows it.
        """
        carried = self._carried.get(message_id) or self._before.get(message_id)
        return 1 + (carried or (1 if known else 0))

    def carried(self, message_id: str, attempt: int) -> None:
        """Note how many requests have carried this id by now."""
        if len(self._carried) >= self._generation:
            self._before, self._carried = self._carried, {}
        self._carried[message_id] = attempt


def _new_parts() -> _Parts:
    # CPython keeps no hashes beside the keys of a dict that has nothing but texts, and to find that
    # an id is new it would look at other ids themselves, all over the memory.
    return [{None: 0} for _ in range(_PARTS)]


def _free(parts: list[dict[str | None, int]]) -> Iterator[None]:
    freed = 0
    while parts:
        freed += len(parts.pop())
        if freed >= FREED_AT_ONCE:
            freed = 0
            yield


_NOTHING: Final[_Parts] = tuple(_new_parts())
