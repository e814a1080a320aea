from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from mockseg import json_types
from mockseg.conversion import convert, invalid
from mockseg.errors import MalformedJsonError, OperationError
from mockseg.json_types import JsonObject
from mockseg.operations.table import Operation
from mockseg.suggestions import quoted, unknown_parameter
from mockseg.web.bodies import BODY_SECONDS

_P = TypeVar("_P", bound=msgspec.Struct)
# Far more than a person types into one of ours.
_MOST_FORM_BYTES = 64 * 1024
_OF_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}


async def read(request: web.Request, operation: Operation) -> msgspec.Struct:
    """Read what an operation is asked with: from path and body, or from path and query.

    What the path names wins.

    Raises:
        OperationError: 400 no JSON, 415 not declared as JSON, 422 a wrong parameter.
        aiohttp.web.HTTPRequestEntityTooLarge: the body is over the limit.
    """
    check_content_type(request)
    names = wire_names(operation.params)
    in_path = dict(request.match_info)
    if not operation.has_body:
        if await _bytes(request):
            sentence = f"{request.method} takes no body: its parameters travel in the query"
            raise invalid("body", sentence, allowed="no body")
        values: JsonObject = query_values(request, names)
        return convert({**values, **in_path}, operation.params, from_text=True, where="the query")
    for name in request.query:
        sentence = (
            f"the query: parameter {quoted(name)} is not allowed here; parameters of"
            f" {operation.method} travel in the JSON body"
        )
        raise invalid(name, sentence, allowed=[])
    values = await _body(request)
    return convert({**values, **in_path}, operation.params, from_text=False, where="the body")


def read_query(request: web.Request, params: type[_P]) -> _P:
    """Read parameters that a query has.

    Raises:
        OperationError: 422 a wrong parameter.
    """
    values = query_values(request, wire_names(params))
    return convert(dict(values), params, from_text=True, where="the query")


def wire_names(params: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.encode_name for field in msgspec.structs.fields(params))


def query_values(request: web.Request, names: tuple[str, ...]) -> dict[str, str]:
    """Return the query as names and texts.

    Raises:
        OperationError: 422; a name is unknown or comes twice.
    """
    return each_once(request.query.items(), names, where="the query")


async def form_values(request: web.Request, names: tuple[str, ...]) -> dict[str, str]:
    """Return the fields of a form as names and texts.

    Raises:
        OperationError: 413 it is too large, 422 a name is unknown or comes twice.
    """
    data = await _bytes(request)
    if len(data) > _MOST_FORM_BYTES:
        raise OperationError(
            f"the form is {len(data)} bytes: at most {_MOST_FORM_BYTES} are read",
            status=413,
            code="payload_too_large",
        )
    text = data.decode("ascii", "replace")
    try:
        fields = parse_qsl(
            text, keep_blank_values=True, errors="replace", max_num_fields=len(names) + 1
        )
    except ValueError as error:
        raise invalid("form", f"the form cannot be read: {error}") from None
    return each_once(fields, names, where="the form")


def each_once(
    pairs: Iterable[tuple[str, str]], names: tuple[str, ...], *, where: str
) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in names:
            raise unknown_parameter(name, "parameter", name, names, place=where)
        if name in values:
            raise invalid(name, f"`{name}` stands in {where} more than once", allowed="once")
        values[name] = value
    return values


def check_content_type(request: web.Request) -> None:
    """Let a body be declared as nothing but plain JSON.

    A page may send the types of forms to any other site without being asked. Those are
    refused even where nothing is in them; other types only matter where something is.

    Raises:
        OperationError: 415.
    """
    empty = not request.body_exists or request.headers.get("Content-Length") == "0"
    declared = request.headers.get("Content-Type")
    simple = declared is not None and request.content_type in _OF_FORMS
    is_json = declared is not None and request.content_type == "application/json"
    if is_json or (empty and not simple):
        encoding = request.headers.get("Content-Encoding", "identity")
        if encoding.strip().lower() in {"", "identity"}:
            return
        sentence = f'the body is sent with Content-Encoding "{encoding[:100]}": send it as it is'
        declared = encoding
    else:
        shown = f'as "{declared[:100]}"' if declared is not None else "without a Content-Type"
        sentence = f"the body is sent {shown}: it must be application/json"
    raise OperationError(
        sentence,
        status=415,
        code="unsupported_media_type",
        details={"value": (declared or "")[:100], "allowed": ["application/json"]},
    )


async def _body(request: web.Request) -> JsonObject:
    data = await _bytes(request)
    if not data:
        return {}
    try:
        value = json_types.decode(data)
    except MalformedJsonError as error:
        raise OperationError(
            f"the body is not JSON: {error}", status=400, code="malformed_json"
        ) from None
    if not isinstance(value, dict):
        raise invalid("body", "the body must be a JSON object", allowed="an object")
    return value


async def _bytes(request: web.Request) -> bytes:
    """Read a body, for so long as a body may take.

    Raises:
        OperationError: 400 it is broken on the wire, 408 it did not come.
        aiohttp.web.HTTPRequestEntityTooLarge: it is over the limit.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise OperationError(
            f"the body did not arrive within {BODY_SECONDS:g} s", status=408, code="body_timeout"
        ) from None
    except (web.RequestPayloadError, asyncio.IncompleteReadError, ValueError) as error:
        raise OperationError(
            f"the body could not be read: {error}", status=400, code="malformed_body"
        ) from None
