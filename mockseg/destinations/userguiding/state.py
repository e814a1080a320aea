"""What UserGuiding keeps: users with attributes and events, and their companies."""

from __future__ import annotations

import msgspec

from mockseg.destinations.occurrences import Occurrences
from mockseg.destinations.values import Scalar


class _Kept(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class User(_Kept, kw_only=True):
    """A user.

    Attributes:
        user_id: or None for one who was never identified with an id.
        anonymous_id: or None.
        attributes: by name.
        company: an id in `State.companies`, or None.
        events: by name.
        created_at: ISO 8601.
        interactions_reset_at: ISO 8601, or None while that never happened.
    """

    user_id: str | None
    anonymous_id: str | None = None
    attributes: dict[str, Scalar] = {}
    company: str | None = None
    events: dict[str, Occurrences] = {}
    created_at: str
    interactions_reset_at: str | None = None


class Company(_Kept, kw_only=True):
    """A company.

    Attributes:
        id: its id, without which it is none.
        attributes: by name, the id not among them.
    """

    id: str
    attributes: dict[str, Scalar] = {}


class State(_Kept, kw_only=True):
    """The whole.

    Attributes:
        users: by user id, or by anonymous id where there is none.
        companies: by id.
        region: that came last with Segment's settings, or None.
    """

    users: dict[str, User] = {}
    companies: dict[str, Company] = {}
    region: str | None = None
