"""One violation, told to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.plans.schema_tree import NO_PLACE, lookup, pointer_path
from mockseg.plans.vocabulary import given_type, shown

if TYPE_CHECKING:
    from mockseg.domain.findings import Violation
    from mockseg.json_types import JsonObject

__all__ = ["explain"]


def explain(violation: Violation, message: JsonObject) -> str:
    """Tell in a few lines what is wrong, where, what stands there, and whose rule it is.

    Args:
        violation: from :meth:`mockseg.plans.planset.PlanSet.check`.
        message: the message that it was found in.
    """
    path = pointer_path(message, violation.instance_path)
    value = lookup(message, path)
    lines = [_first_line(violation)]
    if value is NO_PLACE:
        holder = lookup(message, path[:-1])
        if isinstance(holder, dict):
            lines.append(f"  sent: {_names(holder)}")
    elif path:
        lines.append(f"  sent: {given_type(value)} {shown(value)}")
    if violation.plan:
        rule = f", rule {violation.schema_path}" if violation.schema_path else ""
        lines.append(f"  plan: {violation.plan}{rule}")
    return "\n".join(lines)


def _first_line(violation: Violation) -> str:
    """Name the field and say what is wrong, the field once only."""
    if violation.description.startswith(violation.field):
        return violation.description
    return f"{violation.field}: {violation.description}"


def _names(holder: JsonObject) -> str:
    if not holder:
        return "an empty object"
    names = ", ".join(shown(name) for name in list(holder)[:20])
    return f"an object with {names}" + (", ..." if len(holder) > 20 else "")
