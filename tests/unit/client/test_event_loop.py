"""Whether a blocking verb would stop an event loop: only one that the caller runs inside of."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from mockseg.client.verb import in_event_loop


def test_without_a_loop_it_is_false() -> None:
    """In a plain thread, and beside a loop of another thread."""
    assert not in_event_loop()


async def test_in_a_coroutine_it_is_true() -> None:
    """And in another thread at the same time it is not."""
    assert in_event_loop()
    assert not await asyncio.to_thread(in_event_loop)


async def test_in_a_callback_it_is_true() -> None:
    """No task runs there, and the loop would stop all the same."""
    found: asyncio.Future[tuple[bool, object]] = asyncio.get_running_loop().create_future()

    def look() -> None:
        found.set_result((in_event_loop(), asyncio.current_task()))

    asyncio.get_running_loop().call_soon(look)
    assert await found == (True, None)


def test_beside_a_loop_in_another_greenlet_it_is_false() -> None:
    """As with Playwright's synchronous API, also where a task of that loop is the current one."""
    greenlet = pytest.importorskip("greenlet")
    found = []

    async def within() -> None:
        found.append(in_event_loop())
        back.switch()

    back = greenlet.getcurrent()
    other = greenlet.greenlet(lambda: asyncio.run(within()))
    other.switch()
    assert asyncio._get_running_loop() is not None
    assert asyncio.current_task() is not None
    found.append(in_event_loop())
    other.switch()
    assert found == [True, False]
    assert asyncio._get_running_loop() is None


class Compiled:
    """A loop whose methods are no Python functions, as uvloop's; it is not on the stack."""

    run_forever: Any = len


def test_of_a_loop_that_is_not_on_the_stack_its_task_counts() -> None:
    """Nothing else is known of it."""
    loop: Any = Compiled()
    found: list[bool] = []

    def run() -> None:
        asyncio._set_running_loop(loop)
        found.append(in_event_loop())
        task: Any = object()
        asyncio.tasks._enter_task(loop, task)
        found.append(in_event_loop())
        asyncio.tasks._leave_task(loop, task)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [False, True]
