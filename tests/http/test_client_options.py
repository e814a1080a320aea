"""An option that nothing takes is an error at every door, and names the one that was meant."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.client.client import AsyncClient, Client
from mockseg.errors import MocksegError, OperationError, UnknownOptionError
from mockseg.server import MockSegment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mockseg.client.async_source import AsyncSource
    from mockseg.client.client import AsyncServer, Server
    from mockseg.client.source import Source

MEANT = 'unknown option "strictnes"; did you mean "strictness"? Allowed: catalogue, plan, strict'


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[MockSegment]:
    """A server."""
    with MockSegment() as server:
        yield server


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize(
    "door",
    [
        lambda server, source: server.source(catalogue=["candu"], strictnes="strict"),
        lambda server, source: server.source("k", strictnes=None),
        lambda server, source: server.window("k", strictnes="strict"),
        lambda server, source: source.update(strictnes="strict"),
        lambda server, source: server.validate([], strictnes="strict"),
    ],
    ids=["source", "source of a key", "window", "update", "validate"],
)
def test_an_unknown_option_of_a_source_is_refused(
    server: MockSegment, door: Callable[[Server, Source], object], *, remote: bool
) -> None:
    """In process and over HTTP, None as well as a value."""
    asked = Client(server.url) if remote else server
    source = server.source()
    with pytest.raises(UnknownOptionError) as refused:
        door(asked, source)
    assert MEANT in str(refused.value)
    assert isinstance(refused.value, TypeError)
    assert isinstance(refused.value, MocksegError)


@pytest.mark.parametrize(
    "door",
    [
        lambda server, source: server.source(strictnes="strict"),
        lambda server, source: server.window("k", strictnes="strict"),
        lambda server, source: source.update(strictnes="strict"),
        lambda server, source: server.validate([], strictnes="strict"),
    ],
    ids=["source", "window", "update", "validate"],
)
def test_the_awaitable_doors_refuse_it_too(
    server: MockSegment, door: Callable[[AsyncServer, AsyncSource], Awaitable[object]]
) -> None:
    """`AsyncClient` and its sources say the same."""

    async def ask() -> None:
        async with AsyncClient(server.url) as client:
            await door(client, await client.source())

    with pytest.raises(UnknownOptionError, match='did you mean "strictness"'):
        asyncio.run(ask())


def test_options_that_are_not_about_plans_are_refused_where_only_plans_are_asked(
    server: MockSegment,
) -> None:
    """A name or an edge has no say in what would become of messages."""
    with pytest.raises(UnknownOptionError, match=r'validate\(\): unknown option "edge"'):
        server.validate([], edge="2018")  # type: ignore[call-arg]  # what the test is about


def test_an_unknown_option_of_faults_is_refused_before_the_block(server: MockSegment) -> None:
    """A block that is never entered hides nothing."""
    with pytest.raises(UnknownOptionError, match='unknown option "stauts"; did you mean "status"'):
        server.source().faults(stauts=503)  # type: ignore[call-arg]  # what the test is about


@pytest.mark.parametrize(
    ("type_", "options", "said"),
    [
        ("userengage", {"trusted_domain": ["x"]}, 'did you mean "trusted_domains"?'),
        ("userengage", {"atributes": {}}, 'did you mean "attributes"?'),
        ("userengage", {"source": "other"}, 'unknown option "source"'),
        ("webhook", {"url": "http://127.0.0.1:9/", "shared_secre": "s"}, '"shared_secret"?'),
    ],
)
def test_an_unknown_option_of_a_destination_is_refused(
    server: MockSegment, type_: str, options: dict[str, Any], said: str
) -> None:
    """What is neither the destination's nor to be set up at this vendor, in Python's names."""
    source = server.source()
    with pytest.raises(UnknownOptionError) as refused:
        source.destination(type_, **options)
    assert said in str(refused.value)
    assert source.destinations() == []


def test_nothing_is_set_up_at_a_service_of_your_own(server: MockSegment) -> None:
    """Attributes that no imitation would ever see are refused."""
    with pytest.raises(OperationError, match="service of your own"):
        server.source().destination("userengage", url="http://127.0.0.1:9/", attributes={"a": "x"})


def test_an_unknown_option_of_a_change_is_refused(server: MockSegment) -> None:
    """`update` of a destination names the nearest too."""
    destination = server.source().destination("candu")
    with pytest.raises(UnknownOptionError, match='unknown option "nam"; did you mean "name"'):
        destination.update(nam="x")  # type: ignore[call-arg]  # what the test is about


def test_an_unknown_argument_of_an_action_names_the_nearest(server: MockSegment) -> None:
    """The vendor's side has the same phrase."""
    with pytest.raises(OperationError, match='unknown parameter "nme"; did you mean "name"'):
        server.source().destination("userleap").act("define_survey", nme="x")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"catalogue": 5}, "`catalogue` is 5: it must be a list"),
        ({"plan": 5}, "`plan` is 5: it must be an object or a list"),
        ({"plan": [5]}, "`plan[0]` is 5: it must be an object"),
        ({"edge": "2026x"}, '`edge`: unknown value "2026x"'),
        ({"protocols": {"trak": {}}}, 'unknown parameter "trak"; did you mean "track"?'),
    ],
)
def test_a_wrong_value_of_an_option_is_named_with_what_is_allowed(
    server: MockSegment, options: dict[str, Any], said: str
) -> None:
    """Not a traceback from the inside."""
    with pytest.raises(OperationError) as refused:
        server.source(**options)
    assert said in str(refused.value)
