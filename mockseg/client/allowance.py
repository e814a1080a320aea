"""Bad calls and refused requests that the plugin and ``mockseg run`` let pass."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from mockseg.domain.findings import DISCARD_CODES
from mockseg.schemas.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from mockseg.domain.call import Call
    from mockseg.operations.requests import RequestView


# What a client changes in a message that it sends again.
_OF_SENDING: Final = ("sentAt", "writeKey", "_metadata")


@dataclasses.dataclass(frozen=True, slots=True)
class Allowance:
    """Bad calls and refused requests that are meant to be.

    Attributes:
        words: codes of findings, verdicts, ``refused`` or ``bad``; see :func:`allowed_words`.
    """

    words: frozenset[str] = frozenset()

    def lets_call_pass(self, call: Call) -> bool:
        """Return whether a bad call is meant to be: by its verdict, or all of its findings."""
        if not self.words.isdisjoint({"bad", call.verdict}):
            return True
        return bool(call.findings) and all(each.code in self.words for each in call.findings)

    def lets_request_pass(self, request: RequestView) -> bool:
        return not self.words.isdisjoint({"bad", "refused", word_of(request)})


def allowed_words() -> frozenset[str]:
    violations = {code for code, _, _ in VOCABULARY.values()} | {"unplanned_event", "unreadable"}
    verdicts = {"bad", "blocked", "dropped", "refused", "rejected"}
    return frozenset(verdicts | violations | DISCARD_CODES.keys())


def word_of(request: RequestView) -> str:
    return request.reason.code if request.reason is not None else "refused"


def was_refused(request: RequestView) -> bool:
    """Return whether a request was refused without a call, and not because of a fault."""
    return request.answer.status >= 400 and not request.calls and request.fault is None


def is_resend(first: Call, again: Call) -> bool:
    return first.id == again.duplicate_of and _content(first.raw) == _content(again.raw)


def _content(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    return {name: value for name, value in raw.items() if name not in _OF_SENDING}
