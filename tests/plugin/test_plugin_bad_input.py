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
        (("--mockseg-teardown", "maybe"), ("'maybe'", "fail, warn, off")),
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
        (("--mockseg-catalogue", "userguidng"), ("did you mean userguiding",)),
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


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("marker", "patterns"),
    [
        ("allow=['no_user_anonid']", ("no_user_anonid", "did you mean 'no_user_anon_id'")),
        ("allow='dropped'", ("'dropped'", "a list")),
        ("alow=['dropped']", ("no argument alow", "did you mean 'allow'")),
        ("plan='missing.json'", ("missing.json", "cannot be read")),
    ],
)
def test_markers(
    run: Run, pytester: pytest.Pytester, workers: str, marker: str, patterns: tuple[str, ...]
) -> None:
    """A wrong argument of the marker is named with its test, under pytest-xdist too."""
    pytester.makepyfile(f"import pytest\n@pytest.mark.segment({marker})\n{_ONE}")
    _refused(run("-n", workers), "test_one", *patterns)
