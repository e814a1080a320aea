"""What holds for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# For the tests of our own plugin.
pytest_plugins = ["pytester"]

# A busy machine is no finding: nothing here is judged by how long it took.
settings.register_profile("mockseg", deadline=None)
settings.load_profile("mockseg")


@pytest.fixture(name="_nothing_blocks", autouse=True)
def _nothing_blocks() -> Iterator[None]:
    """An event loop that mockseg blocks with IO fails the test in which it does."""
    with blockbuster_ctx(scanned_modules=["mockseg"]) as blockbuster:
        # Files that settings name are read once, before the server listens.
        read = blockbuster.functions["io.TextIOWrapper.read"]
        read.can_block_in("mockseg/web/files.py", "read_text")
        # Locks are no IO: a verb that does not wait may be called in the user's loop, and
        # the server's loop holds none for longer than a hand-over takes.
        blockbuster.functions["threading.Lock.acquire"].deactivate()
        blockbuster.functions["threading.Lock.acquire_lock"].deactivate()
        yield
