"""The real SDKs: clients of the Python one, a runner for the Node one, and a tap before a server.

Node's packages are installed once, into tests/sdk/node, when they are not there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import pytest

from mockseg import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from segment.analytics.client import Client

    from mockseg.client.source import Source

HERE = Path(__file__).resolve().parent
NODE = HERE / "node"
PACKAGE = "@segment/analytics-node"
OLDEST_NODE = 20


def _load(name: str) -> ModuleType:
    """Load a module of this folder, which is on no path."""
    spec = importlib.util.spec_from_file_location(f"tests_sdk_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_python_sdk = _load("python_sdk")
_tap = _load("tap")


@pytest.fixture(autouse=True)
def _nothing_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep proxies and passwords of the machine away: the Python SDK would use them."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("NETRC", os.devnull)


@pytest.fixture(scope="session")
def server() -> Iterator[MockSegment]:
    """Run a server; every test has a source of its own in it."""
    with MockSegment() as running:
        yield running


@pytest.fixture
def source(server: MockSegment) -> Source:
    """Mint a source."""
    return server.source()


@pytest.fixture
def new_client(source: Source) -> Iterator[Callable[..., Client]]:
    """Make clients of the Python SDK that send to the source; ended after the test.

    ``calls`` says how many calls make a batch; what the SDK gives up fails the test unless
    it has an ``on_error`` of its own.
    """
    clients: list[Client] = []
    given_up: list[object] = []

    def make(*, url: str = source.url, calls: int = 100, **options: Any) -> Client:
        options.setdefault("on_error", lambda error, _: given_up.append(error))
        client = _python_sdk.new_client(url, source.write_key, calls=calls, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        _python_sdk.end(client)
        alive = [consumer for consumer in client.consumers or () if consumer.is_alive()]
        assert alive == []
    _python_sdk.close_connections()
    assert given_up == []


@pytest.fixture
def new_tap(server: MockSegment) -> Iterator[Callable[..., Any]]:
    """Make doors before the server; whoever comes is refused until ``open()``."""
    taps = []

    def make(**options: Any) -> Any:
        tap = _tap.Tap(urlsplit(server.url).port, **options)
        taps.append(tap)
        return tap

    yield make
    for tap in taps:
        tap.close()


@dataclasses.dataclass(frozen=True, slots=True)
class NodeRunner:
    """Runs the Node SDK in a process that ends by itself."""

    node: str

    @contextlib.contextmanager
    def started(
        self, session: str, *, source: Source, **order: Any
    ) -> Iterator[subprocess.Popen[str]]:
        """Start a session, to talk with it; it is gone at the end of the block."""
        with subprocess.Popen(
            self._command(session, source, order),
            cwd=NODE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, session: str, *, source: Source, **order: Any) -> list[dict[str, Any]]:
        """Run a session of node/sessions.mjs to its end; give what it said.

        Args:
            session: its name.
            source: whose write key it sends with, to where unless a ``url`` is ordered.
            order: what else can be ordered, see node/run.mjs.
        """
        done = subprocess.run(
            self._command(session, source, order),
            cwd=NODE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        said = [json.loads(line) for line in done.stdout.splitlines()]
        assert (done.returncode, done.stderr) == (0, ""), said
        return said

    def _command(self, session: str, source: Source, order: dict[str, Any]) -> list[str]:
        whole = {"session": session, "url": source.url, "writeKey": source.write_key, **order}
        return [self.node, "--throw-deprecation", "run.mjs", json.dumps(whole)]


@pytest.fixture(scope="session")
def node() -> NodeRunner:
    """Give the Node SDK; without it the test is skipped, in CI it fails."""
    program = shutil.which("node")
    npm = shutil.which("npm")
    if program is None or npm is None:
        _miss("there is no " + ("node" if program is None else "npm") + " on the path")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    major = int(version.stdout.strip().removeprefix("v").partition(".")[0])
    if major < OLDEST_NODE:
        _miss(f"node is {version.stdout.strip()}, {PACKAGE} wants {OLDEST_NODE} or later")
    if not _is_installed():
        _install(npm)
    return NodeRunner(program)


def _miss(reason: str) -> NoReturn:
    """Say that Node's part cannot run: a failure in CI, which must have it."""
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(f"in CI the Node SDK must be there, but {reason}")
    pytest.skip(f"the Node SDK cannot run: {reason}")


def _is_installed() -> bool:
    locked = json.loads((NODE / "package-lock.json").read_text(encoding="utf-8"))
    for place, package in locked["packages"].items():
        if not place:
            continue
        described = NODE / place / "package.json"
        if not described.is_file():
            return False
        if json.loads(described.read_text(encoding="utf-8"))["version"] != package["version"]:
            return False
    return True


def _install(npm: str) -> None:
    """Install what the lock file says: beside, then moved here in one step.

    Several test processes may do this at once; the first one wins and the others find it.
    """
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=NODE) as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NODE / name, folder)
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            _miss(f"npm ci said: {done.stderr.strip()[-500:]}")
        installed = Path(folder) / "node_modules"
        target = NODE / "node_modules"
        if target.is_dir() and not _is_installed():
            target.rename(Path(folder) / "outdated")
        try:
            installed.rename(target)
        except OSError:
            # Another test process was quicker: what it put there must be what we want.
            if not _is_installed():
                raise


@pytest.fixture(scope="session")
def python_sdk() -> Any:
    """Give the sessions and helpers of the Python SDK."""
    return _python_sdk
