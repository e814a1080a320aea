"""The plan check beside the pure jsonschema library, in the same run.

Method: short bursts of each side in turn; each burst of ours is divided by the one of
jsonschema in the same round; the median of these ratios counts. Times are of this
machine at this moment; the ratios travel. The plan is one event of the size and shape
of UserGuiding's ``survey question answer``: ten properties, two formats, two enums,
four conditions.

    python tests/bench/bench_plans.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from jsonschema import Draft7Validator

from mockseg.plans.coverage import Coverage
from mockseg.plans.inference import infer
from mockseg.plans.model import plan_from_json
from mockseg.plans.planset import PlanSet
from mockseg.plans.violations import explain
from mockseg.schemas.compiled import CompiledSchema

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = "survey question answer (userguiding)"
ANSWERS = ("score", "emojiScore", "choices", "feedback")
TYPES = {
    "score": ["Star Rating", "Number Rating (5)", "Number Rating (10)", "NPS Rating"],
    "emojiScore": ["Emoji Rating", "Emoji Rating (3)", "Emoji Rating (5)", "Thumbs Up/Down"],
    "choices": ["Multiple Choice"],
    "feedback": ["Written Feedback"],
}


def main() -> None:
    """Run and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15, help="bursts of each side")
    rounds = arguments.parse_args().rounds
    schema = survey_schema()
    document = {"rules": [{"type": "TRACK", "key": EVENT, "version": 1, "jsonSchema": schema}]}
    plan = plan_from_json(document, file="survey")
    plans, pure = PlanSet([plan]), Draft7Validator(schema)
    good, bad = good_message(), bad_message()

    def check(message: dict[str, Any]) -> Any:
        return plans.check(message, type="track", event=EVENT)

    compare(
        "good call, checked", lambda: check(good), lambda: pure.is_valid(good), rounds, calls=500
    )
    compare(
        "bad call, all violations",
        lambda: check(bad),
        lambda: list(pure.iter_errors(bad)),
        rounds,
        calls=100,
    )
    compare(
        "bad call, explained",
        lambda: [explain(each, bad) for each in check(bad)],
        lambda: [error.message for error in pure.iter_errors(bad)],
        rounds,
        calls=100,
    )
    compare(
        "compiling the schema",
        lambda: CompiledSchema(schema),
        lambda: Draft7Validator.check_schema(schema),
        rounds,
        calls=10,
    )
    alone("a source over a known plan", lambda: PlanSet([plan]), rounds, calls=100)
    coverage = Coverage(plan)
    alone("coverage of one call", lambda: coverage.saw(good), rounds, calls=100)
    traffic = [good, bad] * 500
    alone("inference, per call", lambda: infer(traffic), rounds, calls=1, each=len(traffic))


def survey_schema() -> dict[str, Any]:
    """Make the schema of the event."""
    text = {"type": "string"}
    emoji = ["Positive", "Slightly Positive", "Neutral", "Slightly Negative", "Negative"]
    named = ("surveyId", "surveyName", "surveyQuestion")
    properties: dict[str, Any] = dict.fromkeys(named, text)
    properties |= {
        "questionId": {**text, "format": "uuid"},
        "pageUrl": {**text, "format": "uri"},
        "questionType": {**text, "enum": [each for types in TYPES.values() for each in types]},
        "score": {"type": "number"},
        "emojiScore": {**text, "enum": emoji},
        "choices": text,
        "feedback": text,
    }
    conditions = [
        {
            "if": {"properties": {"questionType": {"enum": types}}, "required": ["questionType"]},
            "then": {
                "required": [answer],
                "properties": {other: False for other in ANSWERS if other != answer},
            },
        }
        for answer, types in TYPES.items()
    ]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "properties": {
                "type": "object",
                "properties": properties,
                "required": [*named, "questionId", "questionType", "pageUrl"],
                "additionalProperties": False,
                "allOf": conditions,
            }
        },
        "required": ["properties"],
    }


def good_message() -> dict[str, Any]:
    """Make a normalised message that satisfies the schema."""
    return {
        "type": "track",
        "event": EVENT,
        "userId": "u1",
        "anonymousId": None,
        "messageId": "2b2f4fc0-8e3a-4a4f-9a55-0242ac120002",
        "timestamp": "2026-01-31T10:00:00.000Z",
        "originalTimestamp": "2026-01-31T10:00:00.000Z",
        "receivedAt": "2026-01-31T10:00:01.000Z",
        "context": {"library": {"name": "http", "version": "1"}, "ip": "127.0.0.1"},
        "integrations": {},
        "properties": {
            "surveyId": "17",
            "surveyName": "Quarterly",
            "surveyQuestion": "How likely are you to recommend us?",
            "questionId": "2b2f4fc0-8e3a-4a4f-9a55-0242ac120002",
            "questionType": "NPS Rating",
            "pageUrl": "https://app.example.com/dashboard?tab=1",
            "score": 9,
        },
    }


def bad_message() -> dict[str, Any]:
    """Make one with five faults."""
    message = copy.deepcopy(good_message())
    properties = message["properties"]
    properties |= {"score": "9", "feedback": "x", "pageURL": "x", "pageUrl": "no address"}
    del properties["surveyName"]
    return message


def compare(
    name: str, ours: Callable[[], Any], pure: Callable[[], Any], rounds: int, *, calls: int
) -> None:
    """Time both sides in turn and print the median time and the median ratio."""
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(burst(ours, calls))
        theirs.append(burst(pure, calls))
    ratios = sorted(their / my for my, their in zip(mine, theirs, strict=True))
    sys.stdout.write(
        f"{name:28} {statistics.median(mine):9.2f} us   jsonschema "
        f"{statistics.median(theirs):9.2f} us   {statistics.median(ratios):6.1f} times "
        f"({ratios[0]:.1f} to {ratios[-1]:.1f})\n"
    )


def alone(name: str, ours: Callable[[], Any], rounds: int, *, calls: int, each: int = 1) -> None:
    """Time what jsonschema has nothing like, and print the median."""
    times = [burst(ours, calls) / each for _ in range(rounds)]
    sys.stdout.write(f"{name:28} {statistics.median(times):9.2f} us\n")


def burst(call: Callable[[], Any], calls: int) -> float:
    """Give the time of one call, in microseconds, over so many."""
    before = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - before) / calls * 1e6


if __name__ == "__main__":
    main()
