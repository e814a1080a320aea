"""From failures of a schema to violations as Segment words them, with help, and with context.

Of ``if``/``then`` and ``allOf`` the innermost failing place is reported. Of ``anyOf`` and
``oneOf``: one violation where all alternatives differ in type or in the allowed
values, one at the object where each alternative only misses another property, and
else the violations of the alternative that came nearest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final

from mockseg.domain.findings import CallWarning, Violation
from mockseg.json_types import Json, JsonObject, as_object
from mockseg.schemas.tree import NO_PLACE, Path, json_pointer, lookup, pointer_path
from mockseg.schemas.vocabulary import VOCABULARY, field_of, given_type, listed, shown, type_names
from mockseg.schemas.walker import Failure
from mockseg.suggestions import nearest


def explain(violation: Violation, message: JsonObject) -> str:
    """Return a few lines: what is wrong, where, the value there, and whose rule it is.

    Args:
        violation: from :meth:`mockseg.plans.planset.PlanSet.check`.
        message: the message that it was found in.
    """
    path = pointer_path(message, violation.instance_path)
    value = lookup(message, path)
    lines = [_first_line(violation)]
    if value is NO_PLACE:
        holder = lookup(message, path[:-1])
        if isinstance(holder, dict):
            lines.append(f"  sent: {_names(holder)}")
    elif path:
        lines.append(f"  sent: {given_type(value)} {shown(value)}")
    if violation.plan:
        rule = f", rule {violation.schema_path}" if violation.schema_path else ""
        lines.append(f"  plan: {violation.plan}{rule}")
    return "\n".join(lines)


def _first_line(violation: Violation) -> str:
    if violation.description.startswith(violation.field):
        return violation.description
    return f"{violation.field}: {violation.description}"


def _names(holder: JsonObject) -> str:
    if not holder:
        return "an empty object"
    names = ", ".join(shown(name) for name in list(holder)[:20])
    return f"an object with {names}" + (", ..." if len(holder) > 20 else "")


# Every help is a question that starts so; what Segment itself would say stands before it.
_HELP: Final = "; did "
_NUMERIC: Final = frozenset({"integer", "number"})


def violations_of(
    failures: Iterable[Failure], *, schema: JsonObject, plan: str
) -> tuple[Violation, ...]:
    """Word the failures of one schema, in an order that depends on the places alone.

    Args:
        failures: of one value.
        schema: the schema that they are failures of.
        plan: the name of the plan, for the violations.
    """
    found: dict[tuple[str, str, str], Violation] = {}
    for failure in _innermost(failures, schema):
        for violation in _worded(failure, schema, plan):
            key = (violation.instance_path, violation.code, violation.description)
            held = found.get(key)
            if held is None or violation.schema_path < held.schema_path:
                found[key] = violation
    return tuple(
        sorted(
            found.values(), key=attrgetter("instance_path", "schema_path", "code", "description")
        )
    )


def unplanned_event(event: str, *, planned: tuple[str, ...], plans: tuple[str, ...]) -> Violation:
    near = nearest(event, planned)
    help_text = f"{_HELP}you mean {shown(near)}?" if near is not None else ""
    return Violation(
        code="unplanned_event",
        type="Unplanned Event",
        field="event",
        description=f"{shown(event)} is not in the tracking plan{help_text}",
        instance_path="/event",
        plan=", ".join(plans),
    )


def unplanned_call(
    kind: str, name: str, *, calls: tuple[str, ...], instead: str, plans: tuple[str, ...]
) -> Violation:
    """Return what is wrong with a page, screen or other call that no rule is for.

    Args:
        kind: its type.
        name: of a page or screen, or empty.
        calls: the types of call that the sources of the plans make.
        instead: the type that the plans have this name for, or empty.
        plans: their names.
    """
    help_text = f"{_HELP}you mean to send {shown(name)} as {instead}?" if instead else ""
    if kind in calls:
        field, text = "name", f"{shown(name)} is not a {kind} of the tracking plan"
    else:
        field = "type"
        text = f"{' and '.join(plans)} sends {' and '.join(calls)} calls, not {kind} calls"
    return Violation(
        code="unplanned_call",
        type="Unplanned Call",
        field=field,
        description=f"{text}{help_text}",
        instance_path=f"/{field}",
        plan=", ".join(plans),
    )


def user_id_differs(sent: Json, repeated: Json, *, name: str, plan: str) -> CallWarning:
    return CallWarning(
        code="user_id_differs",
        field=f"properties.{name}",
        description=f"properties.{name} is {shown(repeated)} and userId is {shown(sent)}: the"
        " source sends the same identifier in both",
        plan=plan,
    )


def unreadable(reason: str, *, plan: str) -> Violation:
    return Violation(
        code="unreadable",
        type="Internal",
        field=field_of(()),
        description=f"Internal Error {reason}",
        plan=plan,
    )


# Stands for violations that are not told one by one.
MORE: Final = "more_violations"


def uncounted(plan: str) -> Violation:
    """Return what says that not all of a call was looked at."""
    return _more("and perhaps more: of long lists only the beginning was looked at", plan)


def capped(violations: tuple[Violation, ...], *, most: int) -> tuple[Violation, ...]:
    """Return at most ``most`` violations, and one that says how many more there are."""
    told = [each for each in violations if each.code != MORE]
    if len(told) <= most:
        return violations
    least = "at least " if len(told) < len(violations) else ""
    return (*told[:most], _more(f"and {least}{len(told) - most:,} more", told[0].plan))


def _more(sentence: str, plan: str) -> Violation:
    return Violation(
        code=MORE, type="More Violations", field=field_of(()), description=sentence, plan=plan
    )


def segment_text(violation: Violation) -> str:
    """Return the description as Segment would word it, without our help."""
    return violation.description.partition(_HELP)[0]


# Beside them, what fails inside says it all.
_WRAPPING: Final = frozenset({"allOf", "then", "else"})


def _branches(failure: Failure) -> list[tuple[Failure, ...]]:
    """Return why each alternative failed, without what only wraps what fails inside."""
    return [tuple(_unwrapped(branch)) for branch in failure.branches]


def _unwrapped(failures: Iterable[Failure]) -> Iterator[Failure]:
    for failure in failures:
        if failure.keyword in _WRAPPING:
            yield from _unwrapped(failure.inner)
        else:
            yield failure


def _innermost(failures: Iterable[Failure], schema: JsonObject) -> Iterator[Failure]:
    for failure in _unwrapped(failures):
        if failure.branches and not _is_one_choice(failure, schema):
            yield from _innermost(_nearest_branch(failure), schema)
        else:
            yield failure


def _is_one_choice(failure: Failure, schema: JsonObject) -> bool:
    return bool(_types(failure, schema) or _values(failure, schema) or _missing_one_of(failure))


def _alike(failure: Failure, keywords: frozenset[str]) -> list[Failure]:
    """Return the failures of all branches if all are of these keywords at the same place."""
    inner = [each for branch in _branches(failure) for each in branch]
    alike = all(
        each.keyword in keywords and each.instance_path == failure.instance_path for each in inner
    )
    return inner if alike else []


def _types(failure: Failure, schema: JsonObject) -> list[str]:
    inner = _alike(failure, frozenset({"type"}))
    names = [name for each in inner for name in _as_list(lookup(schema, each.schema_path))]
    return list(dict.fromkeys(names))


def _values(failure: Failure, schema: JsonObject) -> list[Json]:
    values: list[Json] = []
    if any(len(branch) > 1 for branch in _branches(failure)):
        return values
    for each in _alike(failure, frozenset({"enum", "const"})):
        value = lookup(schema, each.schema_path)
        values.extend(value if each.keyword == "enum" else [value])
    return values


def _missing_one_of(failure: Failure) -> list[str]:
    if not _alike(failure, frozenset({"required"})):
        return []
    return [
        " and ".join(dict.fromkeys(name for each in branch for name in each.names))
        for branch in _branches(failure)
    ]


def _nearest_branch(failure: Failure) -> tuple[Failure, ...]:
    def distance(branch: tuple[Failure, ...]) -> tuple[bool, bool, int]:
        here = [each for each in branch if each.instance_path == failure.instance_path]
        wrong_type = any(each.keyword == "type" for each in here)
        # A wrong const or enum one step down is how plans tell their alternatives apart.
        other = any(
            each.keyword in {"const", "enum"}
            and len(each.instance_path) <= len(failure.instance_path) + 1
            for each in branch
        )
        return wrong_type, other, len(branch)

    return min(_branches(failure), key=distance)


def _worded(failure: Failure, schema: JsonObject, plan: str) -> Iterator[Violation]:
    if failure.keyword in {"required", "additionalProperties", "dependencies", "propertyNames"}:
        for name in failure.names:
            yield _one(failure, schema, plan, path=(*failure.instance_path, name), name=name)
    else:
        yield _one(failure, schema, plan, path=failure.instance_path)


def _one(
    failure: Failure, schema: JsonObject, plan: str, *, path: Path, name: str = ""
) -> Violation:
    keyword = failure.keyword
    limit = lookup(schema, failure.schema_path)
    if failure.branches:
        if types := _types(failure, schema):
            keyword, limit = "type", types
        elif values := _values(failure, schema):
            keyword, limit = "enum", values
    code, kind, sentence = VOCABULARY.get(
        keyword, (keyword, keyword, f"Does not satisfy {keyword}")
    )
    field = field_of(path)
    text = sentence.format(
        field=field,
        name=name,
        given=given_type(failure.instance),
        limit=_limit_text(keyword, limit),
    )
    help_text = _help(failure, keyword, limit, schema, name)
    return Violation(
        code=code,
        type=kind,
        field=field,
        description=f"{text}{_HELP}{help_text}" if help_text else text,
        instance_path=json_pointer(path),
        schema_path=json_pointer(failure.schema_path),
        plan=plan,
    )


def _limit_text(keyword: str, limit: Json) -> str:
    if keyword == "enum" and isinstance(limit, list):
        return listed(limit)
    if keyword == "type":
        return type_names(limit)
    return limit if isinstance(limit, str) and keyword != "const" else shown(limit)


def _help(failure: Failure, keyword: str, limit: Json, schema: JsonObject, name: str) -> str | None:
    """Find a question that may lead to the mistake; it goes on after "did"."""
    value = failure.instance
    if keyword == "type":
        return _type_help(value, _as_list(limit))
    if keyword in {"enum", "const"} and isinstance(value, str):
        allowed = limit if keyword == "enum" else [limit]
        near = nearest(value, tuple(each for each in allowed if isinstance(each, str)))
        return None if near is None else f"you mean {shown(near)}?"
    if keyword == "additionalProperties":
        return _name_help(name, lookup(schema, (*failure.schema_path[:-1], "properties")))
    if keyword == "required" and isinstance(value, dict):
        known = as_object(lookup(schema, (*failure.schema_path[:-1], "properties")))
        near = nearest(name, tuple(key for key in value if key not in known))
        return None if near is None else f"you mean it by {shown(near)}?"
    if keyword in {"anyOf", "oneOf"} and (choices := _missing_one_of(failure)):
        return f"you forget {' or '.join(choices)}?"
    if keyword == "false":
        return "you mean to send it here?"
    if keyword == "not" and isinstance(limit, dict) and set(limit) == {"required"}:
        return f"you mean to send {' and '.join(map(str, limit['required']))} here?"
    return None


def _type_help(value: Json, types: list[str]) -> str | None:
    if isinstance(value, str):
        if _NUMERIC & set(types) and _is_number(value):
            return f"the SDK stringify it? {shown(value)} looks like a number"
        if "boolean" in types and value.lower() in {"true", "false"}:
            return f"the SDK stringify it? {shown(value)} looks like a boolean"
        if {"object", "array"} & set(types) and value[:1] in {"{", "["}:
            return "the SDK stringify it? the text looks like JSON"
    if types == ["string"] and isinstance(value, int | float) and not isinstance(value, bool):
        return f"you mean the string {shown(str(value))}?"
    return None


def _name_help(name: str, planned: Json) -> str | None:
    near = nearest(name, tuple(planned)) if isinstance(planned, dict) else None
    return None if near is None else f"you mean {shown(near)}?"


def _is_number(text: str) -> bool:
    if len(text) > 40 or not text.isascii():
        return False
    try:
        float(text)
    except ValueError:
        return False
    return text[-1:].isdigit()


def _as_list(value: Json) -> list[str]:
    if value is NO_PLACE:
        return []
    return value if isinstance(value, list) else [value]
