"""What only mockseg can check before the first test: the address, the plans, the words."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.errors import MocksegError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mockseg.options import Options


# Where nothing answers for so long, nothing will.
_CONNECT_SECONDS = 5.0


def check(options: Options) -> None:
    """Check what was chosen for the run.

    Raises:
        pytest.UsageError: one sentence with the value and what is allowed.
    """
    for flag, given in (
        ("--mockseg-plan", {"plan": options.plans}),
        ("--mockseg-catalogue", {"catalogue": options.catalogue}),
    ):
        problem = plan_problem(given)
        if problem is not None:
            raise pytest.UsageError(f"{flag}: {problem}")
    if options.url is not None:
        _check_url(options.url, options.url_from, token=options.control_token)


def plan_problem(given: Mapping[str, Any]) -> str | None:
    """Say why plans cannot be used, None when they can.

    Args:
        given: `plan` and `catalogue`, as ``server.source()`` takes them.
    """
    from mockseg.catalogue.loader import load
    from mockseg.plans.model import plan_from_json, read_plan

    plans, names = given.get("plan") or (), given.get("catalogue") or ()
    try:
        for plan in [plans] if isinstance(plans, str | Path | dict) else plans:
            if isinstance(plan, dict):
                plan_from_json(plan, file="plan")
            else:
                read_plan(plan)
        for name in [names] if isinstance(names, str) else names:
            load(str(name))
    except MocksegError as error:
        return str(error)
    except TypeError:
        return f"a plan is a file or a dict, the catalogue's are names: got {plans or names!r}"
    return None


def _check_url(url: str, called: str, *, token: str | None) -> None:
    from mockseg.client.client import Client
    from mockseg.client.wire import Address

    try:
        address = Address.parse(url)
        # A host that swallows packets would otherwise hold the run for as long as it likes.
        socket.create_connection((address.host, address.port), timeout=_CONNECT_SECONDS).close()
        client = Client(url, token=token)
        # More than its health, which every machine may ask for.
        client.summary()
        client.close()
    except MocksegError as error:
        raise pytest.UsageError(f"{called}: {error}") from None
    except OSError as error:
        raise pytest.UsageError(
            f"{called}: nothing answers at {url} ({error.strerror or error}); start it with"
            f" `mockseg serve`, or leave {called} out to have one started here"
        ) from None
