"""A request to the REST API, read: what its handlers work on, and how they answer."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import quote, urlencode

from mockseg.destinations.userengage.app import App, Directory
from mockseg.destinations.userengage.objects import record_object
from mockseg.destinations.userengage.records import Company, Record, User
from mockseg.destinations.userengage.setup import UserEngageSetup
from mockseg.destinations.userengage.values import Unconvertible, moment_of, shown
from mockseg.destinations.vendor import Headers, VendorError, VendorRequest, VendorResponse, reply
from mockseg.domain.delivery import Note
from mockseg.json_types import Json, JsonObject

_CONTENT_TYPES = {
    "users": "clientuser",
    "companies": "company",
    "deals": "deal",
    "products": "product",
}
_CURSOR = re.compile(r"([ab])=([0-9]{1,18})")
_R = TypeVar("_R", bound=Record)


def rest_error(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Mapping[str, str] | None = None,
    headers: Headers = (),
) -> VendorResponse:
    """Answer as Django REST does: ``{"detail": …}``, for 400 ``{"errors": {field: [sentence]}}``.

    Nothing public has the bodies; clients of the vendor read `errors` of a 400.
    """
    body: Json = {"detail": detail}
    if status == 400:
        body = {"errors": {name: [text] for name, text in (errors or {"body": detail}).items()}}
    field = next(iter(errors)) if errors else ""
    sentence = f"{field}: {errors[field]}" if errors else detail
    answer = reply(status, body, notes=[Note(code, field[:200], sentence)])
    return dataclasses.replace(answer, headers=(*answer.headers, *headers))


def timestamp_of(call: RestCall) -> int:
    """Return the `timestamp` of a body, else when it came; a wrong one is refused."""
    given = call.body.get("timestamp")
    if given is None:
        return call.now_ns
    try:
        return moment_of(given)
    except Unconvertible as error:
        call.bad("timestamp", f"{shown(given)} {error}.")


@dataclasses.dataclass(slots=True)
class RestCall:
    """A request whose route and token are known.

    Attributes:
        v1: whether it is answered in the names of version 1.
        names: what its path named: ``of`` (users, companies, deals or products), ``id``,
            ``custom_id``, ``name_std``.
        body: its JSON object; empty without.
        notes: what was ignored of it so far.
    """

    app: App
    setup: UserEngageSetup
    request: VendorRequest
    v1: bool
    names: dict[str, str]
    body: JsonObject
    notes: list[Note] = dataclasses.field(default_factory=list)

    @property
    def now_ns(self) -> int:
        return self.request.received_ns

    @property
    def directory(self) -> Directory[Any]:
        return self.app.directories[_CONTENT_TYPES[self.names["of"]]]

    @property
    def id_name(self) -> str:
        """What this version calls the custom id of a record."""
        return self.directory.kind.id_v1 if self.v1 else "custom_id"

    def answer(self, value: Json, *, status: int = 200) -> VendorResponse:
        """Answer with what was ignored so far as notes."""
        if status == 204:
            return VendorResponse(204, notes=tuple(self.notes))
        return reply(status, value, notes=self.notes)

    def bad(self, field: str, sentence: str) -> NoReturn:
        raise VendorError(rest_error(400, "malformed", sentence, errors={field: sentence}))

    def missing(self, sentence: str = "Not found.") -> NoReturn:
        raise VendorError(rest_error(404, "not_found", sentence))

    def need(self, field: str) -> Json:
        """Return a value of the body that has to be there, else refuse it."""
        value = self.body.get(field)
        if value is None or value == "":
            self.bad(field, "This field is required.")
        return value

    def need_text(self, field: str) -> str:
        """Return a text of the body that has to be there, else refuse it."""
        value = self.need(field)
        if not isinstance(value, str):
            self.bad(field, "Not a valid string.")
        return value

    def one_attribute(self) -> JsonObject:
        """Return the body ``{"attribute": name, "value": value}`` as name and value.

        Null is a value; a body without `value` is refused.
        """
        name = self.need_text("attribute")
        if "value" not in self.body:
            self.bad("value", "This field is required.")
        return {name: self.body["value"]}

    def record(self) -> Record:
        """Return the record that the path names, else answer 404."""
        directory = self.directory
        if "id" in self.names:
            found: Record | None = directory.by_id.get(int(self.names["id"]))
        else:
            found = directory.by_custom_id.get(self.names["custom_id"])
        if found is None:
            self.missing()
        return found

    def user(self) -> User:
        return cast("User", self.record())

    def company(self) -> Company:
        return cast("Company", self.record())

    def show(self, record: Record) -> JsonObject:
        """Return a record as this request's version and the setup have it."""
        shape = record_object(self.app, record, v1=self.v1)
        how = self.setup.attributes_on_read
        if record.kind.shows == "flat":
            how = "list" if self.v1 else "flat"
        if how == "list":
            return shape
        # A standard field of the same name wins.
        flat = {each["name"]: each["value"] for each in shape["attributes"]}
        if how == "flat":
            del shape["attributes"]
        return flat | shape

    def value_of(self, record: Record, field: str) -> Json:
        """Return what a lookup compares: a field or a custom attribute, as the record shows it."""
        if field in record.kind.derived or field == self.id_name:
            return record_object(self.app, record, v1=self.v1).get(field)
        return self.app.value_of(record, field)

    def referred(self, directory: Directory[_R], **by: Json) -> _R | None:
        """Return the record that a body or a query names by its internal or its custom id.

        Args:
            directory: where it is.
            by: the two fields and their values, the internal id first, which wins; the record
                is None where both are. An unknown one is refused.
        """
        (field, number), (custom_field, custom_id) = by.items()
        if number is not None:
            found = directory.by_id.get(number) if type(number) is int else None
            if found is None:
                self.bad(field, f"Unknown {directory.kind.noun}.")
            return found
        if custom_id is None:
            return None
        found = directory.by_custom_id.get(custom_id) if isinstance(custom_id, str) else None
        if found is None:
            self.bad(custom_field, f"Unknown {directory.kind.noun}.")
        return found

    def page(
        self, records: Sequence[tuple[int, Json]], *, shown: Callable[[Json], Json]
    ) -> VendorResponse:
        """Answer with the page of records that the cursor says: ``count, next, previous, results``.

        Source: User.com REST API v2, "Basic API usage"; the form of the cursor is nowhere public.

        Args:
            records: ids, rising, and what `shown` makes JSON of.
            shown: called for the records of the page only.
        """
        size = self.setup.page_size
        side, bound = self._cursor()
        if side == "a":
            chosen = [record for record in records if record[0] > bound][:size]
        else:
            chosen = [record for record in records if record[0] < bound][-size:]
        first, last = (chosen[0][0], chosen[-1][0]) if chosen else (bound, bound)
        following = self._link("a", last) if records and last < records[-1][0] else None
        previous = self._link("b", first) if records and first > records[0][0] else None
        results = [shown(record) for _, record in chosen]
        page = {"count": len(records), "next": following, "previous": previous, "results": results}
        return self.answer(page)

    def _cursor(self) -> tuple[str, int]:
        """Read the cursor: records after an id, or before one; another one is answered 404."""
        given = self.request.argument("cursor")
        if given is None:
            return "a", 0
        try:
            padded = given + "=" * (-len(given) % 4)
            text = base64.b64decode(padded.encode(), altchars=b"-_", validate=True).decode()
        except (binascii.Error, UnicodeError):
            text = ""
        match = _CURSOR.fullmatch(text)
        if match is None:
            self.missing("Invalid cursor.")
        return match[1], int(match[2])

    def _link(self, side: str, bound: int) -> str:
        """Return the URL of a neighbouring page: absolute where the vendor's address is known."""
        cursor = base64.urlsafe_b64encode(f"{side}={bound}".encode()).decode().rstrip("=")
        request = self.request
        pairs = [pair for pair in request.query if pair[0] != "cursor"]
        path = quote(request.path) if request.base_url else ""
        return f"{request.base_url}{path}?{urlencode([*pairs, ('cursor', cursor)])}"
