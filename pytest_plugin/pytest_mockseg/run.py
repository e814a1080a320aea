"""The part of the plugin that knows mockseg; it comes into being with the first fixture used."""

from __future__ import annotations

import contextlib
import os
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.client.verbs.changing import OPTION_NAMES
from mockseg.errors import MocksegError
from pytest_mockseg import servers
from pytest_mockseg.marker import Wish, problem_with, wish_from, wish_of
from pytest_mockseg.options import OPTIONS
from pytest_mockseg.records import KeylessCalls, Opened, TestRecord
from pytest_mockseg.sources import SegmentSource, as_failure
from pytest_mockseg.tally import TALLY

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from mockseg.domain.call import Call
    from pytest_mockseg.servers import SegmentServer


# How long nothing may have come before a window on a source that others use is opened.
_QUIET_SECONDS = 0.05


class Run:
    """The server of this process, the sources on it, and what each test sent."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._options = config.stash[OPTIONS]
        self._tally = config.stash[TALLY]
        self._server: SegmentServer | None = None
        self._tests: dict[str, TestRecord] = {}
        # The scopes of the fixtures that are being set up, the innermost last.
        self._scopes: list[str] = []
        self._shared: list[Opened] = []
        self._ended: list[Opened] = []
        self._ending = ""
        self._keyless = KeylessCalls()

    # --- what the fixtures do

    @contextlib.contextmanager
    def serving(self) -> Iterator[SegmentServer]:
        with as_failure():
            self._server = servers.start(self._options, self._example)
        self._server.unused.watched = True
        try:
            yield self._server
        finally:
            self._look_for_late_calls()
            self._server.end()

    @contextlib.contextmanager
    def source_of_test(
        self, request: pytest.FixtureRequest, *, key: str | None
    ) -> Iterator[SegmentSource]:
        _refuse_given(request.node)
        opened = self._open(wish_of(request.node), key=key)
        self._test().sources.append(opened)
        yield opened.source
        self._close([opened])

    @contextlib.contextmanager
    def making_sources(self) -> Iterator[Callable[..., SegmentSource]]:
        def make(**wishes: Any) -> SegmentSource:
            __tracebackhide__ = True
            wider = bool(self._scopes) and self._scopes[-1] != "function"
            opened = self._open(_checked(wishes), key=wishes.get("write_key"))
            (self._shared if wider else self._test().sources).append(opened)
            return opened.source

        yield make
        self._end_test()
        shared, self._shared = self._shared, []
        self._close(shared)

    @contextlib.contextmanager
    def _example(self, wishes: dict[str, Any]) -> Iterator[SegmentSource]:
        opened = self._open(_checked(wishes), key=wishes.get("write_key"))
        test = self._test()
        # Without those of the examples before.
        test.sources = [*(each for each in test.sources if not each.closed), opened]
        yield opened.source
        self._close([opened])

    # --- opening and closing

    def _open(self, wish: Wish, *, key: str | None) -> Opened:
        __tracebackhide__ = True
        assert self._server is not None  # noqa: S101  (the fixtures depend on its own)
        settings = self._plans() | wish.source
        with as_failure():
            if key is None:
                origin = self._server.source(**{"name": self._test_id(), **settings})
            else:
                # What a test before this one has under way is not this one's.
                self._server.source(key, **settings).settle(quiet=_QUIET_SECONDS)
                origin = self._server.window(key)
            source = SegmentSource(origin, self._options, root=self._config.rootpath)
            opened = Opened(
                source,
                test=self._test_id(),
                wish=wish,
                judged_by_plan="plan" in settings or "catalogue" in settings,
                options=self._options,
            )
            if key is not None:
                self._report_late_before(opened)
            if not self._test().sources:
                # What came before the test is not charged to it.
                self._calls_without_key(opened)
        return opened

    def _plans(self) -> dict[str, Any]:
        options = self._options
        plans: dict[str, Any] = {}
        if options.plans:
            plans["plan"] = list(options.plans)
        if options.catalogue:
            plans["catalogue"] = list(options.catalogue)
            plans["strictness"] = options.strictness
        return plans

    def _close(self, sources: list[Opened], *, ends: bool = True) -> None:
        """Judge sources; with `ends`, nothing more is expected of them.

        Raises:
            pytest.fail.Exception: a call that Segment would not take as it is, or a verb
                that was not awaited.
        """
        __tracebackhide__ = True
        failing = self._left_unused()
        for opened in sources:
            record = self._record(opened)
            # A second failure would only hide the first, whose report has the calls, too.
            failed_before = record.failed
            problem, policy = _judged(opened, record, ends=ends, keyless=self._calls_without_key)
            if ends and opened not in self._ended:
                self._ended.append(opened)
            if problem is None or policy == "off":
                continue
            record.problems.append(problem)
            if policy == "warn":
                warnings.warn(pytest.PytestWarning(problem), stacklevel=2)
            elif not failed_before:
                failing.append(problem)
        if failing:
            pytest.fail("\n\n".join(failing), pytrace=False)

    def _calls_without_key(self, opened: Opened) -> list[Call]:
        # On a server that others use, too, they may be anyone's.
        return self._keyless.take(opened) if self._options.url is None else []

    def _left_unused(self) -> list[str]:
        texts = [] if self._server is None else self._server.unused.take(unfinished=True)
        if not texts:
            return []
        test = self._test()
        failed_before = test.failed
        test.problems.append("\n".join(texts))
        return [] if failed_before else test.problems[-1:]

    def _record(self, opened: Opened) -> TestRecord:
        """Find the test that is charged: the one that runs, where a source outlives its maker."""
        return (
            self._test()
            if opened in self._shared
            else self._tests.setdefault(opened.test, TestRecord(opened.test))
        )

    def _end_test(self) -> None:
        test = self._tests.get(self._test_id())
        if test is not None:
            self._close([each for each in test.sources if not each.closed])
        for opened in self._shared:
            opened.test = self._test_id()
        self._close(self._shared, ends=False)

    # --- late calls

    def _report_late_before(self, opened: Opened) -> None:
        """Charge what came between two windows on a source to the test of the first."""
        scope = opened.source.scope
        earlier = [each for each in self._ended if each.source.write_key == scope.write_key]
        if earlier:
            last = earlier[-1]
            self._ended.remove(last)
            self._tally.late += last.late(until=scope.after)

    def _look_for_late_calls(self) -> None:
        if self._server is None:
            return
        try:
            # One question for all: who has as many calls as when its test ended has no late ones.
            views = {view.write_key: view for view in self._server.sources()}
            forgotten = 0
            for opened in self._ended:
                view = views.get(opened.source.write_key)
                kept = 0 if view is None else view.calls
                if opened.source.scope.window or kept != len(opened.seen):
                    self._tally.late += opened.late()
                forgotten += bool(opened.seen) if view is None else view.forgotten is not None
            if forgotten:
                sources = "1 source" if forgotten == 1 else f"{forgotten:,} sources"
                self._tally.notes.append(
                    f"late calls of {sources} could not be looked for: the server had forgotten"
                    f" {'it' if forgotten == 1 else 'them'}"
                )
        except MocksegError as error:
            self._tally.notes.append(f"late calls could not be looked for: {error}")

    # --- hooks

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        self._scopes.append(fixturedef.scope)
        try:
            return (yield)
        finally:
            self._scopes.pop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Charge what came since the last test to the last test."""
        for opened in self._shared:
            with contextlib.suppress(MocksegError):
                self._tally.late += opened.late(move=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Fail a test that did not await what it asserted, while its event loop is open."""
        __tracebackhide__ = True
        result = yield
        unused = self._left_unused()
        if unused:
            pytest.fail(unused[0], pytrace=False)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge what no fixture of this test has closed."""
        self._ending = item.nodeid
        try:
            result = yield
        except BaseException:
            with contextlib.suppress(pytest.fail.Exception):
                self._end_test()
            raise
        self._end_test()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let a failed test show its calls, and the last report carry what was sent."""
        report = yield
        test = self._tests.get(item.nodeid)
        if test is None:
            return report
        if report.failed:
            test.explain(report, artifacts=self._options.artifacts)
        if report.when == "teardown":
            # pytest carries it from a worker of pytest-xdist to its controller.
            vars(report)["mockseg"] = test.as_json(self._tally.plans_sent)
            del self._tests[item.nodeid]
        return report

    # --- which test

    def _test_id(self) -> str:
        # pytest's own word for it: "test_shop.py::test_signup (setup)".
        # It forgets it when the fixtures are torn down, where we go on for a moment.
        return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0] or self._ending

    def _test(self) -> TestRecord:
        name = self._test_id()
        return self._tests.setdefault(name, TestRecord(name))


def _judged(
    opened: Opened,
    record: TestRecord,
    *,
    ends: bool,
    keyless: Callable[[Opened], list[Call]],
) -> tuple[str | None, str]:
    try:
        if ends:
            with as_failure():
                opened.source.wiring.close()
        return opened.judge(record, final=ends, keyless=keyless), opened.policy
    except MocksegError as error:
        return f"{error}; what this test sent cannot be judged", "fail"
    except pytest.fail.Exception as error:
        return str(error), "fail"


def _checked(wishes: dict[str, Any]) -> Wish:
    __tracebackhide__ = True
    problem = problem_with(wishes, names=("allow", "teardown", "write_key", *OPTION_NAMES))
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    return wish_from({name: value for name, value in wishes.items() if name != "write_key"})


def _refuse_given(item: pytest.Item) -> None:
    """Name the way out of Hypothesis' health check, before Hypothesis names the problem."""
    test = getattr(item, "obj", None)
    if not getattr(test, "is_hypothesis_test", False):
        return
    from hypothesis import HealthCheck
    from hypothesis import settings as settings_type

    settings = getattr(test, "_hypothesis_internal_use_settings", None) or settings_type()
    if HealthCheck.function_scoped_fixture in settings.suppress_health_check:
        return
    pytest.fail(
        "`segment` is one source for all examples of a @given test; ask for `segment_server` and"
        " write `with segment_server.example() as segment:` inside, which is a fresh one for each",
        pytrace=False,
    )
