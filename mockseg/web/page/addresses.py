"""What the address of a view says; unknown parameters are ignored with a notice."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
from aiohttp import web

from mockseg.conversion import convert
from mockseg.suggestions import did_you_mean, quoted
from mockseg.web.parameters import check_content_type, each_once, wire_names

_P = TypeVar("_P", bound=msgspec.Struct)
_MOST_NAMED: Final = 5


def read_address(request: web.Request, params: type[_P]) -> _P:
    """Read the parameters of a view, as a person has typed or kept them.

    An old address, or one to which a mail program appended something, leads to the view.
    :func:`ignored` says what was ignored. Not for forms: what changes something is read strictly.

    Raises:
        OperationError: 415 a body is sent, 422 a wrong value.
    """
    check_content_type(request)
    names = wire_names(params)
    known = [(name, value) for name, value in request.query.items() if name in names]
    values = each_once(known, names, where="the address")
    return convert(dict(values), params, from_text=True, where="the address")


def ignored(request: web.Request, params: type[msgspec.Struct]) -> str:
    """Return a sentence about the parameters that are ignored; empty without any."""
    names = wire_names(params)
    unknown = [name for name in dict.fromkeys(request.query) if name not in names]
    if not unknown:
        return ""
    named = [f"{quoted(name)}{did_you_mean(name, names)}" for name in unknown[:_MOST_NAMED]]
    rest = f", and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
    what = "an unknown parameter" if len(unknown) == 1 else "unknown parameters"
    return f"The address has {what}, ignored here: {', '.join(named)}{rest}"
