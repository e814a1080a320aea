"""Destination filters as the rules that the SDK in a browser applies."""

from __future__ import annotations

import pytest

from mockseg.delivery.routing_rules import routing_rules


@pytest.fixture
def rules(destination):
    """Give a function that makes the rules of filters."""

    def make(*filters, **spec):
        made = destination("candu", filters=list(filters), **spec)
        return list(routing_rules(made.filters, name="Candu"))

    return make


def test_a_filter_is_a_rule_of_its_destination(rules):
    """The matcher has the filter twice: to evaluate, and as it was written."""
    text = 'event = "X" and type = "track"'
    assert rules({"if": text, "actions": [{"type": "DROP"}]}) == [
        {
            "matchers": [
                {
                    "type": "fql",
                    "ir": '["and",["=","event",{"value":"X"}],["=","type",{"value":"track"}]]',
                    "config": {"expr": text},
                }
            ],
            "transformers": [[{"type": "drop"}]],
            "scope": "destinations",
            "target_type": "workspace::project::destination::config",
            "destinationName": "Candu",
        }
    ]


def test_each_action_has_its_transformer_in_the_order_of_the_server(rules):
    """Samples, drops, dropped and allowed properties; a matcher of all needs no form."""
    made = rules(
        {
            "if": "all",
            "actions": [
                {"type": "ALLOW_PROPERTIES", "fields": {"properties": ["b", "a"]}},
                {"type": "DROP_PROPERTIES", "fields": {"context.device": ["id"], "": ["x"]}},
                {"type": "DROP"},
                {"type": "SAMPLE", "percent": 0.25, "path": "userId"},
                {"type": "SAMPLE", "percent": 0.5},
            ],
        }
    )
    everything = {"type": "all", "ir": "", "config": {"expr": "all"}}
    assert [rule["matchers"] for rule in made] == [[everything]] * 5
    assert [rule["transformers"] for rule in made] == [
        [[{"type": "sample_event", "config": {"sample": {"percent": 0.25, "path": "userId"}}}]],
        [[{"type": "sample_event", "config": {"sample": {"percent": 0.5, "path": ""}}}]],
        [[{"type": "drop"}]],
        [[{"type": "drop_properties", "config": {"drop": {"context.device": ["id"], "": ["x"]}}}]],
        [[{"type": "allow_properties", "config": {"allow": {"properties": ["a", "b"]}}}]],
    ]


def test_an_invalid_filter_that_is_stored_drops_everything(rules):
    """As the server delivers nothing; a filter that is not enabled is no rule."""
    broken = {"if": "a = 1 AND b = 2", "actions": [{"type": "DROP"}]}
    [rule] = rules(broken, {"if": "all", "actions": [{"type": "DROP"}]}, invalid_filters="store")
    assert (rule["matchers"][0]["type"], rule["transformers"]) == ("all", [[{"type": "drop"}]])
    assert rules(broken | {"enabled": False}) == []
