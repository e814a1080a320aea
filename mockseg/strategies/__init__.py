"""Hypothesis strategies for what Segment carries: good, labelled bad, and nasty.

::

    from hypothesis import given
    from mockseg import strategies as seg

    @given(seg.event("guide started (userguiding)"))
    def test_webhook_takes_every_legal_message(message): ...

Everything is plain JSON in wire form: a message, a list of messages, or a small record
that holds one with its label. This module is the public door; import from it alone.

Needs Hypothesis: ``pip install "mockseg[strategies]"``.
"""
# ruff: noqa: E402  (without Hypothesis the first import below would be a traceback, not a sentence)

from mockseg.extras import require

require("hypothesis", user="mockseg.strategies")

from mockseg.catalogue.mistakes import Label, MistakeKind
from mockseg.schemas.values import PlanWarning
from mockseg.strategies.chooser import encode
from mockseg.strategies.edges import edge_event, edge_events
from mockseg.strategies.events import (
    batches,
    context,
    event,
    events,
    from_schema,
    messages,
    properties,
    traits,
)
from mockseg.strategies.invalid import (
    Invalid,
    invalid_batches,
    invalid_event,
    invalid_events,
    invalid_messages,
)
from mockseg.strategies.message_types import (
    Alias,
    Batch,
    Group,
    Identify,
    Message,
    Page,
    Screen,
    Track,
    register_type_strategies,
)
from mockseg.strategies.requests import WireRequest, requests
from mockseg.strategies.sequences import (
    JourneyMachine,
    duplicated,
    journey_machine,
    journeys,
    reordered,
)

__all__ = [
    "Alias",
    "Batch",
    "Group",
    "Identify",
    "Invalid",
    "JourneyMachine",
    "Label",
    "Message",
    "MistakeKind",
    "Page",
    "PlanWarning",
    "Screen",
    "Track",
    "WireRequest",
    "batches",
    "context",
    "duplicated",
    "edge_event",
    "edge_events",
    "encode",
    "event",
    "events",
    "from_schema",
    "invalid_batches",
    "invalid_event",
    "invalid_events",
    "invalid_messages",
    "journey_machine",
    "journeys",
    "messages",
    "properties",
    "register_type_strategies",
    "reordered",
    "requests",
    "traits",
]
