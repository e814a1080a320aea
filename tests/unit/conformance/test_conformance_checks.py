"""The checks as data: told apart, bounded, and possible."""

from __future__ import annotations

import collections
import json
from typing import TYPE_CHECKING

import pytest

from mockseg.cli.conform import columns
from mockseg.client.verbs import fault as fault_
from mockseg.conformance.answers import ANSWERS, PAST_BUDGET
from mockseg.conformance.check import MAX_RETRIES
from mockseg.conformance.contract import SUITES, E2eConfig, input_document
from mockseg.conformance.dialects import dialect_of
from mockseg.conformance.verdicts import CHECKS, chosen
from mockseg.errors import ConfigError

if TYPE_CHECKING:
    from mockseg.conformance.answers import Answer
    from mockseg.conformance.check import Trial

TRIALS = list(dict.fromkeys(check.trial for check in CHECKS)) + [
    answer.trial for answer in ANSWERS if answer.expected is None
]


def test_ids_are_unique_and_each_suite_has_checks() -> None:
    """Reports, E2E_TEST_SKIP and --only go by the id."""
    counts = collections.Counter(check.id for check in CHECKS)
    assert [name for name, count in counts.items() if count > 1] == []
    assert [suite for suite in SUITES if not chosen([suite])] == []


def test_each_check_says_what_is_expected_and_who_says_so() -> None:
    """Sentences, for the person who reads the report."""
    assert [check.id for check in CHECKS if not check.expected.endswith(".")] == []
    assert [check.id for check in CHECKS if len(check.source) < 10] == []


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_a_trial_can_be_run_anywhere(trial: Trial) -> None:
    """Its input fits an argument of Linux (128 KB), its retries are few, its faults are faults."""
    given = input_document(
        write_key="k" * 32,
        api_host="http://127.0.0.1:65535",
        cdn_host="http://127.0.0.1:65535",
        sequences=trial.sequences,
        config=trial.config,
        dialect=dialect_of(""),
    )
    assert len(given.encode()) < 128 * 1024
    assert 1 <= trial.config["maxRetries"] <= 3
    for fault in trial.faults:
        next(fault_.add("k", None, fault))


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_a_trial_sends_what_every_cli_can_pass_on(trial: Trial) -> None:
    """Python's CLI fails on a timestamp; phones and C# pass on neither ids nor context."""
    passed = {"type", "userId", "event", "name", "properties", "traits", "groupId", "previousId"}
    for sequence in trial.sequences:
        for event in sequence["events"]:
            assert event.keys() <= passed


@pytest.mark.parametrize("sdk", ["ruby", "php", "csharp"])
def test_a_suite_is_run_only_where_the_configuration_names_it(sdk: str) -> None:
    """Their repositories name one; nothing is said of retries that they never promised."""
    declared = json.dumps({"sdk": sdk, "test_suites": "basic", "env": {}, "patch": None})
    checks = chosen(E2eConfig.read(declared.encode(), place="c").suites)
    assert {check.suite for check in checks} == {"basic"}


@pytest.mark.parametrize(
    ("sdk", "waits"),
    [("csharp", 25), ("kotlin", 20), ("swift", 30), ("browser", 60), ("react-native", 120)],
)
def test_a_cli_has_time_for_its_own_silence(sdk: str, waits: float) -> None:
    """They wait that long for what is not delivered; --timeout says something else."""
    config = E2eConfig(sdk=sdk)
    assert columns(["true"], config, timeout_seconds=None)[sdk].timeout_seconds > waits
    assert columns(["true"], config, timeout_seconds=7)[sdk].timeout_seconds == 7


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.id)
def test_an_answer_is_given_until_the_budget_is_well_past(answer: Answer) -> None:
    """Who still tries then has no end; so the fault is lifted and nobody hangs."""
    (fault,) = answer.trial.faults
    assert fault["times"] == PAST_BUDGET == MAX_RETRIES + 4


def test_a_pattern_that_selects_nothing_names_the_nearest() -> None:
    """A typo must not make a run of no checks that passes."""
    with pytest.raises(ConfigError, match='"retry-afterr"; did you mean "retry-after"'):
        chosen(["retry"], only=["retry-afterr"])
