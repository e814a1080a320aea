"""The e2e-cli contract: what a CLI is given, what it prints, what its configuration says."""

from __future__ import annotations

import fnmatch
import json

import pytest

from mockseg.conformance.contract import (
    CliResult,
    E2eConfig,
    input_document,
    read_result,
    suites_of,
)
from mockseg.conformance.dialects import DIALECTS, dialect_of
from mockseg.conformance.verdicts import CHECKS
from mockseg.errors import ConfigError

SUCCESS = CliResult(success=True, error="")


@pytest.mark.parametrize(
    "printed",
    [
        '{"success": true, "sentBatches": 2}\n',
        'warming up\n{"level": "info"}\n{"success":true,"sentBatches":2}\n\n',
        'log\n{\n  "success": true,\n  "sentBatches": 2,\n  "httpLog": [\n    {"a": {}}\n  ]\n}\n',
        '{"success": true, "sentBatches": 2}\nclosed\n{"level": "info"}\n{ and no JSON\n',
        '{"success": false}\n{"success": true} ok',
    ],
    ids=["alone", "after a log", "over several lines", "before a log", "the last of two"],
)
def test_the_result_is_the_last_object_that_says_so(printed: str) -> None:
    """Whatever came before and after; Segment's own for Node has it over several lines."""
    assert read_result(printed) == SUCCESS


@pytest.mark.parametrize(
    "printed",
    [
        *("", "done\n", "[]\n", '{"success": "yes"}\n', '{"sentBatches": 1}\n'),
        *('log {"success": true}', '{"success": true', "{" * 100_000, "{\n" * 100_000),
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_no_result_is_none(printed: str) -> None:
    """An object with a boolean `success` that begins a line; nothing that is cut off."""
    assert read_result(printed) is None


def test_a_failure_says_why() -> None:
    """The error is kept; a count of batches is nothing that a CLI must know."""
    printed = '{"success": false, "error": "HTTP 503", "sentBatches": null}'
    assert read_result(printed) == CliResult(success=False, error="HTTP 503")


def test_the_input_has_the_names_of_the_contract() -> None:
    """`cdnHost` is there only for who fetches settings."""
    sequences = [{"delayMs": 0, "events": []}]
    document = input_document(
        write_key="k",
        api_host="http://h",
        cdn_host=None,
        sequences=sequences,
        config={"flushAt": 1},
        dialect=dialect_of(""),
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


SENT = [
    {"delayMs": 0, "events": [{"type": "identify"}, {"type": "page"}, {"type": "screen"}]},
    {"delayMs": 5, "events": [{"type": "screen"}]},
]
TOLD = {"flushAt": 2, "flushInterval": 200, "maxRetries": 3, "timeout": 2}


@pytest.mark.parametrize(
    ("sdk", "hosts", "interval", "timeout", "types"),
    [
        ("", "", 200, 2, "identify page screen screen"),
        ("unheard-of", "", 200, 2, "identify page screen screen"),
        ("python", "", 200, 2, "identify page screen screen"),
        ("node", "", 200, 2000, "identify page screen screen"),
        ("browser", "", None, None, "identify page"),
        ("react-native", "/v1", 0.2, None, "identify screen screen"),
        ("kotlin", "/v1", 1, None, "identify screen screen"),
        ("swift", "/v1", 1, None, "identify screen screen"),
        ("csharp", "/v1", 1000, None, "identify page screen screen"),
        ("ruby", "", None, None, "identify page screen screen"),
        ("php", "", None, 2, "identify page screen screen"),
        ("go", "", 200, None, "identify page screen screen"),
        ("java", "", 1000, None, "identify page screen screen"),
    ],
)
def test_a_cli_is_told_what_it_can_read(
    sdk: str, hosts: str, interval: float | None, timeout: int | None, types: str
) -> None:
    """Units, hosts and types of call as each repository's CLI takes them."""
    document = json.loads(
        input_document(
            write_key="k",
            api_host="http://h",
            cdn_host="http://h",
            sequences=SENT,
            config=TOLD,
            dialect=dialect_of(sdk),
        )
    )
    assert document["apiHost"] == document["cdnHost"] == f"http://h{hosts}"
    config = document["config"]
    assert (config.get("flushInterval"), config.get("timeout")) == (interval, timeout)
    assert (config["flushAt"], config["maxRetries"]) == (2, 3)
    events = [event["type"] for sequence in document["sequences"] for event in sequence["events"]]
    assert " ".join(events) == types
    assert [sequence["delayMs"] for sequence in document["sequences"]] == [0, 5]


@pytest.mark.parametrize("sdk", DIALECTS)
def test_what_a_cli_cannot_pass_on_is_not_asked_of_its_sdk(sdk: str) -> None:
    """Each reason is for a check that there is; a call that would be turned into another is one."""
    said = E2eConfig.read(json.dumps({"sdk": sdk}).encode(), place="c")
    known = [check.id for check in CHECKS]
    for pattern, reason in said.dialect.not_applicable.items():
        assert fnmatch.filter(known, pattern)
        assert said.excused(fnmatch.filter(known, pattern)[0]) == reason
    for type_ in said.dialect.turns:
        assert said.excused(f"{type_}-fields")
    assert bool(said.excused("timeout")) == (said.dialect.timeouts is None)
    assert bool(said.excused("flush-interval")) == (said.dialect.intervals is None)


def test_a_browser_is_not_judged_by_the_backoff_that_its_cli_sets() -> None:
    """It begins with 0.1 s, so that the third retry comes before the policy's 0.9 s."""
    assert E2eConfig(sdk="browser").excused("backoff-grows")
    assert not E2eConfig(sdk="react-native").excused("backoff-grows")
