"""A call as rows of Segment's warehouse schema. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from mockseg.json_types import Json, JsonObject, as_object
from mockseg.warehouse.names import escaped, table_name
from mockseg.warehouse.values import Cell, LogicalType, flatten, json_text

_EVERY: Final[dict[str, LogicalType]] = {
    "id": "varchar",
    "received_at": "timestamp",
    "uuid_ts": "timestamp",
}
_CALL: Final[dict[str, LogicalType]] = _EVERY | {
    "anonymous_id": "varchar",
    "original_timestamp": "timestamp",
    "sent_at": "timestamp",
    "timestamp": "timestamp",
    "user_id": "varchar",
}
_EVENT: Final[dict[str, LogicalType]] = _CALL | {"event": "varchar", "event_text": "varchar"}
_NAMED: Final[dict[str, LogicalType]] = _CALL | {"category": "varchar", "name": "varchar"}
_GROUPED: Final[dict[str, LogicalType]] = _CALL | {"group_id": "varchar"}
_ALIASED: Final[dict[str, LogicalType]] = _CALL | {"previous_id": "varchar"}
# No `user_id` is needed beside `id`, and a trait of that name makes no column.
_STATE: Final[dict[str, LogicalType]] = _EVERY | {"user_id": "varchar", "anonymous_id": "varchar"}

FIRST_COLUMNS: Final = tuple(_EVERY)
"""Columns that every table begins with."""

# Column -> where a message has its value.
_SENT: Final = {
    "anonymous_id": "anonymousId",
    "category": "category",
    "group_id": "groupId",
    "name": "name",
    "original_timestamp": "originalTimestamp",
    "previous_id": "previousId",
    "received_at": "receivedAt",
    "sent_at": "sentAt",
    "timestamp": "timestamp",
    "user_id": "userId",
}
# Names of the user's own that collide with Segment's are dropped. These get an `_` instead, as
# public warehouses of Segment's have them.
_PREFIXED: Final = frozenset({"id", "uuid"})


@dataclasses.dataclass(frozen=True, slots=True)
class Loss:
    """What a warehouse does not have although it was sent.

    Attributes:
        code: reserved_column, empty_name, cut_name, failed_cast, too_many_columns,
            too_many_tables or invalid_id.
        table: where it would be.
        column: likewise, or empty.
        description: one sentence.
    """

    code: str
    table: str
    column: str
    description: str


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A row before its table exists.

    Attributes:
        table: its name.
        id: its key.
        standard: values of Segment's own columns that are not null, by column.
        types: of all of Segment's own columns of the table.
        own: values of the user's columns and of the context, by column.
        upsert: whether it changes the row with its id, instead of being the only one.
        losses: what it does not have.
    """

    table: str
    id: str
    standard: Mapping[str, Cell]
    types: Mapping[str, LogicalType]
    own: Mapping[str, Cell]
    upsert: bool = False
    losses: tuple[Loss, ...] = ()


def rows_of(message: JsonObject, *, written: str) -> list[Row]:
    """Return the rows of a call: that of the call itself first.

    Args:
        message: normalised; a type other than the six of the Spec has no row.
        written: when it is written, ISO 8601: the column ``uuid_ts``.
    """
    maker = _Maker(message, written)
    match message.get("type"):
        case "track":
            return maker.track()
        case "identify":
            return maker.identify()
        case "group":
            return maker.group()
        case "page":
            return [maker.call("pages", _NAMED, "properties")]
        case "screen":
            return [maker.call("screens", _NAMED, "properties")]
        case "alias":
            return [maker.call("aliases", _ALIASED, "traits")]
    return []


class _Maker:
    def __init__(self, message: JsonObject, written: str) -> None:
        self._message = message
        self._written = written
        self._context = flatten(as_object(message.get("context")), prefix="context")

    def track(self) -> list[Row]:
        event = _text(self._message.get("event")) or ""
        table = table_name(event)
        names = {"event_text": event} | ({"event": table} if table else {})
        tracks = self.call("tracks", _EVENT, None, names)
        if not table:
            loss = Loss("empty_name", "tracks", "event", f"the event {_shown(event)} has no table")
            return [dataclasses.replace(tracks, losses=(loss,))]
        return [tracks, self.call(table, _EVENT, "properties", names)]

    def identify(self) -> list[Row]:
        rows = [self.call("identifies", _CALL, "traits")]
        if user := _text(self._message.get("userId")):
            rows.append(self._state("users", user, rows[0], without=("user_id", "anonymous_id")))
        return rows

    def group(self) -> list[Row]:
        rows = [self.call("groups", _GROUPED, "traits")]
        if group := _text(self._message.get("groupId")):
            rows.append(self._state("accounts", group, rows[0], without=("anonymous_id",)))
        return rows

    def call(
        self,
        table: str,
        types: Mapping[str, LogicalType],
        holder: str | None,
        more: Mapping[str, Cell] | None = None,
    ) -> Row:
        """Return the row of the call itself.

        Args:
            table: its name.
            types: of Segment's own columns there.
            holder: the field whose values get columns of their own, or None.
            more: further values of Segment's own columns.
        """
        message = self._message
        id_ = _text(message.get("messageId")) or ""
        sent = {name: _text(message.get(_SENT[name])) for name in types if name in _SENT}
        standard: dict[str, Cell] = {"id": id_, "uuid_ts": self._written, **(more or {})}
        standard |= {name: value for name, value in sent.items() if value is not None}
        values = {} if holder is None else flatten(as_object(message.get(holder)))
        if types is _NAMED:
            # SDKs write both into the properties, too; not every one writes them beside.
            found = {name: _text(values.pop(name, None)) for name in ("category", "name")}
            standard = {**{name: value for name, value in found.items() if value}, **standard}
        own, losses = _own_columns(table, types, values)
        return Row(table, id_, standard, types, own | self._context, losses=losses)

    def _state(self, table: str, id_: str, call: Row, *, without: tuple[str, ...]) -> Row:
        """Return the row with the latest state of a user or an account."""
        kept = [name for name in _STATE if name in call.standard and name not in without]
        standard = {name: call.standard[name] for name in kept} | {"id": id_}
        losses = tuple(dataclasses.replace(loss, table=table) for loss in call.losses)
        return Row(table, id_, standard, _STATE, call.own, upsert=True, losses=losses)


def _own_columns(
    table: str, types: Mapping[str, LogicalType], values: Mapping[str, Cell]
) -> tuple[dict[str, Cell], tuple[Loss, ...]]:
    """Return the values of the user's own columns, and what gets none."""
    own: dict[str, Cell] = {}
    losses = []
    for name, value in values.items():
        if not name:
            sentence = "a name without an ASCII letter or digit has no column"
            losses.append(Loss("empty_name", table, "", sentence))
        elif name in _PREFIXED:
            own[f"_{name}"] = value
        elif name in types:
            sentence = f"the column {name} is Segment's own"
            losses.append(Loss("reserved_column", table, name, sentence))
        else:
            own[escaped(name)] = value
    return own, tuple(losses)


def _text(value: Json) -> str | None:
    """Return what a standard column has: ids are texts, also those that were sent as numbers."""
    if value is None or isinstance(value, str):
        return value
    return json_text(value)


def _shown(event: str) -> str:
    return json_text(event[:100])
