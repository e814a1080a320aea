"""The application of one customer at UserEngage: its records, indexed; every change to them.

Nothing here refuses a value: what may fail is checked before, so that a request is applied
whole or not at all.
"""

from __future__ import annotations

import collections
import random
import string
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

from mockseg.destinations.userengage.attributes import (
    Attribute,
    Namespace,
    Resolved,
    name_problem,
    name_std,
)
from mockseg.destinations.userengage.records import (
    COMPANIES,
    DEALS,
    PRODUCTS,
    USERS,
    Company,
    Deal,
    Event,
    Occurrence,
    PageView,
    Product,
    ProductEvent,
    Record,
    RecordKind,
    User,
    UserList,
)
from mockseg.destinations.userengage.segments import History, Segment
from mockseg.destinations.userengage.setup import AttributeSetup, Types
from mockseg.destinations.userengage.values import FIXED, STRING, VALUE_TYPES
from mockseg.errors import VendorStateError
from mockseg.json_types import Json, JsonObject
from mockseg.suggestions import unknown

CONTENT_TYPES: Final = ("clientuser", "company", "activity", "deal", "product", "ticket")
_LETTERS = string.ascii_lowercase + string.digits
_R = TypeVar("_R", bound=Record)
_T = TypeVar("_T")


class Directory(Generic[_R]):
    """The users of an application, or its companies, deals or products: by id, by custom id."""

    def __init__(self, kind: RecordKind) -> None:
        self.kind = kind
        self.by_id: dict[int, _R] = {}
        self.by_custom_id: dict[str, _R] = {}

    def add(self, record: _R) -> None:
        self.by_id[record.id] = record
        if record.custom_id is not None:
            self.by_custom_id[record.custom_id] = record

    def rename(self, record: _R, custom_id: str | None) -> None:
        """Change a custom id to one that is free."""
        if record.custom_id is not None:
            del self.by_custom_id[record.custom_id]
        record.custom_id = custom_id
        if custom_id is not None:
            self.by_custom_id[custom_id] = record

    def remove(self, record: _R) -> None:
        self.rename(record, None)
        del self.by_id[record.id]


class App:
    """Users, companies, deals, products, definitions, occurrences, keys and domains.

    Attributes:
        attributes: namespaces by content type.
        events: by name.
        shared: the attributes of all events, or None where each event has its own.
        users_by_key: by `User.key`.
        directories: of users, companies, deals and products, by content type.
        tags: ids by name.
        lists, segments: by id.
        segment_keys: whether it is revoked, by key.
        rest_token: of REST clients.
        trusted_domains: lower case; empty trusts all.
        forgotten_occurrences, forgotten_page_views, forgotten_product_events: how many were
            evicted.
    """

    def __init__(
        self, *, random: random.Random, key: str, rest_token: str, shares: bool, most_records: int
    ) -> None:
        self._random = random
        self._last_ids: collections.Counter[str] = collections.Counter()
        self.attributes = {kind: Namespace() for kind in CONTENT_TYPES}
        self.shared = Namespace() if shares else None
        self.events: dict[str, Event] = {}
        self.users: Directory[User] = Directory(USERS)
        self.users_by_key: dict[str, User] = {}
        self.companies: Directory[Company] = Directory(COMPANIES)
        self.deals: Directory[Deal] = Directory(DEALS)
        self.products: Directory[Product] = Directory(PRODUCTS)
        everything: tuple[Directory[Any], ...] = (
            self.users,
            self.companies,
            self.deals,
            self.products,
        )
        self.directories = {each.kind.content_type: each for each in everything}
        self.tags: dict[str, int] = {}
        self.lists: dict[int, UserList] = {}
        self.segments: dict[int, Segment] = {}
        self.occurrences: collections.deque[Occurrence] = collections.deque(maxlen=most_records)
        self.page_views: collections.deque[PageView] = collections.deque(maxlen=most_records)
        self.product_events: collections.deque[ProductEvent] = collections.deque(
            maxlen=most_records
        )
        self.segment_keys: dict[str, bool] = {key: False}
        self.rest_token = rest_token
        self.trusted_domains: list[str] = []
        self.forgotten_occurrences = 0
        self.forgotten_page_views = 0
        self.forgotten_product_events = 0

    def next_id(self, kind: str, *, given: int | None = None) -> int:
        """Return the next id of a kind of record, above all before; or take a given one."""
        last = self._last_ids[kind]
        self._last_ids[kind] = last + 1 if given is None else max(last, given)
        return last + 1 if given is None else given

    def last_id(self, kind: str) -> int:
        return self._last_ids[kind]

    def mint_user_key(self) -> str:
        while True:
            key = "".join(self._random.choices(_LETTERS, k=12))
            if key not in self.users_by_key:
                return key

    # -- definitions

    def define(
        self,
        namespace: Namespace,
        name: str,
        value_type: str,
        *,
        choices: tuple[str, ...] = (),
        many: bool = False,
        given_id: int | None = None,
    ) -> Attribute:
        """Define an attribute whose name is new in its namespace."""
        id_ = self.next_id("attribute", given=given_id)
        attribute = Attribute(id_, name, name_std(name), value_type, choices, many)
        namespace.add(attribute)
        return attribute

    def create_new(self, namespace: Namespace, resolved: Resolved) -> None:
        """Create the attributes that a call brought, with the type string (UE-11)."""
        for name in resolved.new.values():
            self.define(namespace, name, STRING)

    def define_event(self, name: str, *, given_id: int | None = None) -> Event:
        attributes = Namespace() if self.shared is None else self.shared
        event = Event(self.next_id("event", given=given_id), name, attributes)
        self.events[name] = event
        return event

    def event_attributes(self, name: str) -> Namespace:
        """Return the attributes of an event, which may not be defined yet; for reading."""
        event = self.events.get(name)
        if event is not None:
            return event.attributes
        return Namespace() if self.shared is None else self.shared

    # -- users and companies

    def add_user(self, custom_id: str | None, *, now_ns: int) -> User:
        user = User(
            id=self.next_id("user"),
            custom_id=custom_id,
            key=self.mint_user_key(),
            created_ns=now_ns,
            updated_ns=now_ns,
        )
        self.index(user)
        return user

    def add_company(self, custom_id: str | None, *, now_ns: int) -> Company:
        company = Company(
            id=self.next_id("company"), custom_id=custom_id, created_ns=now_ns, updated_ns=now_ns
        )
        self.index(company)
        return company

    def add(self, kind: RecordKind, custom_id: str | None, *, now_ns: int) -> Record:
        """Add an empty record of any kind."""
        if kind.noun == USERS.noun:
            return self.add_user(custom_id, now_ns=now_ns)
        if kind.noun == COMPANIES.noun:
            return self.add_company(custom_id, now_ns=now_ns)
        record = (Deal if kind.noun == DEALS.noun else Product)(
            id=self.next_id(kind.noun), custom_id=custom_id, created_ns=now_ns, updated_ns=now_ns
        )
        self.index(record)
        return record

    def index(self, record: Record) -> None:
        self.directories[record.kind.content_type].add(record)
        if isinstance(record, User):
            self.users_by_key[record.key] = record

    def remove(self, record: Record) -> None:
        """Delete a record, and what others have of it: what a user did, memberships, references."""
        self.directories[record.kind.content_type].remove(record)
        if isinstance(record, User):
            del self.users_by_key[record.key]
            _keep(self.occurrences, lambda each: each.user != record.id)
            _keep(self.page_views, lambda each: each.user != record.id)
            _keep(self.product_events, lambda each: each.user != record.id)
        elif isinstance(record, Company):
            for user in self.users.by_id.values():
                user.companies.pop(record.id, None)
        elif isinstance(record, Product):
            _keep(self.product_events, lambda each: each.product != record.id)
        for deal in self.deals.by_id.values():
            _unlink(deal, record)

    def tag(self, record: Record, names: Iterable[str]) -> None:
        """Add tags to a record, creating those that are new."""
        for name in names:
            if name not in self.tags:
                self.tags[name] = self.next_id("tag")
            if name not in record.tags:
                record.tags.append(name)

    @staticmethod
    def join(user: User, company: Company, *, now_ns: int) -> bool:
        """Make a user a member, once; return whether it was not (UE-42)."""
        if company.id in user.companies:
            return False
        user.companies[company.id] = now_ns
        return True

    def apply(
        self, record: Record, *, profile: dict[str, Json], resolved: Resolved, now_ns: int
    ) -> None:
        self.create_new(self.attributes[record.kind.content_type], resolved)
        record.profile.update(profile)
        record.attributes.update(resolved.values)
        record.updated_ns = now_ns

    # -- what users did

    def record_page_view(self, user: User, *, timestamp_ns: int, visit: JsonObject) -> PageView:
        """Count and keep a page view; `last_seen` moves only forward (UE-20 to UE-22)."""
        id_ = self.next_id("page_view")
        view = PageView(id=id_, user=user.id, timestamp_ns=timestamp_ns, visit=visit)
        self.keep_page_view(view)
        user.page_views += 1
        if user.last_seen_ns is None or timestamp_ns > user.last_seen_ns:
            user.last_seen_ns = timestamp_ns
        if user.first_seen_ns is None or timestamp_ns < user.first_seen_ns:
            user.first_seen_ns = timestamp_ns
        return view

    def record_occurrence(
        self, user: User, name: str, *, timestamp_ns: int, now_ns: int, resolved: Resolved
    ) -> tuple[Occurrence, bool]:
        """Keep an occurrence of an event, creating the event and its attributes (UE-30, UE-31).

        Returns:
            The occurrence, and whether it is the first ever of its event.
        """
        event = self.events.get(name) or self.define_event(name)
        self.create_new(event.attributes, resolved)
        occurrence = Occurrence(
            id=self.next_id("occurrence"),
            user=user.id,
            event=name,
            timestamp_ns=timestamp_ns,
            created_ns=now_ns,
            data=resolved.values,
        )
        self.keep_occurrence(occurrence)
        first = not event.occurred
        event.occurred = True
        return occurrence, first

    def keep_occurrence(self, occurrence: Occurrence) -> None:
        self.forgotten_occurrences += len(self.occurrences) == self.occurrences.maxlen
        self.occurrences.append(occurrence)

    def keep_page_view(self, view: PageView) -> None:
        self.forgotten_page_views += len(self.page_views) == self.page_views.maxlen
        self.page_views.append(view)

    def record_product_event(
        self, user: User, product: Product, event_type: str, *, timestamp_ns: int, data: JsonObject
    ) -> ProductEvent:
        event = ProductEvent(
            id=self.next_id("product_event"),
            user=user.id,
            product=product.id,
            event_type=event_type,
            timestamp_ns=timestamp_ns,
            data=data,
        )
        self.keep_product_event(event)
        return event

    def keep_product_event(self, event: ProductEvent) -> None:
        self.forgotten_product_events += len(self.product_events) == self.product_events.maxlen
        self.product_events.append(event)

    # -- tags, lists and segments

    def rename_tag(self, name: str, new: str) -> None:
        """Rename a tag, to a name that is free."""
        self.tags = {new if each == name else each: id_ for each, id_ in self.tags.items()}
        for record in self.having_tag(name):
            record.tags = [new if each == name else each for each in record.tags]

    def delete_tag(self, name: str) -> None:
        for record in self.having_tag(name):
            record.tags.remove(name)
        del self.tags[name]

    def having_tag(self, name: str) -> list[Record]:
        everything = (each.by_id.values() for each in self.directories.values())
        return [record for records in everything for record in records if name in record.tags]

    def delete_list(self, list_id: int) -> None:
        del self.lists[list_id]
        for user in self.users.by_id.values():
            if list_id in user.lists:
                user.lists.remove(list_id)

    def history(self, segments: Iterable[Segment], *, user: User | None = None) -> History:
        """Return what users did, as far as segments look at it; what one user did, if given."""
        conditions = [condition for each in segments for condition, _ in each.conditions]
        names = {condition.event for condition in conditions}
        only = None if user is None else user.id
        events = (
            (each.user, each.event, each.data)
            for each in self.occurrences
            if each.event in names and only in (None, each.user)
        )
        views = ((each.user, each.visit) for each in self.page_views if only in (None, each.user))
        seen = views if any(each.page_view for each in conditions) else ()
        return History(events, seen, key_of=self._key_of)

    def _key_of(self, event: str, name: str) -> str | None:
        known = self.events.get(event)
        attribute = None if known is None else known.attributes.find(name)
        return None if attribute is None else attribute.std

    def value_of(self, record: Record, field: str) -> Json:
        """Return a standard field or a custom attribute of a record, None where it has none."""
        kind = record.kind
        field = kind.aliases.get(field, field)
        if field in kind.defaults:
            return record.profile.get(field, kind.defaults[field])
        attribute = self.attributes[kind.content_type].find(field)
        return None if attribute is None else record.attributes.get(attribute.std)


def named_data(app: App, occurrence: Occurrence) -> JsonObject:
    """Return the data of an occurrence by the names of the event's attributes."""
    attributes = app.events[occurrence.event].attributes.attributes
    return {attributes[std].name: value for std, value in occurrence.data.items()}


def _keep(records: collections.deque[_T], wanted: Callable[[_T], bool]) -> None:
    kept = [each for each in records if wanted(each)]
    records.clear()
    records.extend(kept)


def _unlink(deal: Deal, record: Record) -> None:
    """Take a deleted record out of a deal."""
    if isinstance(record, Product):
        products = deal.profile.get("products") or []
        if record.id in products:
            deal.profile["products"] = [each for each in products if each != record.id]
        return
    field = {USERS.noun: "user_id", COMPANIES.noun: "company_id"}.get(record.kind.noun, "")
    if deal.profile.get(field) == record.id:
        del deal.profile[field]


# --- definitions that a person wrote


def define(
    app: App,
    namespace: Namespace,
    name: str,
    given: str | AttributeSetup,
    *,
    place: str,
    given_id: int | None = None,
) -> Attribute:
    """Define an attribute; the same again changes nothing.

    Raises:
        VendorStateError: a wrong name or type, or defined otherwise already; nothing is changed.
    """
    wanted = AttributeSetup(type=given) if isinstance(given, str) else given
    problem = name_problem(name)
    if problem is not None:
        raise VendorStateError(f"the name {problem}", place=place)
    if wanted.type not in VALUE_TYPES:
        raise VendorStateError(unknown("type of attribute", wanted.type, VALUE_TYPES), place=place)
    if wanted.type == FIXED and not wanted.choices:
        raise VendorStateError("a fixed attribute has no choices; give at least one", place=place)
    if wanted.type != FIXED and (wanted.choices or wanted.many):
        raise VendorStateError(
            f"choices are given for the type {wanted.type}; only fixed has them", place=place
        )
    found = namespace.find(name)
    if found is None:
        return app.define(
            namespace,
            name,
            wanted.type,
            choices=wanted.choices,
            many=wanted.many,
            given_id=given_id,
        )
    if (found.value_type, found.choices, found.many) != (wanted.type, wanted.choices, wanted.many):
        raise VendorStateError(
            f"`{found.name}` is defined already, as {found.value_type}; types do not change",
            place=place,
        )
    return found


def define_many(app: App, namespace: Namespace, types: Types, *, place: str) -> None:
    """Define attributes by name.

    Raises:
        VendorStateError: as `define`; those before it are defined.
    """
    for name, given in types.items():
        define(app, namespace, name, given, place=f"{place}.{name}")


def define_events(app: App, events: Mapping[str, Types], *, place: str) -> None:
    """Define events with their attributes.

    Raises:
        VendorStateError: as `define`; those before it are defined.
    """
    for name, types in events.items():
        if not name:
            raise VendorStateError("an event has an empty name", place=place)
        event = app.events.get(name) or app.define_event(name)
        define_many(app, event.attributes, types, place=f"{place}.{name}")
