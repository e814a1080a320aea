"""Defects found within 200 examples of a whole plan, seed by seed, beside two rivals.

The consumers get the messages of all events of a plan mixed, as a webhook does: UserGuiding's
25 events, the 28 of shops, the Spec's, and those of a user's own plan. A part of the defects
were in view while the strategies were tuned; those held out were not, but what was missed of
them was read once. Those of the blind part, over another plan of a user's own, were written
last and were never named: of them only the count is told.

``plain`` is what a user writes by hand: ``st.fixed_dictionaries`` of each event, one of them
drawn. ``rival`` is hypothesis-jsonschema with the same schemas, in an environment of its own:

    python -m venv RIVAL
    RIVAL/bin/pip install 'hypothesis==6.168.*' hypothesis-jsonschema
    python tests/bench/strategies/defects.py [--seeds 10] [--plain] [--rival RIVAL/bin/python]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defects_blind import BLIND
from defects_held_out import HELD_OUT
from defects_in_view import IN_VIEW
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from defect import Defect

CORPORA = {"in view": IN_VIEW, "held out": HELD_OUT, "blind": BLIND}
# (plan, feed): what one strategy makes of it is fed to all consumers that want it.
FEEDS = sorted({(str(each.plan), each.feed) for corpus in CORPORA.values() for each in corpus})


def main() -> None:
    """Run all sides and print the table; or hunt for one side and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--plain", action="store_true", help="also plain fixed_dictionaries")
    parser.add_argument("--rival", help="the rival's Python")
    parser.add_argument("--schemas", type=Path, help="hunt for the rival with these schemas")
    parser.add_argument("--missed", action="store_true", help="name what each side misses in view")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.schemas is not None:
        given_schemas = json.loads(arguments.schemas.read_text())
        print(
            json.dumps(hunted(lambda *feed: rival(given_schemas["/".join(feed)], feed), arguments))
        )
        return
    results = {"ours": hunted(ours, arguments)}
    if arguments.plain:
        results["plain"] = hunted(plain, arguments)
    if arguments.rival:
        results["rival"] = of_rival(arguments)
    report(results, arguments)


def hunted(strategy_of: Callable[[str, str], Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Return defect -> the seeds that found it."""
    found: dict[str, list[int]] = {}
    for plan, feed in FEEDS:
        strategy = strategy_of(plan, feed)
        defects = [
            (f"{title}: {each.name}", each)
            for title, corpus in CORPORA.items()
            for each in corpus
            if (str(each.plan), each.feed) == (plan, feed)
        ]
        for number in range(arguments.seeds):
            for name in hunt(strategy, defects, number):
                found.setdefault(name, []).append(number)
    return found


def hunt(strategy: Any, defects: list[tuple[str, Defect]], number: int) -> set[str]:
    """Return the defects that show within 200 examples."""
    found: set[str] = set()

    @seed(number)
    @settings(
        max_examples=200,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        # The rivals would be ended as too slow, or for their filters.
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(message: dict[str, Any]) -> None:
        found.update(name for name, defect in defects if defect.shows(message))

    run()
    return found


def _plan(name: str) -> Any:
    return Path(name) if name.endswith(".json") else name


def ours(plan: str, feed: str) -> Any:
    """Return what a user of mockseg would use."""
    from mockseg import strategies as seg

    if feed == "journeys":
        return _together(seg.reordered(seg.duplicated(seg.journeys(_plan(plan)))))
    return (seg.edge_events if feed == "edges" else seg.events)(_plan(plan))


def _together(lists: Any) -> Any:
    return lists.map(lambda messages: {"all": messages})


def schemas_of(plan: str, feed: str) -> list[dict[str, Any]]:
    """Return the schemas of a plan's whole messages."""
    from schemas import whole

    from mockseg.catalogue.lookup import matches_of

    return [whole(match, edge=feed != "events") for match in matches_of(_plan(plan))]


def plain(plan: str, feed: str) -> Any:
    """Return what a user would write by hand, with a filter where the schema has conditions."""
    from mockseg.schemas.compiled import compile_schema

    schemas = schemas_of(plan, feed)
    valid = [compile_schema(schema).is_valid for schema in schemas]
    made = st.one_of([_by_hand(s).filter(v) for s, v in zip(schemas, valid, strict=True)])
    return _together(st.lists(made, min_size=1)) if feed == "journeys" else made


def _by_hand(schema: Any) -> Any:
    if not isinstance(schema, dict) or not ({"type", "enum", "const"} & set(schema)):
        if isinstance(schema, dict) and "anyOf" in schema:
            return st.one_of([_by_hand(each) for each in schema["anyOf"]])
        return st.text()
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_kind(kind, schema) for kind in kinds])


def _of_kind(kind: str, schema: dict[str, Any]) -> Any:
    if kind == "object":
        fields = {name: _by_hand(sub) for name, sub in schema.get("properties", {}).items() if sub}
        needed = {name: fields.pop(name) for name in schema.get("required", ()) if name in fields}
        return st.fixed_dictionaries(needed, optional=fields)
    if kind == "array":
        return st.lists(_by_hand(schema.get("items", {})), unique=schema.get("uniqueItems", False))
    if kind == "string":
        if "format" in schema:
            return {
                "date": st.dates().map(str),
                "date-time": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
                "email": st.emails(),
                "uri": st.just("https://example.com/"),
            }[schema["format"]]
        if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True)
        return st.text(min_size=schema.get("minLength", 0), max_size=schema.get("maxLength"))
    low, high = schema.get("minimum"), schema.get("maximum")
    return {
        "integer": st.integers(low, high),
        "number": st.integers(low, high)
        | st.floats(low, high, allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


def rival(schemas: list[dict[str, Any]], feed: tuple[str, str]) -> Any:
    """Return what hypothesis-jsonschema makes of the same schemas."""
    from hypothesis_jsonschema import from_schema

    if feed[1] == "journeys":
        items = {"type": "array", "items": {"anyOf": schemas}, "minItems": 1}
        return _together(from_schema(items))
    return st.one_of([from_schema(schema) for schema in schemas])


def of_rival(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the rival finds, in its own environment."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"/".join(feed): schemas_of(*feed) for feed in FEEDS}, file)
        file.flush()
        command = [arguments.rival, "-W", "ignore", __file__, "--schemas", file.name]
        done = subprocess.run(
            [*command, "--seeds", str(arguments.seeds)], check=True, stdout=subprocess.PIPE
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def report(results: dict[str, dict[str, Any]], arguments: argparse.Namespace) -> None:
    """Print the share of defects found, for each seed and side."""
    for title, corpus in CORPORA.items():
        for side, found in results.items():
            rows = [set(found.get(f"{title}: {each.name}", ())) for each in corpus]
            shares = [
                100 * sum(number in row for row in rows) / len(rows)
                for number in range(arguments.seeds)
            ]
            mean = sum(shares) / len(shares)
            print(
                f"{title:8} {len(rows)} defects, {side:5}: {mean:5.1f} % "
                f"(lowest {min(shares):.1f}), by seed: {' '.join(f'{s:.0f}' for s in shares)}"
            )
            if arguments.missed and corpus is IN_VIEW:
                for each, row in zip(corpus, rows, strict=True):
                    if len(row) < arguments.seeds:
                        print(f"  {len(row)} of {arguments.seeds}: {each.event} {each.name}")


if __name__ == "__main__":
    main()
