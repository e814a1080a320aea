"""``mockseg serve --journal``: killed and started again, and a file that cannot be used."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import signal
import threading
from typing import TYPE_CHECKING, Any

from mockseg import Client

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from serve_process import Started


class _Poster(threading.Thread):
    """Posts batches of three calls until the server is gone; knows which were answered 200."""

    def __init__(self, server: Started, name: str, answered: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self._server = server
        self._prefix = name
        self._answered = answered

    def run(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            for number in itertools.count():
                batch = batch_of(f"{self._prefix}-{number}")
                status, _ = self._server.send("/v1/batch", batch)
                assert status == 200
                self.acknowledged.append(f"{self._prefix}-{number}")
                self._answered()


def batch_of(name: str) -> dict[str, Any]:
    """Make a batch of three calls, which the name tells from others."""
    calls = [
        {"type": "track", "event": "E", "userId": "u", "messageId": f"{name}.{place}"}
        for place in range(3)
    ]
    return {"writeKey": "wk", "batch": calls}


def kept_by(server: Started) -> list[tuple[str, int]]:
    """Return messageId and id of each call, oldest first."""
    with Client(server.facts["url"]) as client:
        return [
            (call.message_id, int(call.id.removeprefix("call-")))
            for call in client.source("wk").calls()
        ]


def test_a_killed_server_starts_again_with_every_answered_call(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """Killed while four clients post: what was answered is there, whole, in its order."""
    file = str(tmp_path / "journal.db")
    arguments = ("--port", "0", "--journal", file)
    server = start(*arguments)
    assert server.facts["journal"] == file
    assert "plans" in server.facts["journalKeeps"]
    assert "deliveries" in server.facts["journalKeeps"]
    assert "faults" in server.facts["journalOmits"]
    answers = threading.Semaphore(0)
    posters = [_Poster(server, name, answers.release) for name in "abcd"]
    for poster in posters:
        poster.start()
    for _ in range(40):
        assert answers.acquire(timeout=60)
    before = kept_by(server)
    for _ in range(40):
        assert answers.acquire(timeout=60)
    server.stop(signal.SIGKILL)
    for poster in posters:
        poster.join(60)

    again = start(*arguments)
    kept = kept_by(again)
    assert kept[: len(before)] == before
    assert [id_ for _, id_ in kept] == list(range(1, len(kept) + 1))
    batches = [name.split(".") for name, _ in kept]
    assert [place for _, place in batches] == ["0", "1", "2"] * (len(kept) // 3)
    stored = [name for name, _ in batches[::3]]
    assert [name for name, _ in batches] == [name for name in stored for _ in range(3)]
    acknowledged = {name for poster in posters for name in poster.acknowledged}
    assert len(acknowledged) >= 80
    assert acknowledged <= set(stored)
    # Each client may have been killed before it read its last answer.
    assert len(stored) <= len(acknowledged) + len(posters)
    assert again.send("/v1/batch", batch_of("new"))[0] == 200
    assert kept_by(again)[len(kept) :] == [
        (f"new.{place}", len(kept) + 1 + place) for place in range(3)
    ]


def test_a_damaged_journal_is_one_sentence(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """No traceback: the file, what is wrong with it, and what to do; it is left as it is."""
    file = tmp_path / "journal.db"
    file.write_bytes(b"no database")
    ended = run("serve", "--port", "0", "--journal", str(file))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(
        f"mockseg: journal {file} is not an SQLite database, so mockseg did not write it;"
        " pass another file"
    )
    assert ended.stderr.count("\n") == 1
    assert file.read_bytes() == b"no database"
