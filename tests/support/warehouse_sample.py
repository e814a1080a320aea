"""Fourteen calls, and fifteen questions about them in SQL that both databases understand."""

from __future__ import annotations


def _call(type_, id_, **fields):
    return {"type": type_, "messageId": id_, **fields}


CALLS = (
    _call(
        "identify",
        "m1",
        userId="u1",
        traits={"email": "a@x.io", "plan": "Free", "address": {"street": "6th"}},
        context={"ip": "1.2.3.4", "library": {"name": "sdk"}},
    ),
    _call("identify", "m2", userId="u1", traits={"plan": "Pro", "email": None}),
    _call("identify", "m3", anonymousId="a1", traits={"plan": "Free"}),
    _call("track", "m4", userId="u1", event="Guide Started", properties={"guideId": 1}),
    _call(
        "track",
        "m5",
        userId="u1",
        event="guide started (userguiding)",
        properties={"guideId": "1"},
    ),
    # Sent again, as an SDK does that got no answer.
    _call("track", "m4", userId="u1", event="Guide Started", properties={"guideId": 1}),
    _call("group", "m6", userId="u1", groupId="g1", traits={"employees": 500}),
    _call("group", "m7", userId="u1", groupId="g1", traits={"employees": 600}),
    _call(
        "track",
        "m8",
        userId="u1",
        event="Order Completed",
        properties={
            "products": [{"sku": "a"}],
            "id": 7,
            "user": "bob",
            "total": 9,
            "at": "2026-01-31T12:00:00+01:00",
        },
    ),
    _call(
        "track",
        "m9",
        userId="u1",
        event="Order Completed",
        properties={"products": "not a list", "total": 10.75, "at": "soon"},
    ),
    _call("track", "m10", userId="u1", event="2FA Enabled"),
    _call(
        "screen",
        "m11",
        userId="u1",
        name="tutorial.view",
        properties={"tutorialId": 1, "segmentId": "s", "portalId": 2, "versionId": "v"},
    ),
    _call("alias", "m12", userId="u1", previousId="a1"),
    _call("page", "m13", anonymousId="a1", name="Home", properties={"url": "https://x.io/"}),
)

ASSERTIONS = {
    "the event arrived, slug and text": (
        "SELECT COUNT(*) = 1 FROM tracks WHERE event = 'guide_started'"
        " AND event_text = 'Guide Started'"
    ),
    "its own table has the properties, typed": (
        "SELECT COUNT(*) = 1 FROM guide_started WHERE user_id = 'u1' AND guide_id = 1"
    ),
    "the other documented spelling is another table, its id is text": (
        "SELECT COUNT(*) = 1 FROM guide_started_userguiding WHERE guide_id = '1'"
    ),
    "tracks and the event table agree": (
        "SELECT COUNT(*) = 0 FROM tracks t LEFT JOIN guide_started g ON g.id = t.id"
        " WHERE t.event = 'guide_started' AND g.id IS NULL"
    ),
    "a retried call is stored once": "SELECT COUNT(*) = COUNT(DISTINCT id) FROM tracks",
    "users has the latest plan and keeps the older email": (
        "SELECT plan = 'Pro' AND email = 'a@x.io' FROM users WHERE id = 'u1'"
    ),
    "an anonymous identify makes no user": "SELECT COUNT(*) = 1 FROM users",
    "but is in identifies": (
        "SELECT COUNT(*) = 3 AND SUM(CASE WHEN user_id IS NULL THEN 1 ELSE 0 END) = 1"
        " FROM identifies"
    ),
    "a nested trait is flat": "SELECT address_street = '6th' FROM identifies WHERE id = 'm1'",
    "groups keep history, accounts the last state": (
        "SELECT (SELECT COUNT(*) FROM groups) = 2"
        " AND (SELECT employees FROM accounts WHERE id = 'g1') = 600"
    ),
    "an array is JSON text, a property id is _id, a reserved word has an underscore": (
        "SELECT products = '[{\"sku\":\"a\"}]' AND _id = 7 AND _user = 'bob'"
        " FROM order_completed WHERE id = 'm8'"
    ),
    "the type of the first value stays": (
        "SELECT total = 10 AND at IS NULL AND products = 'not a list'"
        " FROM order_completed WHERE id = 'm9'"
    ),
    "a digit is never first": (
        "SELECT COUNT(*) = 1 FROM _2fa_enabled WHERE event_text = '2FA Enabled'"
    ),
    "a screen has a row in screens": (
        "SELECT COUNT(*) = 1 FROM screens"
        " WHERE name = 'tutorial.view' AND tutorial_id = 1 AND segment_id = 's'"
    ),
    "an alias has both ids": (
        "SELECT COUNT(*) = 1 FROM aliases WHERE previous_id = 'a1' AND user_id = 'u1'"
    ),
}
