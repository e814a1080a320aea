"""Judges of the conformance suite, whatever an SDK sends, in whatever order, whatever it was told.

What is thrown at them went over HTTP first: that is how the suite itself gets it.
"""

from __future__ import annotations

import base64
import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockseg import MockSegment
from mockseg.conformance.contract import CliResult, E2eConfig, read_result
from mockseg.conformance.evidence import Evidence, Outcome, evidence_of
from mockseg.conformance.matrix import cell_of
from mockseg.conformance.verdicts import CHECKS, Report, check_patterns, verdict_of
from mockseg.errors import ConfigError
from mockseg.json_types import pretty
from mockseg.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.client.source import Source

TRIALS = list(dict.fromkeys(check.trial for check in CHECKS))
# What JSON can hold, and what breaks code that expects something else.
_NASTY: list[Any] = [
    *(None, True, False, "", " ", "u", "u1", "u" + "9" * 5000, "\ud800", "\x00\x1b[31m", "é" * 200),
    *(0, -1, 1, 2, 0.5, 2**53 + 1, 2**64, -(2**70), 10**309, 1e308, 5e-324, -0.0),
    *([], {}, [[]], {"": {}}, [1, "1"], {"number": [1]}, {"library": []}, "2026-13-01", "now"),
]
values = st.recursive(
    st.sampled_from(_NASTY) | st.text(max_size=8) | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_FIELDS = (
    *("type", "event", "userId", "anonymousId", "messageId", "timestamp", "sentAt", "writeKey"),
    *("originalTimestamp", "properties", "traits", "context", "integrations", "batch", "name"),
)
_LEFT_OUT = object()
changes = st.dictionaries(st.sampled_from(_FIELDS), values | st.just(_LEFT_OUT), max_size=4)
_AS_SDKS_DO = {
    "timestamp": "2026-01-01T00:00:00.000Z",
    "context": {"library": {"name": "mine", "version": "1"}},
}


def changed(message: dict[str, Any], by: dict[str, Any]) -> dict[str, Any]:
    """Return the message with fields of it replaced or left out."""
    return {name: value for name, value in {**message, **by}.items() if value is not _LEFT_OUT}


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw a body: messages of a trial, some spoiled, some again, in any order; or garbage."""
    kind = draw(st.sampled_from(["batch", "batch", "batch", "alone", "value", "bytes", "deep"]))
    if kind == "bytes":
        return draw(st.binary(max_size=20))
    if kind == "deep":
        depth = draw(st.sampled_from([250, 300, 700, 5000]))
        return b'{"batch":[{"properties":' + b"[" * depth + b"]" * depth + b"}]}"
    if kind == "value":
        return json.dumps(draw(values)).encode()
    events = [
        event
        for sequence in draw(st.sampled_from(TRIALS)).sequences
        for event in sequence["events"][:20]
    ]
    chosen = draw(st.lists(st.sampled_from(events), max_size=4))
    messages = [
        changed({"messageId": f"m-{number}", **_AS_SDKS_DO, **event}, draw(changes))
        for number, event in enumerate(chosen)
    ]
    if kind == "alone":
        return json.dumps(messages[0] if messages else {}).encode()
    whole = changed({"batch": messages, "sentAt": _AS_SDKS_DO["timestamp"]}, draw(changes))
    return json.dumps(whole).encode()


requests = st.tuples(
    st.sampled_from(["POST", "POST", "POST", "PUT", "GET"]),
    st.sampled_from(
        ["/v1/batch", "/v1/track", "/v1/import", "/v1/t/x", "/", "/v1/projects/k/settings"]
    ),
    st.dictionaries(
        st.sampled_from(["X-Retry-Count", "Authorization", "Content-Encoding"]),
        st.sampled_from(
            ["", "0", "-1", "x", "Basic", "Basic =", "Basic \xe9", "Basic b3RoZXI6", "Bearer x"]
        ),
    ),
    bodies(),
    # What it was answered: as mockseg does, or as a fault does; 0 is no answer.
    st.sampled_from([None, 0, 200, 301, 429, 503, 599]),
)
outcomes = st.builds(
    Outcome,
    st.builds(CliResult, success=st.booleans(), error=st.text(max_size=200)),
    problem=st.sampled_from(["", "", "", "it printed \x00\ud800"]),
    stderr=st.text(max_size=20),
    status=st.sampled_from([0, 1, None, -9]),
    spent=st.just(0.1),
)


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[MockSegment]:
    with MockSegment() as running:
        yield running


def sent(source: Source, requests: list[Any], outcome: Outcome) -> Evidence:
    """Send all of them, and look at what came as the suite does."""
    basic = base64.b64encode(f"{source.write_key}:".encode()).decode()
    connection = http.client.HTTPConnection(urlsplit(source.url).netloc)
    for method, path, headers, body, _ in requests:
        connection.request(method, path, body, {"Authorization": f"Basic {basic}"} | headers)
        connection.getresponse().read()
    connection.close()
    views = [
        view
        if status is None
        else msgspec.structs.replace(
            view, answer=msgspec.structs.replace(view.answer, status=status)
        )
        for view, (*_, status) in zip(source.requests(), requests, strict=False)
    ]
    return evidence_of(
        views,
        calls=source.calls(),
        truth=source.truth(),
        outcome=outcome,
        write_key=source.write_key,
    )


def verdicts_of(evidence: Evidence) -> Report:
    """Judge by every check, and make the report of it."""
    verdicts = [verdict_of(check, evidence) for check in CHECKS]
    return Report(
        sdk="\x1b", command="x", verdicts=verdicts, spent=1.0, strays=[], printable=printable
    )


@settings(max_examples=150, deadline=None)
@given(sent_requests=st.lists(requests, max_size=5), outcome=outcomes)
def test_no_judge_and_no_report_raises_whatever_was_sent(
    server: MockSegment, sent_requests: list[Any], outcome: Outcome
) -> None:
    """Each check has a verdict with a phrase, and text, JSON and JUnit can be written of them."""
    evidence = sent(server.source(), sent_requests, outcome)
    report = verdicts_of(evidence)
    assert [verdict.check for verdict in report.verdicts] == list(CHECKS)
    assert all(isinstance(verdict.saw, str) and verdict.saw for verdict in report.verdicts)
    assert {verdict.status for verdict in report.verdicts} <= {"pass", "fail", "not applicable"}
    assert report.as_text()
    assert pretty(report.as_json())
    assert len(ET.fromstring(report.as_junit().encode())) > 1  # noqa: S314  (ours)
    assert cell_of(evidence).words


printed = st.one_of(
    st.text(),
    values.map(json.dumps),
    st.builds(
        lambda success, count, error: json.dumps(
            {"success": success, "sentBatches": count, "error": error}, ensure_ascii=False
        ),
        values,
        values,
        values,
    ),
    st.integers(1, 5000).map(lambda depth: '{"success": ' + "[" * depth),
    st.just('{"success": true, "sentBatches": ' + "9" * 5000 + "}"),
)


@settings(max_examples=300)
@given(printed, printed)
def test_whatever_a_cli_prints_is_a_result_or_none(first: str, last: str) -> None:
    """The end of its output is all that counts, and is text of any kind."""
    result = read_result(f"{first}\n{last}")
    assert result is None or isinstance(result.success, bool)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(),
        printed.map(lambda text: text.encode("utf-8", "replace")),
        st.dictionaries(
            st.sampled_from(["sdk", "test_suites", "auto_settings", "env", "not_applicable"]),
            values,
        ).map(lambda document: json.dumps(document).encode()),
    )
)
def test_whatever_a_configuration_says_is_read_or_refused_in_a_sentence(content: bytes) -> None:
    """A ConfigError names the file; nothing else is raised."""
    refused = ""
    try:
        config = E2eConfig.read(content, place="e2e-config.json")
        check_patterns(config, place="e2e-config.json")
    except ConfigError as error:
        refused = str(error)
    assert refused.startswith("e2e-config.json") or [config.excused(check.id) for check in CHECKS]
