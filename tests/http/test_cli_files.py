"""Whatever a flag names as a file: one sentence and exit 2, at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from mockseg.cli.main import run
from mockseg.client.client import Client
from mockseg.server import MockSegment

SERVE = ("serve", "--host", "127.0.0.1", "--port", "0")
PLACES = [
    (*SERVE, "--faults"),
    (*SERVE, "--destinations"),
    (*SERVE, "--protocols"),
    (*SERVE, "--plan"),
    (*SERVE, "--analytics-js"),
    (*SERVE, "--oauth-public-key"),
    (*SERVE, "--config"),
    ("calls", "--url", "https://127.0.0.1:9", "--ca"),
    ("traffic", "--dry-run", "--profile"),
    ("traffic", "--catalogue", "candu", "--dry-run", "--plan"),
    ("conform", "--cli", "true", "--config"),
    ("plan", "diff", "candu"),
    ("plan", "import"),
]


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of this machine, and only a moment's patience with a pipe."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOCKSEG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("mockseg.files._PATIENCE_SECONDS", 0.01)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
@pytest.mark.parametrize("words", PLACES, ids=lambda words: f"{words[0]} {words[-1]}")
def test_a_device_that_never_ends_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be read until memory is out."""
    assert run([*words, "/dev/zero"]) == 2
    said = capsys.readouterr().err
    assert "/dev/zero" in said
    assert "it is a device or a socket, not a file" in said


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize("words", PLACES, ids=lambda words: f"{words[0]} {words[-1]}")
def test_a_pipe_that_nothing_comes_through_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It would be waited for without end."""
    os.mkfifo(tmp_path / "fifo")
    assert run([*words, str(tmp_path / "fifo")]) == 2
    assert "nothing came through it for 0.01 s" in capsys.readouterr().err


@pytest.mark.parametrize("words", PLACES, ids=lambda words: f"{words[0]} {words[-1]}")
def test_what_is_not_text_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Bytes of a picture, with the name of the file."""
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    assert run([*words, "a.png"]) == 2
    assert "a.png" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
@pytest.mark.parametrize("command", [("validate",), ("import",), ("traffic", "--dry-run")])
def test_a_line_that_never_ends_is_refused(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Files of lines may be of any length, a line may not."""
    words = (
        [*command, "--catalogue", "candu", "--shape", "trace:/dev/zero"]
        if command[0] == "traffic"
        else [*command, "/dev/zero"]
    )
    assert run(words) == 2
    assert "/dev/zero, line 1: is longer than 33,554,432 bytes" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_replay_takes_no_pipe(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It reads its file twice; the second time nothing would come."""
    os.mkfifo(tmp_path / "fifo")
    assert run(["replay", str(tmp_path / "fifo")]) == 2
    assert "cannot come through a pipe" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_an_import_takes_a_pipe(tmp_path: Path) -> None:
    """It reads its lines once, also where the pipe has a name."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    line = b'{"source": "k", "message": {"type": "track", "userId": "u", "event": "A"}}\n'
    with MockSegment() as server:
        writer = threading.Thread(target=fifo.write_bytes, args=(line,))
        writer.start()
        assert run(["import", str(fifo), "--url", server.url]) == 0
        writer.join()
        assert [call.event for call in Client(server.url).source("k").calls()] == ["A"]


def test_a_settings_file_that_names_an_address_is_named_when_nothing_answers_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Or nobody would know why this address was asked."""
    (tmp_path / "mockseg.toml").write_text('url = "http://127.0.0.1:9"')
    assert run(["summary"]) == 2
    assert f"({tmp_path / 'mockseg.toml'} sets url)" in capsys.readouterr().err
    assert run(["summary", "--url", "http://127.0.0.1:9"]) == 2
    assert "mockseg.toml" not in capsys.readouterr().err
