"""The e2e-cli contract: what a CLI is given, what it prints, what its configuration says."""

from __future__ import annotations

import json

import pytest

from mockseg.conformance.contract import (
    CliResult,
    E2eConfig,
    input_document,
    read_result,
    suites_of,
)
from mockseg.errors import ConfigError

SUCCESS = CliResult(success=True, sent_batches=2, error="")


@pytest.mark.parametrize(
    "printed",
    [
        '{"success": true, "sentBatches": 2}\n',
        'warming up\n{"level": "info"}\n{"success":true,"sentBatches":2}\n\n',
        'log\n{\n  "success": true,\n  "sentBatches": 2,\n  "httpLog": [\n    {"a": {}}\n  ]\n}\n',
    ],
    ids=["alone", "after a log", "over several lines"],
)
def test_the_result_is_what_is_printed_last(printed: str) -> None:
    """A line of JSON, whatever came before; Segment's own for Node has it over several lines."""
    assert read_result(printed) == SUCCESS


@pytest.mark.parametrize(
    "printed",
    ["", "done\n", "[]\n", '{"success": "yes"}\n', '{"sentBatches": 1}\n', '{"success": true} ok'],
)
def test_what_is_no_result_is_none(printed: str) -> None:
    """An object with a boolean `success`, last of all, and nothing else."""
    assert read_result(printed) is None


def test_a_failure_says_why() -> None:
    """The error is kept; a count that is none is 0."""
    printed = '{"success": false, "error": "HTTP 503", "sentBatches": null}'
    assert read_result(printed) == CliResult(success=False, sent_batches=0, error="HTTP 503")


def test_the_input_has_the_names_of_the_contract() -> None:
    """`cdnHost` is there only for who fetches settings."""
    sequences = [{"delayMs": 0, "events": []}]
    document = input_document(
        write_key="k",
        api_host="http://h",
        cdn_host=None,
        sequences=sequences,
        config={"flushAt": 1},
    )
    assert json.loads(document) == {
        "writeKey": "k",
        "apiHost": "http://h",
        "sequences": sequences,
        "config": {"flushAt": 1},
    }


def test_a_configuration_of_segments_own_is_read() -> None:
    """Suites, environment and flags; keys that mean nothing here are left alone."""
    said = E2eConfig.read(
        b'{"sdk": "browser", "test_suites": "retry,basic", "auto_settings": true, "patch": "x",'
        b' "env": {"HTTP_CONFIG_SETTINGS": "true", "SETTINGS_ERROR_FALLBACK": "false",'
        b' "E2E_TEST_SKIP": "sent-at, answer-4*"}}',
        place="e2e-config.json",
    )
    assert (said.sdk, said.suites, said.auto_settings) == ("browser", ("basic", "retry"), True)
    assert (said.flag("HTTP_CONFIG_SETTINGS"), said.flag("SETTINGS_ERROR_FALLBACK")) == (
        True,
        False,
    )
    assert said.flag("AUTH_HEADER") is None
    assert said.excused("answer-404") == said.excused("sent-at") == "E2E_TEST_SKIP names it"
    assert said.excused("answer-500") == ""


def test_a_reason_says_why_a_check_does_not_apply() -> None:
    """`not_applicable` is mockseg's own key: a reason for each pattern."""
    said = E2eConfig.read(b'{"not_applicable": {"budget-*": "counts all attempts"}}', place="c")
    assert said.excused("budget-1") == "counts all attempts"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "c.json is not JSON"),
        (b"[]", "it is []: it must be an object"),
        (b'{"sdk": 1}', "`sdk` is 1: it must be a text or null"),
        (b'{"auto_settings": "yes"}', '`auto_settings` is "yes": it must be true or false or null'),
        (b'{"env": {"A": true}}', "`env.A` is true: it must be a text"),
        (
            b'{"test_suites": "basic,retries"}',
            'suite "retries"; did you mean "retry"? Allowed: basic',
        ),
    ],
)
def test_a_wrong_configuration_names_place_value_and_what_is_allowed(
    content: bytes, sentence: str
) -> None:
    """One sentence, as for every setting."""
    with pytest.raises(ConfigError) as refused:
        E2eConfig.read(content, place="c.json")
    assert sentence in str(refused.value)


def test_suites_are_in_their_own_order_and_once() -> None:
    """However they are written."""
    assert suites_of(" retry-settings, basic,basic ", place="") == ("basic", "retry-settings")
