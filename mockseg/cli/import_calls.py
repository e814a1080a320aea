from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec

from mockseg.cli.data_files import is_stream, lines_of
from mockseg.cli.flags import client_settings, source_flag
from mockseg.cli.output import note, say, warn
from mockseg.cli.progress import Progress
from mockseg.cli.target import Target
from mockseg.errors import ConfigError
from mockseg.operations.calls import ImportCalls, Imported, ImportedCall

_BATCH_CALLS = 500
_BATCH_BYTES = 4 * 1024 * 1024
_read = msgspec.json.Decoder(ImportedCall).decode


@click.command(name="import")
@click.argument("file")
@source_flag("Record them all under this write key.")
@client_settings
def command(*, target: Target, file: str, source: str | None) -> None:
    """Record the calls of FILE again: one JSON object a line, as export writes them.

    FILE is unzipped when its name ends in .gz; - is standard input. A file is read to its
    end first: when one line of it is invalid, nothing is recorded. From standard input, the
    calls before an invalid line are recorded, and their number is printed.
    """
    total = None if is_stream(file) else sum(1 for _ in _calls_of(file))
    duplicates = 0
    with Progress("imported", total=total) as progress:
        try:
            for batch in _batches(file):
                asked = ImportCalls(calls=batch, source=source)
                recorded = target.ask("import_calls", asked, Imported)
                duplicates += recorded.duplicates
                progress.add(recorded.imported)
        except Exception:
            warn(f"{progress.done} calls were imported before this:")
            raise
    say(f"{progress.done} calls imported")
    if duplicates:
        note(
            f"{duplicates} of them are recorded as dropped duplicates, because their source has"
            " calls with their messageIds; mockseg clear forgets those, --source KEY records"
            " into another source"
        )


def _batches(file: str) -> Iterator[list[ImportedCall]]:
    """Yield calls in portions that fit into a request, those before an invalid line too."""
    batch: list[ImportedCall] = []
    size = 0
    try:
        for call, length in _calls_of(file):
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


def _calls_of(file: str) -> Iterator[tuple[ImportedCall, int]]:
    """Read each line as a call, with its length in bytes.

    Raises:
        ConfigError: a line is not a call; the message has its number.
    """
    for number, line in lines_of(file):
        try:
            yield _read(line), len(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(
                f"{file}, line {number}: not an exported call: {error}; expected one JSON object"
                ' with "source" and "message", as mockseg export writes it'
            ) from None
