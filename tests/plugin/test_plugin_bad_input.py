"""Bad input ends the run with one sentence and pytest's usage exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

_ONE = "def test_one(segment): pass"


def _refused(result: pytest.RunResult, *patterns: str) -> None:
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in result.errlines + result.outlines if line.startswith("ERROR: ")]
    assert len(lines) == 1
    for pattern in patterns:
        assert pattern in lines[0]
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    ("args", "patterns"),
    [
        (("--mockseg-cov-fail-under", "101"), ("'101'", "0 to 100")),
        (("--mockseg-cov-fail-under", "much"), ("'much'", "0 to 100")),
        (("--mockseg-report", "out.csv"), ("'out.csv'", ".json, .html, .xml")),
        (("--mockseg-teardown", "maybe"), ('"maybe"', "fail, warn, off")),
    ],
)
def test_options_without_mockseg(
    run: Run, pytester: pytest.Pytester, args: tuple[str, ...], patterns: tuple[str, ...]
) -> None:
    """What can be said at once is said at once."""
    pytester.makepyfile(_ONE)
    _refused(run(*args), *patterns)


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize(
    ("args", "patterns"),
    [
        (("--mockseg-url", "http://127.0.0.1:1"), ("--mockseg-url", "127.0.0.1:1", "serve")),
        (("--mockseg-url", "ftp://nowhere"), ("ftp://nowhere", "http")),
        (("--mockseg-plan", "missing.json"), ("missing.json", "cannot be read")),
        (("--mockseg-plan", "bad.json"), ("bad.json",)),
        (("--mockseg-catalogue", "userguidng"), ('did you mean "userguiding"',)),
    ],
)
def test_options_that_mockseg_checks(
    run: Run,
    pytester: pytest.Pytester,
    workers: str,
    args: tuple[str, ...],
    patterns: tuple[str, ...],
) -> None:
    """Address and plans are checked before the first test, under pytest-xdist too."""
    if workers == "1" and "ftp://nowhere" in args:
        pytest.skip("the same path as the other addresses")
    pytester.makepyfile(_ONE)
    (pytester.path / "bad.json").write_text(json.dumps({"rules": "none"}))
    _refused(run("-n", workers, *args), *patterns)


@pytest.mark.parametrize(
    ("marker", "patterns"),
    [
        ("allow=['no_user_anonid']", ("no_user_anonid", 'did you mean "no_user_anon_id"')),
        ("allow='dropped'", ("'dropped'", "a list")),
        ("allow=[1]", ("allow has 1", "texts")),
        ("alow=['dropped']", ('unknown argument "alow"', 'did you mean "allow"')),
        ("'dropped'", ("without a name", "allow=['dropped']")),
        ("teardown='of'", ('unknown teardown "of"', "fail, warn, off")),
        ("plan='missing.json'", ("missing.json", "cannot be read")),
        ("catalogue='userguidng'", ('did you mean "userguiding"',)),
    ],
)
def test_a_wrong_marker_fails_its_test_only(
    run: Run, pytester: pytest.Pytester, marker: str, patterns: tuple[str, ...]
) -> None:
    """The test that carries it fails with the nearest word; all others run."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.segment({marker})
        {_ONE}

        def test_other(segment): pass
        """
    )
    result = run()
    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = next(line for line in result.outlines if "@pytest.mark.segment: " in line)
    for pattern in patterns:
        assert pattern in said
    assert "Traceback" not in result.stdout.str()


def test_a_wrong_marker_fails_its_test_in_a_worker(run: Run, pytester: pytest.Pytester) -> None:
    """Under pytest-xdist it is the same, and a skipped test is skipped."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.segment(alow=["dropped"])
        {_ONE}

        @pytest.mark.skip
        @pytest.mark.segment(alow=["dropped"])
        def test_skipped(segment): pass

        def test_other(segment): pass
        """
    )
    result = run("-n", "2")
    result.assert_outcomes(passed=1, errors=1, skipped=1)
    result.stdout.fnmatch_lines(['*@pytest.mark.segment: unknown argument "alow"; did you mean*'])


def test_a_maker_of_sources_takes_the_same_words(run: Run, pytester: pytest.Pytester) -> None:
    """What the marker refuses, `make_segment_source` and `example()` refuse as well."""
    pytester.makepyfile(
        """
        import pytest

        def test_allow(make_segment_source):
            make_segment_source(allow=["no_user_anonid"])

        def test_teardown(make_segment_source):
            make_segment_source(teardown="of")

        def test_example(segment_server):
            with segment_server.example(allow="dropped"):
                pass

        def test_option(make_segment_source):
            make_segment_source(strictnes="strict")

        def test_option_of_an_example(segment_server):
            with segment_server.example(aloow=["dropped"]):
                pass

        def test_option_of_the_server(segment_server):
            segment_server.source(strictnes="strict")
        """
    )
    result = run()
    result.assert_outcomes(failed=6)
    said = result.stdout.str()
    assert 'unknown word in allow "no_user_anonid"; did you mean "no_user_anon_id"' in said
    assert 'unknown teardown "of"; did you mean "off"? Allowed: fail, warn, off.' in said
    assert "such as allow=['dropped']" in said
    assert 'unknown argument "strictnes"; did you mean "strictness"? Allowed: allow,' in said
    assert 'unknown argument "aloow"; did you mean "allow"?' in said
    assert 'source(): unknown option "strictnes"; did you mean "strictness"?' in said
