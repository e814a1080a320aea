"""Shapes of tracking plans, after the forms that are documented and exported.

Each is a plan of the Public API that the server takes; most rules say what plans of real
workspaces say, each in one feature of JSON Schema.
"""

from __future__ import annotations

from typing import Any, Final


def _track(
    properties: dict[str, Any], *required: str, key: str = "Seat Booked", **more: Any
) -> dict[str, Any]:
    body = {"type": "object", "properties": properties, **more}
    if required:
        body["required"] = list(required)
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"context": {}, "properties": body, "traits": {"type": "object"}},
        "required": ["properties"],
    }
    return {"type": "TRACK", "key": key, "version": 1, "jsonSchema": whole}


def _rule(kind: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, "version": 1, "jsonSchema": schema, **more}


_PLAIN: Final = _track({"a": {"type": "string"}}, "a")


def _with_common(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [_PLAIN, _rule("COMMON", schema)]


SHAPES: Final[dict[str, list[dict[str, Any]]]] = {
    "exported with id and labels": [
        _track({"a": {"id": "/properties/a", "type": ["string", "null"], "description": "x"}}, "a")
    ],
    "letters of any alphabet": [_track({"a": {"type": "string", "pattern": r"^\p{L}+$"}}, "a")],
    "ignored case": [_track({"a": {"type": "string", "pattern": "(?i)^(paid|free)$"}}, "a")],
    "word edges": [_track({"a": {"type": "string", "pattern": r"\bplan\b"}}, "a")],
    "named classes": [
        _track({"a": {"type": "string", "pattern": "^[[:alpha:]][[:alnum:]_-]{2,8}$"}}, "a")
    ],
    "snake case": [_track({"a": {"type": "string", "pattern": "^([a-z0-9]+_?)*[a-z0-9]$"}}, "a")],
    "date by pattern": [
        _track({"a": {"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])-[0-3]\d$"}}, "a")
    ],
    "pattern and length": [
        _track(
            {"a": {"type": "string", "pattern": "^(ab|cd)+$", "minLength": 4, "maxLength": 8}}, "a"
        )
    ],
    "two patterns": [
        _track({"a": {"allOf": [{"pattern": "^[a-z]+$"}, {"pattern": "e"}], "type": "string"}}, "a")
    ],
    "end of the text": [_track({"a": {"type": "string", "pattern": r"\A[A-Z]{3}\z"}}, "a")],
    "pattern and enumeration": [
        _track({"a": {"type": "string", "pattern": "^[a-z]+$", "enum": ["ab", "A"]}}, "a")
    ],
    "optional that nothing satisfies": [
        _track(
            {"a": {"type": "string"}, "b": {"type": "string", "minLength": 3, "enum": ["x"]}}, "a"
        )
    ],
    "names by pattern": [
        _track({}, patternProperties={"^n_": {"type": "number"}}, additionalProperties=False)
    ],
    "names of properties": [_track({"a": {}}, propertyNames={"pattern": "^[a-z_]+$"})],
    "list that contains": [
        _track(
            {"a": {"type": "array", "contains": {"const": "x"}, "items": {"type": "string"}}}, "a"
        )
    ],
    "tuple": [
        _track(
            {
                "a": {
                    "type": "array",
                    "items": [{"type": "string"}, {"type": "number"}],
                    "minItems": 2,
                }
            },
            "a",
        )
    ],
    "list of products": [
        _track(
            {
                "products": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["sku", "price"],
                        "properties": {
                            "sku": {"type": "string"},
                            "price": {"type": "number", "minimum": 0},
                        },
                    },
                }
            },
            "products",
        )
    ],
    "any of": [
        _track(
            {"a": {"type": "string"}, "b": {"type": "string"}},
            anyOf=[{"required": ["a"]}, {"required": ["b"]}],
        )
    ],
    "one of by constant": [
        _track(
            {},
            oneOf=[
                {
                    "properties": {"k": {"const": "x"}, "n": {"type": "integer"}},
                    "required": ["k", "n"],
                },
                {
                    "properties": {"k": {"const": "y"}, "t": {"type": "string"}},
                    "required": ["k", "t"],
                },
            ],
        )
    ],
    "if then else": [
        _track(
            {"method": {"enum": ["card", "cash"]}},
            "method",
            **{
                "if": {"properties": {"method": {"const": "card"}}},
                "then": {"required": ["brand"]},
            },
        )
    ],
    "dependencies": [_track({"a": {}, "b": {}}, dependencies={"a": ["b"]})],
    "references": [
        {
            **_PLAIN,
            "jsonSchema": {
                "definitions": {"money": {"type": "number", "minimum": 0, "multipleOf": 0.01}},
                "properties": {
                    "properties": {
                        "type": "object",
                        "required": ["total"],
                        "properties": {"total": {"$ref": "#/definitions/money"}},
                    }
                },
            },
        }
    ],
    "formats": [
        _track(
            {
                f: {"type": "string", "format": f}
                for f in ("date-time", "date", "email", "uri", "uuid")
            },
            "date-time",
            "email",
        )
    ],
    "format and pattern": [
        _track({"a": {"type": "string", "format": "date-time", "pattern": "Z$"}}, "a")
    ],
    "pattern and format": [
        _track({"a": {"type": "string", "format": "email", "pattern": "^[a-z]+@acme[.]com$"}}, "a")
    ],
    "format and not that pattern": [
        _track({"a": {"format": "email", "not": {"pattern": "example[.]com$"}}}, "a")
    ],
    "unique items by place": [
        _track(
            {
                "a": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": [{"enum": ["x", "y"]}, {"enum": ["x", "y"]}],
                    "minItems": 2,
                }
            },
            "a",
        )
    ],
    "unknown format": [_track({"a": {"type": "string", "format": "phone"}}, "a")],
    "no bots": _with_common(
        {
            "type": "object",
            "required": ["context"],
            "properties": {
                "context": {
                    "type": "object",
                    "required": ["userAgent"],
                    "properties": {
                        "userAgent": {"type": "string", "not": {"pattern": "(bot|crawl|spider)"}}
                    },
                }
            },
        }
    ),
    "common if pattern": _with_common(
        {
            "if": {"properties": {"event": {"pattern": "^Seat"}}, "required": ["event"]},
            "then": {"required": ["userId"]},
        }
    ),
    "common if type": _with_common(
        {
            "if": {"properties": {"type": {"const": "track"}}},
            "then": {"properties": {"event": {"pattern": "^[A-Z][a-z]+( [A-Z][a-z]+)*$"}}},
        }
    ),
    "common ids": _with_common(
        {"properties": {"userId": {"type": ["string", "null"], "pattern": "^[0-9a-f-]{36}$"}}}
    ),
    "common messageId": _with_common(
        {"required": ["messageId"], "properties": {"messageId": {"minLength": 10}}}
    ),
    "identify": [
        _rule(
            "IDENTIFY",
            {
                "properties": {
                    "traits": {
                        "required": ["email"],
                        "properties": {"email": {"format": "email", "type": "string"}},
                    }
                }
            },
        )
    ],
    "group": [
        _rule(
            "GROUP",
            {
                "properties": {
                    "traits": {
                        "properties": {"seats": {"type": "integer", "minimum": 1}},
                        "required": ["seats"],
                    }
                }
            },
        )
    ],
    "named page": [
        _rule(
            "PAGE",
            {
                "properties": {
                    "properties": {"required": ["path"], "properties": {"path": {"pattern": "^/"}}}
                }
            },
            key="Home",
        )
    ],
    "screen": [_rule("SCREEN", {"required": ["name"]})],
    "versions": [
        _PLAIN,
        {
            **_PLAIN,
            "version": 2,
            "jsonSchema": _track({"b": {"type": "integer"}}, "b")["jsonSchema"],
        },
    ],
    "unplanned properties refused": [_track({"a": {"type": "string"}}, additionalProperties=False)],
    "unique items": [
        _track(
            {
                "a": {
                    "type": "array",
                    "uniqueItems": True,
                    "minItems": 2,
                    "items": {"enum": ["x", "y", "z"]},
                }
            },
            "a",
        )
    ],
    "not an empty text": [_track({"a": {"type": "string", "not": {"enum": ["", "null"]}}}, "a")],
    "not that pattern": [_track({"a": {"type": "string", "not": {"pattern": r"^\s*$"}}}, "a")],
    "draft 4 limits": [_track({"a": {"type": "integer", "minimum": 1, "maximum": 5}}, "a")],
}
