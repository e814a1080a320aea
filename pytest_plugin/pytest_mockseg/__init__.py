"""The pytest plugin of mockseg: ``def test_signup(segment): ...``.

pytest loads this module in every run of every project whose environment has mockseg, so it
imports pytest only. What needs mockseg, its libraries included, is in the modules beside it,
and is imported when the first fixture of ours is used.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mockseg import marker, options
from pytest_mockseg.options import OPTIONS
from pytest_mockseg.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mockseg.client.parts import Destination
    from pytest_mockseg.run import Run
    from pytest_mockseg.servers import SegmentServer
    from pytest_mockseg.sources import AsyncSegmentSource, SegmentClock, SegmentSource

__all__ = [
    "AsyncSegmentSource",
    "SegmentClock",
    "SegmentServer",
    "SegmentSource",
    "make_segment_source",
    "segment",
    "segment_clock",
    "segment_destination",
    "segment_env",
    "segment_env_for",
    "segment_key",
    "segment_server",
]

_RUN: pytest.StashKey[Run] = pytest.StashKey()
# The types of what the fixtures return, and the modules that they are in.
_TYPES = {
    "AsyncSegmentSource": "sources",
    "SegmentClock": "sources",
    "SegmentServer": "servers",
    "SegmentSource": "sources",
}


def __getattr__(name: str) -> Any:
    """Import a type when it is first named; pytest never does."""
    if name not in _TYPES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_TYPES[name]}"), name)


# --- fixtures


@pytest.fixture(scope="session")
def segment_server(request: pytest.FixtureRequest) -> Iterator[SegmentServer]:
    """Run a local Segment in this process, or attach to the one of ``--mockseg-url``."""
    run = _run_of(request.config)
    with run.serving() as server:
        yield server


@pytest.fixture(scope="session")
def segment_key(request: pytest.FixtureRequest) -> str | None:
    """Name the write key of an app whose key cannot change; ini ``mockseg_write_key``.

    Override it to compute one. With a key, ``segment`` is a window on that one source.
    """
    return request.config.stash[OPTIONS].key_for(request.config)


@pytest.fixture
def segment(
    request: pytest.FixtureRequest,
    segment_server: SegmentServer,  # noqa: ARG001  (it has to run)
    segment_key: str | None,
) -> Iterator[SegmentSource]:
    """Return a source of this test's own: send to ``segment.url`` with ``segment.write_key``.

    When the test ends, calls that Segment would not take as they are fail it, unless
    ``@pytest.mark.segment(allow=[...])`` says otherwise.
    """
    run = _run_of(request.config)
    with run.source_of_test(request, key=segment_key) as source:
        yield source


@pytest.fixture(scope="session")
def make_segment_source(
    request: pytest.FixtureRequest,
    segment_server: SegmentServer,  # noqa: ARG001  (it has to run)
) -> Iterator[Callable[..., SegmentSource]]:
    """Make sources: several in one test, or one in a fixture of a wider scope.

    Takes what ``segment_server.source()`` takes, and ``allow=`` and ``teardown=`` as the
    marker does. Each is judged at the end of the test that made it; one that a wider
    fixture made, at the end of every test.
    """
    with _run_of(request.config).making_sources() as make:
        yield make


@pytest.fixture
def segment_env(segment: SegmentSource, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Set the app's environment variables for host and write key, for this test.

    Their names are ini: ``mockseg_env_host`` and ``mockseg_env_write_key``.
    """
    from pytest_mockseg.sources import variables_for

    with variables_for(segment, request.config.stash[OPTIONS]) as variables:
        yield variables


@pytest.fixture(scope="session")
def segment_env_for(
    request: pytest.FixtureRequest,
) -> Callable[[SegmentSource], AbstractContextManager[dict[str, str]]]:
    """Set the same for any source, for the time of a block: ``segment_env_for(source)``."""
    from pytest_mockseg.sources import variables_for

    def for_source(source: SegmentSource) -> AbstractContextManager[dict[str, str]]:
        return variables_for(source, request.config.stash[OPTIONS])

    return for_source


@pytest.fixture
def segment_clock(segment: SegmentSource) -> Iterator[SegmentClock]:
    """Move the time of this test's source: ``segment_clock.advance(86_400)``."""
    from pytest_mockseg.sources import SegmentClock

    clock = SegmentClock(segment)
    yield clock
    clock.undo()


@pytest.fixture
def segment_destination(segment: SegmentSource) -> Iterator[Callable[..., Destination]]:
    """Connect destinations to this test's source: ``segment_destination("userengage")``.

    Takes what ``segment.destination()`` takes. Each has a state of its own, and is gone when
    the test ends.
    """
    made: list[Destination] = []

    def connect(type_: str, **options: Any) -> Destination:
        made.append(segment.destination(type_, **options))
        return made[-1]

    yield connect
    # A window's source stays when the test ends.
    still = {each.id for each in segment.destinations()} if made else set()
    for destination in made:
        if destination.id in still:
            destination.remove()


def _run_of(config: pytest.Config) -> Run:
    """Return the part of the plugin that knows mockseg; the first call makes it."""
    run = config.stash.get(_RUN, None)
    if run is None:
        # Walking through all that the project has loaded, again and again while hundreds of
        # modules are imported, is a tenth of what the first use costs.
        collects = gc.isenabled()
        gc.disable()
        try:
            from pytest_mockseg.run import Run
        finally:
            if collects:
                gc.enable()
        run = config.stash[_RUN] = Run(config)
        config.pluginmanager.register(run, "mockseg-run")
    return run


# --- hooks


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read our options; a wrong one ends the run as pytest's own do."""
    config.addinivalue_line("markers", options.MARKER)
    chosen = config.stash[OPTIONS] = options.read(config)
    config.pluginmanager.register(Tally(config, chosen), "mockseg-tally")
    if chosen.guard:
        from pytest_mockseg.guard import Guard

        config.pluginmanager.register(Guard(config), "mockseg-guard")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Check what takes mockseg to check it, where the workers of pytest-xdist collect."""
    config = session.config
    chosen = config.stash[OPTIONS]
    distributes = not options.is_worker(config) and config.getoption("dist", "no") != "no"
    if distributes and chosen.to_check:
        from pytest_mockseg import checks

        checks.check(chosen)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose marker is wrong, before its fixtures are set up."""
    __tracebackhide__ = True
    marker.refuse_wrong(item)


# Before the workers of pytest-xdist tell their controller what they have collected.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Check where and by what plans the tests that need it are judged."""
    config = session.config
    chosen = config.stash[OPTIONS]
    if options.is_worker(config) or not chosen.to_check:
        return
    if any(options.uses_mockseg(item) for item in session.items):
        from pytest_mockseg import checks

        checks.check(chosen)
