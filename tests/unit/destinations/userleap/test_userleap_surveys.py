"""UserLeap: surveys. Events and attributes filter; only the SDK triggers."""

from __future__ import annotations

import pytest

from mockseg.errors import VendorStateError


@pytest.fixture(name="linked")
def _linked(leap):
    """A destination with a user whom the web SDK knows."""
    leap.act("link_sdk_user", user="u1", visitorId="v1")
    leap.identify("u1", {"plan": "pro", "seats": 5, "beta": True, "size": "12"})
    return leap


def test_ul_10_a_segment_event_never_triggers_a_survey(linked):
    """UL-10, UL-X1: the same event from the SDK does, once per user."""
    linked.act("define_survey", name="nps", triggers=["Clicked"])
    linked.track("Clicked")
    assert linked.users["u1"]["surveysShown"] == []
    assert linked.act("sdk_track", user="u1", event="Clicked")["shown"] == ["nps"]
    assert linked.act("sdk_track", user="u1", event="Clicked")["shown"] == []
    assert linked.users["u1"]["surveysShown"] == ["nps"]
    assert linked.users["u1"]["events"]["Clicked"]["count"] == 3


def test_ul_10_a_segment_event_is_a_filter(linked):
    """UL-10: without it the trigger shows nothing."""
    filters = [{"event": "Bought", "of": "occurrences", "operator": ">=", "value": 2}]
    linked.act("define_survey", name="nps", triggers=["Clicked"], filters=filters)
    linked.track("Bought")
    assert linked.act("sdk_track", user="u1", event="Clicked")["shown"] == []
    assert linked.act("eligible", survey="nps", user="u1") == {
        "eligible": False,
        "reasons": ["filter: event 'Bought' occurrences >= 2"],
        "shown": False,
    }
    linked.track("Bought")
    assert linked.act("eligible", survey="nps", user="u1")["eligible"]
    assert linked.act("sdk_track", user="u1", event="Clicked")["shown"] == ["nps"]


@pytest.mark.parametrize("platform", ["web", "mobile"])
def test_ul_11_surveys_in_a_product_need_the_sdk(leap, platform):
    """UL-11: and the SDK of the survey's own platform."""
    leap.identify()
    leap.act("define_survey", name="s", platform=platform)
    [reason] = leap.act("eligible", survey="s", user="u1")["reasons"]
    assert reason.startswith(f"no {platform} SDK")
    leap.act("link_sdk_user", user="u1", platform="ios" if platform == "web" else "web")
    assert not leap.act("eligible", survey="s", user="u1")["eligible"]
    leap.act("link_sdk_user", user="u1", platform="web" if platform == "web" else "android")
    assert leap.act("eligible", survey="s", user="u1")["eligible"]


def test_ul_11_ul_16_email_and_link_surveys_need_no_sdk(leap):
    """UL-11, UL-16: email needs an address, a link nothing."""
    leap.identify("u1", {"email": "a@b.example"})
    leap.identify("u2")
    leap.act("define_survey", name="mail", platform="email")
    leap.act("define_survey", name="link", platform="link")
    assert leap.act("eligible", survey="mail", user="u1")["eligible"]
    assert leap.act("eligible", survey="mail", user="u2")["reasons"] == [
        "the user has no email address"
    ]
    assert leap.act("eligible", survey="link", user="u2")["eligible"]


def test_ul_13_segment_data_join_the_visitor_whose_sdk_set_the_user_id(leap):
    """UL-13: the SDK first, then identify: one user holds both."""
    leap.act("link_sdk_user", user="u1", visitorId="v1")
    leap.identify("u1", {"plan": "pro"})
    leap.track("Clicked")
    assert list(leap.users) == ["u1"]
    user = leap.users["u1"]
    assert user["visitors"] == [{"visitorId": "v1", "platform": "web"}]
    assert user["attributes"] == {"plan": "pro"}
    assert list(user["events"]) == ["Clicked"]


def test_ul_13_the_sdk_may_come_later(leap):
    """UL-13: identify first; joined when the SDK sets the id."""
    leap.identify("u1", {"plan": "pro"})
    assert leap.users["u1"]["visitors"] == []
    before = leap.users["u1"]["id"]
    assert leap.act("link_sdk_user", user="u1", visitorId="v1")["id"] == before
    assert leap.users["u1"]["attributes"] == {"plan": "pro"}


def test_ul_13_a_visitor_belongs_to_one_user(leap):
    """UL-13: setting another id moves it."""
    leap.act("link_sdk_user", user="u1", visitorId="v1")
    leap.act("link_sdk_user", user="u2", visitorId="v1")
    assert leap.users["u1"]["visitors"] == []
    assert [visitor["visitorId"] for visitor in leap.users["u2"]["visitors"]] == ["v1"]


def test_ul_17_a_page_url_event_triggers_and_segment_filters(linked):
    """UL-17, UL-X1: the documented way to use Segment's events."""
    linked.act("define_event", name="Visited dashboard", pattern="/dashboard")
    linked.act(
        "define_survey",
        name="nps",
        triggers=["Visited dashboard"],
        filters=[{"event": "Clicked"}, {"attribute": "plan", "operator": "=", "value": "pro"}],
    )
    linked.track("Clicked")
    linked.page("https://a.example/dashboard")
    assert linked.users["u1"]["surveysShown"] == []
    assert linked.act("sdk_page", user="u1", url="https://a.example/other")["shown"] == []
    assert linked.act("sdk_page", user="u1", url="https://a.example/dashboard")["shown"] == ["nps"]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"event": "Seen"}, True),
        ({"event": "Seen", "value": False}, False),
        ({"event": "Never"}, False),
        ({"event": "Never", "value": False}, True),
        ({"event": "Seen", "operator": "=", "value": 2}, True),
        ({"event": "Seen", "operator": ">", "value": 2}, False),
        ({"event": "Seen", "operator": "<", "value": 3}, True),
        ({"event": "Seen", "operator": "<=", "value": 1}, False),
        ({"event": "Never", "operator": "<", "value": 1}, True),
        ({"event": "Seen", "of": "first occurred", "operator": "=", "value": 1000}, True),
        ({"event": "Seen", "of": "last occurred", "operator": "=", "value": 1000}, False),
        (
            {
                "event": "Seen",
                "of": "last occurred",
                "operator": ">=",
                "value": "1970-01-01T00:00:02Z",
            },
            True,
        ),
        ({"event": "Never", "of": "last occurred", "operator": "<", "value": 10**15}, False),
        ({"attribute": "plan"}, True),
        ({"attribute": "plan", "value": False}, False),
        ({"attribute": "none", "value": False}, True),
        ({"attribute": "plan", "operator": "=", "value": "pro"}, True),
        ({"attribute": "plan", "operator": "≠", "value": "pro"}, False),
        ({"attribute": "plan", "operator": "!=", "value": "free"}, True),
        ({"attribute": "plan", "operator": ">", "value": "free"}, False),
        ({"attribute": "none", "operator": "≠", "value": "free"}, True),
        ({"attribute": "none", "operator": "=", "value": "free"}, False),
        ({"attribute": "seats", "operator": ">=", "value": 5}, True),
        ({"attribute": "seats", "operator": "=", "value": "5"}, True),
        ({"attribute": "seats", "operator": "<", "value": 5}, False),
        ({"attribute": "size", "operator": ">", "value": 9}, True),
        ({"attribute": "beta", "operator": "=", "value": True}, True),
        ({"attribute": "beta", "operator": "=", "value": "true"}, True),
        ({"attribute": "beta", "operator": "=", "value": 1}, False),
    ],
)
def test_filters_compare_events_and_attributes(linked, condition, holds):
    """Every operator of UserLeap's page on filters."""
    linked.track("Seen", timestamp="1970-01-01T00:00:01Z")
    linked.track("Seen", timestamp="1970-01-01T00:00:02Z")
    linked.act("define_survey", name="s", filters=[condition])
    assert linked.act("eligible", survey="s", user="u1")["eligible"] is holds


def test_filters_are_all_and_of_logic_groups_one_must_hold(linked):
    """AND within, OR between."""
    pro = {"attribute": "plan", "operator": "=", "value": "pro"}
    free = {"attribute": "plan", "operator": "=", "value": "free"}
    many = {"attribute": "seats", "operator": ">", "value": 100}
    linked.act("define_survey", name="and", filters=[pro, many])
    linked.act("define_survey", name="or", groups=[[free, many], [pro]])
    linked.act("define_survey", name="none", groups=[[free], [pro, many]])
    assert not linked.act("eligible", survey="and", user="u1")["eligible"]
    assert linked.act("eligible", survey="or", user="u1")["eligible"]
    [reason] = linked.act("eligible", survey="none", user="u1")["reasons"]
    assert reason == (
        "no logic group holds: (attribute 'plan' = \"free\")"
        " or (attribute 'plan' = \"pro\" and attribute 'seats' > 100)"
    )


def test_surveys_that_are_not_in_progress_ask_nobody(linked):
    """A paused one says so."""
    linked.act("define_survey", name="s", status="PAUSED", triggers=["Clicked"])
    assert linked.act("eligible", survey="s", user="u1")["reasons"] == [
        "the survey is PAUSED, not IN_PROGRESS"
    ]
    assert linked.act("sdk_track", user="u1", event="Clicked")["shown"] == []


def test_a_survey_defined_anew_keeps_its_number(leap):
    """Numbers count from 1."""
    assert leap.act("define_survey", name="a")["id"] == 1
    assert leap.act("define_survey", name="b")["id"] == 2
    leap.after(1)
    again = leap.act("define_survey", name="a", platform="link")
    assert (again["id"], again["platform"]) == (1, "link")
    assert again["updatedAt"] == again["createdAt"] + 1000


def test_an_unknown_user_is_not_eligible(leap):
    """A reason, not an error."""
    leap.act("define_survey", name="s")
    assert leap.act("eligible", survey="s", user="u9") == {
        "eligible": False,
        "reasons": ["the user 'u9' does not exist"],
        "shown": False,
    }


def test_events_that_wait_are_not_tracked_by_the_sdk_either(make):
    """And so trigger nothing."""
    leap = make(auto_accept=False)
    leap.act("link_sdk_user", user="u1")
    leap.act("define_survey", name="s", triggers=["Clicked"])
    assert leap.act("sdk_track", user="u1", event="Clicked") == {"tracked": False, "shown": []}


@pytest.mark.parametrize(
    ("action", "arguments", "sentence"),
    [
        ("define_survay", {}, 'did you mean "define_survey"'),
        (
            "eligible",
            {"survey": "s", "user": "u1"},
            'survey: unknown survey "s". There are none yet.',
        ),
        ("eligible", {"survey": "s"}, "user: is missing"),
        ("eligible", {"survey": "s", "user": 5}, "user: is 5: it must be a text"),
        ("accept_event", {"name": "E"}, 'name: unknown event "E". There are none yet.'),
        ("sdk_track", {"user": "u1", "event": "E"}, "user: no web SDK has set the user id 'u1'"),
        ("sdk_page", {"user": "u1", "url": "x"}, "link_sdk_user does that"),
        ("define_event", {"name": "pageview"}, "invalid event name 'pageview'"),
        ("define_event", {"name": "E", "pattern": "("}, "is not a regular expression"),
        ("define_event", {"name": "E", "pattern": "a" * 251}, "of 1 to 250 characters, not 251"),
        ("define_event", {"name": "E", "kind": "page_url"}, "of 1 to 250 characters, not 0"),
        ("define_event", {"name": "E", "kind": "code", "pattern": "a"}, "only Page URL events"),
        ("define_survey", {"name": "s", "triggers": list("abcdef")}, "triggers: is ["),
        ("define_survey", {"name": "s", "triggers": ["a", "a"]}, "duplicate trigger"),
        (
            "define_survey",
            {"name": "s", "platform": "fax"},
            'platform: unknown value "fax". Allowed: email',
        ),
        ("define_survey", {"name": "s", "groups": [[]]}, "has at least one filter"),
        ("define_survey", {"name": "s", "filters": [{}]}, "filters[0].event: a filter names"),
        (
            "define_survey",
            {"name": "s", "groups": [[{"attribute": "a", "operator": "="}]]},
            "groups[0][0].value: `=` needs a value",
        ),
        (
            "define_survey",
            {"name": "s", "filters": [{"event": "E", "operator": "≠", "value": 1}]},
            "filters[0].operator: events are compared by",
        ),
        (
            "define_survey",
            {"name": "s", "filters": [{"event": "E", "operator": "=", "value": True}]},
            "whole number from 0, not true",
        ),
        (
            "define_survey",
            {
                "name": "s",
                "filters": [{"event": "E", "of": "last occurred", "operator": "=", "value": "now"}],
            },
            'not "now"',
        ),
        ("define_survey", {"name": "s", "filters": [{"event": "E", "value": 1}]}, "true or false"),
        ("answer_survey", {"survey": "s", "user": "u", "response": 1}, 'unknown survey "s"'),
        ("eligible", {"survey": "s", "user": "u", "environment": "x"}, "Known: production"),
    ],
)
def test_wrong_actions_are_refused_and_change_nothing(leap, action, arguments, sentence):
    """The refusal names the place and what is allowed."""
    before = leap.state
    with pytest.raises(VendorStateError) as refusal:
        leap.act(action, **arguments)
    assert sentence in str(refusal.value)
    assert leap.state == before


def test_an_answer_is_of_a_known_user(leap):
    """Nobody else can answer."""
    leap.act("define_survey", name="s")
    with pytest.raises(VendorStateError, match='unknown user "u9"'):
        leap.act("answer_survey", survey="s", user="u9", response="x")


def test_names_of_events_are_unique(leap):
    """A pending one may still be defined."""
    leap.act("define_event", name="E")
    with pytest.raises(VendorStateError, match="duplicate event 'E'"):
        leap.act("define_event", name="E", pattern="x")
    leap.act("set_auto_accept", enabled=False)
    leap.identify()
    leap.track("F")
    assert leap.act("define_event", name="F")["status"] == "accepted"
