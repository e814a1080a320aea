r"""Terraform's own language, as far as plans are written in it: values, and ``jsonencode``.

Segment's Git Sync writes a file ``tracking_plans/tp_....tf`` for each plan. python-hcl2 parses it
and evaluates nothing: texts come with their quotes and escapes, calls as ``${...}``. What a value
depends on elsewhere (variables, files, modules) only Terraform knows.
"""

from __future__ import annotations

import re
from typing import Final

from mockseg.errors import MalformedJsonError, PlanError
from mockseg.extras import require
from mockseg.json_types import Json, JsonObject, decode

_CALL: Final = re.compile(r"\$\{\s*jsonencode\s*\((?P<value>.*)\)\s*\}", re.DOTALL)
_NUMBER: Final = re.compile(r"\$\{(?P<number>-?[0-9.]+[eE][+-]?[0-9]+)\}")
_HEREDOC: Final = re.compile(r"<<(?P<dented>-?)\w+\n(?P<text>.*\n)?\s*\w+\s*", re.DOTALL)
_LONG_ESCAPE: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\U([0-9a-fA-F]{8})")
_TEMPLATE: Final = re.compile(r"(?<![$%])[$%]\{")
# Not of the language: what the parser adds to blocks.
_ADDED: Final = frozenset({"__is_block__", "__comments__", "__inline_comments__"})
_CONVERTER: Final = "`terraform show -json` writes the values"


def decode_hcl(text: str, *, file: str) -> Json:
    """Decode a document in HCL to the JSON that Terraform takes for it.

    Args:
        text: of a ``.tf`` file.
        file: its name, for errors.

    Raises:
        MissingExtraError: python-hcl2 is not installed.
        PlanError: it is not HCL, or a value is known to Terraform only.
    """
    resource = _parsed(text, file=file).get("resource", [])
    return {"resource": _value(resource, file=file, place="resource")}


def evaluated(expression: str, *, file: str, place: str) -> Json:
    """Return the value of an expression that a text holds: ``${jsonencode({...})}``.

    Raises:
        MissingExtraError: python-hcl2 is not installed.
        PlanError: only Terraform knows its value.
    """
    return _text(expression, file=file, place=place)


def _parsed(text: str, *, file: str) -> JsonObject:
    require("hcl2", user="a plan in Terraform's language")
    import hcl2
    from lark.exceptions import LarkError, UnexpectedInput

    try:
        document: JsonObject = hcl2.loads(text if text.endswith("\n") else f"{text}\n")
    except UnexpectedInput as error:
        place = f"line {error.line}, column {error.column}"
        raise PlanError("not HCL: unexpected text here", file=file, place=place) from None
    except (LarkError, RecursionError) as error:
        raise PlanError(f"not HCL: {str(error).splitlines()[0]}", file=file) from None
    return document


def _value(value: Json, *, file: str, place: str) -> Json:
    if isinstance(value, dict):
        named = ((_name(key, file=file, place=place), each) for key, each in value.items())
        return {
            key: _value(each, file=file, place=f"{place}.{key}")
            for key, each in named
            if key not in _ADDED
        }
    if isinstance(value, list):
        return [
            _value(each, file=file, place=f"{place}[{index}]") for index, each in enumerate(value)
        ]
    return _text(value, file=file, place=place) if isinstance(value, str) else value


def _name(key: str, *, file: str, place: str) -> str:
    return str(_text(key, file=file, place=place)) if key.startswith('"') else key


def _text(text: str, *, file: str, place: str) -> Json:
    if text.startswith('"'):
        return _quoted(text, file=file, place=place)
    if call := _CALL.fullmatch(text):
        inner = _parsed(f"value = {call['value']}", file=file)["value"]
        return _value(inner, file=file, place=place)
    if number := _NUMBER.fullmatch(text):
        return float(number["number"])
    if text.startswith("${"):
        raise PlanError(
            f"only Terraform knows the value of {text[2:-1][:80]}; allowed are values and "
            f"jsonencode({{...}}), and {_CONVERTER} of a configuration",
            file=file,
            place=place,
        )
    return text


def _quoted(text: str, *, file: str, place: str) -> str:
    inside = text[1:-1]
    heredoc = _HEREDOC.fullmatch(inside)
    if heredoc is not None:
        body = heredoc["text"] or ""
        lines = body.splitlines(keepends=True)
        indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
        dent = min(indents, default=0) if heredoc["dented"] else 0
        inside = "".join(line[dent:] if line.strip() else line for line in lines)
    if _TEMPLATE.search(inside):
        raise PlanError(
            f"only Terraform knows the value of {inside[:80]!r}, a template; {_CONVERTER} of a "
            "configuration",
            file=file,
            place=place,
        )
    if heredoc is None:
        inside = _unescaped(inside, file=file, place=place)
    return inside.replace("$${", "${").replace("%%{", "%{")


def _unescaped(text: str, *, file: str, place: str) -> str:
    plain = _LONG_ESCAPE.sub(lambda match: match[1] + chr(int(match[2], 16)), text)
    try:
        return str(decode(f'"{plain}"'.encode()))
    except (MalformedJsonError, ValueError):
        raise PlanError(f"invalid text {text[:80]!r}", file=file, place=place) from None
