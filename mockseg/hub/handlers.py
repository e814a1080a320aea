"""The handler of each row of the operations table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockseg.hub import (
    call_handlers,
    clock_handlers,
    delivery_handlers,
    destination_handlers,
    explanations,
    fault_handlers,
    import_handlers,
    plan_handlers,
    request_handlers,
    source_handlers,
    truth_handlers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import msgspec

    from mockseg.hub.hub import Hub


HANDLERS: dict[str, Callable[[Hub, Any], Coroutine[Any, Any, msgspec.Struct]]] = {
    "health": clock_handlers.health,
    "list_calls": call_handlers.list_calls,
    "wait_calls": call_handlers.wait_calls,
    "explain_calls": explanations.explain_calls,
    "import_calls": import_handlers.import_calls,
    "clear_calls": call_handlers.clear_calls,
    "get_call": call_handlers.get_call,
    "clear_call": call_handlers.clear_call,
    "settle": call_handlers.settle,
    "summary": call_handlers.summary,
    "list_requests": request_handlers.list_requests,
    "get_request": request_handlers.get_request,
    "list_sources": source_handlers.list_sources,
    "create_source": source_handlers.create_source,
    "get_source": source_handlers.get_source,
    "patch_source": source_handlers.patch_source,
    "delete_source": source_handlers.delete_source,
    "open_window": source_handlers.open_window,
    "put_plan": plan_handlers.put_plan,
    "get_coverage": plan_handlers.get_coverage,
    "mark_asserted": plan_handlers.mark_asserted,
    "validate_messages": plan_handlers.validate_messages,
    "list_faults": fault_handlers.list_faults,
    "add_fault": fault_handlers.add_fault,
    "clear_faults": fault_handlers.clear_faults,
    "truth": truth_handlers.truth,
    "list_destinations": destination_handlers.list_destinations,
    "add_destination": destination_handlers.add_destination,
    "patch_destination": destination_handlers.patch_destination,
    "delete_destination": destination_handlers.delete_destination,
    "get_destination_state": destination_handlers.get_destination_state,
    "put_destination_state": destination_handlers.put_destination_state,
    "act": destination_handlers.act,
    "list_vendor_requests": destination_handlers.list_vendor_requests,
    "wait_vendor_requests": destination_handlers.wait_vendor_requests,
    "list_deliveries": delivery_handlers.list_deliveries,
    "wait_deliveries": delivery_handlers.wait_deliveries,
    "redeliver": delivery_handlers.redeliver,
    "change_audience": destination_handlers.change_audience,
    "request_deletion": destination_handlers.request_deletion,
    "get_clock": clock_handlers.get_clock,
    "set_clock": clock_handlers.set_clock,
    "advance_clock": clock_handlers.advance_clock,
}
