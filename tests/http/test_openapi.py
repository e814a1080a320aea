"""The OpenAPI document agrees with the table, the routes and the standard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockseg.operations.table import OPERATIONS, PREFIX
from mockseg.web.openapi import document
from mockseg.web.parameters import wire_names

if TYPE_CHECKING:
    from mockseg.operations.table import Operation

METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> list[tuple[str, str, Any]]:
    """Give every operation of the document with its path and method."""
    return [
        (path, method, item[method])
        for path, item in document()["paths"].items()
        for method in METHODS
        if method in item
    ]


async def test_the_document_is_served(client: Any) -> None:
    """GET /openapi.json gives the document."""
    answer = await client.get(PREFIX + "/openapi.json")
    assert answer.status == 200
    assert await answer.json() == json.loads(json.dumps(document()))


def test_the_document_is_valid_openapi() -> None:
    """The validator of the specification finds nothing."""
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


def test_every_row_of_the_table_is_in_the_document() -> None:
    """Rows and documented operations are the same."""
    documented = {
        (found["operationId"], method.upper(), path) for path, method, found in operations()
    }
    extra = {
        ("feed", "/feed"),
        ("stream", "/stream"),
        ("metrics", "/metrics"),
        ("openapi", "/openapi.json"),
    }
    assert documented == {
        (operation.name, operation.method, PREFIX + operation.path) for operation in OPERATIONS
    } | {(name, "GET", PREFIX + path) for name, path in extra}


async def test_every_path_that_exists_is_in_the_document(client: Any) -> None:
    """What a 404 lists below the version is what the document describes."""
    answer = await client.get(PREFIX + "/nothing")
    listed = {line for line in (await answer.json())["error"]["details"]["paths"] if PREFIX in line}
    assert listed == {f"{method.upper()} {path}" for path, method, _ in operations()}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_parameter_is_described(operation: Operation) -> None:
    """Each parameter of a row stands in path, query or body, with what it means."""
    found = document()["paths"][PREFIX + operation.path][operation.method.lower()]
    described = {parameter["name"]: parameter for parameter in found["parameters"]}
    schemas = document()["components"]["schemas"]
    if operation.has_body:
        body = found["requestBody"]["content"]["application/json"]["schema"]
        if "$ref" in body:
            body = schemas[body["$ref"].rpartition("/")[2]]
        described |= body.get("properties", {})
    assert set(described) == set(wire_names(operation.params))
    assert [name for name, entry in described.items() if not entry.get("description")] == []
    in_path = {name for name, entry in described.items() if entry.get("in") == "path"}
    assert in_path == set(operation.path_names)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_and_refusal_is_described(operation: Operation) -> None:
    """Each row has its status and its refusals, all errors in the one shape."""
    found = document()["paths"][PREFIX + operation.path][operation.method.lower()]
    responses = found["responses"]
    result = {"$ref": f"#/components/schemas/{operation.result.__name__}"}
    good = responses[str(operation.status)]
    assert good["content"]["application/json"]["schema"] == result
    refusals = {status for status, _ in operation.refusals} | {401, 403, 405, 415, 422, 500, 503}
    refusals -= {401} if operation.name == "health" else set()
    refusals |= {400, 408, 413} if operation.has_body else set()
    assert {int(status) for status in responses} == refusals | {operation.status}


def test_all_errors_have_one_schema() -> None:
    """Every answer of 4xx and 5xx refers to the one schema of errors."""
    shared = document()["components"]["responses"]
    schemas = set()
    for _, _, found in operations():
        for status, answer in found["responses"].items():
            if status >= "400":
                whole = shared[status] if "$ref" in answer else answer
                schema = whole["content"]["application/json"]["schema"]
                # A wait also says what its details have.
                schemas.add(schema.get("allOf", [schema])[0]["$ref"])
    assert schemas == {"#/components/schemas/ErrorAnswer"}


def test_every_schema_is_referred_to() -> None:
    """No schema stands there for nothing, and none is missing."""
    text = json.dumps(document())
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert set(document()["components"]["schemas"]) - named == {"Gap", "Hello", "Rows"}


def test_every_field_of_every_schema_is_described() -> None:
    """Docstrings reach the document field by field."""
    silent = [
        f"{name}.{field}"
        for name, schema in document()["components"]["schemas"].items()
        for field, entry in schema.get("properties", {}).items()
        if not entry.get("description") and field != "kind"
    ]
    assert silent == []
