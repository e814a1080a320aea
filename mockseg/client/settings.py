"""The settings of a source as keyword arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from mockseg.errors import PlanError, UnreadableFileError
from mockseg.files import read_json
from mockseg.operations.sources import CreateSource, DedupScope, ErrorBody, PatchSource, Profile

if TYPE_CHECKING:
    from typing import TypeAlias

    from mockseg.json_types import JsonObject
    from mockseg.operations.plans import Strictness

    PlanInput: TypeAlias = JsonObject | str | Path | Sequence[JsonObject | str | Path]


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
        profile: a dated behaviour of Segment's edge.
        dedup: among which calls a messageId must be new.
        error_body: JSON, or Segment's plain text.
    """

    name: str | None
    profile: Profile | None
    dedup: DedupScope | None
    error_body: ErrorBody | None


# What `source()` and its relatives take: the one definition is the class above.
OPTION_NAMES = tuple(SourceOptions.__annotations__)


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
