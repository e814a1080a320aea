"""What the two surfaces answer, and the errors that can be demanded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mockseg import json_types
from mockseg.destinations.vendor import VendorResponse
from mockseg.domain.delivery import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mockseg.json_types import Json


_JSON: Final = (("Content-Type", "application/json"),)

INLET_DONE: Final = VendorResponse(200, b"{}", _JSON)


class Refused(Exception):  # noqa: N818 - an answer on its way out of this package's own functions
    """A request is refused; carries the answer.

    Attributes:
        answer: with a note that says why.
    """

    def __init__(self, answer: VendorResponse) -> None:
        self.answer = answer
        super().__init__(answer.status)


def inlet_error(status: int, code: str, message: str, *, field: str = "") -> VendorResponse:
    """Answer with the body that Segment reads: ``{"message": …}``.

    Source: Segment's partner documentation, "Build a subscription webhook".
    """
    return VendorResponse(
        status, json_types.encode({"message": message}), _JSON, (Note(code, field, message),)
    )


def rest_answer(status: int, value: Json, *, notes: Iterable[Note] = ()) -> VendorResponse:
    """Answer with JSON; 204 has none."""
    if status == 204:
        return VendorResponse(204, notes=tuple(notes))
    return VendorResponse(status, json_types.encode(value), _JSON, tuple(notes))


def rest_error(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Mapping[str, str] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> VendorResponse:
    """Answer as Django REST does: ``{"detail": …}``, for 400 ``{"errors": {field: [sentence]}}``.

    Nothing public has the bodies; clients of the vendor read `errors` of a 400.
    """
    body: Json = {"detail": detail}
    if status == 400:
        body = {"errors": {name: [text] for name, text in (errors or {"body": detail}).items()}}
    field = next(iter(errors)) if errors else ""
    sentence = f"{field}: {errors[field]}" if errors else detail
    return VendorResponse(
        status, json_types.encode(body), (*_JSON, *headers), (Note(code, field[:200], sentence),)
    )


def _demanded(
    status: int, message: str, *, headers: tuple[tuple[str, str], ...] = ()
) -> VendorResponse:
    """Make an error that suits both surfaces: Segment reads `message`, REST clients `detail`."""
    body = json_types.encode({"message": message, "detail": message})
    return VendorResponse(status, body, (*_JSON, *headers))


ERRORS: Final[Mapping[str, VendorResponse]] = {
    "bad_request": _demanded(400, "The request is malformed."),
    "unauthorized": _demanded(401, "The API key is missing or malformed."),
    "forbidden": _demanded(403, "The API key is revoked or the domain is not trusted."),
    "not_found": _demanded(404, "Not found."),
    "rate_limited": _demanded(429, "Too many requests.", headers=(("Retry-After", "1"),)),
    "server_error": _demanded(500, "Internal error."),
    "unsupported": _demanded(501, "This type of call is not supported."),
    "unavailable": _demanded(503, "Maintenance.", headers=(("Retry-After", "1"),)),
}
