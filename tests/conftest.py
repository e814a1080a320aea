"""What holds for all tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# For the tests of our own plugin.
pytest_plugins = ["pytester"]

# A busy machine is no finding: nothing here is judged by how long it took. In CI the examples
# are the same each time; elsewhere they are new ones, and what fails is printed to be repeated.
settings.register_profile("mockseg", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# For runs on further Pythons: `--hypothesis-profile=short`.
settings.register_profile("short", deadline=None, derandomize=True, max_examples=20)
settings.load_profile("ci" if os.environ.get("CI") else "mockseg")


_TESTS = Path(__file__).parent
_FAST = {"unit", "property"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `pytest -m fast` runs, by its folder."""
    for item in items:
        if item.path.is_relative_to(_TESTS) and item.path.relative_to(_TESTS).parts[0] in _FAST:
            item.add_marker(pytest.mark.fast)


@pytest.fixture(name="_nothing_blocks", autouse=True)
def _nothing_blocks() -> Iterator[None]:
    """An event loop that mockseg blocks with IO fails the test in which it does."""
    with blockbuster_ctx(scanned_modules=["mockseg"]) as blockbuster:
        # Files that settings name are read once, before the server listens.
        read = blockbuster.functions["io.TextIOWrapper.read"]
        read.can_block_in("mockseg/web/files.py", "read_text")
        # The catalogue's files are parts of the package, read when a plan is first asked for.
        unpack = blockbuster.functions["io.BufferedReader.read"]
        unpack.can_block_in("mockseg/catalogue/loader.py", "_read")
        # Locks are no IO: a verb that does not wait may be called in the user's loop, and
        # the server's loop holds none for longer than a hand-over takes.
        blockbuster.functions["threading.Lock.acquire"].deactivate()
        blockbuster.functions["threading.Lock.acquire_lock"].deactivate()
        yield
