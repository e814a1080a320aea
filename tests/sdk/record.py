"""Record what the real SDKs put on the wire, into fixtures/wire/.

    python tests/sdk/record.py             record all sessions of both SDKs anew
    python tests/sdk/record.py --check     only say what they send otherwise than is kept
    python tests/sdk/record.py --sdk node  only one SDK: python or node
    python tests/sdk/record.py --newer     list SDK releases newer than the pinned ones; records
                                           nothing and always exits 0

It wants the Python SDK installed, and for Node ``npm ci`` done in tests/sdk/node.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import python_sdk
from captures import WIRE, as_capture, differences, load, save
from tap import Tap

from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.client.source import Source

NODE = Path(__file__).resolve().parent / "node"
PYTHON_PACKAGE = "segment-analytics-python"
NODE_PACKAGE = "@segment/analytics-node"


@dataclasses.dataclass(frozen=True, slots=True)
class _NodeSession:
    """A session of node/sessions.mjs: its file, what it shows, how many answers get lost."""

    file: str
    says: str
    lose_answers: int = 0


NODE_SESSIONS = {
    "sixCalls": _NodeSession("six-calls", "All six types of calls, in one batch."),
    "oddIdentities": _NodeSession(
        "odd-identities",
        "The SDK asserts any one of four ids; by a groupId or previousId alone Segment knows"
        " nobody. An alias without a userId also loses the time and the id it was given.",
    ),
    "nulls": _NodeSession("nulls", "Nulls are sent, undefined is not; NaN becomes null."),
    "unicode": _NodeSession("unicode", "Text is sent as UTF-8; a lone surrogate as an escape."),
    "times": _NodeSession(
        "times", "A Date has milliseconds; a time given as text is sent as it is."
    ),
    "contextAndIntegrations": _NodeSession(
        "context-and-integrations",
        "Context and integrations are the event's own; the library's name is the SDK's.",
    ),
    "duplicates": _NodeSession("duplicates", "A messageId twice in one batch."),
    "oneTrack": _NodeSession(
        "retry",
        "The answer to the first request got lost: the same messageId comes again, in a"
        " request that counts itself as a retry.",
        lose_answers=1,
    ),
}


def main() -> int:
    """Record or check; give the exit code."""
    parser = argparse.ArgumentParser(description="Record what the real SDKs put on the wire.")
    parser.add_argument("--sdk", choices=["python", "node"], help="only this one")
    parser.add_argument("--check", action="store_true", help="write nothing, tell differences")
    parser.add_argument("--newer", action="store_true", help="list newer releases of the SDKs")
    arguments = parser.parse_args()
    if arguments.newer:
        return _list_newer()
    # Nothing between the SDK and this machine, whatever the environment says.
    os.environ.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1", NETRC=os.devnull)
    recorders: dict[str, Callable[[MockSegment], Iterator[tuple[Path, dict[str, Any]]]]]
    recorders = {"python": _python, "node": _node}
    differs = False
    with MockSegment() as server:
        for name in [arguments.sdk] if arguments.sdk else recorders:
            for path, capture in recorders[name](server):
                shown = path.relative_to(WIRE.parents[1])
                if arguments.check:
                    found = differences(load(path), capture) if path.exists() else ["is missing"]
                    differs |= bool(found)
                    _say(f"{shown}: {'; '.join(found) or 'as kept'}")
                else:
                    save(path, capture)
                    _say(f"{shown}: recorded")
    return int(differs)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _list_newer() -> int:
    """Compare the pinned SDKs with what their registries offer now."""
    asked = {
        PYTHON_PACKAGE: [sys.executable, "-m", "pip", "index", "versions", PYTHON_PACKAGE],
    }
    pinned = {PYTHON_PACKAGE: version(PYTHON_PACKAGE)}
    for name, wanted in json.loads((NODE / "package.json").read_text())["dependencies"].items():
        asked[name] = ["npm", "view", name, "version"]
        pinned[name] = wanted
    for name, command in asked.items():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"\d+(?:\.\d+)+", done.stdout)
        newest = found[0] if found else "unknown: the registry did not answer"
        same = "up to date" if newest == pinned[name] else f"newest release: {newest}"
        _say(f"{name} {pinned[name]}: {same}")
    return 0


def _python(server: MockSegment) -> Iterator[tuple[Path, dict[str, Any]]]:
    installed = version(PYTHON_PACKAGE)
    for name, session in python_sdk.SESSIONS.items():
        source = server.source(f"recorded-python-{name}")
        received_at = _stop_clock(source)
        with Tap(_port(server), lose_answers=session.lose_answers).open() as tap:
            client = python_sdk.new_client(
                tap.url, source.write_key, calls=session.count, **session.options
            )
            session.calls(client)
            python_sdk.end(client)
            python_sdk.close_connections()
            capture = as_capture(
                sdk=PYTHON_PACKAGE,
                version=installed,
                says=session.says,
                write_key=source.write_key,
                received_at=received_at,
                sent=tap.sent,
                calls=source.calls(),
            )
        yield WIRE / f"{PYTHON_PACKAGE}-{installed}" / f"{name}.json", capture


def _node(server: MockSegment) -> Iterator[tuple[Path, dict[str, Any]]]:
    package = json.loads((NODE / "node_modules" / NODE_PACKAGE / "package.json").read_text())
    installed = package["version"]
    for name, session in NODE_SESSIONS.items():
        source = server.source(f"recorded-node-{session.file}")
        received_at = _stop_clock(source)
        with Tap(_port(server), lose_answers=session.lose_answers).open() as tap:
            order = {"session": name, "url": tap.url, "writeKey": source.write_key}
            subprocess.run(["node", "run.mjs", json.dumps(order)], cwd=NODE, check=True)
            capture = as_capture(
                sdk=NODE_PACKAGE,
                version=installed,
                says=session.says,
                write_key=source.write_key,
                received_at=received_at,
                sent=tap.sent,
                calls=source.calls(),
            )
        yield WIRE / f"analytics-node-{installed}" / f"{session.file}.json", capture


def _stop_clock(source: Source) -> str:
    """Let the time of a source stand still at this millisecond; give it."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    source.set_clock(now, frozen=True)
    return now


def _port(server: MockSegment) -> int:
    port = urlsplit(server.url).port
    assert port is not None, server.url
    return port


if __name__ == "__main__":
    sys.exit(main())
