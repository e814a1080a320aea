"""Personas: which identify calls audiences and computed traits make."""

from __future__ import annotations

import pytest

from mockseg.destinations.audiences import Audience, ComputedTrait
from mockseg.destinations.snake_case import snake_case


def told(messages):
    """Give user and value of each message, in order."""
    return [(each["userId"], *each["traits"].values()) for each in messages]


@pytest.fixture
def audience():
    """Give the audience of the document's example."""
    return Audience("Order Completed Last 30days", destinations=["UserEngage"])


def test_ue_51_they_arrive_as_identify_calls(audience):
    """As a property of the user, whether an audience or a computed trait."""
    trait = ComputedTrait("Lifetime Value", destinations=["UserEngage"])
    for message in (*audience.enter(["u1"]), *trait.sync({"u1": 450.00})):
        assert message["type"] == "identify"
        assert message["userId"] == "u1"
    assert next(trait.sync({"u2": 1}))["traits"] == {"lifetime_value": 1}


def test_ue_52_the_property_is_the_name_in_snake_case(audience):
    """True on entering, false on leaving."""
    (message,) = audience.enter(["u1"])
    assert message["traits"] == {"order_completed_last_30days": True}
    (message,) = audience.leave(["u1"])
    assert message["traits"] == {"order_completed_last_30days": False}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Order Completed Last 30days", "order_completed_last_30days"),
        ("big spenders", "big_spenders"),
        ("big_spenders", "big_spenders"),
        ("Big  Spenders (EU)!", "big_spenders_eu"),
        ("firstTimeBuyers", "first_time_buyers"),
        ("VIP", "vip"),
        ("Größte Kunden", "größte_kunden"),
        ("!?", ""),
    ],
)
def test_ue_52_snake_case(name, expected):
    """Digits stay with the letters they touch."""
    assert snake_case(name) == expected


def test_ue_53_the_first_sync_tells_of_all_later_ones_of_changes(audience):
    """N members make n calls, no change none, one in and one out two."""
    assert told(audience.sync(["u1", "u2", "u3"])) == [("u1", True), ("u2", True), ("u3", True)]
    assert list(audience.sync(["u3", "u2", "u1"])) == []
    assert told(audience.sync(["u1", "u2", "u4"])) == [("u4", True), ("u3", False)]
    assert audience.members == ("u1", "u2", "u4")


def test_ue_53_entering_and_leaving_tell_only_of_changes(audience):
    """Who is in it already, was named twice, or was never in it makes no call."""
    assert told(audience.enter(["u1", "u1", "u2"])) == [("u1", True), ("u2", True)]
    assert told(audience.enter(["u2", "u3"])) == [("u3", True)]
    assert told(audience.leave(["u9", "u1", "u1"])) == [("u1", False)]
    assert told(audience.enter(["u1"])) == [("u1", True)]


def test_ue_54_the_shape_of_the_calls(audience):
    """The context names the computation, the integrations its destinations alone."""
    (message,) = audience.enter(["u1"])
    personas = message["context"]["personas"]
    assert personas["computation_class"] == "audience"
    assert personas["computation_key"] == audience.key == "order_completed_last_30days"
    assert personas["computation_id"].startswith("aud_")
    assert personas["namespace"] == personas["space_id"]
    assert personas["space_id"].startswith("spa_")
    assert message["integrations"] == {"All": False, "UserEngage": True}


def test_ue_54_a_computed_trait_is_sent_only_when_it_changes():
    """Each user's value at first, then changed ones; who is left out keeps the value."""
    trait = ComputedTrait("Total Spent", destinations=["User.com", "UserEngage"])
    assert told(trait.sync({"u1": 450.0, "u2": None})) == [("u1", 450.0), ("u2", None)]
    assert list(trait.sync({"u1": 450.0})) == []
    assert told(trait.sync({"u1": 451.0, "u2": None})) == [("u1", 451.0)]
    (message,) = trait.sync({"u3": True})
    assert message["context"]["personas"]["computation_class"] == "computed_trait"
    assert message["integrations"] == {"All": False, "User.com": True, "UserEngage": True}
    assert told(trait.sync({"u3": 1})) == [("u3", 1)]


def test_ue_54_the_same_computation_has_the_same_id():
    """Two runs of a test are alike; another audience is another computation."""

    def computation(name):
        (message,) = Audience(name, destinations=[]).enter(["u"])
        return message["context"]["personas"]["computation_id"]

    assert computation("A") == computation("a") != computation("B")


def test_a_name_without_letters_is_refused():
    """Nothing could be made of it that names a property."""
    with pytest.raises(ValueError, match="neither a letter nor a digit"):
        Audience("!!", destinations=[])


def test_an_empty_id_changes_nothing(audience):
    """Nobody can be identified by it."""
    audience.enter(["u1"])
    with pytest.raises(ValueError, match="empty"):
        audience.sync(["u2", ""])
    assert audience.members == ("u1",)
    with pytest.raises(ValueError, match="empty"):
        ComputedTrait("T", destinations=[]).sync({"": 1})


def test_what_users_and_values_take_is_counted_and_given_back():
    """Entering, leaving and new values; what is refused leaves everything as it was."""
    counted = []
    audience = Audience("Buyers", destinations=(), count=counted.append)
    audience.enter(["u1", "größer"])
    audience.leave(["u1"])
    assert counted[0] > -counted[1] > 0
    assert audience.size_bytes == sum(counted)
    trait = ComputedTrait("Sum", destinations=(), count=counted.append)
    trait.sync({"u1": "x" * 1000})
    trait.sync({"u1": 1})
    assert counted[-1] < -1000
    assert trait.size_bytes == counted[-2] + counted[-1]


def test_a_change_without_room_is_not_made():
    """Neither a member nor a value comes in."""

    def full(_size_bytes):
        raise ValueError("no room")

    audience = Audience("Buyers", destinations=(), count=full)
    with pytest.raises(ValueError, match="no room"):
        audience.enter(["u1"])
    trait = ComputedTrait("Sum", destinations=(), count=full)
    with pytest.raises(ValueError, match="no room"):
        trait.sync({"u1": 1})
    assert (audience.members, audience.size_bytes, trait.size_bytes) == ((), 0, 0)
