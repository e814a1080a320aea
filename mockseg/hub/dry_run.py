"""Judging messages as a fresh source would, and recording nothing."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from mockseg.domain.reading import Reading
from mockseg.domain.request import KeptRequest
from mockseg.hub.answers import SUCCESS
from mockseg.hub.ingest import Ruling
from mockseg.hub.judge import Judge
from mockseg.hub.texts import SharedTexts
from mockseg.journal.window import DedupWindow

if TYPE_CHECKING:
    from msgspec import Raw

    from mockseg.domain.call import KeptCall
    from mockseg.domain.message import Shared
    from mockseg.json_types import Json
    from mockseg.plans.planset import PlanSet


class DryRun:
    """Judges messages in the order of Segment's pipeline: the edge, duplicates, the plans.

    Args:
        plans: compiled, with the settings of Protocols; None judges by the edge alone.
        received_ns: when the messages are taken to have come, a moment.
        remembered: how many messageIds are known again at least; 0 finds no duplicates.
    """

    def __init__(self, plans: PlanSet | None, *, received_ns: int, remembered: int) -> None:
        self._plans = plans
        self._received_ns = received_ns
        self._window = DedupWindow(generation=remembered) if remembered else None
        minted = itertools.count()
        self._judge = Judge(mint=lambda: f"minted-{next(minted)}", shared_text=SharedTexts())

    def judge(
        self, raw: Raw, message: Json, *, place: int, shared: Shared | None = None
    ) -> KeptCall:
        """Judge one message.

        Args:
            raw: as sent.
            message: decoded.
            place: stands for the cursor, so that a duplicate can say where the first one is.
            shared: what its batch says for all of its messages, or None.
        """
        request = KeptRequest(
            number=0,
            source="",
            method="POST",
            path="",
            query="",
            headers=(),
            body=b"",
            sent_bytes=0,
            received_ns=self._received_ns,
            answer=SUCCESS,
            shared=shared,
        )
        (call,), _ = self._judge.calls(
            Reading(items=[(raw, message)], longest=len(memoryview(raw))),
            request=request,
            route_type="",
            first_cursor=place,
            ruling=_RULING,
            window=self._window or DedupWindow(generation=2),
            plans=self._plans,
        )
        return call


_RULING = Ruling(SUCCESS)
