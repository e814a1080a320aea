"""A request to the REST API, read: what its handlers work on."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NoReturn

from mockseg.destinations.userengage.answers import Refused, rest_answer, rest_error
from mockseg.destinations.userengage.objects import company_object, user_object

if TYPE_CHECKING:
    from mockseg.destinations.userengage.app import App
    from mockseg.destinations.userengage.records import Company, User
    from mockseg.destinations.userengage.setup import UserEngageSetup
    from mockseg.destinations.vendor import VendorRequest, VendorResponse
    from mockseg.domain.delivery import Note
    from mockseg.json_types import Json, JsonObject


@dataclasses.dataclass(slots=True)
class Ask:
    """A request whose route and token are known.

    Attributes:
        v1: whether it is answered in the names of version 1.
        names: what its path named: ``id``, ``custom_id``, ``name_std`` …
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
        """When it came."""
        return self.request.received_ns

    def named(self, v2: str, v1: str) -> str:
        """Choose a name by version."""
        return v1 if self.v1 else v2

    def answer(self, value: Json, *, status: int = 200) -> VendorResponse:
        """Answer with what was ignored so far as notes."""
        return rest_answer(status, value, notes=self.notes)

    def bad(self, field: str, sentence: str) -> NoReturn:
        """Refuse the body with 400.

        Raises:
            Refused: always.
        """
        raise Refused(rest_error(400, "malformed", sentence, errors={field: sentence}))

    def missing(self, sentence: str = "Not found.") -> NoReturn:
        """Answer 404.

        Raises:
            Refused: always.
        """
        raise Refused(rest_error(404, "not_found", sentence))

    def need(self, field: str) -> Json:
        """Give a value of the body that has to be there.

        Raises:
            Refused: 400.
        """
        value = self.body.get(field)
        if value is None or value == "":
            self.bad(field, "This field is required.")
        return value

    def need_text(self, field: str) -> str:
        """Give a text of the body that has to be there.

        Raises:
            Refused: 400.
        """
        value = self.need(field)
        if not isinstance(value, str):
            self.bad(field, "Not a valid string.")
        return value

    def one_attribute(self) -> JsonObject:
        """Give the body ``{"attribute": name, "value": value}`` as name and value.

        Raises:
            Refused: 400; null is a value, none at all is not.
        """
        name = self.need_text("attribute")
        if "value" not in self.body:
            self.bad("value", "This field is required.")
        return {name: self.body["value"]}

    def user(self) -> User:
        """Find the user that the path names.

        Raises:
            Refused: 404.
        """
        if "id" in self.names:
            found = self.app.users.get(int(self.names["id"]))
        else:
            found = self.app.users_by_custom_id.get(self.names["custom_id"])
        if found is None:
            self.missing()
        return found

    def company(self) -> Company:
        """Find the company that the path names.

        Raises:
            Refused: 404.
        """
        if "id" in self.names:
            found = self.app.companies.get(int(self.names["id"]))
        else:
            found = self.app.companies_by_custom_id.get(self.names["custom_id"])
        if found is None:
            self.missing()
        return found

    def show_user(self, user: User) -> JsonObject:
        """Give a user as this request's version and the setup have it."""
        return self._shown(user_object(self.app, user, v1=self.v1))

    def show_company(self, company: Company) -> JsonObject:
        """Give a company as this request's version and the setup have it."""
        return self._shown(company_object(self.app, company, v1=self.v1))

    def _shown(self, shape: JsonObject) -> JsonObject:
        how = self.setup.attributes_on_read
        if how == "list":
            return shape
        # A standard field of the same name wins.
        flat = {each["name"]: each["value"] for each in shape["attributes"]}
        if how == "flat":
            del shape["attributes"]
        return flat | shape
