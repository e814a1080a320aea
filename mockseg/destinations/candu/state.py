"""What Candu keeps: users with traits and events, groups with traits and members."""

from __future__ import annotations

import msgspec

from mockseg.destinations.occurrences import Occurrences
from mockseg.destinations.values import Scalar
from mockseg.json_types import Json


class _Kept(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class User(_Kept, kw_only=True):
    """A user.

    Attributes:
        user_id: or None for one who is known by the anonymous id only.
        anonymous_id: the last one seen with it, or None.
        identified: whether an identify call came, which segments of Candu need.
        email: of the traits, shown in Candu's list of users.
        traits: by name.
        events, pages, screens: by name; of pages and screens without one, the empty name.
        created_at, updated_at: ISO 8601.
    """

    user_id: str | None
    anonymous_id: str | None = None
    identified: bool = False
    email: str | None = None
    traits: dict[str, Scalar] = {}
    events: dict[str, Occurrences] = {}
    pages: dict[str, Occurrences] = {}
    screens: dict[str, Occurrences] = {}
    created_at: str
    updated_at: str


class Group(_Kept, kw_only=True):
    """A group.

    Attributes:
        group_id: its id.
        traits: by name.
        members: keys in `State.users`, in the order they came.
    """

    group_id: str
    traits: dict[str, Scalar] = {}
    members: list[str] = []


class State(_Kept, kw_only=True):
    """The whole.

    Attributes:
        users: by user id, or by anonymous id where there is none.
        groups: by group id.
        content: the metadata of contents, as ``GET /api/contentMetadata`` gives them.
        authorization_schemes: how often events came with each way to authenticate.
    """

    users: dict[str, User] = {}
    groups: dict[str, Group] = {}
    content: list[dict[str, Json]] = []
    authorization_schemes: dict[str, int] = {}
