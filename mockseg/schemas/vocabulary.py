"""Segment's words for a violation: its type, its sentence, and our code for scripts.

Types and sentences are those of the Go validator that Segment's published examples
come from (facts: ``Required``, ``Invalid Type``, ``Must validate "then" as "if" was
valid``): the type is the validator's name of the error in title case.
"""

from __future__ import annotations

from typing import Final

from mockseg.json_types import Json, encode

ROOT: Final = "(root)"

# Keyword -> (code, Segment's type, the sentence; {field}, {name} and {limit} are filled in).
VOCABULARY: Final[dict[str, tuple[str, str, str]]] = {
    "required": ("required", "Required", "{field} is required"),
    "type": ("invalid_type", "Invalid Type", "Invalid type. Expected: {limit}, given: {given}"),
    "enum": ("enum", "Enum", "{field} must be one of the following: {limit}"),
    "const": ("const", "Const", "{field} does not match: {limit}"),
    "pattern": ("pattern", "Pattern", "Does not match pattern '{limit}'"),
    "format": ("format", "Format", "Does not match format '{limit}'"),
    "minLength": (
        "min_length",
        "String Gte",
        "String length must be greater than or equal to {limit}",
    ),
    "maxLength": (
        "max_length",
        "String Lte",
        "String length must be less than or equal to {limit}",
    ),
    "minimum": ("minimum", "Number Gte", "Must be greater than or equal to {limit}"),
    "exclusiveMinimum": ("exclusive_minimum", "Number Gt", "Must be greater than {limit}"),
    "maximum": ("maximum", "Number Lte", "Must be less than or equal to {limit}"),
    "exclusiveMaximum": ("exclusive_maximum", "Number Lt", "Must be less than {limit}"),
    "multipleOf": ("multiple_of", "Multiple Of", "Must be a multiple of {limit}"),
    "minItems": ("min_items", "Array Min Items", "Array must have at least {limit} items"),
    "maxItems": ("max_items", "Array Max Items", "Array must have at most {limit} items"),
    "uniqueItems": ("unique_items", "Unique", "array items must be unique"),
    "contains": ("contains", "Contains", "At least one of the items must match"),
    "additionalItems": (
        "additional_items",
        "Array No Additional Items",
        "No additional items allowed on array",
    ),
    "minProperties": (
        "min_properties",
        "Array Min Properties",
        "Must have at least {limit} properties",
    ),
    "maxProperties": (
        "max_properties",
        "Array Max Properties",
        "Must have at most {limit} properties",
    ),
    "additionalProperties": (
        "additional_property",
        "Additional Property Not Allowed",
        "Additional property {name} is not allowed",
    ),
    "propertyNames": (
        "property_name",
        "Invalid Property Name",
        'Property name of "{name}" does not match',
    ),
    "dependencies": ("dependency", "Missing Dependency", "Has a dependency on {name}"),
    "anyOf": ("any_of", "Number Any Of", "Must validate at least one schema (anyOf)"),
    "oneOf": ("one_of", "Number One Of", "Must validate one and only one schema (oneOf)"),
    "not": ("not", "Number Not", "Must not validate the schema (not)"),
    "false": ("not_allowed", "False", "False always fails validation"),
}

# Reported beside what fails inside, which is all that a finding says.
WRAPPERS: Final[dict[str, tuple[str, str, str]]] = {
    "allOf": ("all_of", "Number All Of", "Must validate all the schemas"),
    "then": ("then", "Condition Then", 'Must validate "then" as "if" was valid'),
    "else": ("else", "Condition Else", 'Must validate "else" as "if" was not valid'),
}

_LONGEST_VALUE: Final = 120
_LONGEST_LIST: Final = 50


def field_of(path: tuple[str | int, ...]) -> str:
    """Write a path as Segment does: ``properties.products.0.price``, or ``(root)``."""
    return ".".join(map(str, path)) or ROOT


def type_names(types: Json) -> str:
    """Write the types that a schema allows: ``string``, or ``[string,null]`` of several."""
    names = types if isinstance(types, list) else [types]
    return str(names[0]) if len(names) == 1 else f"[{','.join(map(str, names))}]"


def given_type(value: Json) -> str:
    """Name the type of a value; 1.0 is an integer, as in draft-07."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__)


def shown(value: Json) -> str:
    try:
        text = encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def listed(values: list[Json]) -> str:
    """Write the allowed values in a row, at most 50 of them."""
    text = ", ".join(shown(value) for value in values[:_LONGEST_LIST])
    return text if len(values) <= _LONGEST_LIST else f"{text}, ... ({len(values)} in all)"
