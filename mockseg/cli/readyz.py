from __future__ import annotations

import http.client
import time

import click

from mockseg.cli.flags import Seconds, client_settings
from mockseg.cli.output import say, warn
from mockseg.cli.target import Target, pause
from mockseg.errors import MalformedJsonError
from mockseg.json_types import decode

_PAUSE_SECONDS = 0.1
_LONGEST_BODY = 65_536


@click.command(name="readyz")
@click.option("--wait", is_flag=True, help="Wait until it is, for --timeout at most.")
@click.option(
    "--timeout",
    type=Seconds(min=0, max=86_400),
    default=30.0,
    metavar="SECONDS",
    help="Maximum time to wait, such as 30s.  [30s]",
)
@click.option("--quiet", is_flag=True, help="Print nothing; the exit status says it.")
@client_settings
def command(*, target: Target, wait: bool, timeout: float, quiet: bool) -> int:
    """Check whether a server is ready: exit 0 when it is, 1 when it is not."""
    problem = _look(target, wait=wait, timeout=timeout)
    if problem is None:
        if not quiet:
            say(f"{target.url} is ready")
        return 0
    if not quiet:
        waited = f" after {timeout:g} seconds" if wait else ""
        warn(f"{target.url} is not ready{waited}: {problem}")
    return 1


def _look(target: Target, *, wait: bool, timeout: float) -> str | None:
    """Ask until it is ready or the time is up; return what is wrong, or None."""
    end = time.monotonic() + timeout
    while True:
        problem = _problem(target, patience=max(end - time.monotonic(), _PAUSE_SECONDS))
        if problem is None or not wait or time.monotonic() + _PAUSE_SECONDS > end:
            return problem
        pause(_PAUSE_SECONDS)


def _problem(target: Target, *, patience: float) -> str | None:
    """Ask for the server's health once; return what is wrong, or None."""
    try:
        with target.get("/health", timeout=patience) as answer:
            health = decode(answer.read(_LONGEST_BODY))
            if answer.status == 200 and isinstance(health, dict) and health.get("status") == "ok":
                return None
    except TimeoutError:
        return "it did not answer in time"
    except OSError as error:
        return error.strerror or str(error)
    except http.client.HTTPException as error:
        return f"what answers there is not HTTP ({type(error).__name__})"
    except MalformedJsonError:
        pass
    return f"what answers there is not a mockseg (status {answer.status})"
