"""Journeys as a state machine, to be subclassed with a consumer of one's own."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from mockseg.strategies.sequences import Visit, Way, visits, ways_of

if TYPE_CHECKING:
    from mockseg.json_types import JsonObject
    from mockseg.strategies.subjects import PlanLike

__all__ = ["JourneyMachine", "journey_machine"]


class JourneyMachine(RuleBasedStateMachine):
    """Users who go their ways through a source's events, several at a time.

    Made by :func:`journey_machine`. A subclass says what becomes of a message in
    :meth:`deliver` and adds invariants and rules of its own::

        class Consumer(journey_machine("userguiding")):
            def __init__(self):
                super().__init__()
                self.app = App()

            def deliver(self, message):
                self.app.handle(message)

        TestConsumer = Consumer.TestCase

    Attributes:
        ways: the journeys that users may go.
        visits: the users so far.
        sent: all messages in the order in which they were made.
        held: messages that are on a slow network: delivered later, or never.
    """

    ways: ClassVar[tuple[Way, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.visits: list[Visit] = []
        self.sent: list[JsonObject] = []
        self.held: list[JsonObject] = []

    def deliver(self, message: JsonObject) -> None:
        """Take a message; a subclass says what becomes of it.

        Raises:
            NotImplementedError: the subclass does not say.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method deliver(self, message)")

    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        """Let another user set out."""
        visit = data.draw(visits(self.ways), label="visit")
        # Two users may have drawn the same name.
        visit.visitor = f"{visit.visitor}-{len(self.visits)}"
        self.visits.append(visit)
        event = data.draw(st.sampled_from(visit.way.journey.starts), label="event")
        self._happen(data, visit, event, late=False)

    @precondition(lambda self: self.visits)
    @rule(data=st.data(), late=st.booleans())
    def go_on(self, data: st.DataObject, late: bool) -> None:  # noqa: FBT001  (drawn)
        """Let a user go on, if the journey does not end here."""
        visit = data.draw(st.sampled_from(self.visits), label="visit")
        assert visit.at is not None  # noqa: S101  (who set out is somewhere)
        event = data.draw(st.sampled_from(visit.way.follows[visit.at]), label="event")
        if event is not None:
            self._happen(data, visit, event, late=late)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        """Deliver a message again that was sent before, as a client does that saw no answer."""
        message = data.draw(st.sampled_from(self.sent), label="message")
        self.deliver(deepcopy(message))

    @precondition(lambda self: self.held)
    @rule()
    def deliver_late(self) -> None:
        """Deliver what was held up the longest."""
        self.deliver(self.held.pop(0))

    def _happen(self, data: st.DataObject, visit: Visit, event: str, *, late: bool) -> None:
        draw: Any = data.draw
        for message in visit.next_messages(draw, event):
            self.sent.append(message)
            if late:
                self.held.append(deepcopy(message))
            else:
                self.deliver(deepcopy(message))


def journey_machine(plan: PlanLike, *, name: str | None = None) -> type[JourneyMachine]:
    """Make the state machine of a plan's journeys.

    Args:
        plan: as for :func:`mockseg.strategies.journeys`.
        name: one of its journeys; all of them when None.

    Raises:
        PlanError: there is no such plan or journey.
    """
    made = ways_of(plan, name=name)

    class Machine(JourneyMachine):
        ways = made

    Machine.__name__ = Machine.__qualname__ = "JourneyMachine"
    return Machine
