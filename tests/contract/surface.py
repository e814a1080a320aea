"""All that a user can name, one line each: the public surface, read from the running code.

``python tests/contract/surface.py > tests/contract/surface.txt`` writes the list that
``test_surface.py`` compares with. A change of the surface is then a change of that file, seen
in the diff. Nothing here depends on where a module stands, except for the public doors.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import inspect
import re
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.json_types import JsonObject

# Where a class is printed with its address or its module, only the name is told.
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")

# What is asked of each vendor: a route that it does not know answers 404 without an object.
_VENDOR_ROUTES = {
    "userengage": (
        "POST /segment",
        "GET /api/public/users/",
        "POST /api/public/users/",
        "GET /api/public/users/search/",
        "POST /api/public/users/update_or_create/",
        "PUT /api/public/users/mass_update_standard_attributes/",
        "GET /api/public/users/1/",
        "GET /api/public/users-by-id/u1/",
        "POST /api/public/users/1/set_attribute/",
        "POST /api/public/users/1/set_multiple_attributes/",
        "POST /api/public/users/1/add_tag/",
        "POST /api/public/users/1/remove_tag/",
        "GET /api/public/users/1/ping_hits/",
        "GET /api/public/users/1/events/",
        "POST /api/public/users-by-id/u1/events/",
        "GET /api/public/users/1/timeline/",
        "GET /api/public/users/1/segments/",
        "GET /api/public/companies/",
        "POST /api/public/companies/",
        "GET /api/public/companies/1/",
        "POST /api/public/companies/1/add_member/",
        "POST /api/public/companies/1/remove_member/",
        "POST /api/public/events/",
        "POST /api/public/site-views/",
        "GET /api/public/attributes/",
        "POST /api/public/attributes/",
        "GET /api/public/attribute-type/email/users/",
    ),
    "userleap": (
        "POST /segment",
        "POST /v1/users",
        "GET /v1/users/u1",
        "POST /v1/users/u1/events",
        "POST /v1/users/bulk",
        "GET /v1/surveys",
        "GET /v1/responses",
        "GET /v1/themes",
        "POST /v2/users",
        "GET /v2/users/u1",
        "POST /v2/purge/visitors",
    ),
    "userguiding": ("POST /segment", "GET /users", "GET /users/u1", "DELETE /users/u1"),
    "candu": ("POST /segment", "POST /api/eventWebhook", "GET /content"),
    "webhook": ("POST /segment", "POST /"),
}


def surface() -> list[str]:
    """Return every line, sorted."""
    parts = (
        _commands(),
        _settings(),
        _operations(),
        _public_names(),
        _verbs(),
        _fixtures(),
        _findings(),
        _faults(),
        _vendors(),
        _vendor_routes(),
        _catalogue(),
    )
    return sorted({line for part in parts for line in part})


def _commands() -> Iterator[str]:
    """Each command with its flags and arguments."""
    from mockseg.cli.main import mockseg as main

    def walk(command: click.Command, name: str) -> Iterator[str]:
        context = click.Context(command, info_name=name)
        yield f"command {name}"
        for parameter in command.get_params(context):
            if isinstance(parameter, click.Option):
                flags = "/".join(sorted([*parameter.opts, *parameter.secondary_opts]))
                yield f"command {name} {flags}"
            else:
                yield f"command {name} {parameter.make_metavar(context)}"
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                yield from walk(found, f"{name} {child}")

    yield from walk(main, "mockseg")


def _settings() -> Iterator[str]:
    from mockseg.config import ClientSettings, Settings

    for table in (Settings, ClientSettings):
        for field in dataclasses.fields(table):
            yield f"setting {field.name} = {field.default!r}"


def _operations() -> Iterator[str]:
    """Each row of the table, with what it takes and what it answers."""
    from mockseg.operations.table import OPERATIONS

    for row in OPERATIONS:
        yield f"operation {row.method} {row.path} {row.status}"
        for role, struct in (("takes", row.params), ("answers", row.result)):
            for field in msgspec.structs.fields(struct):
                yield f"operation {row.method} {row.path} {role} {field.encode_name}"


def _signature(value: Any) -> str:
    try:
        text = str(inspect.signature(value))
    except (TypeError, ValueError):
        return ""
    return _MODULE.sub("", _ADDRESS.sub("", text.replace("'", "")))


def _public_names() -> Iterator[str]:
    """What `mockseg`, the plugin and the strategies promise."""
    import pytest_mockseg

    import mockseg
    from mockseg import strategies

    for module in (mockseg, strategies, pytest_mockseg):
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            plain = isinstance(value, str) or not callable(value)
            yield f"name {module.__name__}.{name}{'' if plain else _signature(value)}"


def _verbs() -> Iterator[str]:
    """What the objects that users hold can do."""
    import mockseg

    for name in mockseg.__all__:
        owner = getattr(mockseg, name)
        if inspect.isclass(owner) and not issubclass(owner, Exception):
            for member in sorted(vars_of(owner)):
                value = getattr(owner, member)
                signature = _signature(value) if callable(value) else ""
                yield f"verb {name}.{member}{signature}"


def vars_of(owner: type) -> set[str]:
    """Name the public members of a class, its bases' and its struct's fields too."""
    return {name for name in dir(owner) if not name.startswith("_")}


def _fixtures() -> Iterator[str]:
    """Fixtures, flags and ini values of the plugin."""
    import pytest_mockseg
    from pytest_mockseg import options

    for name, value in vars(pytest_mockseg).items():
        if type(value).__name__ in {"FixtureFunctionDefinition", "FixtureFunction"}:
            yield f"fixture {name}"

    class Parser:
        """Hears what a plugin would add to pytest's options."""

        def __init__(self) -> None:
            self.heard: list[str] = []
            self.parser = argparse.ArgumentParser()

        def getgroup(self, *_: object, **__: object) -> Parser:
            return self

        def addoption(self, *flags: str, **_: object) -> None:
            self.heard.append("option " + "/".join(flags))

        _addoption = addoption

        def addini(self, name: str, *_: object, **__: object) -> None:
            self.heard.append(f"ini {name}")

    parser: Any = Parser()
    options.add(parser)
    yield from parser.heard


def _findings() -> Iterator[str]:
    from mockseg.domain.findings import DISCARD_CODES

    yield from (f"finding {code}" for code in DISCARD_CODES)


def _faults() -> Iterator[str]:
    """Members of a fault's effect, and the ready-made lists of rules."""
    from mockseg.faults.effect import Effect
    from mockseg.faults.scenarios import SCENARIOS

    for field in msgspec.structs.fields(Effect):
        yield f"fault effect {field.encode_name}"
    yield from (f"fault scenario {name}" for name in SCENARIOS)


def _vendors() -> Iterator[str]:
    """What can be set, done and demanded at each imitated vendor."""
    from mockseg.destinations.kinds import KINDS, imitation_class

    for name in KINDS:
        imitation = imitation_class(name)
        for field in msgspec.structs.fields(imitation.setup_type):
            yield f"vendor {name} setting {field.encode_name}"
        yield from (f"vendor {name} action {action}" for action in imitation.actions)
        yield from (f"vendor {name} error {error}" for error in imitation.errors)


def _vendor_routes() -> Iterator[str]:
    """What a vendor answers to an empty object at each of its routes."""
    import http.client
    from urllib.parse import urlsplit

    import mockseg

    with mockseg.MockSegment() as server:
        address = urlsplit(server.url)
        for vendor, routes in _VENDOR_ROUTES.items():
            destination = server.source().destination(vendor)
            for route in routes:
                method, _, path = route.partition(" ")
                connection = http.client.HTTPConnection(address.hostname or "", address.port)
                where = f"/vendors/{vendor}/{destination.id}{path}"
                headers = _authorized(vendor, path, key=destination.api_key)
                connection.request(method, where, "{}", headers)
                yield f"vendor {vendor} route {route} {connection.getresponse().status}"
                connection.close()


def _authorized(vendor: str, path: str, *, key: str) -> dict[str, str]:
    """Return the headers with which a client of this vendor says its API key."""
    basic = base64.b64encode(f"{key}:".encode()).decode()
    tokens = {"userengage": f"Token {key}", "userleap": f"Bearer {key}"}
    if vendor == "userleap" and path.startswith(("/v1/users", "/v2/users")):
        tokens["userleap"] = f"API-Key {key}"
    if path.endswith("/bulk"):
        tokens["userleap"] = f"Bearer {key}"
    inlet = path == "/segment"
    return {
        "Authorization": f"Basic {basic}" if inlet else tokens.get(vendor, f"Bearer {key}"),
        "UG-API-KEY": key,
        "Content-Type": "application/json",
    }


def _catalogue() -> Iterator[str]:
    """Every documented event, in each plan, with the properties of its schema."""
    from mockseg.cli.main import mockseg as main

    runner = __import__("click.testing", fromlist=["CliRunner"]).CliRunner()
    listed: Any = msgspec.json.decode(runner.invoke(main, ["catalogue", "list", "--json"]).output)
    for plan in listed if isinstance(listed, list) else listed["plans"]:
        name = plan["name"] if isinstance(plan, dict) else plan
        shown = runner.invoke(main, ["catalogue", "show", name, "--json"]).output
        detail: JsonObject = msgspec.json.decode(shown)
        for rule in _rules(detail):
            yield f"event {name}: {rule}"


def _rules(detail: Any) -> Iterator[str]:
    """Find the rules of a printed plan, wherever they stand."""
    if isinstance(detail, dict):
        if isinstance(detail.get("type"), str) and "jsonSchema" in detail:
            yield f"{detail['type']} {detail.get('key') or ''}".strip()
        for value in detail.values():
            yield from _rules(value)
    elif isinstance(detail, list):
        for value in detail:
            yield from _rules(value)


if __name__ == "__main__":
    print("\n".join(surface()))  # noqa: T201  (that is what it is for)
