"""Each single mistake that a schema can find, from the schema alone.

A mistake is a few changes to any good value, with the place where a validator must complain
and the code that it must complain with. Other complaints may come with it: a string in place
of an enumerated number has the wrong type and is not in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, NamedTuple

from mockseg.json_types import Json, JsonObject
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.format_checks import is_format
from mockseg.schemas.tree import Path, types_of
from mockseg.schemas.vocabulary import VOCABULARY, field_of, shown

# Stands for "remove it", and for "such a value does not exist"; null is a value of its own.
GONE: Final = object()
_OF_TYPE: Final[dict[str, Json]] = {
    "string": "text",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}
_UNPLANNED: Final = "unplannedProperty"
_UNKNOWN: Final = "Nothing Like It"
# Longer texts and lists are not realistic mistakes, and no message holds them.
_LONGEST: Final = 1 << 15


class Change(NamedTuple):
    """One change to a value.

    Attributes:
        path: where; objects and lists on the way are made.
        make: gives the new value from the one that is there.
        always: whether also where a value is there already.
    """

    path: Path
    make: Callable[[Json], Any]
    always: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake.

    Attributes:
        code: the code of the violation that it must give.
        path: where, from the root of the value.
        detail: what tells it from other mistakes of this code at this place; may be empty.
        when: the branch of a conditional that it is a mistake in; empty outside of them.
        sentence: what is wrong with the value.
        changes: what makes it, in order.
    """

    code: str
    path: Path
    detail: str = ""
    when: str = ""
    sentence: str
    changes: tuple[Change, ...]

    @property
    def field(self) -> str:
        return field_of(self.path)

    def made_in(self, value: JsonObject) -> JsonObject | None:
        """Return a copy of a good value with the mistake; None where it cannot be made."""
        changed, done = deepcopy(value), False
        for path, make, always in self.changes:
            there = _at(changed, path)
            if not always and there is not GONE:
                continue
            made = make(None if there is GONE else there)
            if made is not GONE:
                _put(changed, path, deepcopy(made))
                done = True
            elif there is not GONE:
                del _at(changed, path[:-1])[path[-1]]
                done = True
        return changed if done else None


def mistakes(
    schema: Json, *, values: Mapping[str, Json], given: Collection[str]
) -> Iterator[Mistake]:
    """Return every mistake in the values of a schema.

    Args:
        schema: JSON Schema over objects, without references.
        values: good values of properties, by name.
        given: members of the value whose own type, presence and limits are not the schema's
            to judge.
    """
    return _Walk(values, frozenset(given)).of(schema, ())


class _Walk:
    def __init__(self, values: Mapping[str, Json], given: frozenset[str]) -> None:
        self._values = values
        self._given = given

    def of(self, schema: Json, path: Path) -> Iterator[Mistake]:
        if not isinstance(schema, dict):
            return
        if path and not (len(path) == 1 and path[0] in self._given):
            yield from _wrong_values(schema, path)
        yield from self._inside(schema, path)

    def _inside(self, schema: JsonObject, path: Path) -> Iterator[Mistake]:
        yield from self._missing(schema, path)
        for name, sub in schema.get("properties", {}).items():
            if sub is False:
                value = self._values.get(name, "text")
                yield _wrong("not_allowed", (*path, name), value, f"{name} may not be there")
            else:
                yield from self.of(sub, (*path, name))
        extra = schema.get("additionalProperties")
        if extra is False and path:
            sentence = f"{_UNPLANNED} is not in the plan"
            yield _wrong("additional_property", (*path, _UNPLANNED), "text", sentence)
        elif isinstance(extra, dict):
            yield from _wrong_values(extra, (*path, "anything"))
        if isinstance(schema.get("items"), dict):
            yield from self.of(schema["items"], (*path, 0))
        yield from self._parts(schema, path)

    def _parts(self, schema: JsonObject, path: Path) -> Iterator[Mistake]:
        yield from _without_alternatives(schema, path)
        if "if" in schema:
            yield from self._branches(schema, path)
        for sub in schema.get("allOf", ()):
            if isinstance(sub, dict) and not _spellings(sub):
                yield from self.of(sub, path)
        for sub in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            if isinstance(sub, dict):
                # Without what another alternative may do without.
                yield from self.of({k: v for k, v in sub.items() if k != "required"}, path)

    def _missing(self, schema: JsonObject, path: Path) -> Iterator[Mistake]:
        for name, spellings in _required(schema):
            if path or name in {"properties", "traits"} or name not in self._given:
                yield Mistake(
                    code="required",
                    path=(*path, name),
                    sentence=f"{name} is missing",
                    changes=tuple(Change((*path, each), _gone) for each in spellings),
                )

    def _branches(self, schema: JsonObject, path: Path) -> Iterator[Mistake]:
        then, otherwise = schema.get("then", True), schema.get("else", True)
        asked = _asked(schema["if"])
        if asked is None:
            yield from self.of(then, path)
        elif isinstance(then, dict):
            name, answers = asked
            forbidden = [n for n, sub in then.get("properties", {}).items() if sub is False]
            needed = [each for each, _ in _required(then)]
            for answer in answers:
                when = f"{name} is {shown(answer)}"
                entering = (
                    Change((*path, name), _always(answer)),
                    *(Change((*path, each), _gone) for each in forbidden),
                    *(
                        Change((*path, each), _always(self._values.get(each, "text")), always=False)
                        for each in needed
                    ),
                )
                for mistake in self._inside(then, path):
                    yield replace(
                        mistake,
                        when=when,
                        sentence=f"{mistake.sentence} when {when}",
                        changes=(*entering, *mistake.changes),
                    )
        yield from self.of(otherwise, path)


def _required(schema: JsonObject) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in schema.get("required", ()):
        yield name, (name,)
    for condition in schema.get("allOf", ()):
        if spellings := _spellings(condition):
            yield spellings[0], spellings


def _spellings(condition: Json) -> tuple[str, ...]:
    """Read "one of these names is required", as lenient plans write it; else empty."""
    if not isinstance(condition, dict) or "if" not in condition or "then" in condition:
        return ()
    asked, otherwise = condition["if"], condition.get("else")
    if not isinstance(otherwise, dict) or set(otherwise) != {"required"}:
        return ()
    others = [each for each in asked.get("anyOf", (asked,)) if set(each) == {"required"}]
    return (*otherwise["required"], *(each["required"][0] for each in others)) if others else ()


def _asked(condition: Json) -> tuple[str, list[Json]] | None:
    """Return the one property that a condition asks for, and its values; None if it asks more."""
    asked = condition.get("properties", {}) if isinstance(condition, dict) else {}
    if len(asked) != 1:
        return None
    ((name, answer),) = asked.items()
    if not isinstance(answer, dict) or not {"enum", "const"} & set(answer):
        return None
    return name, answer.get("enum", [answer.get("const")])


def _without_alternatives(schema: JsonObject, path: Path) -> Iterator[Mistake]:
    choices = [
        name
        for each in schema.get("anyOf", ())
        if isinstance(each, dict)
        for name in each.get("required", ())
    ]
    if choices:
        yield Mistake(
            code="any_of",
            path=path,
            sentence=f"none of {', '.join(choices)} is there",
            changes=tuple(Change((*path, each), _gone) for each in choices),
        )


def _wrong_values(schema: JsonObject, path: Path) -> Iterator[Mistake]:
    name = path[-1]
    allowed = set(types_of(schema, default=_OF_TYPE))
    if "number" in allowed:
        allowed.add("integer")
    for kind, value in _OF_TYPE.items():
        if kind not in allowed:
            # The likeliest mistake of all: an SDK or a form that makes numbers strings.
            wrong = "9" if kind == "string" and allowed & {"integer", "number"} else value
            sentence = f"{name} is of type {kind}, not {' or '.join(sorted(allowed))}"
            yield replace(_wrong("invalid_type", path, wrong, sentence), detail=kind)
    for keyword, detail, make, reason in _OUTSIDE:
        wrong = make(schema[keyword]) if keyword in schema else GONE
        if wrong is GONE:
            continue
        change = wrong if callable(wrong) else _always(wrong)
        yield Mistake(
            code=VOCABULARY[keyword][0],
            path=path,
            detail=detail,
            sentence=f"{name} {reason}"
            if callable(wrong)
            else f"{name} is {shown(wrong)}, which {reason}",
            changes=(Change(path, change),),
        )


def _unknown(members: list[Json]) -> Json:
    numbers = [each for each in members if isinstance(each, int)]
    return max(numbers) + 1 if numbers else _UNKNOWN


def _other_case(members: list[Json]) -> Any:
    if not members or any(isinstance(each, int) for each in members):
        return GONE
    return str(members[0]).swapcase()


def _unmatched(pattern: str) -> Any:
    matches = compile_schema({"pattern": pattern}).is_valid
    return next((text for text in ("12 and more", "\u00bf?", "") if not matches(text)), GONE)


def _unformatted(name: str) -> Any:
    # A reference and a regular expression may be nearly any text.
    texts = ("not any format \u00bf", "%zz (")
    return next((text for text in texts if not is_format(name, text)), GONE)


def _many(limit: float) -> Any:
    count = int(limit) + 1

    def more(value: Json) -> Any:
        return (value * count)[:count] if isinstance(value, list) and value else GONE

    return more if count < _LONGEST else GONE


def _twice(unique: bool) -> Any:  # noqa: FBT001  (the keyword's value)
    def twice(value: Json) -> Any:
        return [value[0]] * 2 if isinstance(value, list) and value else GONE

    return twice if unique else GONE


# Keyword -> detail of the mistake, a value that violates the keyword (or a function that makes
# it of a good value; GONE where none exists), and why it is wrong.
_OUTSIDE: Final[tuple[tuple[str, str, Callable[[Any], Any], str], ...]] = (
    ("enum", "unknown", _unknown, "is not one of the allowed values"),
    ("enum", "other-case", _other_case, "is not one of the allowed values"),
    ("const", "", lambda _: _UNKNOWN, "is not the one value that is allowed"),
    ("pattern", "", _unmatched, "does not match the pattern"),
    ("format", "", _unformatted, "does not have the format"),
    ("minimum", "", lambda limit: limit - 1, "is too small"),
    ("maximum", "", lambda limit: limit + 1, "is too large"),
    ("exclusiveMinimum", "", lambda limit: limit, "is too small"),
    ("exclusiveMaximum", "", lambda limit: limit, "is too large"),
    ("multipleOf", "", lambda step: step / 2, "is not a multiple"),
    ("minLength", "", lambda n: "x" * (int(n) - 1) if 0 < n < _LONGEST else GONE, "is too short"),
    ("maxLength", "", lambda n: "x" * (int(n) + 1) if n < _LONGEST else GONE, "is too long"),
    ("minItems", "", lambda n: [] if n else GONE, "has too few items"),
    ("maxItems", "", _many, "has too many items"),
    ("uniqueItems", "", _twice, "has equal items"),
    ("minProperties", "", lambda n: {} if n else GONE, "is too small"),
)


def mistake(code: str, field: str, sentence: str, detail: str, **members: Any) -> Mistake:
    """Return the mistake of replacing some members of an object; ``GONE`` takes one away."""
    return Mistake(
        code=code,
        path=tuple(field.split(".")) if field else (),
        detail=detail,
        sentence=sentence,
        changes=tuple(Change((name,), _always(value)) for name, value in members.items()),
    )


def _wrong(code: str, path: Path, value: Json, sentence: str) -> Mistake:
    return Mistake(code=code, path=path, sentence=sentence, changes=(Change(path, _always(value)),))


def _always(value: Json) -> Callable[[Json], Json]:
    return lambda _: value


def _gone(_: Json) -> Any:
    return GONE


def _put(root: Json, path: Path, value: Json) -> None:
    """Put a value somewhere; objects and lists on the way are made."""
    holder = root
    for step, following in pairwise(path):
        empty: Json = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not holder or not isinstance(holder[0], type(empty)):
                holder[:1] = [empty]
        elif not isinstance(holder.get(step), type(empty)):
            holder[step] = empty
        holder = holder[step]
    if isinstance(holder, list):
        holder[:1] = [value]
    else:
        holder[path[-1]] = value


def _at(root: Json, path: Path) -> Any:
    value: Any = root
    for step in path:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step == 0 and value:
            value = value[0]
        else:
            return GONE
    return value
