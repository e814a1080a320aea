"""The application of one customer at UserEngage: its records, indexed; every change to them.

Nothing here refuses a value: what may fail is checked before, so that a request is applied
whole or not at all.
"""

from __future__ import annotations

import collections
import random
import string
from collections.abc import Iterable, Mapping
from typing import Final, Generic, TypeVar

from mockseg.destinations.userengage.attributes import (
    Attribute,
    Namespace,
    Resolved,
    name_problem,
    name_std,
)
from mockseg.destinations.userengage.records import (
    COMPANIES,
    USERS,
    Company,
    Event,
    Occurrence,
    PageView,
    Record,
    RecordKind,
    User,
)
from mockseg.destinations.userengage.setup import AttributeSetup, Types
from mockseg.destinations.userengage.values import FIXED, STRING, VALUE_TYPES
from mockseg.errors import VendorStateError
from mockseg.json_types import Json, JsonObject
from mockseg.suggestions import unknown

CONTENT_TYPES: Final = ("clientuser", "company", "activity", "deal", "product", "ticket")
_LETTERS = string.ascii_lowercase + string.digits
_R = TypeVar("_R", bound=Record)


class Directory(Generic[_R]):
    """The users of an application, or its companies: by id, and by custom id."""

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
    """Users, companies, definitions, occurrences, keys and domains.

    Attributes:
        attributes: namespaces by content type.
        events: by name.
        shared: the attributes of all events, or None where each event has its own.
        users_by_key: by `User.key`.
        tags: ids by name.
        segment_keys: whether it is revoked, by key.
        rest_token: of REST clients.
        trusted_domains: lower case; empty trusts all.
        forgotten_occurrences, forgotten_page_views: how many were evicted.
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
        self.tags: dict[str, int] = {}
        self.occurrences: collections.deque[Occurrence] = collections.deque(maxlen=most_records)
        self.page_views: collections.deque[PageView] = collections.deque(maxlen=most_records)
        self.segment_keys: dict[str, bool] = {key: False}
        self.rest_token = rest_token
        self.trusted_domains: list[str] = []
        self.forgotten_occurrences = 0
        self.forgotten_page_views = 0

    def next_id(self, kind: str, *, given: int | None = None) -> int:
        """Return the next id of a kind of record, above all before; or take a given one."""
        last = self._last_ids[kind]
        self._last_ids[kind] = last + 1 if given is None else max(last, given)
        return last + 1 if given is None else given

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

    def index(self, record: Record) -> None:
        if isinstance(record, User):
            self.users.add(record)
            self.users_by_key[record.key] = record
        elif isinstance(record, Company):
            self.companies.add(record)

    def remove(self, record: Record) -> None:
        """Delete a user with its occurrences and page views, or a company with its memberships."""
        if isinstance(record, User):
            self.users.remove(record)
            del self.users_by_key[record.key]
            for records in (self.occurrences, self.page_views):
                kept = [each for each in records if each.user != record.id]
                records.clear()
                records.extend(kept)  # type: ignore[arg-type]  # each keeps its own kind
        elif isinstance(record, Company):
            self.companies.remove(record)
            for user in self.users.by_id.values():
                user.companies.pop(record.id, None)

    def tag(self, record: Record, names: Iterable[str]) -> None:
        """Add tags to a user or a company, creating those that are new."""
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
        kind = USERS if isinstance(record, User) else COMPANIES
        self.create_new(self.attributes[kind.content_type], resolved)
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
