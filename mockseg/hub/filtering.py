"""A filter that cannot be read, as the control plane refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.errors import OperationError

if TYPE_CHECKING:
    from mockseg.errors import FqlError


def bad_filter(error: FqlError) -> OperationError:
    """Say where it went wrong; 422."""
    return OperationError(
        str(error),
        status=422,
        code="invalid_filter",
        details={"parameter": "where", "position": error.position, "reason": error.reason},
    )
