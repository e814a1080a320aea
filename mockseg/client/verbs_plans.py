"""Verbs about tracking plans: what was seen of them, and judging without recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockseg.client.ask import Ask
from mockseg.client.settings import PlanOptions, check, create
from mockseg.operations.plans import MarkAsserted, ValidateMessages
from mockseg.operations.sources import GetSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.client.ask import Steps
    from mockseg.client.scope import Scope
    from mockseg.client.settings import SourceOptions
    from mockseg.operations.plans import CoverageView, ValidatedMessages


def coverage(scope: Scope) -> Steps[CoverageView]:
    """Tell what was seen of the source's plans, and what this object's assertions matched."""
    new = scope.asserted - scope.marked
    if new:
        yield Ask("mark_asserted", MarkAsserted(write_key=scope.write_key, cursors=sorted(new)))
        scope.marked |= new
    view: CoverageView = yield Ask("get_coverage", GetSource(write_key=scope.write_key))
    return view


def validate(
    messages: Iterable[Any], options: PlanOptions, *, source: str | None = None
) -> Steps[ValidatedMessages]:
    """Say what would become of messages, in order; nothing is recorded.

    Raises:
        UnknownOptionError: an option that there is not, or that is not about plans.
    """
    check(options, "validate", names=tuple(PlanOptions.__annotations__))
    choice = create(None, cast("SourceOptions", options))
    result: ValidatedMessages = yield Ask(
        "validate_messages",
        ValidateMessages(
            messages=list(messages),
            source=source,
            catalogue=choice.catalogue,
            plan=choice.plan,
            strictness=choice.strictness,
            protocols=choice.protocols,
        ),
    )
    return result
