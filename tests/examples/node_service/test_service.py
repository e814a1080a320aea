"""What the newsletter service, which runs in Node, tells Segment.

The service starts once and keeps its write key. ini `mockseg_write_key` names that key, and
each test sees the source through a window of its own.
"""

from __future__ import annotations

import http.client
import json
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockseg import identify, track


@pytest.fixture(scope="session")
def service(segment_server, segment_key, make_segment_source, segment_env_for):
    """Start the service; its address."""
    folder = Path(__file__).parent
    with segment_env_for(segment_server.source(segment_key)):
        process = subprocess.Popen(
            ["node", "service.mjs"], cwd=folder, stdout=subprocess.PIPE, text=True
        )
    with process:
        port = json.loads(process.stdout.readline())["port"]
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def post(url):
    """Ask the service for something."""
    service = urlsplit(url)
    connection = http.client.HTTPConnection(service.netloc, timeout=10)
    connection.request("POST", service.path)
    assert connection.getresponse().status == 202
    connection.close()


def test_a_subscription_is_tracked(service, segment):
    """The user is identified, then the subscription is tracked."""
    with segment.waiting_for(track("Newsletter Subscribed"), timeout=10):
        post(f"{service}/subscribe/ada")
    segment.assert_called(identify("ada", traits={"newsletter": True}))
    segment.assert_no_duplicates()


def test_the_next_test_sees_its_own_calls_only(service, segment):
    """The key is the same, the window is another one."""
    assert segment.calls() == []
    with segment.waiting_for(track("Newsletter Unsubscribed"), timeout=10) as waited:
        post(f"{service}/unsubscribe/ada")
    assert waited.call.user_id == "ada"
    assert len(segment.calls()) == 1
