"""The generator: the same every time, people rather than noise, labels that are true."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from mockseg.catalogue.loader import catalogues, load
from mockseg.domain.spec import check
from mockseg.errors import ConfigError, PlanError
from mockseg.json_types import decode
from mockseg.plans.model import plan_from_json, plan_to_json
from mockseg.plans.planset import PlanSet
from mockseg.traffic.people import faker_release

ROOT = Path(__file__).parents[3]
# SHA-256 of the lines, with the words below and with those of a release of faker.
PINNED = "9d07b33e99b2abd0e2a569d781fbd3edf56585244b21738ed6f90c37590484d8"
PINNED_FAKER = {"40.63.0": "d41bc57aa5c8389450b54375760401d3af1883f78eb634c8c623c1e6fb401d53"}
WORDS = {
    "first_name": ("Ada", "Grace", "Zoë", "Jun"),
    "last_name": ("Lovelace", "Hopper", "Müller"),
    "company": ("Difference", "Näher & Söhne"),
    "job": ("Engineer", "Admiral"),
    "city": ("London", "Köln", "東京"),
    "street_address": ("1 High Street", "Ringstraße 2"),
    "postcode": ("10115", "EC1A"),
    "phrase": ("First steps", "Quarterly pulse", "What is new"),
    "sentence": ("It works.", "Nothing is missing.", "Why not?"),
}


def digest(calls) -> str:
    """Give the SHA-256 of the calls as lines."""
    return hashlib.sha256(b"".join(made.line + b"\n" for made in calls)).hexdigest()


def plan_set(*names: str, strictness: str = "strict") -> PlanSet:
    """Compile plans of the catalogue."""
    documents = {name: plan_to_json(load(name, strictness=strictness)) for name in names}
    return PlanSet(
        plan_from_json(document, file=name, check=False) for name, document in documents.items()
    )


def findings(plans: PlanSet, message) -> set[str]:
    """Give the codes of all that is found."""
    type_ = message.get("type")
    type_ = type_ if isinstance(type_, str) else ""
    codes = {discard.code for discard in check(message, type_)}
    if not codes:
        event = message.get("event")
        codes = {found.code for found in plans.check(message, type=type_, event=event)}
    return codes


def test_same_recipe_gives_the_same_bytes(traffic) -> None:
    """The same recipe gives the same bytes, from one object twice and from another."""
    one = traffic(invalid=0.05, duplicates=0.01, late=0.02)
    assert digest(one) == digest(one)
    assert digest(one) == digest(traffic(invalid=0.05, duplicates=0.01, late=0.02))


def test_another_seed_gives_other_bytes(traffic) -> None:
    """Another seed gives other people who do other things."""
    assert digest(traffic()) != digest(traffic(seed="8"))


def everything(traffic):
    """Make traffic of all that there is."""
    shares = {"invalid": 0.05, "duplicates": 0.01, "late": 0.02}
    return traffic(catalogue=catalogues(), locale="de_DE", **shares)


def test_bytes_are_pinned(traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same words the bytes are the same on every machine and Python."""
    monkeypatch.setattr("mockseg.traffic.people.pools_of", lambda seed, locale: WORDS)
    assert digest(everything(traffic)) == PINNED


@pytest.mark.skipif(
    faker_release() not in PINNED_FAKER,
    reason=f"words are pinned for faker {', '.join(PINNED_FAKER)}",
)
def test_bytes_are_pinned_for_a_release_of_faker(traffic) -> None:
    """For a release of faker the bytes are the same, words and all."""
    assert digest(everything(traffic)) == PINNED_FAKER[faker_release()]


def test_hash_randomisation_changes_nothing() -> None:
    """The order of sets, which Python shuffles at every start, does not reach the bytes."""
    code = (
        "from mockseg.cli.main import run; run(['traffic', '--catalogue', 'ecommerce,spec',"
        " '--duration', '3s', '--invalid', '20%', '--dry-run', '--json'])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("name", catalogues())
def test_good_calls_satisfy_the_strict_plan(traffic, name: str) -> None:
    """What is made as good has no finding, not even with the strict plan."""
    plans = plan_set(name)
    for made in traffic(catalogue=(name,), late=0.1):
        assert findings(plans, decode(made.line)) == set(), made


@pytest.mark.parametrize("strictness", ["lenient", "strict"])
@pytest.mark.parametrize("names", [("userguiding", "candu"), ("spec", "ecommerce"), ("copilot",)])
def test_broken_calls_give_the_finding_of_their_label(traffic, names, strictness) -> None:
    """A labelled call gives the finding of its label, at the strictness of the run."""
    plans = plan_set(*names, strictness=strictness)
    calls = list(traffic(catalogue=names, strictness=strictness, invalid=0.5))
    broken = [made for made in calls if made.label == "invalid"]
    assert 0.4 < len(broken) / len(calls) < 0.6
    for made in broken:
        assert made.code in findings(plans, decode(made.line)), made
    for made in calls:
        if made.label == "good":
            assert findings(plans, decode(made.line)) == set(), made


def test_every_call_has_its_own_message_id_but_duplicates(traffic) -> None:
    """Only a call that is made as a duplicate has the messageId, and the bytes, of another."""
    seen: dict[str, bytes] = {}
    duplicates = 0
    for made in traffic(duplicates=0.1, invalid=0.1):
        assert decode(made.line)["messageId"] == made.message_id
        if made.label == "duplicate":
            duplicates += 1
            assert seen[made.message_id] == made.line
        else:
            assert made.message_id not in seen
            seen[made.message_id] = made.line
    assert 100 < duplicates < 300


def test_people_sign_up_before_they_are_users(traffic) -> None:
    """A person is anonymous until an identify, and has one userId and one set of traits."""
    users: dict[str, set[str]] = defaultdict(set)
    traits: dict[str, set[bytes]] = defaultdict(set)
    identified: set[str] = set()
    for made in traffic():
        message = decode(made.line)
        person = made.message_id.split("-")[1]
        if message["type"] == "identify":
            identified.add(person)
            traits[person].add(repr(message["traits"]).encode())
        if "userId" in message:
            assert person in identified
            users[person].add(message["userId"])
        else:
            assert message["anonymousId"]
    assert len(identified) > 50
    assert all(len(ids) == 1 for ids in users.values())
    assert all(len(each) == 1 for each in traits.values())


def test_properties_that_a_journey_keeps_stay(traffic) -> None:
    """Somebody who starts a guide completes that guide, by id and by name."""
    last: dict[str, tuple[str, str]] = {}
    completed = 0
    for made in traffic(catalogue=("userguiding",)):
        message = decode(made.line)
        person = made.message_id.split("-")[1]
        if made.name == "guide started (userguiding)":
            last[person] = (
                message["properties"]["guideId"], message["properties"]["guideName"]
            )  # fmt: skip
        elif made.name == "guide completed (userguiding)":
            completed += 1
            properties = message["properties"]
            assert (properties["guideId"], properties["guideName"]) == last[person]
    assert completed > 20


def test_surveys_are_answered_by_the_kind_of_their_question(traffic) -> None:
    """A question has one kind and one text, and its answers are within what the kind allows."""
    most = {"Star Rating": 5, "Number Rating (5)": 5, "Number Rating (10)": 10, "NPS Rating": 10}
    questions: dict[str, set[tuple[str, str]]] = defaultdict(set)
    answers: dict[str, set] = defaultdict(set)
    for made in traffic(catalogue=("userguiding",), rate=2000):
        if made.name == "survey question answer (userguiding)":
            said = decode(made.line)["properties"]
            kind = said["questionType"]
            questions[said["questionId"]].add((kind, said["surveyQuestion"]))
            assert ("score" in said) == (kind in most)
            answers[kind].add(said.get("score", said.get("emojiScore")))
    assert all(len(each) == 1 for each in questions.values())
    for kind, largest in most.items():
        assert len(answers[kind]) > 2
        assert all(1 <= score <= largest for score in answers[kind])
    assert answers["Thumbs Up/Down"] > {"Positive", "Negative"}


def test_shares_have_nobody_in_common(traffic) -> None:
    """Two shares of the same recipe have no person and no messageId in common."""
    ids = [
        {made.message_id for made in traffic(share=share)} for share in range(3)
    ]  # fmt: skip
    people = [{each.split("-")[1] for each in one} for one in ids]
    for one, other in itertools.combinations(people, 2):
        assert not one & other


def test_due_times_are_the_schedule(traffic) -> None:
    """Every slot of the schedule has one call, in order."""
    made = traffic(rate=50, seconds=2)
    assert [each.due_ns for each in made] == list(made.recipe.schedule.due())


def test_timestamps_follow_the_schedule_and_late_ones_do_not(traffic) -> None:
    """Times go forward within the run; only late calls happened long before."""
    before = ""
    late = 0
    for made in traffic(late=0.1):
        stamp = decode(made.line)["timestamp"]
        if made.label == "late":
            late += 1
            assert stamp < "2026-01-01T00:00:00"
        else:
            assert before <= stamp < "2026-01-01T00:00:10"
            before = stamp
    assert 100 < late < 300


def test_span_spreads_over_days(traffic) -> None:
    """With a span the calls happened over all of it, more of them by day than at night."""
    stamps = [decode(made.line)["timestamp"] for made in traffic(span_ns=10 * 86_400 * 10**9)]
    assert len({stamp[:10] for stamp in stamps}) >= 10
    hours = [(int(stamp[11:13]) - 5) % 24 for stamp in stamps]
    assert sum(9 <= hour < 18 for hour in hours) > 4 * sum(hour < 6 for hour in hours)


def test_mix_has_only_its_events_in_their_shares(traffic) -> None:
    """A mix is made of nothing but its events, about as often as it says."""
    names = [
        made.name
        for made in traffic(
            catalogue=("ecommerce",), mix={"Order Completed": 1, "Product Viewed": 9}
        )
    ]
    assert set(names) == {"Order Completed", "Product Viewed"}
    assert 0.05 < names.count("Order Completed") / len(names) < 0.15


def test_only_wanted_types_are_made(traffic) -> None:
    """With types given, only calls of these types are made, as many as are due."""
    calls = list(traffic(types=frozenset({"identify", "track"})))
    assert {made.type for made in calls} == {"identify", "track"}
    assert len(calls) == 2000


def test_a_shop_has_a_funnel(traffic) -> None:
    """Each step has fewer calls than the one before it, at rates that shops have."""
    calls = list(traffic(catalogue=("ecommerce",), rate=30, seconds=600, users=500))
    count = Counter(made.name for made in calls)
    steps = ["Product List Viewed", "Product Viewed", "Product Added", "Checkout Started"]
    assert sorted(steps, key=lambda name: -count[name]) == steps
    assert 0.08 < count["Product Added"] / count["Product Viewed"] < 0.2
    assert 0.01 < count["Order Completed"] / count["Product Viewed"] < 0.06
    assert count["Order Refunded"] < count["Order Completed"] / 4


def test_a_shop_has_the_pages_of_its_events(traffic) -> None:
    """Its pages open right before what happens on them, and are no pages of an app."""
    opened: dict[str, str] = {}
    pages: dict[str, set[str]] = defaultdict(set)
    for made in traffic(catalogue=("ecommerce",), rate=1000, users=300):
        message = decode(made.line)
        if made.type == "page":
            opened[message["anonymousId"]] = message["name"]
            pages[message["name"]].add(message["properties"]["url"])
        elif made.name in {"Product List Viewed", "Cart Viewed", "Checkout Started"}:
            page = {"Product List Viewed": "Category", "Cart Viewed": "Cart"}.get(made.name)
            assert opened[message["anonymousId"]] == (page or "Checkout")
    names = {"Home", "Search", "Category", "Product", "Cart", "Checkout", "Order Confirmation"}
    assert set(pages) == names
    assert all(
        url.startswith("https://shop.example.com/") for urls in pages.values() for url in urls
    )
    assert len(pages["Product"]) > 10


def test_a_question_of_several_choices_has_several_answers(traffic) -> None:
    """One answer, or several with commas between them, from call to call."""
    found: set[str] = set()
    for made in traffic(catalogue=("userguiding",), rate=1000):
        found.add(decode(made.line).get("properties", {}).get("choices", ""))
    assert len(found) > 5
    assert any("," in choices for choices in found)
    assert any(choices and "," not in choices for choices in found)


def test_order_ids_are_nobody_elses(traffic) -> None:
    """Two people never have the same order."""
    owners: dict[str, set[str]] = defaultdict(set)
    for made in traffic(catalogue=("ecommerce",), rate=1000, users=300):
        if made.name == "Order Completed":
            order = decode(made.line)["properties"]["order_id"]
            owners[order].add(made.message_id.split("-")[1])
    assert len(owners) > 10
    assert all(len(people) == 1 for people in owners.values())


# As Segment's own export writes what a rule says nothing about, and what else is sound there.
OPEN = (
    {},
    True,
    {"description": "any"},
    {"type": ["object", "null"]},
    {"type": "object", "properties": {}},
)
FIELDS = ("context", "traits", "properties", "integrations", "name", "messageId", "timestamp")


@pytest.mark.parametrize("kind", ["TRACK", "IDENTIFY", "PAGE", "SCREEN", "GROUP", "ALIAS"])
def test_an_exported_plan_may_leave_every_field_open(traffic, kind) -> None:
    """Each call is good, with whatever is said of the fields that Segment itself looks at."""
    for schema, required in itertools.product(OPEN, (False, True)):
        fields = dict.fromkeys(
            FIELDS[:4] if isinstance(schema, dict) and schema else FIELDS, schema
        )
        rule = {"type": kind, "jsonSchema": {"type": "object", "properties": fields}}
        if kind == "TRACK":
            rule["key"] = "Signed Up"
        if required:
            rule["jsonSchema"]["required"] = ["messageId", "context"]
        plan = plan_from_json({"name": "exported", "rules": [rule]}, file="exported")
        made = traffic(catalogue=(), plans=(plan,), rate=50, seconds=2, invalid=0.2)
        good = [decode(each.line) for each in made if each.label == "good"]
        assert kind.lower() in {message["type"] for message in good}
        for message in good:
            assert findings(PlanSet((plan,)), message) == set(), message


@pytest.mark.parametrize(
    "value",
    [
        {"enum": []},
        {"type": "string", "maxLength": 10},
        {"type": "number", "minimum": 5, "exclusiveMinimum": True},
        {"type": "string", "contentEncoding": "base64"},
        {"type": "string", "format": "uri-reference"},
        {"type": "string", "format": "relative-json-pointer"},
        {"type": "string", "maxLength": 2_000_000_000},
        {"type": "string", "minLength": 5},
        {"type": "array", "minItems": 2, "items": {}},
        {"const": {"a": 1}},
    ],
    ids=str,
)
def test_every_sound_limit_can_stand_in_a_plan(traffic, value) -> None:
    """Of any draft, with any format, and a limit may be beyond any message."""
    body = {"type": "object", "properties": {"value": value}, "required": ["other"]}
    schema = {"type": "object", "properties": {"properties": body}, "required": ["properties"]}
    rule = {"type": "TRACK", "key": "Signed Up", "jsonSchema": schema}
    plan = plan_from_json({"name": "own", "rules": [rule]}, file="own")
    made = list(traffic(catalogue=(), plans=(plan,), rate=50, seconds=2, invalid=0.2))
    assert {"good", "invalid"} <= {each.label for each in made}


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"locale": "de_DD"}, ConfigError, "did you mean"),
        ({"catalogue": ("userguidin",)}, PlanError, "userguiding"),
        ({"catalogue": ()}, ConfigError, "no events"),
        ({"mix": {"tutorial.vie": 1}}, ConfigError, "tutorial.view"),
        (
            {"types": frozenset({"alias"}), "mix": {"tutorial.interaction": 1}},
            ConfigError,
            "takes alias",
        ),
    ],
)
def test_what_cannot_be_made_is_refused(traffic, asked, error, told) -> None:
    """A recipe that cannot be made is refused in a sentence that names what is near."""
    with pytest.raises(error, match=told):
        traffic(**asked)
