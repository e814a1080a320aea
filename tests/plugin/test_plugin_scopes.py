"""Sources of wider scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_several_sources_in_one_test(run: Run, pytester: pytest.Pytester) -> None:
    """Each is judged at the end of the test that made it."""
    pytester.makepyfile(
        """
        from mockseg import track

        def test_two(make_segment_source, send):
            web, server = make_segment_source(name="web"), make_segment_source(name="server")
            send(web, "A")
            web.assert_called(track("A"))
            server.assert_not_called(track("A"), within=0)

        def test_judged(make_segment_source, send):
            send(make_segment_source(), "A", user=None)

        def test_allowed(make_segment_source, send):
            send(make_segment_source(allow=["dropped"]), "A", user=None)
        """
    )
    result = run()
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_judged*", "*no_user_anon_id*"])


def test_a_source_of_a_module_is_judged_after_each_test(
    run: Run, pytester: pytest.Pytester
) -> None:
    """The test that sent is charged, not the first, not the last; late calls are late."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="module")
        def shop(make_segment_source):
            return make_segment_source(name="shop")

        def test_first(shop, send):
            send(shop, "A")

        def test_bad(shop, send):
            send(shop, "B", user=None)

        @pytest.fixture(scope="module")
        def late(shop, send):
            yield
            send(shop, "Late")

        def test_last(shop, late):
            assert len(shop.calls()) == 2
        """
    )
    result = run()
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_bad*", "*no_user_anon_id*"])
