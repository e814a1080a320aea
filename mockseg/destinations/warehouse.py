"""A warehouse as a destination: which calls reach it, what its tables become, what they lack.

The rows themselves are not kept here: SQL on them is answered out of the journal, see
:mod:`mockseg.warehouse`. Segment loads a warehouse in batches, and not over an inlet; each call is
handed on when it comes, so that the ledger tells of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mockseg.destinations.inlet import INLET, basic_key, decoded_body, stranger_at_inlet
from mockseg.destinations.records import StateRecord, record_from
from mockseg.destinations.vendor import (
    PARTNER_ERRORS,
    Action,
    Arguments,
    Imitation,
    Setup,
    VendorRequest,
    VendorResponse,
    not_allowed,
    partner_error,
    reply,
)
from mockseg.domain.delivery import Note
from mockseg.domain.timestamps import format_moment
from mockseg.errors import VendorStateError
from mockseg.json_types import JsonObject
from mockseg.suggestions import unknown
from mockseg.warehouse.rows import Loss, rows_of
from mockseg.warehouse.tables import SQLITE, Options, Tables
from mockseg.warehouse.values import LogicalType


class WarehouseSetup(Setup, frozen=True, kw_only=True):
    """Nothing is set up at a warehouse."""


class WarehouseState(StateRecord, kw_only=True):
    """The tables.

    Attributes:
        tables: by name, the type of each column in the order in which they came.
    """

    tables: dict[str, dict[str, LogicalType]] = {}


class DropTable(Arguments, frozen=True, kw_only=True):
    """The name of a table."""

    name: str


def _drop_table(warehouse: Warehouse, given: DropTable, _: int) -> JsonObject:
    tables = warehouse.store.tables
    if given.name not in tables:
        sentence = unknown("table", given.name, sorted(tables), label="Known")
        raise VendorStateError(sentence, place="name")
    del tables[given.name]
    return {"dropped": given.name}


class Warehouse(Imitation[WarehouseSetup, WarehouseState]):
    setup_type: ClassVar[type[Setup]] = WarehouseSetup
    actions: ClassVar[Mapping[str, Action]] = {
        "drop_table": Action(
            "Drop a table, after which the next call sets the types of its columns anew.",
            DropTable,
            _drop_table,
        )
    }
    errors: ClassVar[Mapping[str, VendorResponse]] = {
        code: PARTNER_ERRORS[code] for code in ("server_error", "maintenance")
    }

    @staticmethod
    def key_of(request: VendorRequest) -> str | None:
        return basic_key(request)

    @staticmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        return stranger_at_inlet(request)

    def restored(self, state: JsonObject) -> WarehouseState:
        return record_from(state, WarehouseState)

    def handle(self, request: VendorRequest) -> VendorResponse:
        if self.key_of(request) != self.key:
            return self.stranger(request)
        if request.path != INLET:
            sentence = f"Unknown path {request.path[:100]!r}; known: {INLET}"
            return partner_error(404, sentence, code="not_found")
        if request.method != "POST":
            return not_allowed(request, ("POST",))
        message = decoded_body(request)
        if not isinstance(message, dict):
            return partner_error(400, "The body is not a JSON object", code="malformed_json")
        return reply(200, {"success": True}, notes=self._grow(message, request.received_ns))

    def _grow(self, message: JsonObject, received_ns: int) -> list[Note]:
        """Let the tables have what a call needs; return what it does not get."""
        tables = Tables(SQLITE, Options(), known=self.store.tables)
        losses: list[Loss] = []
        for row in rows_of(message, written=format_moment(received_ns)):
            prepared = tables.prepare(row)
            losses += [prepared] if isinstance(prepared, Loss) else prepared.losses
        return [
            Note(loss.code, f"{loss.table}.{loss.column}".strip("."), loss.description)
            for loss in losses
        ]
