"""Files that mockseg 0.1 wrote, or read: this release reads them, and says what has a new name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mockseg import MockSegment
from mockseg.cli.main import run
from mockseg.config import Settings, load, read_sources

if TYPE_CHECKING:
    import pytest

FOLDER = Path(__file__).parents[2] / "fixtures" / "0.1"


def test_an_export_is_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each call is recorded again in its source, with the verdict that it has now."""
    with MockSegment() as server:
        monkeypatch.setenv("MOCKSEG_URL", server.url)
        assert run(["import", str(FOLDER / "calls.ndjson")]) == 0, capsys.readouterr().err
        calls = server.source("shop").calls()
        assert [(call.message_id, call.verdict) for call in calls] == [
            ("m-0", "accepted"),
            ("m-1", "accepted"),
            ("m-2", "dropped"),
        ]


def test_an_export_is_validated(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a server, too: the one call without a user is bad."""
    assert run(["validate", str(FOLDER / "calls.ndjson"), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["good"], report["bad"]) == (2, 1)


def test_a_golden_file_still_matches() -> None:
    """The same calls match the file that 0.1 wrote."""
    with MockSegment() as server:
        source = server.source()
        source.send(
            {"type": "identify", "userId": "u1", "traits": {"plan": "pro"}},
            {
                "type": "track",
                "userId": "u1",
                "event": "Order Completed",
                "properties": {"total": 42, "products": [{"sku": "a"}]},
            },
        )
        source.assert_matches_golden(FOLDER / "golden.json")


def test_a_configuration_is_read_with_what_has_a_new_name() -> None:
    """`profile` is `edge` now: it still counts, and the warning names the new key."""
    sources = read_sources(file=FOLDER / "mockseg.toml", environ={})
    settings = load(Settings, sources)
    assert (settings.edge, settings.dedup, settings.max_calls) == ("2025", "server", 500)
    [warning] = sources.warnings
    assert "profile" in warning
    assert "edge" in warning
