"""Refusing what a destination cannot be made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from mockseg.errors import OperationError

if TYPE_CHECKING:
    from mockseg.json_types import Json


def refuse(field: str, sentence: str, *, allowed: Json) -> NoReturn:
    """Refuse a destination because of one field.

    Raises:
        OperationError: 422, its details name the field and what is allowed.
    """
    shown = allowed if isinstance(allowed, str) else ", ".join(map(str, allowed))
    raise OperationError(
        f"{sentence}; allowed: {shown}",
        status=422,
        code="invalid_parameter",
        details={"parameter": field, "allowed": allowed},
    )
