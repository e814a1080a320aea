"""The plans of a source: chosen by name or given whole, compiled once."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from msgspec import UNSET
from msgspec.structs import replace

from mockseg.catalogue.loader import load
from mockseg.clock import in_turns
from mockseg.config import Settings
from mockseg.errors import ConfigError, OperationError, PlanError, UnreadableFileError
from mockseg.files import read_json
from mockseg.journal.meter import Meter
from mockseg.json_types import Json, encode
from mockseg.operations.plans import PlanChoice, Strictness
from mockseg.plans.model import Plan, plan_from_json, plan_to_json, read_plan, reading_plan
from mockseg.plans.planset import PlanSet
from mockseg.plans.protocols import (
    ALLOW_ALL,
    ProtocolsSettings,
    settings_from_json,
    settings_to_json,
)

_COMPILED_TIMES: Final = 40
"""How many times the memory of its JSON a compiled plan takes (measured: 26 to 58)."""


def compiled_bytes(json_bytes: int) -> int:
    """Return the memory that a plan takes, by the size of its JSON."""
    return _COMPILED_TIMES * json_bytes


@dataclass(frozen=True, slots=True, weakref_slot=True)
class SourcePlans:
    """What judges the calls of a source.

    Attributes:
        catalogue: names of plans that ship with mockseg.
        own: the user's plans.
        strictness: of the catalogue's.
        set: all of them, compiled, with the settings of Protocols.
        size_bytes: memory that the user's plans take.
    """

    catalogue: tuple[str, ...]
    own: tuple[Plan, ...]
    strictness: Strictness
    set: PlanSet
    size_bytes: int = 0

    @property
    def used(self) -> PlanSet | None:
        """What calls are judged by, None when there are no plans."""
        settings = self.set.settings
        return self.set if self.set.plans or settings.disabled_events else None

    def judges_as(self, other: SourcePlans) -> bool:
        return self is other or (
            self.catalogue == other.catalogue
            and self.own == other.own
            and self.set.settings == other.set.settings
            and (self.strictness == other.strictness or not self.catalogue)
        )


NO_PLANS = SourcePlans((), (), "lenient", PlanSet())


@lru_cache(maxsize=64)
def _from_names(names: tuple[str, ...], strictness: Strictness) -> SourcePlans:
    """Choose plans of the catalogue; the same choice is compiled once.

    Raises:
        PlanError: the plan is unknown.
    """
    plans = tuple(load(name, strictness=strictness) for name in dict.fromkeys(names))
    return SourcePlans(names, (), strictness, PlanSet(plans))


def _assembled(
    names: tuple[str, ...],
    own: tuple[Plan, ...],
    strictness: Strictness,
    protocols: ProtocolsSettings,
) -> SourcePlans:
    """Put plans and settings together.

    Raises:
        PlanError: a plan is unknown, or two have the same name.
    """
    if not own and protocols == ALLOW_ALL:
        return _from_names(names, strictness)
    key = (names, tuple(map(id, own)), strictness, encode(settings_to_json(protocols)))
    found = _chosen.get(key)
    if found is None:
        plans = (*(load(name, strictness=strictness) for name in dict.fromkeys(names)), *own)
        size_bytes = sum(compiled_bytes(len(encode(plan_to_json(plan)))) for plan in own)
        found = SourcePlans(names, own, strictness, PlanSet(plans, protocols), size_bytes)
        _chosen[key] = found
    return found


_Key: TypeAlias = "tuple[tuple[str, ...], tuple[int, ...], Strictness, bytes]"
# What many sources have alike, as when each test opens one with the plan of the application, is
# kept once. Plans are named by their identity, which lasts as long as what they are part of.
_chosen: WeakValueDictionary[_Key, SourcePlans] = WeakValueDictionary()
# The user's plans by what they were read from.
_read: WeakValueDictionary[bytes, Plan] = WeakValueDictionary()


def from_settings(settings: Settings) -> SourcePlans:
    """Choose the plans that a server's sources have by default.

    Raises:
        ConfigError: a plan cannot be used; the sentence names file, place and what is allowed.
    """
    try:
        own = tuple(read_plan(file) for file in settings.plan)
        protocols = ALLOW_ALL
        if settings.protocols is not None:
            protocols = settings_from_json(read_json(settings.protocols))
        return _assembled(settings.catalogue, own, settings.strictness, protocols)
    except PlanError as error:
        raise ConfigError(str(error)) from None
    except UnreadableFileError as error:
        raise ConfigError(f"protocols: {error}") from None


async def with_plans_read(choice: PlanChoice, meter: Meter) -> PlanChoice:
    """Return a choice whose plans are read and checked; others have their turn every 2 ms.

    Args:
        choice: as it was sent.
        meter: knows how much memory plans may take.

    Raises:
        OperationError: 422 with place, value and what is allowed; 413 they are too large.
    """
    if choice.plan is UNSET:
        return choice
    documents = choice.plan if isinstance(choice.plan, list) else [choice.plan]
    texts = [await asyncio.to_thread(encode, document) for document in documents]
    most_bytes = meter.plan_limit
    if (size_bytes := sum(compiled_bytes(len(text)) for text in texts)) > most_bytes:
        raise plans_too_large(size_bytes, most_bytes)
    try:
        plans = [
            await _plan_of(text, document, file=_file(place))
            for place, (text, document) in enumerate(zip(texts, documents, strict=True))
        ]
    except PlanError as error:
        raise OperationError(str(error), status=422, code="invalid_plan") from None
    return replace(choice, plan=plans)


async def _plan_of(text: bytes, document: Json, *, file: str) -> Plan:
    """Return the plan of a document; equal documents are read once."""
    key = hashlib.blake2b(text, key=file.encode()).digest()
    found = _read.get(key)
    if found is None:
        found = _read[key] = await in_turns(reading_plan(document, file=file))
    return found


async def compiled(plans: SourcePlans) -> SourcePlans:
    """Return the same plans, compiled: a batch may have calls of all their rules at once."""
    if plans.own:
        await in_turns(plans.set.compiling())
    return plans


def plans_too_large(size_bytes: int, most_bytes: int) -> OperationError:
    return OperationError(
        f"the plans would take {size_bytes:,} bytes of memory with those of all sources (about"
        f" {_COMPILED_TIMES} times their JSON); allowed are {most_bytes:,}, half of --max-bytes",
        status=413,
        code="plans_too_large",
    )


def _file(place: int) -> str:
    """Name the plan at a place of a request's list, for errors."""
    return f"plan[{place}]" if place else "plan"


def chosen(choice: PlanChoice, *, before: SourcePlans) -> SourcePlans:
    """Take over what a choice says; what it leaves out stays as it was.

    A choice that says nothing is `before` itself.

    Raises:
        OperationError: 422 with place, value and what is allowed.
    """
    if all(getattr(choice, name) is UNSET for name in PlanChoice.__struct_fields__):
        return before
    names = before.catalogue if choice.catalogue is UNSET else tuple(choice.catalogue)
    strictness = before.strictness if choice.strictness is UNSET else choice.strictness
    try:
        own = before.own
        if choice.plan is not UNSET:
            documents: list[Json] = choice.plan if isinstance(choice.plan, list) else [choice.plan]
            own = tuple(
                # What `with_plans_read` has read is a plan already.
                document
                if isinstance(document, Plan)
                else plan_from_json(document, file=_file(place))
                for place, document in enumerate(documents)
            )
        protocols = before.set.settings
        if choice.protocols is not UNSET:
            protocols = settings_from_json(choice.protocols)
        return _assembled(names, own, strictness, protocols)
    except (PlanError, ConfigError) as error:
        raise OperationError(str(error), status=422, code="invalid_plan") from None
