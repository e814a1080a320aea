"""Which calls go to a destination: consent, integrations, types, in Segment's order."""

from __future__ import annotations

import pytest

from mockseg.delivery.destination import for_replay, own_settings, route
from mockseg.destinations.kinds import KINDS
from mockseg.errors import OperationError


@pytest.fixture
def reason(destination):
    """Give a function that tells why a message does not go to a destination, or None."""

    def tell(message, kind="userengage", **spec):
        message = {"type": "track", "event": "E", "userId": "u"} | message
        refusal = route(message, destination(kind, **spec), seed=1)
        return None if refusal is None else refusal.reason

    return tell


def test_a_call_goes_to_every_destination_by_default(reason):
    """Without an integrations object, consent or filters nothing stands in the way."""
    assert [reason({}, kind) for kind in KINDS] == [None] * len(KINDS)


@pytest.mark.parametrize(
    ("integrations", "expected"),
    [
        ({"All": False}, None),
        ({"Warehouses": False}, "FILTERED_BY_INTEGRATIONS_OBJECT"),
        ({"Warehouses": {"all": False}}, "FILTERED_BY_INTEGRATIONS_OBJECT"),
        ({"Warehouses": {"warehouseIds": ["d1"]}}, None),
        ({"Warehouses": {"warehouseIds": ["d2"]}}, "FILTERED_BY_INTEGRATIONS_OBJECT"),
        ({"Warehouses": {"apiKey": "x"}, "_metadata": {"bundled": ["Warehouses"]}}, None),
    ],
)
def test_a_warehouse_obeys_its_own_key_alone(reason, integrations, expected):
    """``All`` and filters mean nothing to it, and its key carries no settings."""
    message = {"integrations": integrations}
    assert reason(message, "warehouse") == expected
    assert own_settings(message, KINDS["warehouse"]) == {}
    assert reason({"integrations": for_replay(KINDS["warehouse"])}, "warehouse") is None


def test_a_warehouse_has_no_filters_and_no_url(destination):
    """What would do nothing is refused."""
    dropping = [{"if": "all", "actions": [{"type": "DROP"}]}]
    with pytest.raises(OperationError, match="do not act on warehouses"):
        destination("warehouse", filters=dropping)
    with pytest.raises(OperationError, match="at most 0 for warehouse"):
        destination("warehouse", url="http://127.0.0.1:9/")


def test_nothing_goes_to_a_destination_that_is_not_enabled(reason):
    """Segment's code for that says that the source has no enabled destination."""
    assert reason({}, enabled=False) == "NO_ENABLED_DESTINATIONS"


def test_a_replay_reaches_a_destination_that_is_not_enabled(destination):
    """Segment's page on replays; its filters and supported types still hold."""
    message = {"type": "track", "event": "E", "userId": "u", "integrations": {"All": False}}
    of = destination("candu", enabled=False)
    message["integrations"] = for_replay(of.kind)
    assert route(message, of, seed=1, replayed=True) is None
    dropping = [{"if": "event = 'E'", "actions": [{"type": "DROP"}]}]
    refusal = route(
        message, destination("candu", enabled=False, filters=dropping), seed=1, replayed=True
    )
    assert refusal.reason == "FILTERED_BY_RULES"


@pytest.mark.parametrize("replayed", [False, True])
def test_the_server_sends_nothing_to_a_destination_in_device_mode(destination, replayed):
    """A call that the device sent there itself says so; all others stay away, replays too."""
    of = destination("candu", connection_mode="device", consent_categories=["ad"])
    message = {"type": "track", "event": "E", "userId": "u", "integrations": {"Candu": False}}
    refusal = route(message, of, seed=1, replayed=replayed)
    assert refusal is not None
    assert refusal.reason == "device_mode"
    assert "the SDK in the browser sends to it" in refusal.description
    sent = message | {"_metadata": {"bundled": ["Candu"]}}
    refusal = route(sent, of, seed=1, replayed=replayed)
    assert refusal is not None
    assert refusal.reason == "MESSAGE_SENT_CLIENT_SIDE"


@pytest.mark.parametrize("kind", ["webhook", "webhook-actions", "warehouse"])
def test_what_no_browser_can_send_to_has_no_device_mode(destination, kind):
    """The error names the setting and what is allowed."""
    with pytest.raises(OperationError, match=f"'device', and only a server sends to {kind}; allow"):
        destination(kind, connection_mode="device")


def test_nothing_passes_a_stored_filter_that_is_invalid(reason):
    """It alone holds every call back, as at Segment; one that is not enabled holds none."""
    broken = {"if": "a = 1 AND b = 2", "actions": [{"type": "DROP"}]}
    assert reason({}, filters=[broken], invalid_filters="store") == "FILTERED_BY_RULES"
    assert reason({}, filters=[broken | {"enabled": False}]) is None


@pytest.mark.parametrize(
    ("kind", "forwarded"),
    [
        ("userengage", {"identify", "track", "page", "group"}),
        ("userleap", {"identify", "track", "page", "alias"}),
        ("userguiding", {"identify", "track"}),
        ("candu", {"identify", "track", "page", "screen", "group", "alias"}),
        ("webhook", {"identify", "track", "page", "screen", "group", "alias", "delete"}),
        ("webhook-actions", {"identify", "track", "page", "screen", "group", "alias"}),
    ],
)
def test_only_types_that_its_page_names_are_forwarded(reason, kind, forwarded):
    """UE-50, UL-09: alias and screen never reach UserEngage, group and screen never UserLeap."""
    types = {"identify", "track", "page", "screen", "group", "alias", "delete"}
    codes = {type_: reason({"type": type_}, kind) for type_ in types}
    assert {type_ for type_, code in codes.items() if code is None} == forwarded
    assert set(codes.values()) <= {None, "UNSUPPORTED_EVENT_TYPE"}


def test_a_destination_may_say_which_types_are_forwarded(reason):
    """For the other reading of what Segment supports, as of Candu's screen calls."""
    calls = ["identify", "track", "page", "group", "alias"]
    assert reason({"type": "screen"}, "candu", forwards=calls) == "UNSUPPORTED_EVENT_TYPE"
    assert reason({"type": "page"}, "candu", forwards=calls) is None
    assert reason({"type": "screen"}, "userleap", forwards=["screen"]) is None
    assert reason({"type": "track"}, "userleap", forwards=[]) == "UNSUPPORTED_EVENT_TYPE"


@pytest.mark.parametrize(
    ("integrations", "goes"),
    [
        ({}, True),
        ({"All": True}, True),
        ({"All": False}, False),
        ({"All": False, "User.com": True}, True),
        ({"All": False, "UserEngage": True}, True),
        ({"All": False, "“User.com”": True}, True),
        ({"All": False, "User.com": {"vip": True}}, True),
        ({"All": False, "Mixpanel": True}, False),
        ({"User.com": False}, False),
        ({"UserEngage": False}, False),
        ({"All": True, "User.com": False}, False),
        ({"user.COM": False}, True),
        ({"all": False}, True),
        ({"User.com": None, "All": False}, False),
        ({"User.com": "no"}, True),
        ({"All": None}, True),
        ("nonsense", True),
        (None, True),
        ([False], True),
    ],
)
def test_the_integrations_object_decides(reason, integrations, goes):
    """Names are case sensitive, previous ones count, a destination's own value beats `All`."""
    expected = None if goes else "FILTERED_BY_INTEGRATIONS_OBJECT"
    assert reason({"integrations": integrations}) == expected


@pytest.mark.parametrize(
    ("integrations", "classic", "actions"),
    [
        ({"All": False, "Webhook": True}, False, True),
        ({"All": False, "Webhooks": True}, True, False),
        ({"Webhooks": False}, False, True),
        ({"Webhook": False}, True, False),
        ({"Webhooks (Actions)": False}, True, False),
    ],
)
def test_each_webhook_has_names_of_its_own(reason, integrations, classic, actions):
    """`Webhooks` is the classic one, `Webhook` and `Webhooks (Actions)` are the other."""
    goes = [
        reason({"integrations": integrations}, kind) is None
        for kind in ("webhook", "webhook-actions")
    ]
    assert goes == [classic, actions]


def test_the_current_name_goes_before_a_previous_one(reason):
    """When both names are there and contradict each other."""
    assert reason({"integrations": {"UserEngage": False, "User.com": True}}) is None


def test_what_the_device_sent_itself_is_not_sent_again(reason):
    """Browsers and phones list those destinations in `_metadata.bundled`, at the top level."""
    bundled = {"_metadata": {"bundled": ["User.com"]}}
    assert reason(bundled) == "MESSAGE_SENT_CLIENT_SIDE"
    assert reason(bundled | {"integrations": {"User.com": False}}) == "MESSAGE_SENT_CLIENT_SIDE"
    assert reason({"_metadata": {"unbundled": ["User.com"]}}) is None
    assert reason({"_metadata": {"bundled": ["Mixpanel"]}}) is None
    assert reason({"_metadata": {"bundled": 7}}) is None
    assert reason({"integrations": bundled}) is None


@pytest.mark.parametrize(
    ("consent", "integrations", "goes"),
    [
        (None, {}, True),
        ({}, {}, True),
        ({}, {"Facebook": True}, False),
        ({"categoryPreferences": {}}, {}, False),
        ({"categoryPreferences": {"ads": True, "analytics": True}}, {}, True),
        ({"categoryPreferences": {"ads": True, "analytics": False}}, {}, False),
        ({"categoryPreferences": {"ads": True}}, {}, False),
        ({"categoryPreferences": {"ads": True, "analytics": "true"}}, {}, False),
        ({"categoryPreferences": {"ads": True, "analytics": True}}, {"All": True}, True),
        ({"categoryPreferences": "all of it"}, {}, True),
        ("yes", {}, True),
    ],
)
def test_consent_is_needed_to_every_category(reason, consent, integrations, goes):
    """The rows of Segment's table on consent and integrations."""
    message = {"integrations": integrations, "context": {"consent": consent}}
    expected = None if goes else "FILTERED_BY_END_USER_CONSENT"
    assert reason(message, consent_categories=["ads", "analytics"]) == expected


def test_a_destination_without_categories_needs_no_consent(reason):
    """Data flows to destinations that are mapped to no category."""
    message = {"context": {"consent": {"categoryPreferences": {"ads": False}}}}
    assert reason(message) is None
    assert reason({"context": 3}, consent_categories=["ads"]) is None


def test_consent_then_integrations_then_type_then_filters(reason):
    """The first that stands in the way is the reason."""
    drops = [{"if": "all", "actions": [{"type": "DROP"}]}]
    spec = {"consent_categories": ["ads"], "filters": drops}
    message = {
        "type": "screen",
        "integrations": {"All": False},
        "context": {"consent": {"categoryPreferences": {"ads": False}}},
    }
    assert reason(message, **spec) == "FILTERED_BY_END_USER_CONSENT"
    message["context"] = {}
    assert reason(message, **spec) == "FILTERED_BY_INTEGRATIONS_OBJECT"
    message["integrations"] = {}
    assert reason(message, **spec) == "UNSUPPORTED_EVENT_TYPE"
    message["type"] = "track"
    assert reason(message, **spec) == "FILTERED_BY_RULES"


def test_each_refusal_is_explained_in_a_sentence(destination):
    """With the value that decided."""
    message = {"type": "track", "integrations": {"UserEngage": False}}
    refusal = route(message, destination(), seed=1)
    assert refusal.description == "`integrations.UserEngage` is false"


def test_a_settings_object_overrides_settings_for_its_call():
    """A boolean brings no settings, an object does."""
    kind = KINDS["userguiding"]
    assert own_settings({"integrations": {"UserGuiding": {"region": "eu"}}}, kind) == {
        "region": "eu"
    }
    assert own_settings({"integrations": {"UserGuiding": True}}, kind) == {}
    assert own_settings({}, kind) == {}


def test_a_replay_names_its_destination_alone():
    """Segment replaces the integrations object by `All: false` and the one destination."""
    assert for_replay(KINDS["userleap"]) == {"All": False, "Sprig Cloud": True}
