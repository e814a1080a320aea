"""Verbs of a whole server: open sources and windows, count, forget.

What they are given first is the server's register of verbs that are not used yet, which its
sources share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockseg.client.operation_call import OperationCall, Steps, ask
from mockseg.client.scope import Scope
from mockseg.client.verbs.changing import (
    PlanOptions,
    SourceOptions,
    checked,
    create,
    given,
    update,
)
from mockseg.errors import ConfigError
from mockseg.operations.base import Nothing, OfSource
from mockseg.operations.calls import ClearCalls, Summary
from mockseg.operations.faults import ReleaseHeld
from mockseg.operations.plans import ValidatedMessages, ValidateMessages
from mockseg.operations.sources import GetSource, Health, ListSources, SourceView, Window
from mockseg.suggestions import check_options

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    import msgspec

    from mockseg.client.unused import Unused

# pytest's traceback of a wrong argument ends at the test's own line.
__tracebackhide__ = True


def source(
    server: Unused, /, write_key: str | None = None, **options: Unpack[SourceOptions]
) -> Steps[Scope]:
    """Return a source: a fresh one, or the one of a write key.

    Settings that are given hold for it from now on, whoever else uses it.

    Args:
        write_key: any string; minted when not given.
        options: see :class:`~mockseg.client.verbs.changing.SourceOptions`.

    Raises:
        UnknownOptionError: an option is unknown.
    """
    options = checked("source", options)
    if write_key is None:
        view: SourceView = yield OperationCall("create_source", create(None, options))
        return Scope(view.write_key, unused=server)
    # Without settings nothing is asked: the source opens on first use.
    return (yield from _named(server, write_key, options))


def window(server: Unused, /, write_key: str, **options: Unpack[SourceOptions]) -> Steps[Scope]:
    """Return a source seen from now on, with messageIds counted as new again.

    For apps whose write key cannot change. What was recorded before stays for others.

    Args:
        write_key: of the source.
        options: as for :meth:`source`; they hold for the source, whoever else uses it.
    """
    options = checked("window", options)
    scope = yield from _named(server, write_key, options)
    opened: Window = yield OperationCall("open_window", GetSource(write_key=write_key))
    scope.move_to(opened)
    return scope


def sources(_server: Unused) -> Steps[list[SourceView]]:
    """List the sources, the longest idle first."""
    return ask("list_sources", ListSources(), field="sources")


def health(_server: Unused) -> Steps[Health]:
    """Return that the server is ready."""
    return ask("health", Nothing())


def summary(_server: Unused) -> Steps[Summary]:
    """Count the calls and requests of all sources."""
    return ask("summary", OfSource())


def clear(_server: Unused) -> Steps[int]:
    """Forget the calls and requests of all sources; return how many calls those were."""
    return ask("clear_calls", ClearCalls(all=True), field="cleared")


def release_held(_server: Unused) -> Steps[int]:
    """Answer at once the requests of all sources that faults hold back; return how many.

    The faults stay. Each request is answered as its fault has it.
    """
    return ask("release_held", ReleaseHeld(), field="released")


def validate(
    _server: Unused, /, messages: Iterable[Any], **options: Unpack[PlanOptions]
) -> Steps[ValidatedMessages]:
    """Return what would become of messages under these plans; nothing is recorded.

    Raises:
        UnknownOptionError: an option is unknown, or is not about plans.
    """
    check_options("validate", options, tuple(PlanOptions.__annotations__))
    return ask(
        "validate_messages",
        ValidateMessages(messages=list(messages), **given(cast("SourceOptions", options))),
    )


def perform(_server: Unused, operation: str, params: msgspec.Struct) -> Steps[msgspec.Struct]:
    """Perform one operation of :mod:`mockseg.operations.table`, for what has no verb.

    Args:
        operation: its name.
        params: of the type that its row names.
    """
    return ask(operation, params)


def _named(server: Unused, write_key: str, options: SourceOptions) -> Steps[Scope]:
    if not isinstance(write_key, str):
        raise ConfigError(f"a write key is a string, not {write_key!r}")
    scope = Scope(write_key, unused=server)
    if given(options):
        yield from update(scope, **options)
    return scope
