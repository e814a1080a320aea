"""The OpenAPI 3.1 document of the control plane, made from the table of operations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from mockseg import json_types
from mockseg.json_types import JsonObject
from mockseg.operations.table import OPERATIONS, PREFIX, Operation
from mockseg.web.access import FOR_EVERY_PEER
from mockseg.web.control_answers import ErrorAnswer
from mockseg.web.feed import FeedQuery, Hello, Rows
from mockseg.web.places import Gap
from mockseg.web.stream import StreamQuery

_JSON = "application/json"
_SCHEMAS = "#/components/schemas/{name}"
# A line of the section ``Attributes:`` of a docstring.
_FIELD = re.compile(r"    ([a-z_0-9]+(?:, [a-z_0-9]+)*): (.*)")

# What every operation may answer, and what those with a body may besides.
_ERRORS = {
    401: "another machine asks without the control token, or with a wrong one",
    403: "a foreign host or origin, or another machine although the server has no control token",
    405: "the method is not one of this path's; the header Allow has them",
    415: "a body that is not declared as application/json",
    422: "a parameter is unknown, missing or not allowed; details say which and why",
    500: "mockseg failed; its log has the traceback",
    503: "the server is stopping",
}
_BODY_ERRORS = {
    400: "the body is not JSON",
    408: "the body did not arrive in time",
    413: "the body is too large",
}


@lru_cache(maxsize=1)
def document() -> JsonObject:
    schemas = _schemas()
    paths: dict[str, JsonObject] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(PREFIX + operation.path, {})
        path[operation.method.lower()] = _operation(operation, schemas)
    paths |= _others(schemas)
    for operation in OPERATIONS:
        # Their fields stand as parameters, or in place; as schemas nothing refers to them.
        if not operation.has_body or operation.path_names:
            schemas.pop(operation.params.__name__, None)
    schemas.pop(StreamQuery.__name__)
    schemas.pop(FeedQuery.__name__)
    made: JsonObject = {
        "openapi": "3.1.0",
        "info": {
            "title": "mockseg, the control plane",
            "version": PREFIX.rpartition("/")[2],
            "summary": "Read, wait for and clear what the local Segment recorded.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "this server"}],
        "paths": paths,
        # One of the two: nothing, from this machine, or the token.
        "security": [{}, {"controlToken": []}],
        "components": {
            "schemas": schemas,
            "responses": {
                str(status): _error(meaning)
                for status, meaning in sorted((_ERRORS | _BODY_ERRORS).items())
            },
            "securitySchemes": {"controlToken": {"type": "http", "scheme": "bearer"}},
        },
    }
    # Defaults that are tuples become what they are on the wire.
    plain: JsonObject = json_types.decode(json_types.encode(made))
    return plain


def _operation(operation: Operation, schemas: JsonObject) -> JsonObject:
    in_path = operation.path_names
    made: JsonObject = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _description(operation),
        "tags": [operation.path.split("/")[1]],
        "parameters": list(
            _parameters(operation.params, in_path, schemas, has_body=operation.has_body)
        ),
        "responses": {
            str(operation.status): {
                "description": schemas[operation.result.__name__]["description"],
                "content": {_JSON: {"schema": _reference(operation.result)}},
            },
            **_errors(dict(operation.refusals), has_body=operation.has_body),
        },
    }
    if operation.details is not None:
        # What every error has, and what its details are here.
        own = {"details": _reference(operation.details)}
        error = {"properties": {"error": {"properties": own}}}
        content = made["responses"]["406"]["content"][_JSON]
        content["schema"] = {"allOf": [content["schema"], error]}
    if operation.name in FOR_EVERY_PEER:
        made["security"] = []
        del made["responses"]["401"]
    if operation.has_body:
        made["requestBody"] = _body(operation, schemas)
    return made


def _description(operation: Operation) -> str:
    """Return what it takes in a sentence, and how else it can be asked."""
    sentences = [inspect.cleandoc(operation.params.__doc__ or "").split("\n\n")[0]]
    if operation.command is not None:
        sentences.append(f"On the command line: `mockseg {operation.command}`.")
    if operation.verb is not None:
        sentences.append(f"In Python: `{operation.verb}`.")
    return " ".join(sentences)


def _parameters(
    params: type[msgspec.Struct], in_path: tuple[str, ...], schemas: JsonObject, *, has_body: bool
) -> Iterator[JsonObject]:
    for name, schema in schemas[params.__name__]["properties"].items():
        if name not in in_path and has_body:
            continue
        yield {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in in_path or name in schemas[params.__name__].get("required", ()),
            "description": schema.get("description", name),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }


def _body(operation: Operation, schemas: JsonObject) -> JsonObject:
    """Return the schema of a body, without what the path names."""
    name = operation.params.__name__
    required = [
        field for field in schemas[name].get("required", ()) if field not in operation.path_names
    ]
    schema = _reference(operation.params)
    if operation.path_names:
        own = {key: value for key, value in schemas[name].items() if key != "required"}
        own["properties"] = {
            field: value
            for field, value in own["properties"].items()
            if field not in operation.path_names
        }
        schema = own | ({"required": required} if required else {})
    return {"required": bool(required), "content": {_JSON: {"schema": schema}}}


def _errors(own: dict[int, str], *, has_body: bool) -> JsonObject:
    common = _ERRORS | (_BODY_ERRORS if has_body else {})
    errors: JsonObject = {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in common
    }
    for status, meaning in own.items():
        errors[str(status)] = _error(meaning)
    return dict(sorted(errors.items()))


def _error(meaning: str) -> JsonObject:
    return {
        "description": meaning[0].upper() + meaning[1:] + ".",
        "content": {_JSON: {"schema": _reference(ErrorAnswer)}},
    }


def _others(schemas: JsonObject) -> JsonObject:
    """Return the paths that are not operations: the stream, the metrics, this document."""
    query = list(_parameters(StreamQuery, (), schemas, has_body=False))
    resume: JsonObject = {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "The id of the last event that was seen; browsers send it by themselves.",
        "schema": {"type": "string"},
    }
    events = (
        "Server-sent events: `call` (data: a Call), `request` (data: a RequestView), `delivery`"
        " (data: a Delivery, once it is final; both only where no key but `source` narrows the"
        " stream), `gap` (data: a Gap). Each has an id to go on"
        " from. Comments keep the connection alive."
    )
    rows = (
        "Server-sent events, at most four a second: `hello` (data: a Hello), `rows` (data: Rows),"
        " `gap` (data: a Gap). Each has an id to go on from. Comments keep the connection alive."
    )
    of_feed = list(_parameters(FeedQuery, (), schemas, has_body=False))
    return {
        f"{PREFIX}/feed": _get(
            "feed", "Stream rows for a live page.", rows, "text/event-stream", [*of_feed, resume]
        ),
        f"{PREFIX}/stream": _get(
            "stream", "Stream what is recorded.", events, "text/event-stream", [*query, resume]
        ),
        f"{PREFIX}/metrics": _get(
            "metrics",
            "Return counters and gauges.",
            "Prometheus' text format 0.0.4.",
            "text/plain",
            [],
        ),
        f"{PREFIX}/openapi.json": _get(
            "openapi", "Return this document.", "OpenAPI 3.1.", _JSON, []
        ),
    }


def _get(
    name: str, summary: str, description: str, content_type: str, parameters: list[JsonObject]
) -> JsonObject:
    kind = "object" if content_type == _JSON else "string"
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "description": description,
            "tags": [name],
            "parameters": parameters,
            "responses": {
                "200": {
                    "description": description,
                    "content": {content_type: {"schema": {"type": kind}}},
                },
                **_errors({}, has_body=False),
            },
        }
    }


def _reference(record: type) -> JsonObject:
    return {"$ref": _SCHEMAS.format(name=record.__name__)}


def _schemas() -> JsonObject:
    """Return the schemas of all records, with the texts of their docstrings field by field."""
    records: list[Any] = [ErrorAnswer, Gap, StreamQuery, FeedQuery, Hello, Rows]
    for operation in OPERATIONS:
        records += [operation.params, operation.result]
        records += [] if operation.details is None else [operation.details]
    _, schemas = msgspec.json.schema_components(list(dict.fromkeys(records)), ref_template=_SCHEMAS)
    for record in {*records, *_inside(records)}:
        if record.__name__ in schemas:
            _describe(schemas[record.__name__], record)
    return schemas


def _inside(records: list[type[msgspec.Struct]]) -> set[type[msgspec.Struct]]:
    found: set[type[msgspec.Struct]] = set()
    # The types that msgspec describes are records themselves: what is inside is in their fields.
    pending: list[Any] = list(msgspec.inspect.multi_type_info(records))
    while pending:
        each = pending.pop()
        if isinstance(each, tuple):
            pending += each
        elif isinstance(each, msgspec.Struct):
            if isinstance(each, msgspec.inspect.StructType):
                if each.cls in found:
                    continue
                found.add(each.cls)
            pending += [getattr(each, name) for name in each.__struct_fields__]
    return found


def _about(record: type) -> tuple[str, dict[str, str]]:
    """Return the text before ``Attributes:``, and what it says of each field, base classes' too."""
    fields: dict[str, str] = {}
    for base in reversed(record.__mro__):
        if base is not msgspec.Struct and issubclass(base, msgspec.Struct):
            fields |= _parts(base)[1]
    return _parts(record)[0], fields


def _describe(schema: JsonObject, record: type[msgspec.Struct]) -> None:
    whole, fields = _about(record)
    schema["description"] = whole
    for place, field in enumerate(msgspec.structs.fields(record)):
        if field.name not in fields:
            continue
        if "properties" in schema:
            schema["properties"][field.encode_name].setdefault("description", fields[field.name])
        else:
            # A record that is an array on the wire.
            member = schema["prefixItems"][place]
            member.setdefault("description", f"{field.encode_name}: {fields[field.name]}")


def _parts(record: type) -> tuple[str, dict[str, str]]:
    # Cleaned first: from Python 3.13 on the compiler takes the indent away.
    text, _, attributes = inspect.cleandoc(record.__doc__ or "").partition("\nAttributes:\n")
    fields: dict[str, str] = {}
    names: list[str] = []
    for line in attributes.splitlines():
        found = _FIELD.fullmatch(line)
        if found is not None:
            names = found[1].split(", ")
            fields |= dict.fromkeys(names, found[2])
        elif line.strip():
            fields |= {name: f"{fields[name]} {line.strip()}" for name in names}
    return " ".join(text.split()), fields
