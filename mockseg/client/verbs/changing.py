"""Verbs that change a source: its settings, its clock, its audiences, and what it recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, cast

from mockseg.client.operation_call import OperationCall, Steps, ask
from mockseg.client.verbs.reading import call_pages
from mockseg.config import with_new_names
from mockseg.errors import OperationError, PlanError, UnreadableFileError
from mockseg.files import read_json
from mockseg.operations.base import OfSource
from mockseg.operations.calls import ClearCalls, Cleared
from mockseg.operations.destinations import AudienceChanged, ChangeAudience, RequestDeletion
from mockseg.operations.sources import (
    AdvanceClock,
    ClockView,
    CreateSource,
    DedupScope,
    Edge,
    ErrorBody,
    GetSource,
    PatchSource,
    Region,
    SetClock,
    SourceView,
    Window,
)
from mockseg.suggestions import check_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias, Unpack

    from mockseg.client.scope import Scope
    from mockseg.json_types import JsonObject
    from mockseg.operations.plans import Strictness

    PlanInput: TypeAlias = JsonObject | str | Path | Sequence[JsonObject | str | Path]

# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


class PlanOptions(TypedDict, total=False):
    """Which tracking plans judge calls, and how.

    Attributes:
        catalogue: plans that ship with mockseg, by name.
        plan: tracking plans of your own: JSON in Segment's form, or files of it.
        strictness: of the catalogue's plans.
        protocols: what happens to calls that the plans do not allow, with Segment's names.
    """

    catalogue: str | Sequence[str] | None
    plan: PlanInput | None
    strictness: Strictness | None
    protocols: JsonObject | None


class SourceOptions(PlanOptions, total=False):
    """How a source behaves; what is not given stays, or is the server's.

    Attributes:
        name: for people.
        edge: a dated behaviour of Segment's edge.
        profile: the old name of edge; deprecated.
        dedup: among which calls a messageId must be new.
        error_body: of refusals: as the edge has it, always JSON, or always plain text.
        enabled: whether its calls are taken; those of a disabled source are dropped.
        region: of Segment; what is sent to a host of another region is dropped.
        cdn_settings: changes the settings that its SDKs fetch, as a JSON merge patch.
    """

    name: str | None
    edge: Edge | None
    profile: Edge | None
    dedup: DedupScope | None
    error_body: ErrorBody | None
    enabled: bool | None
    region: Region | None
    cdn_settings: JsonObject | None


# What `source()` and its relatives take: the one definition is the class above.
OPTION_NAMES = tuple(SourceOptions.__annotations__)


def checked(callee: str, options: SourceOptions) -> SourceOptions:
    """Return options under their new names.

    Raises:
        UnknownOptionError: an option is unknown.
        ConfigError: an option is given under its old name and its new one.
    """
    # pytest's traceback of a wrong argument ends at the test's own line.
    __tracebackhide__ = True
    check_options(callee, options, OPTION_NAMES)
    return cast("SourceOptions", with_new_names(options))


def given(options: SourceOptions) -> dict[str, Any]:
    """Return the settings that are given, as operations take them.

    Raises:
        PlanError: a plan's file cannot be read.
    """
    read = {"catalogue": _names, "plan": _documents}
    return {
        name: read[name](value) if name in read else value
        for name, value in options.items()
        if value is not None
    }


def create(write_key: str | None, options: SourceOptions) -> CreateSource:
    return CreateSource(write_key=write_key, **given(options))


def patch(write_key: str, options: SourceOptions) -> PatchSource:
    return PatchSource(write_key=write_key, **given(options))


# What is of a wrong type stays, to be refused where all parameters are.
def _names(catalogue: Any) -> list[str]:
    if isinstance(catalogue, str):
        return [catalogue]
    return list(catalogue) if isinstance(catalogue, Iterable) else catalogue


def _documents(plan: Any) -> list[JsonObject]:
    if isinstance(plan, dict | str | Path):
        plan = [plan]
    plans: list[JsonObject] = (
        [_read(Path(each)) if isinstance(each, str | Path) else each for each in plan]
        if isinstance(plan, Iterable)
        else plan
    )
    return plans


def _read(path: Path) -> JsonObject:
    try:
        document = read_json(path)
    except UnreadableFileError as error:
        raise PlanError(f"cannot be read: {error.reason}", file=str(path)) from None
    if not isinstance(document, dict):
        raise PlanError("a plan is a JSON object", file=str(path))
    return document


class NamedAudience(NamedTuple):
    scope: Scope
    name: str


def enter(audience: NamedAudience, user_ids: Iterable[str]) -> Steps[AudienceChanged]:
    """Let users enter; those who are in it already bring no call."""
    return (yield from _change(audience.scope, audience=audience.name, enter=list(user_ids)))


def leave(audience: NamedAudience, user_ids: Iterable[str]) -> Steps[AudienceChanged]:
    """Let users leave; they are identified with false, not deleted."""
    return (yield from _change(audience.scope, audience=audience.name, leave=list(user_ids)))


def sync(audience: NamedAudience, members: Iterable[str]) -> Steps[AudienceChanged]:
    """Let exactly these be its members; only changes since the last sync bring calls."""
    return (yield from _change(audience.scope, audience=audience.name, members=list(members)))


def computed_trait(scope: Scope, name: str, values: JsonObject) -> Steps[AudienceChanged]:
    """Set a computed trait; users whose value changed are identified with it.

    Args:
        name: of the trait.
        values: by user id.
    """
    return (yield from _change(scope, computed_trait=name, values=values))


def request_deletion(scope: Scope, user_id: str) -> Steps[list[str]]:
    """Tell webhooks that a user is to be deleted; return the ids of those that are told."""
    return ask(
        "request_deletion",
        RequestDeletion(write_key=scope.write_key, user_id=user_id),
        field="destinations",
    )


def _change(scope: Scope, **change: Any) -> Steps[AudienceChanged]:
    return ask("change_audience", ChangeAudience(write_key=scope.write_key, **change))


def clear(scope: Scope) -> Steps[int]:
    """Forget calls and requests, and return how many calls those were.

    A window starts anew instead: what others recorded stays.
    """
    if scope.window:
        seen = yield from call_pages(scope)
        window: Window = yield OperationCall("open_window", GetSource(write_key=scope.write_key))
        scope.move_to(window)
        return len(seen)
    cleared: Cleared = yield OperationCall("clear_calls", ClearCalls(source=scope.write_key))
    return cleared.cleared


def update(scope: Scope, /, **options: Unpack[SourceOptions]) -> Steps[SourceView]:
    """Change how the source behaves; what is not given stays.

    Args:
        options: see :class:`~mockseg.client.verbs.changing.SourceOptions`.

    Raises:
        UnknownOptionError: an option is unknown.
    """
    options = checked("update", options)
    view: SourceView
    # A source that is not open yet is opened.
    try:
        view = yield OperationCall("patch_source", patch(scope.write_key, options))
    except OperationError as refusal:
        if refusal.status != 404:
            raise
        view = yield OperationCall("create_source", create(scope.write_key, options))
    return view


def clock(scope: Scope) -> Steps[ClockView]:
    """Return the time that the source has."""
    return ask("get_clock", OfSource(source=scope.write_key))


def set_clock(
    scope: Scope, now: str | datetime | None, *, frozen: bool = False
) -> Steps[ClockView]:
    """Set the time of this source.

    Args:
        now: ISO 8601 or an aware datetime; None follows the server's time again.
        frozen: stand still there until advanced.
    """
    if isinstance(now, datetime):
        if now.tzinfo is None:
            raise OperationError(
                f"set_clock got {now!r}, without a time zone; write"
                " datetime(..., tzinfo=timezone.utc)",
                status=422,
                code="invalid_parameter",
            )
        now = now.isoformat()
    return ask("set_clock", SetClock(now=now, frozen=frozen, source=scope.write_key))


def advance_clock(scope: Scope, seconds: float) -> Steps[ClockView]:
    """Move the time of this source on."""
    return ask("advance_clock", AdvanceClock(seconds=seconds, source=scope.write_key))
