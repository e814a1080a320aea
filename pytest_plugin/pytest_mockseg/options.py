"""What can be chosen: flags, ini values, one environment variable. Imports pytest only."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


MARKER = (
    "segment(allow=None, teardown=None, catalogue=None, plan=None, strictness=None): what the"
    " source of this test lets pass at teardown (allow=['required', 'dropped', 'refused'] or"
    " teardown='off'), and by which plans its calls are judged."
)
TEARDOWN = ("fail", "warn", "off")
LATE = ("warn", "fail", "off")
STRICTNESS = ("lenient", "strict")
REPORTS = (".json", ".html", ".xml")
_FIXTURES = frozenset(
    {"segment", "segment_server", "make_segment_source", "segment_env", "segment_clock"}
)
_MOST_SECONDS = 3600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was chosen for this run.

    Attributes:
        url: of a running mockseg to attach to, or None.
        url_from: who said so, for messages.
        control_token: of that mockseg, when it runs on another machine; or None.
        plans: files of tracking plans that judge every source.
        catalogue: names of plans that ship with mockseg, likewise.
        strictness: of the catalogue's.
        teardown: fail, warn or off.
        late: warn, fail or off.
        wait: seconds that assertions wait.
        write_key: of an app whose key cannot change, or None.
        env_host, env_write_key: names of environment variables.
        guard: whether the real Segment may not be reached.
        coverage: the coverage of the plans is printed at the end of the run.
        threshold: of plan coverage, in per cent, or None.
        reports: files to write.
        artifacts: the folder for the calls of failed tests, or None.
        update_goldens: whether golden files are written instead of compared.
    """

    url: str | None
    url_from: str
    control_token: str | None = dataclasses.field(repr=False)
    plans: tuple[Path, ...]
    catalogue: tuple[str, ...]
    strictness: str
    teardown: str
    late: str
    wait: float
    write_key: str | None
    env_host: tuple[str, ...]
    env_write_key: tuple[str, ...]
    guard: bool
    coverage: bool
    threshold: float | None
    reports: tuple[Path, ...]
    artifacts: Path | None
    update_goldens: bool

    @property
    def has_plan(self) -> bool:
        return bool(self.plans or self.catalogue)

    @property
    def wants_coverage(self) -> bool:
        """Whether the coverage of plans is printed, judged or written to a report."""
        return self.coverage or self.threshold is not None or bool(self.reports)

    @property
    def wants_calls(self) -> bool:
        """Whether a report shows the calls of each test."""
        return any(path.suffix == ".html" for path in self.reports)

    @property
    def to_check(self) -> bool:
        """Whether something was chosen that only mockseg can check."""
        return self.has_plan or self.url is not None

    def key_for(self, config: pytest.Config) -> str | None:
        """Return the write key that the app cannot change.

        Raises:
            pytest.fail.Exception: workers of pytest-xdist would share it on one server.
        """
        if self.write_key is not None and self.url is not None and is_worker(config):
            pytest.fail(
                f"mockseg_write_key = {self.write_key} names one source, which the workers of"
                f" pytest-xdist would share on {self.url}; leave out {self.url_from} so that each"
                " worker has its own server, or override the fixture segment_key to give each"
                " worker its own key",
                pytrace=False,
            )
        return self.write_key


OPTIONS: pytest.StashKey[Options] = pytest.StashKey()


# Flag -> how pytest adds it.
_FLAGS: dict[str, dict[str, Any]] = {
    "--mockseg-url": {
        "metavar": "URL",
        "help": (
            "attach to a running `mockseg serve` instead of starting one"
            " (environment MOCKSEG_URL, ini mockseg_url)"
        ),
    },
    "--mockseg-plan": {
        "metavar": "FILE",
        "action": "append",
        "help": "judge every source by this tracking plan; may be repeated (ini mockseg_plan)",
    },
    "--mockseg-catalogue": {
        "metavar": "NAME",
        "action": "append",
        "help": (
            "the same with a plan that ships with mockseg: `mockseg catalogue list`"
            " (ini mockseg_catalogue)"
        ),
    },
    "--mockseg-cov": {
        "action": "store_true",
        "default": None,
        "help": "print the coverage of the plans at the end of the run (ini mockseg_cov)",
    },
    "--mockseg-cov-fail-under": {
        "metavar": "PERCENT",
        "help": (
            "fail when less of the plans was exercised, and print their coverage"
            " (ini mockseg_cov_fail_under)"
        ),
    },
    "--mockseg-report": {
        "metavar": "FILE",
        "action": "append",
        "help": (
            "write what the tests sent, and the plans' coverage, to FILE.json, FILE.html or"
            " FILE.xml (JUnit); may be repeated"
        ),
    },
    "--mockseg-artifacts": {
        "metavar": "DIR",
        "help": "write the calls of each failed test to DIR, as NDJSON",
    },
    "--mockseg-update-goldens": {
        "action": "store_true",
        "help": "write the golden files of assert_matches_golden instead of comparing",
    },
    "--mockseg-guard": {
        "action": "store_true",
        "default": None,
        "help": (
            "fail a test that tries to reach the real Segment from this Python process; other"
            " processes are not seen (ini mockseg_guard)"
        ),
    },
    "--mockseg-teardown": {
        "metavar": "|".join(TEARDOWN),
        "help": "what a call that Segment would not take does to its test (ini mockseg_teardown)",
    },
}
# Name of an ini value -> likewise.
_INI: dict[str, dict[str, Any]] = {
    "mockseg_url": {"help": "address of a running mockseg to attach to"},
    "mockseg_control_token": {
        "help": (
            "control token of that mockseg, when it runs on another machine (environment"
            " MOCKSEG_CONTROL_TOKEN)"
        )
    },
    "mockseg_plan": {
        "help": "tracking plans that judge every source, relative to this file",
        "type": "paths",
    },
    "mockseg_catalogue": {
        "help": "names of plans of the catalogue that judge every source",
        "type": "args",
    },
    "mockseg_strictness": {
        "help": "of the catalogue's plans: lenient or strict",
        "default": "lenient",
    },
    "mockseg_teardown": {"help": "a call that Segment would not take: fail, warn or off"},
    "mockseg_late": {
        "help": "calls after the end of their test: warn, fail or off",
        "default": "warn",
    },
    "mockseg_wait": {"help": "seconds that assertions wait", "default": "1"},
    "mockseg_write_key": {"help": "the write key of an app whose key cannot change"},
    "mockseg_env_host": {"help": "variables that segment_env sets to the host", "type": "args"},
    "mockseg_env_write_key": {
        "help": "variables that segment_env sets to the write key",
        "type": "args",
    },
    "mockseg_guard": {
        "help": "fail tests that try to reach the real Segment",
        "type": "bool",
        "default": False,
    },
    "mockseg_cov": {"help": "print the coverage of the plans", "type": "bool", "default": False},
    "mockseg_cov_fail_under": {"help": "per cent of the plans that must be exercised"},
}


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("mockseg", "mockseg, the local Segment")
    for name, how in _FLAGS.items():
        group.addoption(name, **how)
    for name, how in _INI.items():
        parser.addini(name, **how)


def read(config: pytest.Config) -> Options:
    """Put together what was chosen: flags before the environment before ini.

    Raises:
        pytest.UsageError: with the name, the value and what is allowed.
    """
    url, url_from = _url(config)
    folder = config.invocation_params.dir
    flag_plans = [folder / each for each in config.getoption("mockseg_plan") or ()]
    artifacts = config.getoption("mockseg_artifacts")
    if artifacts is not None:
        # Workers of pytest-xdist get the flags of their controller, and may stand elsewhere.
        config.option.mockseg_artifacts = str(folder / artifacts)
    guard = config.getoption("mockseg_guard")
    coverage = config.getoption("mockseg_cov")
    return Options(
        url=url,
        url_from=url_from,
        control_token=os.environ.get("MOCKSEG_CONTROL_TOKEN")
        or config.getini("mockseg_control_token")
        or None,
        plans=tuple(flag_plans or config.getini("mockseg_plan")),
        catalogue=tuple(
            config.getoption("mockseg_catalogue") or config.getini("mockseg_catalogue")
        ),
        strictness=_one_of(config, "mockseg_strictness", STRICTNESS, default="lenient"),
        teardown=_one_of(config, "mockseg_teardown", TEARDOWN, default="fail"),
        late=_one_of(config, "mockseg_late", LATE, default="warn"),
        wait=_number(
            config, "mockseg_wait", most=_MOST_SECONDS, unit=f"seconds from 0 to {_MOST_SECONDS}"
        )
        or 0.0,
        write_key=config.getini("mockseg_write_key") or None,
        env_host=tuple(config.getini("mockseg_env_host")) or ("SEGMENT_HOST",),
        env_write_key=tuple(config.getini("mockseg_env_write_key")) or ("SEGMENT_WRITE_KEY",),
        guard=config.getini("mockseg_guard") if guard is None else guard,
        coverage=config.getini("mockseg_cov") if coverage is None else coverage,
        threshold=_number(
            config, "mockseg_cov_fail_under", most=100, unit="0 to 100 per cent", optional=True
        ),
        reports=tuple(_report(folder / each) for each in config.getoption("mockseg_report") or ()),
        artifacts=None if artifacts is None else folder / artifacts,
        update_goldens=config.getoption("mockseg_update_goldens"),
    )


def is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def uses_mockseg(item: pytest.Item) -> bool:
    """Return whether a test asks for one of our fixtures, as far as is known before it runs."""
    return not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def _url(config: pytest.Config) -> tuple[str | None, str]:
    for found, who in (
        (config.getoption("mockseg_url"), "--mockseg-url"),
        (os.environ.get("MOCKSEG_URL"), "MOCKSEG_URL"),
        (config.getini("mockseg_url"), "mockseg_url"),
    ):
        if found:
            return found, who
    return None, ""


def _given(config: pytest.Config, name: str) -> tuple[str, str]:
    """Return a value, empty if it is not given, and the name of its flag or ini key."""
    flag: str | None = config.getoption(name, None)
    if flag is not None:
        return str(flag), "--" + name.replace("_", "-")
    return str(config.getini(name) or ""), name


def _one_of(config: pytest.Config, name: str, allowed: Sequence[str], *, default: str) -> str:
    value, called = _given(config, name)
    if value and value not in allowed:
        from mockseg.suggestions import unknown  # loaded by a mistake only

        raise pytest.UsageError(f"{called}: {unknown('value', value, allowed)}")
    return value or default


def _number(
    config: pytest.Config, name: str, *, most: float, unit: str, optional: bool = False
) -> float | None:
    """Return a number from 0 to `most`, None if it is optional and not given."""
    value, called = _given(config, name)
    if optional and not value:
        return None
    with contextlib.suppress(ValueError):
        # What is not finite is beyond the range, too.
        if 0 <= (number := float(value)) <= most:
            return number
    raise pytest.UsageError(f"{called}: {value!r} is not allowed; allowed: {unit}")


def _report(path: Path) -> Path:
    if path.suffix not in REPORTS:
        raise pytest.UsageError(
            f"--mockseg-report: {path.name!r} is not allowed; allowed: a file name that ends in"
            f" {', '.join(REPORTS)}"
        )
    return path
