"""What a server says of itself when it starts and when it ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mockseg.operations.table import PREFIX
from mockseg.snippets import start_lines
from mockseg.version import version

if TYPE_CHECKING:
    from mockseg.config import Settings
    from mockseg.hub.hub import Tally
    from mockseg.json_types import JsonObject
    from mockseg.server import RunningServer


def page_url(url: str) -> str:
    """Return the address of the page of a server."""
    return f"{url}/_mockseg/"


def control_url(url: str) -> str:
    """Return the address of the control API of a server."""
    return f"{url}{PREFIX}"


def start_json(running: RunningServer, *, file: str | None) -> JsonObject:
    """Return what scripts need: ``tlsUrl``, ``ca`` and ``settingsFile`` only where there are such.

    Args:
        running: the server.
        file: the settings file that was read, or None.
    """
    facts: JsonObject = {"url": running.url}
    if running.tls_url is not None:
        facts["tlsUrl"] = running.tls_url
    if running.ca_path is not None:
        facts["ca"] = str(running.ca_path)
    if file is not None:
        facts["settingsFile"] = file
    return facts | {
        "page": page_url(running.url),
        "controlUrl": control_url(running.url),
        "profile": running.settings.profile,
        "seed": running.hub.seed,
        "pid": os.getpid(),
        "version": version(),
    }


def start_text(running: RunningServer, *, file: str | None) -> str:
    """Return what a person needs: where it is, and a line to paste for each SDK.

    Args:
        running: the server.
        file: the settings file that was read, or None.
    """
    rows = [("url", running.url)]
    if running.tls_url is not None:
        rows.append(("tls url", running.tls_url))
    if running.ca_path is not None:
        rows.append(("trust", str(running.ca_path)))
    rows += [
        ("page", page_url(running.url)),
        ("control api", control_url(running.url)),
        ("profile", running.settings.profile),
        ("seed", str(running.hub.seed)),
    ]
    if file is not None:
        rows.append(("settings", file))
    return "\n".join(
        [
            f"mockseg {version()}, the local Segment",
            "",
            *(f"  {name:12} {value}" for name, value in rows),
            "",
            "Point an SDK at it (any write key will do; more: mockseg snippet SDK):",
            "",
            *(f"  {name:12} {line}" for name, line in start_lines(running.url, running.tls_url)),
            "",
            "Ctrl-C ends it. Good calls here do not prove that the real Segment accepted anything.",
        ]
    )


def exposed_warning(settings: Settings) -> str:
    """Return what to know of a server that other machines can reach, in a few lines."""
    if settings.control_token is None:
        opened = (
            "The control API and the page answer this machine only; to open them to others, set",
            "--control-token or MOCKSEG_CONTROL_TOKEN. In a container the host is another machine",
            "too: its requests come from the address of the bridge.",
        )
    else:
        opened = (
            "The control API and the page answer this machine, and others with the control token:",
            "commands take --token or MOCKSEG_CONTROL_TOKEN, Python Client(url, token=...); the",
            "page asks for it.",
        )
    names = ", ".join(("localhost", *settings.allow_host))
    return "\n  ".join(
        (
            (
                f"warning: {settings.host} is not a loopback address: other machines can send calls"
                " here."
            ),
            *opened,
            f"Both must be addressed as {names} or a loopback address; --allow-host adds names.",
        )
    )


def end_text(tally: Tally) -> str:
    """Return what came in since the start, in one line."""
    forgotten = f", {tally.forgotten} sources forgotten" if tally.forgotten else ""
    return (
        f"{tally.accepted} accepted, {tally.bad} bad, {tally.dropped} would have been dropped by"
        f" Segment, {tally.evicted} evicted{forgotten}"
    )
