"""One generator, bound twice: what a person, an editor and `help` see of it."""

from __future__ import annotations

import asyncio
import inspect
import pydoc
import re
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from mockseg.client.async_source import AsyncSource
from mockseg.client.parts import Destination
from mockseg.client.scope import Scope
from mockseg.client.source import Source
from mockseg.client.verb import Awaiting, Blocking, verb
from mockseg.client.verbs import waiting
from mockseg.matching.matchers import track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mockseg.client.operation_call import Steps

BOTH = pytest.mark.parametrize("owner", [Source, AsyncSource], ids=lambda owner: owner.__name__)


def _public(owner: type) -> Iterator[tuple[str, Callable[..., Steps[Any]]]]:
    """Each verb of a class, and the generator that it is made of."""
    for name, value in vars(owner).items():
        if hasattr(value, "__wrapped__"):
            yield name, vars(Source)[name].__wrapped__


@BOTH
def test_help_shows_signature_and_docstring(owner: type) -> None:
    """`help(Source.wait_for)` is that of a method written by hand, without the scope."""
    shown = pydoc.plain(pydoc.render_doc(owner.wait_for))  # type: ignore[attr-defined]
    assert "wait_for(self, matcher: 'Matcher', *, timeout: 'float' = 1.0) -> 'Call'" in shown
    assert "Return the first call that matches, as soon as it is there." in shown
    assert "scope" not in shown


@BOTH
def test_help_of_the_class_lists_every_verb(owner: type) -> None:
    """What the class can do stands in its help, with each verb among the methods."""
    shown = pydoc.plain(pydoc.render_doc(owner))
    verbs = [name for name, _ in _public(owner)]
    assert len(verbs) > 30
    # A long signature may go over several lines, from Python 3.13 on.
    listed = set(re.findall(r"(\w+)\([\s|]*self", shown))
    assert [name for name in verbs if name not in listed] == []


@BOTH
def test_each_verb_is_documented_where_it_is_written(owner: type) -> None:
    """The docstring and the defaults are those of the generator."""
    for name, steps in _public(owner):
        method = getattr(owner, name)
        assert method.__doc__, name
        assert method.__doc__ == steps.__doc__
        written = inspect.signature(steps).parameters
        assert [*inspect.signature(method).parameters][1:] == [*written][1:]
        assert method.__qualname__ == f"{owner.__name__}.{name}"


def test_both_sources_have_the_same_verbs() -> None:
    """What blocks can be awaited, and the other way round."""
    assert [name for name, _ in _public(Source)] == [name for name, _ in _public(AsyncSource)]
    same = [name for name, steps in _public(Source) if steps is waiting.settle]
    assert same == ["settle"]


def test_a_value_made_of_the_result_is_what_the_signature_says() -> None:
    """A verb that returns an object of its own says so."""
    assert inspect.signature(Source.destination).return_annotation == "Destination"
    assert inspect.signature(AsyncSource.destinations).return_annotation == "list[AsyncDestination]"
    assert inspect.signature(Destination.state).return_annotation == "JsonObject"


def _wait(scope: Scope, *, wait: float = waiting.WAIT, quiet: float = 2.0) -> Steps[Any]:
    return (wait, quiet)
    yield


def _look(scope: Scope) -> Steps[str]:
    return scope.write_key
    yield


def _upper(_: object, value: str) -> str:
    return value.upper()


class _Owner(Blocking[Scope]):
    _called = "owner"

    def __init__(self, scope: Scope) -> None:
        self._subject = self._scope = scope
        self.waits: list[tuple[str, bool]] = []

    def _carry_out(self, called: str, steps: Any, *, waits: bool) -> Any:
        self.waits.append((called, waits))
        with pytest.raises(StopIteration) as ended:
            next(steps)
        return ended.value.value

    wait = verb(_wait)
    look = verb(_look)
    shout = verb(_look, _upper)


def test_the_scope_has_the_patience() -> None:
    """An argument that is left out is as long as the scope says, one that is given wins."""
    owner = _Owner(Scope("key", wait=7.0))
    assert owner.wait() == (7.0, 2.0)
    assert owner.wait(wait=0.5) == (0.5, 2.0)


def test_a_verb_that_takes_seconds_may_wait() -> None:
    """So that it is refused under an event loop even in process; others are not."""
    owner = _Owner(Scope("key"))
    assert (owner.look(), owner.shout()) == ("key", "KEY")
    owner.wait()
    assert owner.waits == [("owner.look", False), ("owner.shout", False), ("owner.wait", True)]


def test_a_wrong_argument_is_an_error_before_anything_is_asked() -> None:
    """Of an awaitable verb, too: not only when it is awaited."""
    source = AsyncSource(Scope("key"), None, url="http://here")  # type: ignore[arg-type]
    assert isinstance(source, Awaiting)
    with pytest.raises(TypeError, match="timout"):
        source.wait_for(track("A"), timout=1)  # type: ignore[call-arg]


def test_a_wrong_argument_is_told_without_arguments_of_ours() -> None:
    """The patience that the scope adds is not counted among what the caller gave."""
    source = AsyncSource(Scope("key"), None, url="http://here")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"takes 2 positional arguments but 3 were given$"):
        source.wait_for(track("A"), 5)  # type: ignore[call-arg]


@BOTH
def test_a_verb_of_a_class_can_be_mocked_with_its_signature(owner: Any) -> None:
    """As any method: with the object as its first argument, and wrong arguments refused."""
    source = owner(Scope("key"), None, url="http://here")
    before = vars(owner)["wait_for"]
    with mock.patch.object(owner, "wait_for", autospec=True) as mocked:
        _done(source.wait_for(track("A"), timeout=2))
        with pytest.raises(TypeError, match="timout"):
            _done(source.wait_for(track("A"), timout=2))
    assert mocked.call_args == mock.call(source, track("A"), timeout=2)
    assert vars(owner)["wait_for"] is before


def _done(mocked: Any) -> None:
    """Await what the mock of an awaitable verb returns, from Python 3.12 on."""
    if inspect.iscoroutine(mocked):
        asyncio.run(mocked)
