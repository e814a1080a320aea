"""Values do not change after they are made, except for a few that are named here."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil

import msgspec
import pytest

FLOORS = (
    "catalogue",
    "delivery",
    "domain",
    "faults",
    "fql",
    "journal",
    "matching",
    "operations",
    "plans",
    "schemas",
    "warehouse",
)
# A body that is being read, and what grows while work on it goes on.
CHANGING = {
    "delivery.lane.Job",
    "delivery.records.KeptDelivery",
    "domain.reading.Reading",
    "domain.reading._Batch",
    "domain.request.KeptRequest",
    "faults.rule.RuleState",
}
# What is kept a hundred thousand times; the garbage collector does not walk it.
UNTRACKED = {
    "delivery.lane.Job",
    "delivery.records.KeptAttempt",
    "delivery.records.KeptDelivery",
    "domain.call.KeptCall",
    "domain.call.Remark",
    "domain.call.UnexplainedRemark",
    "domain.delivery.Note",
    "domain.message.Shared",
    "domain.reading.Reading",
    "domain.request.FaultMark",
    "domain.request.KeptRequest",
    "journal.rows._Call",
    "journal.rows._Entry",
}


def records(floor: str) -> dict[str, type]:
    """Return the dataclasses and structs of a floor by module and name, without `mockseg.`."""
    package = importlib.import_module(f"mockseg.{floor}")
    found = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for name, item in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if item.__module__ == module.name and (
                dataclasses.is_dataclass(item) or issubclass(item, msgspec.Struct)
            ):
                found[f"{module.name.removeprefix('mockseg.')}.{name}"] = item
    return found


def frozen(record: type) -> bool:
    """Return whether a record refuses to be changed."""
    if issubclass(record, msgspec.Struct):
        return record.__struct_config__.frozen
    return record.__dataclass_params__.frozen


@pytest.mark.parametrize("floor", FLOORS)
def test_values_are_frozen(floor):
    """A record of this floor cannot be changed, except for those that are named above."""
    changing = {name for name, record in records(floor).items() if not frozen(record)}
    assert changing == {name for name in CHANGING if name.startswith(f"{floor}.")}


@pytest.mark.parametrize("floor", FLOORS)
def test_values_have_slots(floor):
    """A record of this floor has no dict: it is small, and a misspelt attribute is an error."""
    assert [
        name for name, record in records(floor).items() if "__slots__" not in vars(record)
    ] == []


@pytest.mark.parametrize("floor", FLOORS)
def test_the_collector_skips_what_is_kept_in_masses(floor):
    """The garbage collector tracks the records of this floor, except for the masses."""
    untracked = {
        name
        for name, record in records(floor).items()
        if issubclass(record, msgspec.Struct) and not record.__struct_config__.gc
    }
    assert untracked == {name for name in UNTRACKED if name.startswith(f"{floor}.")}
