from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec

from mockseg.cli.data_files import is_stream
from mockseg.cli.flags import client_or_journal, source_flag
from mockseg.cli.json_values import values_of
from mockseg.cli.message_lines import archived
from mockseg.cli.output import note, say, warn
from mockseg.cli.progress import Progress
from mockseg.cli.target import Target
from mockseg.errors import ConfigError, MalformedJsonError
from mockseg.json_types import as_text, decode
from mockseg.operations.calls import ImportCalls, Imported, ImportedCall

_BATCH_CALLS = 500
_BATCH_BYTES = 4 * 1024 * 1024
_read = msgspec.json.Decoder(ImportedCall).decode


@click.command(name="import")
@click.argument("file")
@source_flag("Record them all under this write key.")
@client_or_journal(create=True)
def command(*, target: Target, file: str, source: str | None) -> None:
    """Record the calls of FILE again, as export writes them or as Segment keeps them.

    FILE has exported calls, or raw events of Segment's archive (S3) or debugger: one JSON
    object a line, pretty-printed objects, or an array. It may be gzipped. A folder is read
    with all files below it, in the order of their names; - is standard input.

    A raw event goes to the source that its writeKey names, or else its projectId.

    Everything is read to its end first: when one value is invalid, nothing is recorded. From
    standard input, the calls before an invalid value are recorded, and their number is printed.
    """
    total = None if is_stream(file) else _count(file, source)
    duplicates = 0
    with Progress("imported", total=total) as progress:
        try:
            for batch in _batches(file, source):
                asked = ImportCalls(calls=batch, source=source)
                recorded = target.ask("import_calls", asked, Imported)
                duplicates += recorded.duplicates
                progress.add(recorded.imported)
        except (Exception, KeyboardInterrupt):
            warn(f"{progress.done} calls were imported before this:")
            raise
    say(f"{progress.done} calls imported")
    if duplicates:
        note(
            f"{duplicates} of them are recorded as dropped duplicates, because their source has"
            " calls with their messageIds; mockseg clear forgets those, --source KEY records"
            " into another source"
        )


def _count(file: str, source: str | None) -> int:
    with Progress("read", total=None) as progress:
        for _ in _calls_of(file, source):
            progress.add(1)
        return progress.done


def _batches(file: str, source: str | None) -> Iterator[list[ImportedCall]]:
    """Yield calls in portions that fit into a request, those before an invalid value too."""
    batch: list[ImportedCall] = []
    size = 0
    try:
        for call, length in _calls_of(file, source):
            if batch and (len(batch) == _BATCH_CALLS or size + length > _BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(call)
            size += length
    except ConfigError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _calls_of(file: str, source: str | None) -> Iterator[tuple[ImportedCall, int]]:
    """Read each value as a call, with its length in bytes.

    Raises:
        ConfigError: a value is not a call; the message has file and line.
    """
    for value in values_of(file):
        try:
            yield _call_of(value.text, source), len(value.text)
        except ConfigError as error:
            raise ConfigError(f"{value.place}: {error}") from None
        except (
            msgspec.MsgspecError,
            MalformedJsonError,
            UnicodeDecodeError,
            RecursionError,
        ) as error:
            raise ConfigError(
                f"{value.place}: not an exported call: {error}; expected a JSON object with"
                ' "source" and "message", as mockseg export writes it, or an event of Segment\'s'
                " archive"
            ) from None


def _call_of(text: bytes, source: str | None) -> ImportedCall:
    """Read an exported call, or an event of Segment's archive or debugger.

    Raises:
        ConfigError: nothing says which source an event goes to.
        msgspec.MsgspecError: it is neither.
    """
    try:
        return _read(text)
    except msgspec.ValidationError:
        event = decode(text)
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise
    key = source or as_text(event.get("writeKey")) or as_text(event.get("projectId"))
    if not key:
        raise ConfigError(
            'the event has no "writeKey" and no "projectId" that names its source; pass'
            " --source KEY"
        )
    received = event.get("receivedAt")
    call = {"source": key, "message": archived(event), "receivedAt": received}
    return msgspec.convert(call, ImportedCall)
