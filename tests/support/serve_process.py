"""``mockseg serve`` as a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import subprocess

ROOT = Path(__file__).parents[2]


class Started:
    """A running ``mockseg serve --json``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        self.facts: dict[str, Any] = json.loads(line)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal; give exit status, the rest of the output, and stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err

    def send(self, path: str, body: object, *, ca: str | None = None) -> tuple[int, Any]:
        """Post to the server, over https when a CA is given."""
        connection: http.client.HTTPConnection
        if ca is None:
            connection = http.client.HTTPConnection(urlsplit(self.facts["url"]).netloc, timeout=30)
        else:
            port = urlsplit(self.facts["tlsUrl"]).port
            context = ssl.create_default_context(cafile=ca)
            connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=context)
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return answer.status, content


def environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    """Give an environment in which nothing of this machine's settings is seen."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSEG_")}
    path = os.pathsep.join(filter(None, (str(ROOT), clean.get("PYTHONPATH"))))
    ours = {"PYTHONPATH": path, "MOCKSEG_STATE_DIR": str(tmp_path / "state")}
    return clean | ours | variables
