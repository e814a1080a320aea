"""A term of the query language for one value of a message, such as ``properties.total:=42``."""

from __future__ import annotations

from typing import Final

from mockseg import json_types
from mockseg.errors import QueryError
from mockseg.json_types import Json
from mockseg.query.predicate import exact_value
from mockseg.query.terms import FIELD_ROOTS, key_text, read_terms, term_text

# A longer value says nothing to a person who reads the query.
_LONGEST: Final = 200


def field_term(names: tuple[str, ...], value: Json, *, negated: bool = False) -> str:
    """Write the term that finds the calls with exactly this value, of its type, at a field.

    Args:
        names: lead to the field, ``("properties", "total")``.
        value: a string, number, boolean or null.
        negated: whether it finds the calls without it.

    Returns:
        The term; empty where no term says this: of objects, lists and long values, below a name
        with a dot or without characters, and of what is not in properties, traits, context or
        integrations.
    """
    if len(names) < 2 or names[0] not in FIELD_ROOTS or isinstance(value, dict | list):
        return ""
    if sum(map(len, names)) > _LONGEST or (isinstance(value, str) and len(value) > _LONGEST):
        return ""
    key = key_text(".".join(names))
    if isinstance(value, str):
        plain = term_text(key, value, negated=negated)
        # A string that looks like a number would find the number too.
        written = (
            plain
            if _says(plain, names, value)
            else term_text(key, value, negated=negated, quotes=True)
        )
    else:
        written = f"{'-' if negated else ''}{key}:={json_types.encode(value).decode()}"
    return written if _says(written, names, value) else ""


def _says(text: str, names: tuple[str, ...], value: Json) -> bool:
    """Return whether a term is read as one of this value."""
    try:
        (term,) = read_terms(text)
        (read,) = term.values
    except (QueryError, ValueError):
        return False
    exact = exact_value(read)
    return term.field == names and not read.prefix and type(exact) is type(value) and exact == value
