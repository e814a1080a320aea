"""Every public form of a tracking plan, as the JSON of Segment's Public API.

Known are answers of the Public API (whole, their inside, their pages in a list, the rules alone),
Terraform (``.tf.json``, states, ``terraform show -json``; HCL by :mod:`mockseg.plans.hcl`), and
the Config API's plans, which older releases of typewriter keep as ``plan.json``.
Schemas may be text, as Terraform has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mockseg.errors import MalformedJsonError, PlanError
from mockseg.json_types import Json, JsonObject, as_object, decode
from mockseg.plans.hcl import evaluated
from mockseg.suggestions import quoted

_RESOURCE: Final = "segment_tracking_plan"
# Where configurations, states and modules of Terraform have resources.
_HOLDERS: Final = (
    "resource", "resources", "values", "planned_values", "root_module", "child_modules",
)  # fmt: skip
# The Config API's schemas that are about no event, and the type of a rule that they are now.
_OF_TYPES: Final = (("global", "COMMON"), ("identify", "IDENTIFY"), ("group", "GROUP"))
_ANNOTATIONS: Final = frozenset({"$schema", "type", "title", "description", "labels", "id"})
_DEEPEST: Final = 50


def public_form(document: Json, *, file: str) -> Json:
    """Return a plan's document as ``{"rules": [...], ...}`` of the Public API.

    Args:
        document: decoded JSON, or HCL; one in another form comes back as it is.
        file: its name, for errors.

    Raises:
        PlanError: it holds no plan, several plans, or only a part of one.
    """
    if isinstance(document, list):
        return _joined(document, file=file)
    if not isinstance(document, dict):
        return document
    if _is_terraform(document):
        return _only(list(_resources(document)), "name", file=file)
    holder = as_object(document.get("data")) if "rules" not in document else document
    if "rules" not in holder and isinstance(holder.get("trackingPlan"), dict):
        raise PlanError(
            "this answer of Segment's API has the plan's name and no rules; save that of "
            "GET /tracking-plans/{id}/rules",
            file=file,
        )
    if "rules" not in holder and isinstance(holder.get("trackingPlans"), list):
        raise PlanError(
            "this answer of Segment's API lists plans without their rules; save that of "
            "GET /tracking-plans/{id}/rules",
            file=file,
        )
    return _of_config_api(document, file=file)


def schema_of(entry: JsonObject, *, file: str, place: str) -> Json:
    """Return the schema of a rule's JSON, which Terraform has as text, decoded.

    Raises:
        PlanError: its text is not JSON.
    """
    name = "jsonSchema" if "jsonSchema" in entry else "json_schema"
    schema = entry.get(name)
    if not isinstance(schema, str):
        return schema
    if schema.startswith("${"):
        return evaluated(schema, file=file, place=f"{place}.{name}")
    try:
        return decode(schema.encode())
    except MalformedJsonError as error:
        raise PlanError(
            f"the text of the schema is not JSON: {error}", file=file, place=f"{place}.{name}"
        ) from None


def _joined(answers: list[Json], *, file: str) -> Json:
    """Join what a list holds: rules, or the pages of an answer."""
    if answers and all(isinstance(each, dict) and "type" in each for each in answers):
        return {"rules": answers}
    pages = [as_object(public_form(each, file=file)) for each in answers]
    pages = [
        as_object(page["data"]) if "rules" not in page and "data" in page else page
        for page in pages
    ]
    if not pages or not all(isinstance(page.get("rules"), list) for page in pages):
        return answers
    rules = [rule for page in pages for rule in page["rules"]]
    return {**pages[0], "rules": rules, "pagination": None}


def _is_terraform(document: JsonObject) -> bool:
    # A configuration, a state, and what `terraform show -json` prints of either.
    return (
        isinstance(document.get("resource"), dict | list)
        or isinstance(document.get("resources"), list)
        or "format_version" in document
    )


def _resources(node: Json, depth: int = 0) -> Iterator[JsonObject]:
    """Yield the plans of a Terraform document, wherever its modules have them."""
    if depth > _DEEPEST:
        return
    if isinstance(node, list):
        for each in node:
            yield from _resources(each, depth + 1)
    elif isinstance(node, dict):
        if node.get("type") == _RESOURCE:
            instances = node.get("instances")
            held: list[Json] = instances if isinstance(instances, list) else []
            values = [node.get("values"), *(as_object(each).get("attributes") for each in held)]
            yield from (each for each in values if isinstance(each, dict))
        for name in _HOLDERS:
            yield from _resources(node.get(name), depth + 1)
        yield from _labelled(node.get(_RESOURCE))


def _labelled(block: Json) -> Iterator[JsonObject]:
    """Yield the bodies of a configuration's blocks; a label has one, or a list of them."""
    for labels in block if isinstance(block, list) else [block]:
        for held in as_object(labels).values():
            bodies = held if isinstance(held, list) else [held]
            yield from (each for each in bodies if isinstance(each, dict))


def _only(plans: list[JsonObject], name: str, *, file: str) -> JsonObject:
    if len(plans) == 1:
        return plans[0]
    if not plans:
        raise PlanError(f"found no resource of the type {_RESOURCE}", file=file)
    names = ", ".join(quoted(plan.get(name)) for plan in plans[:5])
    raise PlanError(f"found {len(plans)} plans: {names}; allowed is one a file", file=file)


def _of_config_api(document: JsonObject, *, file: str) -> Json:
    """Convert a plan of the Config API; another document comes back as it is."""
    if isinstance(plans := document.get("tracking_plans"), list):
        document = _only([as_object(each) for each in plans], "display_name", file=file)
    document = as_object(document.get("tracking_plan")) or document
    old = document.get("rules")
    if not isinstance(old, dict) or not isinstance(old.get("events", []), list):
        return document
    rules: list[Json] = [
        {"type": kind, "version": 1, "jsonSchema": old[name]}
        for name, kind in _OF_TYPES
        if isinstance(old.get(name), dict) and not _says_nothing(old[name])
    ]
    for event in old.get("events", []):
        if not isinstance(event, dict):
            rules.append(event)
            continue
        rule = {"type": "TRACK", "key": event.get("name"), "version": event.get("version") or 1}
        if event.get("description"):
            rule["description"] = event["description"]
        rules.append({**rule, "jsonSchema": event.get("rules", {})})
    return {
        "name": document.get("display_name") or document.get("name"),
        "id": str(document.get("name") or "").rpartition("/")[2],
        "rules": rules,
    }


def _says_nothing(schema: Json) -> bool:
    """Return whether a schema allows everything, as empty ones do."""
    if not isinstance(schema, dict):
        return schema is True
    inner = schema.get("properties", {})
    return (
        set(schema) <= {*_ANNOTATIONS, "properties", "required"}
        and schema.get("type") in {None, "object"}
        and not schema.get("required")
        and isinstance(inner, dict)
        and all(_says_nothing(each) for each in inner.values())
    )
