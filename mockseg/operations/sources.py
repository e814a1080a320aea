"""Operations on sources and on clocks, and the health of the server."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta
from msgspec.structs import force_setattr

from mockseg.domain.lost import ForgottenSource
from mockseg.json_types import JsonObject
from mockseg.operations.base import Limit, Params, Result, WriteKey
from mockseg.operations.plans import PlanChoice, Strictness


class SetClock(Params, frozen=True):
    """What time it shall be, for the server or for one source.

    Attributes:
        now: ISO 8601; null follows the real time again.
        frozen: stand still there until advanced.
        source: only for this source.
    """

    now: str | None
    frozen: bool = False
    source: WriteKey | None = None


class AdvanceClock(Params, frozen=True):
    """How far to move on.

    Attributes:
        seconds: 0 or more.
        source: only for this source.
    """

    seconds: Annotated[float, Meta(ge=0, le=100 * 366 * 86_400)]
    source: WriteKey | None = None


class ClockView(Result, frozen=True):
    """What time it is.

    Attributes:
        now: ISO 8601.
        frozen: whether it stands still.
        offset_seconds: ahead of the clock below: a source's of the server's, that of the machine's.
    """

    now: str
    frozen: bool
    offset_seconds: float


class Health(Result, frozen=True):
    """The server is ready.

    Attributes:
        status: ``ok``.
        version: of mockseg.
        seed: of ids and write keys.
    """

    status: Literal["ok"]
    version: str
    seed: int


Edge = Literal["2026", "2025", "2018", "debug-api"]
DedupScope = Literal["source", "server"]
ErrorBody = Literal["edge", "json", "text"]
Region = Literal["any", "us", "eu"]


class SourceSettings(PlanChoice, frozen=True, kw_only=True):
    """How one source behaves; what is left out stays as it is, or as the server has it.

    Attributes:
        name: for people.
        edge: a dated behaviour of Segment's edge.
        profile: the old name of edge; deprecated, and ignored where edge is given.
        dedup: among which calls a messageId must be new.
        error_body: of refusals: as the edge has it, always JSON, or always plain text.
        enabled: whether its calls are taken; those of a disabled source are dropped.
        region: of Segment; what is sent to a host of another region is dropped.
        cdn_settings: changes the settings that its SDKs fetch, as a JSON merge patch (RFC 7396);
            an empty object takes the changes back.
    """

    name: str | None = None
    edge: Edge | None = None
    profile: Edge | None = None
    dedup: DedupScope | None = None
    error_body: ErrorBody | None = None
    enabled: bool | None = None
    region: Region | None = None
    cdn_settings: JsonObject | None = None

    def __post_init__(self) -> None:
        if self.edge is None and self.profile is not None:
            # Frozen: msgspec's own way to set a member here.
            force_setattr(self, "edge", self.profile)


class CreateSource(SourceSettings, frozen=True, kw_only=True):
    """A source to open.

    Attributes:
        write_key: minted when not given.
    """

    write_key: Annotated[str, Meta(min_length=1, max_length=512)] | None = None


class GetSource(Params, frozen=True):
    """Which source.

    Attributes:
        write_key: of the source.
    """

    write_key: WriteKey


class PatchSource(SourceSettings, frozen=True, kw_only=True):
    """What to change of a source.

    Attributes:
        write_key: of the source.
    """

    write_key: WriteKey


SourceSort = Literal["idle", "recent", "name", "calls", "bad"]


class ListSources(Params, frozen=True):
    """What to list of the sources.

    Attributes:
        counts: whether the calls and requests of each are counted; null without.
        search: only sources whose name or write key contains this, whatever its case.
        sort: the longest idle first, the most recently used first, by name, or the source with
            most calls, or most bad calls, first.
        skip: how many to leave out at the beginning.
        limit: maximum number of sources; all if omitted.
    """

    counts: bool = False
    search: Annotated[str, Meta(max_length=512)] = ""
    sort: SourceSort = "idle"
    skip: Annotated[int, Meta(ge=0)] = 0
    limit: Limit | None = None


class SourceCounts(Result, frozen=True):
    """What a source keeps, counted.

    Attributes:
        good, bad: calls.
        refused: requests that were answered 4xx or 5xx.
        requests: that are kept.
        waits: for its calls or deliveries, that are open.
        last_call_at: when its newest call came, ISO 8601; null without one.
        destinations, faults: how many are its own.
        clock_offset_seconds: how far its clock is ahead of the server's.
    """

    good: int = 0
    bad: int = 0
    refused: int = 0
    requests: int = 0
    waits: int = 0
    last_call_at: str | None = None
    destinations: int = 0
    faults: int = 0
    clock_offset_seconds: float = 0.0


class SourceView(Result, frozen=True):
    """A source.

    Attributes:
        write_key: names it.
        name: for people, or empty.
        edge, dedup, error_body, enabled, region, cdn_settings: in force.
        plans: what judges its calls, by the names that findings carry.
        catalogue: which of them ship with mockseg.
        strictness: of those.
        calls: number of calls that are kept.
        evicted: number of calls that are no longer kept although they were not cleared.
        forgotten: that the server forgot it once because it had too many, and what it has lost
            by that; null otherwise.
        created_at: ISO 8601.
        counts: what it keeps, counted; of a list only where that was asked for.
    """

    write_key: str
    name: str
    edge: Edge
    dedup: DedupScope
    error_body: ErrorBody
    plans: list[str]
    calls: int
    created_at: str
    catalogue: list[str] = []
    strictness: Strictness = "lenient"
    enabled: bool = True
    region: Region = "any"
    cdn_settings: JsonObject = {}
    evicted: int = 0
    forgotten: ForgottenSource | None = None
    counts: SourceCounts | None = None


class SourceList(Result, frozen=True):
    """Sources, by default all of them, the longest idle first.

    Attributes:
        sources: each.
        total: number of sources that match, whatever the page.
        forgotten: number of sources that were forgotten since the server started, because
            there were too many: first those that only arrivals opened, then those that a client
            named, last those that have a plan, settings, a destination or a wait.
        forgotten_with_plan: number of those that had a plan of their own and have not been set
            up again.
    """

    sources: list[SourceView]
    forgotten: int
    forgotten_with_plan: int = 0
    total: int = 0


class Deleted(Result, frozen=True):
    """A source was forgotten with all that it had.

    Attributes:
        deleted: its write key.
    """

    deleted: str


class Window(Result, frozen=True):
    """A source seen from now on.

    Attributes:
        cursor: calls after it are inside.
        request: requests with a higher number are inside.
        opened_at: ISO 8601, by the source's clock.
    """

    cursor: int
    request: int
    opened_at: str
