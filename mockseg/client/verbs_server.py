"""Verbs of a whole server: open sources and windows, count, forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.client.ask import Ask
from mockseg.client.scope import Scope
from mockseg.client.settings import check, create, given
from mockseg.client.verbs_changing import update
from mockseg.errors import ConfigError
from mockseg.operations.base import Nothing, OfSource
from mockseg.operations.calls import ClearCalls
from mockseg.operations.sources import GetSource, ListSources

if TYPE_CHECKING:
    import msgspec

    from mockseg.client.ask import Steps
    from mockseg.client.settings import SourceOptions
    from mockseg.operations.calls import Cleared, Summary
    from mockseg.operations.clock import Health
    from mockseg.operations.sources import SourceList, SourceView, Window


def named_source(write_key: str) -> Scope:
    """Give the scope of a source whose key is known; nothing is asked.

    Raises:
        ConfigError: it is no key.
    """
    if not isinstance(write_key, str):
        raise ConfigError(f"a write key is a string, not {write_key!r}")
    return Scope(write_key)


def open_source(write_key: str | None, options: SourceOptions) -> Steps[Scope]:
    """Mint a source, or name one; settings that are given apply to it from now on.

    Raises:
        UnknownOptionError: an option that there is not.
    """
    check(options, "source")
    if write_key is not None:
        scope = named_source(write_key)
        if given(options):
            yield from update(scope, options)
        return scope
    view: SourceView = yield Ask("create_source", create(None, options))
    return Scope(view.write_key)


def window(write_key: str, options: SourceOptions) -> Steps[Scope]:
    """See a source from now on; settings that are given apply to it from now on.

    Raises:
        UnknownOptionError: an option that there is not.
    """
    check(options, "window")
    scope = named_source(write_key)
    if given(options):
        yield from update(scope, options)
    opened: Window = yield Ask("open_window", GetSource(write_key=write_key))
    scope.move_to(opened)
    return scope


def sources() -> Steps[list[SourceView]]:
    """List the sources, the longest idle first."""
    found: SourceList = yield Ask("list_sources", ListSources())
    return found.sources


def health() -> Steps[Health]:
    """Say that the server is ready."""
    view: Health = yield Ask("health", Nothing())
    return view


def summary() -> Steps[Summary]:
    """Count what all sources recorded."""
    view: Summary = yield Ask("summary", OfSource())
    return view


def clear() -> Steps[int]:
    """Forget the calls and requests of all sources."""
    cleared: Cleared = yield Ask("clear_calls", ClearCalls(all=True))
    return cleared.cleared


def perform(asked: Ask) -> Steps[msgspec.Struct]:
    """Perform one operation."""
    result: msgspec.Struct = yield asked
    return result
