"""The plan that an argument names: a file of ours or Segment's, a spreadsheet, a name."""

from __future__ import annotations

import os.path

from mockseg.catalogue.loader import catalogues, load
from mockseg.errors import PlanError, UnreadableFileError
from mockseg.files import read_text, suffix_of
from mockseg.plans.csv_template import plan_from_csv
from mockseg.plans.model import Plan, Strictness, read_plan
from mockseg.suggestions import unknown


def plan_named(name: str, *, strictness: Strictness) -> Plan:
    """Read a plan from a file or take it from the catalogue; a file wins.

    Args:
        name: of a file, or of a plan of the catalogue.
        strictness: of the latter.

    Raises:
        PlanError: there is neither, or the file holds no plan.
    """
    if not os.path.exists(name):  # noqa: PTH110 - Path.exists raises for odd names
        if name in catalogues():
            return load(name, strictness=strictness)
        raise PlanError(
            f"no such file; {unknown('catalogue plan', name, catalogues())}",
            file=name[:200],
        )
    return plan_in_file(name)


def plan_in_file(name: str) -> Plan:
    """Read a plan from a file: CSV when it is called ``.csv`` or ``.csv.gz``, else JSON.

    Raises:
        PlanError: it cannot be read, or is not a plan.
    """
    if suffix_of(name) != ".csv":
        return read_plan(name)
    try:
        text = read_text(name)
    except UnreadableFileError as error:
        raise PlanError(f"cannot be read: {error.reason}", file=name) from None
    return plan_from_csv(text, file=name)
