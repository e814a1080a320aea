"""Write fixtures/events again: what the documents show of each event, and each single mistake.

These come from the catalogue and nothing else. They stay the same whatever Hypothesis is
installed, which `mockseg samples` cannot promise.

python tests/support/event_fixtures.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mockseg.catalogue.loader import catalogues, load
from mockseg.catalogue.mistakes import Breakage, breakages
from mockseg.catalogue.samples import message_for
from mockseg.catalogue.spelling import slug
from mockseg.json_types import pretty

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mockseg.json_types import JsonObject
    from mockseg.plans.model import Plan, Rule

FOLDER: Final = Path(__file__).parents[2] / "fixtures" / "events"


def event_fixtures(plans: Iterable[str] | None = None) -> Iterator[tuple[str, JsonObject]]:
    """Yield files of each plan: a good message of each event, and all labelled invalid ones.

    The invalid ones are a choice from those of the strict plan: one of each kind at each
    place, and wrong types not deeper than the properties of the event themselves.
    """
    for name in catalogues() if plans is None else plans:
        plan = load(name, strictness="strict")
        names = [rule.name for rule in plan.rules]
        for rule in plan.rules:
            kind = f".{rule.type.lower()}" if names.count(rule.name) > 1 else ""
            yield f"{name}/{slug(rule.name)}{kind}.json", message_for(plan, rule)
        events = [_invalid(plan, rule) for rule in plan.rules]
        document = {"plan": plan.slug, "strictness": plan.strictness, "events": events}
        yield f"{name}/invalid.json", document


def _invalid(plan: Plan, rule: Rule) -> JsonObject:
    chosen: dict[tuple[str, ...], Breakage] = {}
    for each in breakages(plan, rule):
        if each.code == "invalid_type" and each.field.count(".") > 1:
            continue
        many = each.code in {"invalid_type", "not_allowed"}
        chosen.setdefault((each.code, each.field) if many else (each.id,), each)
    invalid = [
        {
            "id": each.id,
            "description": each.description,
            "finding": {"kind": each.kind, "code": each.code, "field": each.field},
            "message": each.message,
        }
        for each in chosen.values()
    ]
    return {"event": rule.name, "type": rule.type, "invalid": invalid}


def main() -> None:
    """Write the files."""
    files = dict(event_fixtures())
    for path, content in files.items():
        place = FOLDER / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{pretty(content)}\n", encoding="utf-8")
    sys.stdout.write(f"{len(files)} files written to {FOLDER}\n")


if __name__ == "__main__":
    main()
