"""The assertion that the calls are those of a golden file."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockseg import json_types
from mockseg.client.operation_call import FileWork
from mockseg.client.scope import WAIT, Deadline
from mockseg.client.verbs.judging import settled
from mockseg.client.verbs.reading import call_pages
from mockseg.client.verbs.unmet import lost_inside, raise_unmet, refuse_if_evicted
from mockseg.client.verbs.waiting import gather
from mockseg.errors import ConfigError, UnmetExpectationError, UnreadableFileError
from mockseg.files import read_json
from mockseg.matching.matchers import any_call
from mockseg.matching.values import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.client.operation_call import Steps
    from mockseg.client.scope import Scope
    from mockseg.domain.call import Call
    from mockseg.json_types import Json, JsonObject


# What is another one in every run: the noise list of Segment's library-e2e-tester
# (facts/segment-api.md §1.9); so are empty objects.
VOLATILE = (
    *("messageId", "timestamp", "receivedAt", "sentAt", "originalTimestamp", "channel"),
    *("version", "projectId", "writeKey", "_metadata", "context.library"),
)
# An app that sends more than the golden file has does so at once, or within this time.
_MORE_SECONDS = 0.1


def assert_matches_golden(
    scope: Scope,
    path: str | Path,
    *,
    ignore: Iterable[str] = (),
    update: bool = False,
    wait: float = WAIT,
) -> Steps[None]:
    """Fail when the calls are not those of a golden file, in their order.

    Not looked at are empty objects and what is new in every run
    (:data:`~mockseg.client.verbs.golden.VOLATILE`).

    Args:
        path: the file, a JSON array of messages.
        ignore: more fields not to look at, dotted.
        update: write the file instead.
        wait: seconds in which the calls must come.

    Raises:
        UnmetExpectationError: they differ, or there is no file.
        ConfigError: the file is not a golden file, or cannot be written.
    """
    ignored, file = _paths(ignore), Path(path)
    if update:
        yield from settled(scope, quiet=max(_MORE_SECONDS, min(wait, 0.3)), timeout=wait + 5)
        seen = yield from call_pages(scope)
        yield from refuse_if_evicted(scope, "that the golden file would hold all calls")
        stable = [_stable(call, ignored) for call in seen]
        yield FileWork(partial(_write, file, stable))
        return
    golden: list[JsonObject] | None = yield FileWork(partial(_read, file))
    if golden is None:
        raise UnmetExpectationError(
            f"there is no golden file {file}; write it from what is recorded now with"
            " update=True (pytest --mockseg-update-goldens), and look at it"
        )
    count = max(1, len(golden))
    yield from gather(scope, any_call(verdict=ANY), count=count, deadline=Deadline(wait))
    yield from settled(scope, quiet=_MORE_SECONDS, timeout=wait + 5)
    seen = yield from call_pages(scope)
    lost = yield from lost_inside(scope)
    from mockseg.matching.explain_source import explain_golden

    # The file may have been written with another list.
    wanted = [_without(message, ignored) for message in golden]
    got = [_stable(call, ignored) for call in seen]
    explanation = explain_golden(wanted, got, seen, path=file.name, lost=lost)
    if explanation is not None:
        raise_unmet(explanation, scope=scope, calls=seen)
    yield from refuse_if_evicted(scope, "that the calls are those of the golden file")


def _paths(ignore: Iterable[str]) -> tuple[list[str], ...]:
    if isinstance(ignore, str):
        raise TypeError(f"ignore is a list of fields such as [{ignore!r}]: got {ignore!r}")
    return tuple(each.split(".") for each in (*VOLATILE, *ignore))


def _stable(call: Call, ignored: tuple[list[str], ...]) -> JsonObject:
    message: Any = call.message or {"raw": call.raw}
    stable = _without(message, ignored)
    return stable if call.verdict == "accepted" else {**stable, "(verdict)": call.verdict}


def _without(message: JsonObject, ignored: tuple[list[str], ...]) -> JsonObject:
    stripped = json_types.decode(json_types.encode(message))
    for path in ignored:
        _remove(stripped, path)
    return _without_empty(stripped) or {}


def _remove(value: Json, path: list[str]) -> None:
    """Remove a field; in an array, from each of its members."""
    if isinstance(value, list):
        for member in value:
            _remove(member, path)
    elif isinstance(value, dict):
        if len(path) == 1:
            value.pop(path[0], None)
        elif path[0] in value:
            _remove(value[path[0]], path[1:])


def _without_empty(value: Json) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(member) for key, member in value.items()}
        return {key: member for key, member in kept.items() if member != {}}
    if isinstance(value, list):
        return [_without_empty(member) for member in value]
    return value


def _read(path: Path) -> list[JsonObject] | None:
    """Return a golden file, None when it does not exist.

    Raises:
        ConfigError: it is not a golden file.
    """
    try:
        golden = read_json(path)
    except UnreadableFileError as error:
        if error.missing:
            return None
        raise ConfigError(f"the golden file {path} cannot be read: {error.reason}") from None
    if not isinstance(golden, list) or not all(isinstance(each, dict) for each in golden):
        raise ConfigError(f"the golden file {path} is not a JSON array of messages")
    return golden


def _write(path: Path, golden: list[JsonObject]) -> None:
    """Write a golden file, whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two runs at once leave one file or the other, never half of each.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json_types.pretty(golden) + "\n")
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise ConfigError(f"the golden file {path} cannot be written: {error.strerror}") from None
