"""A project of its own for each test, in which a real pytest runs as for a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

# What the inner projects send with, so that no SDK is needed where none is meant.
_CONFTEST = """
import base64
import json
import urllib.error
import urllib.request

import pytest


def post(source, message, path="/v1/track"):
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    request = urllib.request.Request(
        source.url + path,
        data=data,
        headers={
            "Content-Type": "application/json",
            "Authorization": "Basic " + base64.b64encode(f"{source.write_key}:".encode()).decode(),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.fixture(scope="session")
def send():
    def send_track(source, event, *, user="u1", **fields):
        message = {"event": event, "writeKey": source.write_key, **fields}
        if user is not None:
            message["userId"] = user
        return post(source, message)

    return send_track


@pytest.fixture(scope="session")
def post_to():
    return post
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest in the test's own project, which has `send` and `post_to` to send with."""
    monkeypatch.delenv("MOCKSEG_URL", raising=False)
    # pytester adds its folder; other variables would let this run's options in.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeconftest(_CONFTEST)

    def run_pytest(*args: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{ini}")
        others = ("randomly", "cacheprovider", "faker", "playwright")
        own = ("-rA", *(word for name in others for word in ("-p", f"no:{name}")))
        return pytester.runpytest_subprocess(*own, *args, timeout=300)

    return run_pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that start other test runs the time that a busy machine needs for them."""
    for item in items:
        if item.path.parent.name == "plugin":
            item.add_marker(pytest.mark.timeout(600))
