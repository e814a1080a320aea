"""UserLeap: what becomes of Segment's calls, rule by rule."""

from __future__ import annotations

import pytest


def codes(response):
    """Give the codes of the notes."""
    return [note.code for note in response.notes]


def test_ul_01_each_key_has_an_environment_of_its_own(make):
    """UL-01: what a key brings lands in its environment only."""
    leap = make(environments={"development": "dev-key"})
    assert leap.identify("u1", {"plan": "pro"}).status == 200
    message = {"type": "identify", "userId": "u2", "traits": {}}
    assert leap.send(message, key="dev-key").status == 200
    assert list(leap.users) == ["u1"]
    assert list(leap.state["environments"]["development"]["users"]) == ["u2"]
    assert leap.imitation.knows("key")
    assert leap.imitation.knows("dev-key")
    assert not leap.imitation.knows("other")


def test_ul_01_the_environment_of_an_action_is_named(make):
    """UL-01: actions mean the destination's own environment unless they name another."""
    leap = make(environments={"development": "dev-key"})
    leap.act("define_event", name="A", environment="development")
    leap.act("define_event", name="B")
    leap.act("define_event", name="C", environment="production")
    assert list(leap.state["events"]) == ["B", "C"]
    assert list(leap.state["environments"]["development"]["events"]) == ["A"]


def test_ul_02_identify_maps_traits_to_attributes(leap):
    """UL-02: traits become attributes under the same names."""
    leap.identify("userId123", {"firstName": "James", "lastName": "Gibbon"})
    user = leap.users["userId123"]
    assert user["externalUserId"] == "userId123"
    assert user["attributes"] == {"firstName": "James", "lastName": "Gibbon"}


def test_ul_02_attributes_are_merged_and_the_last_value_wins(leap):
    """UL-02: what a later call leaves out stays."""
    leap.identify("u1", {"plan": "free", "seats": 3})
    leap.identify("u1", {"plan": "pro"})
    assert leap.users["u1"]["attributes"] == {"plan": "pro", "seats": 3}


def test_ul_02_nested_traits_are_flattened_with_dots(leap):
    """UL-02: objects become dotted names; what no attribute can hold is noted."""
    traits = {"a": {"b": {"c": True}}, "none": None, "list": [1], "x": {"deep": []}, "n": 1.5}
    answered = leap.identify("u1", traits)
    assert leap.users["u1"]["attributes"] == {"a.b.c": True, "n": 1.5}
    assert [(note.code, note.field) for note in answered.notes] == [
        ("value_ignored", "traits.none"),
        ("value_ignored", "traits.list"),
        ("value_ignored", "traits.x.deep"),
    ]


def test_ul_02_reserved_names_are_ignored(leap):
    """UL-02: attributes that begin with ! are UserLeap's own."""
    assert codes(leap.identify("u1", {"!email": "a@b.c"})) == ["attribute_reserved"]
    assert leap.users["u1"]["attributes"] == {}


@pytest.mark.parametrize(
    "message",
    [
        {"type": "track", "event": "Clicked Button"},
        {"type": "page", "properties": {"url": "https://a.example/"}},
    ],
)
def test_ul_03_only_identify_creates_users(leap, message):
    """UL-03: calls for an unknown user are dropped, not refused."""
    answered = leap.send({**message, "userId": "u9"})
    assert answered.status == 200
    assert codes(answered) == ["unknown_user"]
    assert leap.users == {}
    assert leap.state["events"] == {}


def test_ul_04_alias_is_identify_without_attributes(leap):
    """UL-04, UL-X2: it creates the user; the previous id is another user's and stays so."""
    leap.identify("old", {"plan": "pro"})
    answered = leap.send({"type": "alias", "userId": "new", "previousId": "old"})
    assert answered.status == 200
    assert codes(answered) == ["previous_id_ignored"]
    assert leap.users["new"]["attributes"] == {}
    assert leap.users["old"]["attributes"] == {"plan": "pro"}


def test_ul_04_alias_leaves_a_known_user_alone(leap):
    """UL-04: without attributes there is nothing to change."""
    leap.identify("u1", {"plan": "pro"})
    before = leap.state
    leap.send({"type": "alias", "userId": "u1"})
    assert leap.state == before


def test_ul_x2_a_switch_keeps_alias_from_creating_users(make):
    """UL-X2: read the other way, only identify creates users."""
    leap = make(alias_creates_users=False)
    assert codes(leap.send({"type": "alias", "userId": "new"})) == ["unknown_user"]
    assert leap.users == {}


def test_ul_05_track_counts_events_and_keeps_no_properties(leap):
    """UL-05: the event's name is recorded, with its first and last moment."""
    leap.identify()
    late, early = "2024-10-30T04:48:18.620Z", "2024-10-29T04:48:18.620Z"
    leap.track("Clicked", timestamp=late)
    answered = leap.track("Clicked", timestamp=early, properties={"color": "red"})
    assert codes(answered) == ["properties_ignored"]
    assert leap.users["u1"]["events"] == {
        "Clicked": {
            "event": "Clicked",
            "count": 2,
            "createdAt": 1730177298620,
            "updatedAt": 1730263698620,
        }
    }


def test_ul_05_the_moment_is_the_timestamp_else_sent_at_else_now(leap):
    """UL-05: as Segment's own order of timestamps has it."""
    leap.identify()
    leap.track("A", timestamp="nonsense", sentAt="2024-10-30T04:48:18.620Z")
    leap.track("B")
    events = leap.users["u1"]["events"]
    assert events["A"]["createdAt"] == 1730263698620
    assert events["B"]["createdAt"] == 1_700_000_000_000


def test_ul_06_unknown_events_are_defined_on_arrival(leap):
    """UL-06, UL-X3: while auto-accept is on, defining them beforehand is advice."""
    leap.identify()
    leap.track("New Event")
    assert leap.state["events"]["New Event"]["status"] == "accepted"


def test_ul_06_without_auto_accept_only_chosen_events_are_tracked(make):
    """UL-06, UL-X3: then it is a requirement."""
    leap = make(auto_accept=False, events=["Chosen"])
    leap.identify()
    assert codes(leap.track("Chosen")) == []
    assert codes(leap.track("Other")) == ["event_pending"]
    assert list(leap.users["u1"]["events"]) == ["Chosen"]


def test_ul_07_page_calls_arrive_as_pageview(make):
    """UL-07: without definition, also when auto-accept is off."""
    leap = make(auto_accept=False)
    leap.identify()
    leap.page()
    leap.page("https://a.example/")
    assert leap.users["u1"]["events"]["pageview"]["count"] == 2
    assert leap.state["events"] == {}


@pytest.mark.parametrize(
    ("pattern", "url", "found"),
    [
        ("app.example.com", "https://app.example.com/overview", True),
        ("app.example.com/*", "app.example.com/login", True),
        ("app.example.com/events$", "https://app.example.com/events", True),
        ("app.example.com/events$", "https://app.example.com/", False),
        ("app.example.com/(events|overview)", "app.example.com/collections", False),
        ("app.example.com/(?!login|signup)", "app.example.com/login", False),
        ("app.example.com/(?!login|signup)", "app.example.com/overview", True),
        ("app.example.com/[a-z]", "app.example.com/Events", False),
    ],
)
def test_ul_08_page_url_events_search_in_properties_url(make, pattern, url, found):
    """UL-08: a pattern may match anywhere in the URL."""
    leap = make(page_url_events={"Visited": pattern})
    leap.identify()
    leap.page(url)
    assert ("Visited" in leap.users["u1"]["events"]) is found


@pytest.mark.parametrize(
    ("more", "noted"),
    [
        ({"properties": {}}, []),
        ({"properties": None}, []),
        ({"properties": {}, "context": {"page": {"url": "https://a.example"}}}, []),
        ({"properties": {"url": 5}}, ["url_ignored"]),
        ({"properties": {"url": "https://a.example/" + "a" * 2048}}, ["url_ignored"]),
    ],
)
def test_ul_08_without_a_usable_url_it_is_a_plain_pageview(make, more, noted):
    """UL-08: `context.page.url` is not consulted."""
    leap = make(page_url_events={"Visited": "a"})
    leap.identify()
    assert codes(leap.page(**more)) == noted
    assert list(leap.users["u1"]["events"]) == ["pageview"]


def test_ul_08_a_hostile_pattern_ends_and_matches_nothing(make):
    """UL-08: what would take exponential time gives up."""
    leap = make(page_url_events={"Evil": r"(?=a)((a|aa)+)+\1b$"})
    leap.identify()
    leap.page("a" * 2048)
    assert list(leap.users["u1"]["events"]) == ["pageview"]


@pytest.mark.parametrize("name", ["group", "screen"])
def test_ul_09_group_and_screen_are_not_supported(leap, name):
    """UL-09: posted directly they are answered 501, and nothing is stored."""
    message = {"type": name, "userId": "u1", "groupId": "g", "name": "n"}
    answered = leap.send(message)
    assert answered.status == 501
    assert codes(answered) == ["unsupported_type"]
    assert leap.users == {}


def test_ul_12_pending_events_wait_to_be_chosen_and_are_not_made_up_for(make):
    """UL-12: accepted ones flow from then on."""
    leap = make(auto_accept=False)
    leap.identify()
    leap.track("Clicked")
    assert leap.state["events"]["Clicked"]["status"] == "pending"
    leap.act("accept_event", name="Clicked")
    assert leap.users["u1"]["events"] == {}
    leap.track("Clicked")
    assert leap.users["u1"]["events"]["Clicked"]["count"] == 1


def test_ul_12_disabling_auto_accept_leaves_accepted_events_flowing(leap):
    """UL-12: only new ones wait."""
    leap.identify()
    leap.track("Old")
    leap.act("set_auto_accept", enabled=False)
    leap.track("Old")
    leap.track("New")
    assert leap.users["u1"]["events"]["Old"]["count"] == 2
    assert "New" not in leap.users["u1"]["events"]


def test_ul_14_reads_find_a_new_user_only_after_the_lag(make):
    """UL-14: GET may answer 404 right after it was created; another POST is fine."""
    leap = make(visible_after=5)
    leap.identify()
    assert leap.ask("GET", "/v2/users/u1").status == 404
    assert leap.ask("POST", "/v2/users", {"userId": "u1"}).status == 202
    assert leap.act("define_survey", name="s", platform="link")["name"] == "s"
    assert leap.act("eligible", survey="s", user="u1")["reasons"] == [
        "the user 'u1' does not exist yet"
    ]
    leap.after(5)
    assert leap.ask("GET", "/v2/users/u1").status == 200


def test_ul_14_what_answers_with_the_user_lags_not(make):
    """UL-14: v1 gives the user at once, and so does the SDK."""
    leap = make(visible_after=5)
    leap.ask("POST", "/v1/users", {"id": "u1"})
    leap.act("link_sdk_user", user="u2")
    assert leap.ask("GET", "/v1/users/u1").status == 200
    assert leap.ask("GET", "/v2/users/u2").status == 200


def test_ul_15_nothing_is_filtered_here(leap):
    """UL-15: destination filters are Segment's; whatever is posted is processed."""
    leap.identify()
    assert leap.track("Noise").notes == ()
    assert list(leap.users["u1"]["events"]) == ["Noise"]


@pytest.mark.parametrize("name", ["identify", "track", "page", "alias"])
@pytest.mark.parametrize("ids", [{}, {"anonymousId": "a"}, {"userId": ""}, {"userId": None}])
def test_ul_18_a_call_without_user_id_is_refused(leap, name, ids):
    """UL-18: an anonymous id is not enough."""
    answered = leap.send({"type": name, "event": "E", **ids})
    assert answered.status == 400
    assert codes(answered) == ["missing_user_id"]
    assert leap.users == {}


def test_ul_18_a_switch_drops_anonymous_calls_instead(make):
    """UL-18: then they are answered like those of unknown users."""
    leap = make(anonymous_calls="drop")
    answered = leap.send({"type": "page", "anonymousId": "a"})
    assert (answered.status, codes(answered)) == (200, ["missing_user_id"])
    assert leap.users == {}


def test_ul_19_attributes_over_the_limit_are_ignored(make):
    """UL-19: known ones can still change."""
    leap = make(attribute_limit=2)
    answered = leap.identify("u1", {"a": 1, "b": 2, "c": 3})
    assert [note.field for note in answered.notes] == ["traits.c"]
    assert codes(leap.identify("u1", {"b": 5, "d": 1})) == ["attribute_limit"]
    assert leap.users["u1"]["attributes"] == {"a": 1, "b": 5}


def test_ul_19_the_limit_is_a_hundred(leap):
    """UL-19: as documented."""
    leap.identify("u1", {f"a{number}": number for number in range(101)})
    assert len(leap.users["u1"]["attributes"]) == 100


def test_ul_20_email_is_an_attribute_and_the_address(leap):
    """UL-20: both; only text is an address."""
    leap.identify("u1", {"email": "a@b.example"})
    leap.identify("u2", {"email": 5})
    assert leap.users["u1"]["emailAddress"] == "a@b.example"
    assert leap.users["u1"]["attributes"] == {"email": "a@b.example"}
    assert leap.users["u2"]["emailAddress"] is None
    assert leap.users["u2"]["attributes"] == {"email": 5}


def test_ul_x4_setting_the_user_id_is_an_action_whatever_the_sdk_calls_it(leap):
    """UL-X4: what matters is that some SDK linked the id."""
    linked = leap.act("link_sdk_user", user="u1", visitorId="v1", platform="ios")
    assert linked["visitors"] == [{"visitorId": "v1", "platform": "ios"}]


def test_ul_x5_the_newer_profile_takes_screens_and_creates_users(make):
    """UL-X5: as Sprig Cloud (Actions) maps calls."""
    leap = make(profile="sprig-actions")
    assert leap.send({"type": "screen", "userId": "u1", "name": "Home"}).status == 200
    assert leap.track("Signup", user_id="u2").status == 200
    assert leap.users["u1"]["events"]["Home"]["count"] == 1
    assert leap.users["u2"]["events"]["Signup"]["count"] == 1
    assert leap.page(user_id="u1").status == 501
    assert leap.send({"type": "alias", "userId": "u1"}).status == 501
    assert codes(leap.send({"type": "screen", "userId": "u3"})) == ["missing_name"]
    assert "u3" not in leap.users


def test_numbers_as_user_ids_are_written_out(leap):
    """The same user, whether Segment sent a number or text."""
    leap.identify(5, {"a": 1})
    leap.identify(5.0, {"b": 1})
    leap.identify("5", {"c": 1})
    assert leap.users["5"]["attributes"] == {"a": 1, "b": 1, "c": 1}
