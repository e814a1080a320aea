"""What the tests of matching share: a small factory of recorded calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from mockseg.domain.call import Call, RequestRef

if TYPE_CHECKING:
    from mockseg.domain.call import Verdict
    from mockseg.domain.findings import Finding


class MakeCall(Protocol):
    """How the factory is called."""

    def __call__(
        self,
        type_: str = ...,
        name: str | None = ...,
        *,
        cursor: int = ...,
        source: str = ...,
        verdict: Verdict = ...,
        findings: tuple[Finding, ...] = ...,
        duplicate_of: str | None = ...,
        attempt: int = ...,
        **fields: Any,
    ) -> Call:
        """Make a call; fields are those of its message."""
        ...


def _make_call(
    type_: str = "track",
    name: str | None = None,
    *,
    cursor: int = 1,
    source: str = "key-1",
    verdict: Verdict = "accepted",
    findings: tuple[Finding, ...] = (),
    duplicate_of: str | None = None,
    attempt: int = 1,
    **fields: Any,
) -> Call:
    """Make a recorded call; fields are those of its message, as they are written there."""
    message: dict[str, Any] = {"type": type_, "messageId": f"m-{cursor}"}
    if name is not None:
        message["event" if type_ == "track" else "name"] = name
    message |= fields
    texts = {key: value for key, value in message.items() if isinstance(value, str)}
    return Call(
        id=f"call-{cursor}",
        cursor=cursor,
        source=source,
        type=type_,
        event=texts.get("event") if type_ == "track" else None,
        user_id=texts.get("userId"),
        anonymous_id=texts.get("anonymousId"),
        group_id=texts.get("groupId"),
        message_id=message["messageId"],
        verdict=verdict,
        good=verdict == "accepted" and not findings,
        findings=findings,
        message=message,
        raw=fields,
        request=RequestRef(id=f"req-{cursor}", path="/v1/batch", index=0, attempt=attempt),
        received_at=f"2026-01-01T00:00:{cursor % 60:02}.000Z",
        duplicate_of=duplicate_of,
    )


@pytest.fixture(scope="session")
def make_call() -> MakeCall:
    """Give the factory: ``make_call("track", "Signed Up", cursor=3, userId="u1")``."""
    return _make_call
