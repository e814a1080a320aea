"""Whether blocking this thread would stop an event loop."""

from __future__ import annotations

import sys
from types import FrameType, FunctionType


def in_event_loop() -> bool:
    """Return whether the caller runs inside an event loop, which a blocking call would stop.

    A loop may be marked as running in this thread without that: Playwright's synchronous API
    runs one in a greenlet of its own, and goes on in the test's. What counts is whether the
    loop is on this stack; of loops that are not written in Python (uvloop), which are not
    on it, whether a task of theirs runs.
    """
    # No loop runs before asyncio is imported.
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    loop = asyncio._get_running_loop()  # noqa: SLF001  (documented for exactly this)
    if loop is None:
        return False
    if not isinstance(type(loop).run_forever, FunctionType):
        return asyncio.current_task(loop) is not None
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  (the documented way to one's callers)
    while frame is not None:
        if frame.f_code.co_name == "run_forever":
            return True
        frame = frame.f_back
    return False
