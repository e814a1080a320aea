"""Recorded calls as text for elsewhere: a curl command, a test, a matcher, an export, a report."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from mockseg import json_types
from mockseg.domain.call import Call
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.json_types import Json, JsonObject
from mockseg.matching.render import finding_line
from mockseg.printable import printable_json, printable_lines

_WIDTH: Final = 88
_MOST_LEVELS: Final = 40
# Of the message -> argument of a matcher; ids that differ in each run are left out.
_POSITIONAL: Final = {
    "track": "event",
    "page": "name",
    "screen": "name",
    "identify": "userId",
    "group": "groupId",
    "alias": "userId",
}
# Headers that another connection has of its own; a body is sent inflated.
_OF_THE_CONNECTION: Final = frozenset(
    {"host", "connection", "content-length", "content-encoding", "transfer-encoding", "expect"}
    | {"accept-encoding", "keep-alive"}
)
_ARGUMENTS: Final = {
    "category": "category",
    "userId": "user_id",
    "groupId": "group_id",
    "previousId": "previous_id",
    "properties": "properties",
    "traits": "traits",
}


class Copied(NamedTuple):
    """A call with what is told of its request.

    Attributes:
        call: it.
        raw: its JSON as sent.
        request_line: method and path.
        status: that was answered; 0 for no answer.
        answer: the beginning of the answer's body.
    """

    call: Call
    raw: bytes
    request_line: str
    status: int
    answer: str


def copied(calls: Sequence[Copied], form: str, *, url: str | None = None) -> str:
    """Return calls as text.

    Args:
        calls: in the order of the text.
        form: a member of ``CopyForm``.
        url: address in a curl command; None for the variable MOCKSEG_URL.
    """
    if form == "curl":
        return "\n".join(_curl(each, url) for each in calls)
    return ("" if form == "ndjson" else "\n").join(map(_FORMS[form], calls))


# --- curl


def _curl(copied: Copied, url: str | None) -> str:
    """Return the command that sends the call alone, to the same route where that is one."""
    call, body = copied.call, copied.raw
    path = call.request.path.lower().rstrip("/")
    if not path.startswith("/v1/") or path in {"/v1/batch", "/v1/import", "/v1/b"}:
        body, path = b'{"batch":[' + body + b"]}", "/v1/batch"
    elif path.startswith("/v1/pixel/"):
        path = f"/v1/{path.rsplit('/', 1)[1]}"
    text = printable_json(body.decode("utf-8", "replace"))
    user = f" -u {shlex.quote(call.source + ':')}" if call.source else ""
    to = f'"$MOCKSEG_URL"{path}' if url is None else shlex.quote(url.rstrip("/") + path)
    return f"curl -s {to}{user} -H 'Content-Type: application/json' -d {shlex.quote(text)}"


def request_curl(
    method: str,
    url: str,
    *,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    write_key: str,
) -> str:
    """Return the command that sends a whole request once more, its body inflated.

    Args:
        method: of HTTP.
        url: with path and query.
        headers: as they were sent; secrets among them are redacted.
        body: bytes; as base64 where a terminal could not show them as they are.
        write_key: sent as the user where the request had an Authorization header.
    """
    parts = ["curl -s", f"-X {shlex.quote(method)}"]
    for name, value in headers:
        if name.lower() == "authorization":
            parts.append(f"-u {shlex.quote(write_key + ':')}")
        elif name.lower() not in _OF_THE_CONNECTION:
            parts.append(f"-H {shlex.quote(f'{name}: {value}')}")
    before = ""
    text = body.decode("utf-8", "replace")
    if body and text.encode() == body == printable_lines(text).encode():
        parts.append(f"--data-binary {shlex.quote(text)}")
    elif body:
        before = f"echo {base64.b64encode(body).decode()} | base64 -d | "
        parts.append("--data-binary @-")
    return f"{before}{' '.join(parts)} {shlex.quote(url)}"


# --- pytest


def _pytest(copied: Copied) -> str:
    call = copied.call
    message = call.message
    known = call.type in MESSAGE_TYPES
    first = _POSITIONAL.get(call.type, "")
    parts = [] if known else [python_literal(call.type)]
    if isinstance(message.get(first), str):
        parts.append(python_literal(message[first]))
    for field, argument in _ARGUMENTS.items():
        value = message.get(field)
        if field != first and value not in (None, "", {}):
            parts.append(f"{argument}={python_literal(value, indent=8)}")
    if not call.user_id and isinstance(message.get("anonymousId"), str):
        parts.append(f"anonymous_id={python_literal(message['anonymousId'])}")
    if call.verdict != "accepted":
        parts.append(f'verdict="{call.verdict}"')
    elif not call.good:
        parts.append("good=False")
    name = call.type if known else "message"
    line = f"segment.assert_called({name}({', '.join(parts)}), times=1)"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = "".join(f"        {part},\n" for part in parts)
    return f"segment.assert_called(\n    {name}(\n{inner}    ),\n    times=1,\n)"


def python_literal(value: Json, *, indent: int = 0, levels: int = _MOST_LEVELS) -> str:
    """Write a JSON value as Python does, on several lines where one would be too long.

    Args:
        value: to write; what is nested deeper than 40 levels becomes ``ANY``.
        indent: number of spaces before the line that it begins on.
        levels: how many more may follow.
    """
    line = _one_line(value, levels)
    has_members = isinstance(value, dict | list) and bool(value) and levels > 0
    if not has_members or len(line) + indent <= _WIDTH:
        return line
    inner = " " * (indent + 4)
    if isinstance(value, dict):
        parts = [
            f"{_text(key)}: {python_literal(each, indent=indent + 4, levels=levels - 1)}"
            for key, each in value.items()
        ]
        opening, closing = "{", "}"
    else:
        parts = [python_literal(each, indent=indent + 4, levels=levels - 1) for each in value]
        opening, closing = "[", "]"
    lines = "".join(f"{inner}{part},\n" for part in parts)
    return f"{opening}\n{lines}{' ' * indent}{closing}"


def _one_line(value: Json, levels: int) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict | list) and levels <= 0:
        return "ANY"
    if isinstance(value, dict):
        members = (f"{_text(key)}: {_one_line(each, levels - 1)}" for key, each in value.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join([_one_line(each, levels - 1) for each in value])}]"
    return repr(value)


def _text(text: str) -> str:
    """Write a text between double quotes, as formatters do, unless it has some."""
    written = repr(text)
    if written.startswith("'") and '"' not in written:
        return f'"{written[1:-1]}"'.replace("\\'", "'")
    return written


# --- JSON and Markdown


def _matcher(copied: Copied) -> str:
    call = copied.call
    match: JsonObject = {"source": call.source, "type": call.type}
    for field in ("event", "userId", "groupId", "properties", "traits"):
        value = call.message.get(field)
        if value not in (None, "", {}) and (field in {"properties", "traits"} or _is_text(value)):
            match[field] = value
    if call.user_id is None and call.anonymous_id is not None:
        match["anonymousId"] = call.anonymous_id
    if call.verdict != "accepted":
        match["verdict"] = call.verdict
    return json_types.pretty({"match": match, "count": {"min": 1}, "timeout": 2})


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _ndjson(copied: Copied) -> str:
    return json_types.encode_printable(copied.call).decode() + "\n"


def _message(copied: Copied) -> str:
    return json_types.pretty(copied.call.message)


def _raw(copied: Copied) -> str:
    return printable_json(copied.raw.decode("utf-8", "replace"))


def _markdown(copied: Copied) -> str:
    call = copied.call
    name = call.event or call.message.get("name") or ""
    request = (
        f"Request `{call.request.id}`: {_in_line(copied.request_line)},"
        f" message {call.request.index + 1} of it, attempt {call.request.attempt}."
        f" Answer {copied.status or 'none'}:"
    )
    lines = [
        f"### {call.id}: {_in_line(f'{call.type} {name}'.strip())}",
        "",
        f"- received {call.received_at}, source {_in_line(call.source or '(no key)')}",
        f"- {call.verdict}{'' if call.good else ', not good'}",
        *(f"- {_in_line(finding_line(finding))}" for finding in call.findings[:100]),
        "",
        "Message as sent:",
        "",
        *_fenced(json_types.pretty(call.raw), "json"),
        "",
        request,
        "",
        *_fenced(printable_json(copied.answer), ""),
    ]
    return "\n".join(lines) + "\n"


def _in_line(text: str) -> str:
    """Write any text as code of Markdown."""
    flat = json.dumps(text, ensure_ascii=False)[1:-1].replace("\\\\", "\\").replace('\\"', '"')
    ticks = "`" * (max((len(run) for run in _runs(flat)), default=0) + 1)
    space = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{space}{printable_json(flat)}{space}{ticks}"


def _fenced(text: str, language: str) -> list[str]:
    longest = max((len(run) for run in _runs(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", text, fence]


def _runs(text: str) -> list[str]:
    """Return the runs of backquotes in a text."""
    return re.findall("`+", text)


_FORMS: Final[dict[str, Callable[[Copied], str]]] = {
    "pytest": _pytest,
    "matcher": _matcher,
    "ndjson": _ndjson,
    "message": _message,
    "raw": _raw,
    "markdown": _markdown,
}
