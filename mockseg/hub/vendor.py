"""An imitated vendor as others reach it: it answers, and everything that came is kept."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

from mockseg import json_types
from mockseg.destinations.vendor import (
    Action,
    Arguments,
    Imitation,
    VendorRequest,
    VendorResponse,
    perform,
)
from mockseg.domain.delivery import Note
from mockseg.errors import MocksegError, VendorStateError
from mockseg.hub.waits import Bell
from mockseg.journal.records import NumberedRecords
from mockseg.json_types import JsonObject
from mockseg.suggestions import unknown

Origin: TypeAlias = Literal["segment", "client"]

# How many requests are kept for each destination.
MOST_REQUESTS = 10_000
FAIL = "fail"

log = logging.getLogger("mockseg")


@dataclasses.dataclass(frozen=True, slots=True)
class KeptVendorRequest:
    """A request that reached a vendor, with its answer.

    Attributes:
        number: its place in the log.
        sender: whether mockseg forwarded a call, or a client came by itself.
        request: as it came.
        response: as it was answered.
    """

    number: int
    sender: Origin
    request: VendorRequest
    response: VendorResponse


class VendorLog:
    """What reached a vendor, oldest first; the oldest are evicted.

    Attributes:
        bell: rings when something reaches it.
        cleared: the number up to which requests were cleared.
    """

    __slots__ = ("_count", "_kept", "bell", "cleared")

    def __init__(self) -> None:
        self._kept: NumberedRecords[KeptVendorRequest] = NumberedRecords()
        self._count = self.cleared = 0
        self.bell = Bell()

    def keep(self, sender: Origin, request: VendorRequest, response: VendorResponse) -> None:
        self._count += 1
        kept = KeptVendorRequest(self._count, sender, request, response)
        self._kept.extend((kept.number,), (kept,))
        if len(self._kept) > MOST_REQUESTS:
            self._kept.evict(1)
        self.bell.ring()

    def after(self, number: int, *, limit: int) -> list[KeptVendorRequest]:
        return list(islice(self._kept.after(number), limit))

    @property
    def evicted(self) -> int:
        return self._kept.evicted

    def clear(self) -> None:
        """Forget all of them; numbers go on."""
        self._kept.clear()
        self.cleared = self._count


class _Fail(Arguments, frozen=True):
    """What is demanded of the next answers.

    Attributes:
        error: which of the vendor's documented errors.
        times: of how many answers; 0 takes the demand back.
    """

    error: str
    times: Annotated[int, Meta(ge=0, le=1_000_000)] = 1


class Vendor:
    """One imitated vendor of one destination.

    Attributes:
        imitation: knows the vendor's rules, and has its state.
        log: what reached it.
        actions: what can be done there; `fail` among them.
    """

    def __init__(self, imitation: Imitation[Any, Any]) -> None:
        self.imitation = imitation
        self.log = VendorLog()
        errors = ", ".join(imitation.errors)
        self.actions: Mapping[str, Action] = {
            **imitation.actions,
            FAIL: Action(f"Answer the next requests with an error: {errors}.", _Fail, self._demand),
        }
        self._demanded: VendorResponse | None = None
        self._times = 0

    def receive(self, request: VendorRequest, *, sender: Origin = "segment") -> VendorResponse:
        if self._times > 0 and self._demanded is not None:
            self._times -= 1
            response = self._demanded
        else:
            response = self._answer(request)
        self.log.keep(sender, request, response)
        return response

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Do what the vendor's own page or SDK would, or demand an error.

        Raises:
            VendorStateError: no such action, or wrong arguments; nothing is changed.
        """
        return perform(self.actions, self.imitation, action, arguments, now_ns=now_ns)

    def _demand(self, imitation: Imitation[Any, Any], asked: _Fail, _: int) -> JsonObject:
        errors = imitation.errors
        if asked.error not in errors:
            raise VendorStateError(
                unknown("error of the vendor", asked.error, errors), place="error"
            )
        response = errors[asked.error]
        note = Note("demanded", "", f"the error {asked.error} was demanded with the action fail")
        self._demanded = dataclasses.replace(response, notes=(*response.notes, note))
        self._times = asked.times
        return {"error": asked.error, "status": response.status, "times": asked.times}

    def _answer(self, request: VendorRequest) -> VendorResponse:
        try:
            return self.imitation.answer(request)
        except MocksegError as error:
            reason = str(error)
        except Exception as error:
            # A fault of ours must not cost a client its answer, nor the vendor its state.
            log.exception("an imitation failed; what it had before is kept")
            reason = f"{type(error).__name__}: {error}"
        note = Note("imitation_failed", "", f"mockseg's imitation failed: {reason}")
        body = json_types.encode({"message": "internal error of the imitation"})
        return VendorResponse(500, body, (("Content-Type", "application/json"),), (note,))
