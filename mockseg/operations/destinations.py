"""Operations on destinations: add, change, see and set their state, act at the vendor."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mockseg.delivery.destination import DestinationSpec
from mockseg.delivery.filters import FilterSpec
from mockseg.domain.delivery import Note
from mockseg.json_types import Json, JsonObject
from mockseg.operations.base import Cursor, Limit, Params, Result, Seconds, WriteKey
from mockseg.operations.requests import AnswerView
from mockseg.printable import printable

DestinationId = Annotated[str, Meta(max_length=100)]


class AddDestination(DestinationSpec, frozen=True, kw_only=True):
    """A destination to connect to a source.

    Attributes:
        source: the write key; opened if it is new.
        attributes: attributes that are defined at the vendor beforehand: name and type.
        events: events that are defined there beforehand.
        setup: whatever else is set up at the vendor.
    """

    source: WriteKey
    attributes: JsonObject | None = None
    events: Json = None
    setup: JsonObject = {}


# Every setting but the type, which stays; all can be left out.
PatchDestination = msgspec.defstruct(
    "PatchDestination",
    [
        ("id", DestinationId),
        *(
            (field.name, field.type | UnsetType, UNSET)
            for field in msgspec.structs.fields(DestinationSpec)
            if field.name != "type"
        ),
    ],
    bases=(Params,),
    frozen=True,
    kw_only=True,
    module=__name__,
    namespace={
        "__doc__": """What to change of a destination; what is left out stays.

    Attributes:
        id: of the destination.
        name, enabled, filters, invalid_filters, forwards: as in ``POST /destinations``.
        connection_mode, consent_categories, retry, concurrency, timeout_seconds: likewise.
        settings: merged into those it has; null takes one away.
    """
    },
)


class ListDestinations(Params, frozen=True):
    """Whose destinations to list.

    Attributes:
        source: a write key; all without.
        counts: whether the deliveries of each are counted; null without.
    """

    source: WriteKey | None = None
    counts: bool = False


class GetDestination(Params, frozen=True):
    """Which destination.

    Attributes:
        id: of the destination.
    """

    id: DestinationId


ArgumentKind = Literal["text", "number", "boolean", "choice", "json"]


class ArgumentView(msgspec.Struct, frozen=True, rename="camel"):
    """An argument of an action, for a form.

    Attributes:
        name: of the argument.
        kind: how a person writes it.
        required: whether it has to be there.
        choices: what a choice may be; empty for other kinds.
    """

    name: str
    kind: ArgumentKind
    required: bool
    choices: list[str] = []


class ActionView(msgspec.Struct, frozen=True, rename="camel"):
    """Something that only the vendor's own page or SDK could do.

    Attributes:
        summary: one sentence.
        arguments: their names and types.
        fields: the same, for a form.
    """

    summary: str
    arguments: dict[str, str]
    fields: list[ArgumentView] = []


class DeliveryCounts(msgspec.Struct, frozen=True):
    """Deliveries that the ledger keeps, by their state.

    Attributes:
        queued, retrying, delivered, filtered, failed: how many.
    """

    queued: int = 0
    retrying: int = 0
    delivered: int = 0
    filtered: int = 0
    failed: int = 0


class DestinationView(Result, frozen=True):
    """A destination.

    Attributes:
        id: names it.
        type, source, name, enabled: as it was added.
        settings: its settings at Segment; the key among them, since it is a test's own.
        filters, invalid_filters, consent_categories: as it was added.
        forwards: the call types that Segment forwards to it.
        connection_mode: ``cloud`` or ``device``.
        imitated: whether mockseg receives in the vendor's place.
        path: where the imitation is, on this server; null for a service of your own.
        urls: of the service of your own; empty for an imitation.
        actions: what can be done there, by name.
        errors: what can be demanded of it with the action ``fail``.
        pending: deliveries that are queued or being retried.
        counts: its deliveries, counted; null unless asked for.
    """

    id: str
    type: str
    source: str
    name: str
    enabled: bool
    settings: JsonObject
    filters: list[FilterSpec]
    invalid_filters: str
    forwards: list[str]
    connection_mode: str
    consent_categories: list[str]
    imitated: bool
    path: str | None
    urls: list[str]
    actions: dict[str, ActionView]
    errors: list[str]
    pending: int
    counts: DeliveryCounts | None = None


class DestinationList(Result, frozen=True):
    """Destinations, in the order in which they were added.

    Attributes:
        destinations: all of the source, or of the server.
    """

    destinations: list[DestinationView]


class VendorState(Result, frozen=True):
    """What an imitated vendor has, in the names of its REST API.

    Attributes:
        state: an object; which, depends on the vendor.
    """

    state: JsonObject


class PutVendorState(Params, frozen=True):
    """The state that an imitated vendor is to have.

    Attributes:
        id: of the destination.
        state: as ``GET …/state`` gives it; what is left out begins empty.
    """

    id: DestinationId
    state: JsonObject


class Act(Params, frozen=True):
    """Something to do at an imitated vendor.

    Attributes:
        id: of the destination.
        action: its name; ``fail`` demands an error of the vendor's next answers.
        arguments: what it takes.
    """

    id: DestinationId
    action: Annotated[str, Meta(max_length=100)]
    arguments: JsonObject = {}


class Acted(Result, frozen=True):
    """What there is to see of an action.

    Attributes:
        result: an object; which, depends on the action.
    """

    result: JsonObject


class ListVendorRequests(Params, frozen=True):
    """Which requests that reached a vendor to list.

    Attributes:
        id: of the destination; a vendor's name (``userengage``) for requests to it whose key
            belongs to no destination.
        after: only later ones than this number.
        limit: maximum number of requests.
    """

    id: DestinationId
    after: Cursor = 0
    limit: Limit = 100


class VendorRequestView(Result, frozen=True):
    """One request that reached a vendor's surface.

    Attributes:
        number: its place; ``after`` goes on from here.
        sender: ``segment`` when mockseg forwarded a call, ``client`` when a client sent it
            here without Segment.
        method, path, query: below the destination's own prefix.
        headers: as sent, secrets redacted.
        body: inflated, as text; base64 when it is not UTF-8.
        body_encoding: ``utf-8`` or ``base64``.
        json: the body decoded, null when it is not JSON.
        answer: what it was answered.
        notes: what the vendor refused, ignored or dropped of it.
        received_at: ISO 8601.
    """

    number: int
    sender: Literal["segment", "client"]
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: str
    body_encoding: Literal["utf-8", "base64"]
    json: Any
    answer: AnswerView
    notes: tuple[Note, ...]
    received_at: str

    def __repr__(self) -> str:
        """Name the request, its sender and its answer in one line."""
        return printable(
            f"<Request {self.number} of {self.sender} {self.method} {self.path}:"
            f" {self.answer.status}>",
            longest=300,
        )


class VendorRequestPage(Result, frozen=True):
    """Requests that reached a vendor, oldest first.

    Attributes:
        requests: at most ``limit``.
        next: the number to go on with, null when nothing follows.
        evicted: number of requests that were evicted since they were last cleared.
        cleared: the number up to which requests were cleared, 0 for none.
    """

    requests: list[VendorRequestView]
    next: int | None
    evicted: int
    cleared: int = 0


class ChangeAudience(Params, frozen=True, kw_only=True):
    """How the members of an audience change, or a computed trait of a user.

    Attributes:
        write_key: of the source that it is computed in.
        audience: its name, such as ``Order Completed Last 30days``.
        enter: ids of users who enter.
        leave: ids of users who leave.
        members: ids of all users who are in it now, instead of the two.
        computed_trait: the name of a computed trait, instead of an audience.
        values: its value for each user, by id.
    """

    write_key: WriteKey
    audience: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    enter: list[str] = []
    leave: list[str] = []
    members: list[str] | None = None
    computed_trait: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    values: JsonObject = {}


class AudienceChanged(Result, frozen=True):
    """The identify calls that a sync brought.

    Attributes:
        property: the trait that they carry, in snake_case.
        calls: their ids; one for each user who changed.
        members: ids of the users who are in it now; empty for a computed trait.
    """

    property: str
    calls: list[str]
    members: list[str]


class WaitVendorRequests(Params, frozen=True):
    """Until when to wait for what reaches a vendor.

    Attributes:
        id: of the destination.
        after: for a request with a higher number than this.
        timeout: seconds until the wait fails.
    """

    id: DestinationId
    after: Cursor = 0
    timeout: Seconds = 1.0


class RequestDeletion(Params, frozen=True):
    """A user who is to be deleted everywhere.

    Attributes:
        write_key: of the source.
        user_id: of the user.
    """

    write_key: WriteKey
    user_id: Annotated[str, Meta(min_length=1, max_length=1000)]


class DeletionRequested(Result, frozen=True):
    """Who is told of a deletion.

    Attributes:
        destinations: ids of those whose kind is told at all: webhooks.
    """

    destinations: list[str]
