"""A server without a file descriptor left waits, says so once, and serves again."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

resource = pytest.importorskip("resource")

_LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from mockseg.cli.main import main
raise SystemExit(main(["serve", "--port", "0", "--json"]))
"""


def test_out_of_file_descriptors_is_one_line_and_no_end() -> None:
    """Clients that find none wait in the kernel, and are served when others go away."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", _LIMITED],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(server.kill)
        assert server.stdout is not None
        assert server.stderr is not None
        where = urlsplit(json.loads(server.stdout.readline())["url"])
        clients = []
        for _ in range(80):
            client = socket.create_connection((str(where.hostname), where.port or 0))
            client.sendall(b"POST /v1/track HTTP/1.1\r\nHost: x\r\n")
            clients.append(client)
        assert "has no file descriptor left" in server.stderr.readline()
        for client in clients:
            client.close()
        asking = http.client.HTTPConnection(str(where.hostname), where.port)
        asking.request("GET", "/internal/health")
        assert asking.getresponse().status == 200
        asking.close()
        server.terminate()
        assert server.wait() == 0
        said = server.stderr.read()
        assert "file descriptor" not in said
        assert "Traceback" not in said
