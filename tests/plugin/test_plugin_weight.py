"""A run without our fixtures pays nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# Written into the inner project: what is loaded at its very last moment.
_SPY = """
import pathlib, sys

HEAVY = ("mockseg", "aiohttp", "jsonschema", "jsonschema_rs", "msgspec", "faker", "hypothesis")

def pytest_unconfigure(config):
    loaded = sorted(name for name in sys.modules if name.partition(".")[0] in HEAVY)
    pathlib.Path("loaded.txt").write_text("\\n".join(loaded))
    assert "pytest_mockseg" in sys.modules
"""


def _run(pytester: pytest.Pytester, *args: str) -> tuple[pytest.RunResult, list[str]]:
    pytester.makepyfile(spy=_SPY)
    # These load them in every run: plugins of their own, and those that look for them.
    names = ("faker", "hypothesispytest", "aiohttp", "xdist", "randomly", "playwright")
    others = [word for name in names for word in ("-p", f"no:{name}")]
    result = pytester.runpytest_subprocess("-p", "spy", *others, *args)
    return result, (pytester.path / "loaded.txt").read_text().split()


def test_a_run_without_our_fixtures_loads_nothing_of_mockseg(pytester: pytest.Pytester) -> None:
    """From collection to the last line no module of mockseg or its libraries is loaded."""
    pytester.makepyfile("def test_other(tmp_path): pass\ndef test_fails(): assert 0\n")
    result, loaded = _run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    assert loaded == []


def test_options_alone_load_nothing(pytester: pytest.Pytester) -> None:
    """A configured project pays only in runs that use a fixture."""
    pytester.makeini(
        "[pytest]\nmockseg_catalogue = userguiding\nmockseg_cov_fail_under = 0\n"
        "mockseg_teardown = warn\nmockseg_late = fail\n"
    )
    pytester.makepyfile(
        "import pytest\n@pytest.mark.segment(teardown='off')\ndef test_other(): pass\n"
    )
    result, loaded = _run(pytester)
    result.assert_outcomes(passed=1)
    assert loaded == []


def test_help_loads_nothing(pytester: pytest.Pytester) -> None:
    """`pytest --help` tells our options without loading mockseg."""
    result, loaded = _run(pytester, "--help")
    result.stdout.fnmatch_lines(["*--mockseg-url=URL*"])
    assert loaded == []
