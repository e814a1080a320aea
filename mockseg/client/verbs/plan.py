"""Verbs about tracking plans: what was seen of them, and judging without recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockseg.client.operation_call import OperationCall
from mockseg.client.settings import PlanOptions, given
from mockseg.operations.plans import MarkAsserted, ValidateMessages
from mockseg.operations.sources import GetSource
from mockseg.suggestions import check_options

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    from mockseg.client.operation_call import Steps
    from mockseg.client.scope import Scope
    from mockseg.client.settings import SourceOptions
    from mockseg.client.unused import Unused
    from mockseg.operations.plans import CoverageView, ValidatedMessages


def coverage(scope: Scope) -> Steps[CoverageView]:
    """Return what was seen of the source's plans, and asserted on through this object."""
    new = scope.asserted - scope.marked
    if new:
        yield OperationCall(
            "mark_asserted", MarkAsserted(write_key=scope.write_key, cursors=sorted(new))
        )
        scope.marked |= new
    view: CoverageView = yield OperationCall("get_coverage", GetSource(write_key=scope.write_key))
    return view


def validate(
    _server: Unused, /, messages: Iterable[Any], **options: Unpack[PlanOptions]
) -> Steps[ValidatedMessages]:
    """Return what would become of messages under these plans; nothing is recorded.

    Raises:
        UnknownOptionError: an option is unknown, or is not about plans.
    """
    check_options("validate", options, tuple(PlanOptions.__annotations__))
    result: ValidatedMessages = yield OperationCall(
        "validate_messages",
        ValidateMessages(messages=list(messages), **given(cast("SourceOptions", options))),
    )
    return result
