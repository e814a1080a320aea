"""UserLeap: REST v1 and v2, as their documents have them."""

from __future__ import annotations

import pytest

from mockseg import json_types
from mockseg.errors import VendorStateError

BEARER = "Bearer key"


def body(response):
    """Decode the body."""
    return json_types.decode(response.body)


def test_v2_creates_a_user_with_attributes_and_events(leap):
    """202 and the text Accepted; then GET gives the user."""
    sent = {
        "userId": "u1",
        "emailAddress": "a@b.example",
        "attributes": {"plan": "pro", "seats": 3, "beta": False},
        "events": [{"event": "signup", "timestamp": 1701285060337}, {"event": "signup"}],
    }
    answered = leap.ask("POST", "/v2/users", sent)
    assert (answered.status, answered.body) == (202, b"Accepted")
    user = body(leap.ask("GET", "/v2/users/u1"))
    assert user.pop("id") == leap.users["u1"]["id"]
    assert user == {
        "externalUserId": "u1",
        "createdAt": 1_700_000_000_000,
        "attributes": {"plan": "pro", "seats": 3, "beta": False},
        "events": [
            {
                "event": "signup",
                "count": 2,
                "createdAt": 1_700_000_000_000,
                "updatedAt": 1701285060337,
            }
        ],
    }
    assert leap.users["u1"]["emailAddress"] == "a@b.example"


def test_v2_updates_by_merging_and_takes_the_other_spelling_of_email(leap):
    """The example of the vendor's own document writes `email`."""
    leap.identify("u1", {"a": 1})
    assert leap.ask("POST", "/v2/users", {"userId": "u1", "email": "x@y.example"}).status == 202
    assert leap.ask("POST", "/v2/users", {"userId": "u1", "attributes": {"b": 2}}).status == 202
    assert leap.users["u1"]["emailAddress"] == "x@y.example"
    assert leap.users["u1"]["attributes"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("sent", "status", "answer"),
    [
        (b"{", 400, b'{"error":"'),
        ([1], 400, b'{"error":"The body is an array, not a JSON object"}'),
        ({}, 400, b'{"error":"userId is required"}'),
        ({"userId": ""}, 400, b'{"error":"userId is required"}'),
        ({"userId": 5}, 422, b""),
        ({"userId": "u1", "attributes": {"a": [1]}}, 422, b""),
        ({"userId": "u1", "events": [{"timestamp": 1}]}, 422, b""),
    ],
)
def test_v2_refuses_what_it_documents(leap, sent, status, answer):
    """400 with an error, 422 without a body; nothing is stored."""
    answered = leap.ask("POST", "/v2/users", sent)
    assert answered.status == status
    assert answered.body.startswith(answer) if answer else answered.body == b""
    assert answered.notes
    assert leap.users == {}


def test_v2_answers_not_found(leap):
    """As text."""
    answered = leap.ask("GET", "/v2/users/u9")
    assert (answered.status, answered.body) == (404, b"Not Found")


def test_v2_events_wait_like_others(make):
    """With auto-accept off, an event that nobody chose is noted by its place."""
    leap = make(auto_accept=False, events=["A"])
    sent = {"userId": "u1", "events": [{"event": "A"}, {"event": "B"}]}
    answered = leap.ask("POST", "/v2/users", sent)
    assert answered.status == 202
    assert [(note.code, note.field) for note in answered.notes] == [
        ("event_pending", "events[1].event")
    ]
    assert list(leap.users["u1"]["events"]) == ["A"]


def test_ul_x6_v2_takes_both_schemes_and_records_which(leap):
    """UL-X6: API-Key as documented, Bearer as Segment's own Actions destination sends."""
    for scheme in ("API-Key key", "Bearer key", "bearer key"):
        sent = {"userId": "u1"}
        assert leap.ask("POST", "/v2/users", sent, authorization=scheme).status == 202
    assert leap.state["authorizationSchemes"] == {"API-Key": 1, "Bearer": 2}


@pytest.mark.parametrize("authorization", [None, "", "Basic a2V5Og==", "API-Key", "API-Key other"])
def test_without_a_known_key_it_is_403_without_a_message(leap, authorization):
    """As documented: there is no message with this status."""
    for path in ("/v2/users/u1", "/v1/surveys", "/nowhere"):
        answered = leap.ask("GET", path, authorization=authorization)
        assert (answered.status, answered.body) == (403, b"")
        assert answered.notes[0].code == "forbidden"


@pytest.mark.parametrize(
    ("method", "path", "scheme"),
    [
        ("GET", "/v1/users/u1", "Bearer"),
        ("POST", "/v1/users/bulk", "API-Key"),
        ("GET", "/v1/responses", "API-Key"),
        ("POST", "/v2/purge/visitors", "API-Key"),
    ],
)
def test_elsewhere_the_scheme_is_the_documented_one(leap, method, path, scheme):
    """Export, CSV and purge take Bearer, v1 users API-Key."""
    answered = leap.ask(method, path, authorization=f"{scheme} key")
    assert (answered.status, answered.body) == (403, b"")


def test_v1_creates_reads_and_updates_users(leap):
    """The text of the document calls the id `id`, its example `userId`: both are given."""
    made = leap.ask("POST", "/v1/users", {"id": "u1", "emailAddress": "a@b.example"})
    assert made.status == 200
    leap.ask("POST", "/v1/users/u1", {"attributes": {"a": 1}})
    leap.ask("POST", "/v1/users/u1", {"attributes": {"b": 2}})
    user = body(leap.ask("GET", "/v1/users/u1"))
    assert user == {
        "id": "u1",
        "userId": "u1",
        "emailAddress": "a@b.example",
        "attributes": {"a": 1, "b": 2},
    }
    again = leap.ask("POST", "/v1/users", {"id": "u1", "attributes": {"c": 3}})
    assert body(again) == user


def test_v1_users_may_be_known_by_email_only(leap):
    """They are given by their address the next time, and have no user id."""
    first = leap.ask("POST", "/v1/users", {"emailAddress": "a@b.example"})
    second = leap.ask("POST", "/v1/users", {"emailAddress": "a@b.example"})
    assert body(first) == body(second)
    assert body(first)["userId"] is None
    assert len(leap.users) == 1


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/v1/users", {}, 400),
        ("/v1/users", b"x", 400),
        ("/v1/users", {"id": True}, 400),
        ("/v1/users", {"id": "u1", "attributes": {"a": {}}}, 400),
        ("/v1/users/u9", {"attributes": {}}, 404),
        ("/v1/users/u9/events", {"name": "E"}, 404),
        ("/v1/users/u1/events", {}, 400),
        ("/v1/users/u1/events", {"name": "E", "timestamp": "soon"}, 400),
        ("/v1/users/u1/events", {"name": "E"}, 404),
    ],
)
def test_v1_refusals_change_nothing(leap, path, sent, status):
    """Malformed ones are 400; unknown users and events that nobody configured 404."""
    leap.identify()
    before = leap.state
    assert leap.ask("POST", path, sent).status == status
    assert leap.state == before


def test_v1_events_must_be_configured(make):
    """201, with ISO or millisecond timestamps; 404 while the event is pending."""
    leap = make(events=["Login"])
    leap.identify()
    for stamp in ("2020-04-30T23:05:38.687Z", 1588287938687, None):
        sent = {"name": "Login"} if stamp is None else {"name": "Login", "timestamp": stamp}
        assert leap.ask("POST", "/v1/users/u1/events", sent).status == 201
    event = leap.users["u1"]["events"]["Login"]
    assert event["count"] == 3
    assert event["createdAt"] == 1588287938687
    leap.act("set_auto_accept", enabled=False)
    leap.track("Other")
    assert leap.ask("POST", "/v1/users/u1/events", {"name": "Other"}).status == 404


def test_bulk_takes_csv_row_by_row(leap):
    """Rows without user_id and email are rejected, blank cells make no attribute."""
    leap.identify("2", {"email": "jane@doe.example"})
    table = (
        "user_id,email,list_name,food\r\n1,john@q.example,First,cheese\r\n"
        ',jane@doe.example,First,\n3,,"a,b"\n,,First,pizza\n,new@q.example,,\n\n'
    )
    answered = leap.ask(
        "POST", "/v1/users/bulk", table.encode(), authorization=BEARER, kind="text/csv"
    )
    assert answered.status == 200
    assert [(note.code, note.field) for note in answered.notes] == [("row_rejected", "row 5")]
    users = leap.users
    assert users["1"]["attributes"] == {"list_name": "First", "food": "cheese"}
    assert users["2"]["attributes"]["list_name"] == "First"
    assert users["3"]["attributes"] == {"list_name": "a,b"}
    assert users["3"]["emailAddress"] is None
    assert [user["externalUserId"] for user in users.values()] == ["2", "1", "3", None]


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"user_id\n1", None),
        (b"user_id\n1", "application/json"),
        (b"name\n1", "text/csv"),
        (b"", "text/csv"),
        (b"user_id\n\xff", "text/csv; charset=utf-8"),
        (b"user_id\n" + b"1\n" * 65_001, "text/csv"),
    ],
)
def test_bulk_refuses_what_is_no_such_table(leap, sent, kind):
    """Another type, no known column, no text, more than 65,000 rows: nothing is stored."""
    answered = leap.ask("POST", "/v1/users/bulk", sent, authorization=BEARER, kind=kind)
    assert answered.status == 400
    assert leap.users == {}


def test_surveys_and_responses_can_be_exported(leap):
    """In the documented shape, moments as ISO 8601."""
    leap.identify()
    leap.act("define_survey", name="NPS", platform="link")
    leap.act("answer_survey", survey="NPS", user="u1", response=9, questionText="How likely?")
    [survey] = body(leap.ask("GET", "/v1/surveys", authorization=BEARER))["data"]
    assert survey["name"] == "NPS"
    assert survey["createdAt"] == "2023-11-14T22:13:20.000Z"
    answered = body(leap.ask("GET", "/v1/responses", authorization=BEARER, query=[("sid", "1")]))
    assert answered["cursor"] is None
    [response] = answered["data"]
    assert (response["externalUserId"], response["response"]) == ("u1", 9)


def test_exports_without_a_match_are_404_without_a_body(make):
    """Surveys, responses and themes alike, as UserLeap's own page had it."""
    leap = make(export="userleap")
    leap.act("define_survey", name="a", status="PAUSED")
    for path, query in (
        ("/v1/themes", []),
        ("/v1/responses", []),
        ("/v1/surveys", [("status", "DRAFT")]),
        ("/v1/surveys", [("start", "1900000000000")]),
        ("/v1/surveys", [("end", "1")]),
    ):
        answered = leap.ask("GET", path, authorization=BEARER, query=query)
        assert (answered.status, answered.body) == (404, b"")
    for query in ([("status", "DRAFT,PAUSED")], [("status[]", "PAUSED")]):
        assert leap.ask("GET", "/v1/surveys", authorization=BEARER, query=query).status == 200


def test_exports_are_paged_by_a_thousand(leap):
    """The cursor is opaque, and null at the end."""
    leap.identify()
    leap.act("define_survey", name="s", platform="link")
    for number in range(1001):
        leap.act("answer_survey", survey="s", user="u1", response=number)
    first = body(leap.ask("GET", "/v1/responses", authorization=BEARER))
    query = [("cursor", first["cursor"])]
    second = body(leap.ask("GET", "/v1/responses", authorization=BEARER, query=query))
    assert [row["response"] for row in (*first["data"], *second["data"])] == list(range(1001))
    assert second["cursor"] is None


def test_surveys_without_a_match_are_an_empty_page_today(leap):
    """Sprig's reference lists 404 for responses only."""
    for query in ([], [("status", "DRAFT")]):
        answered = leap.ask("GET", "/v1/surveys", authorization=BEARER, query=query)
        assert (answered.status, body(answered)) == (200, {"cursor": None, "data": []})
    for path in ("/v1/responses", "/v1/themes"):
        assert leap.ask("GET", path, authorization=BEARER).status == 404


def test_a_limit_makes_smaller_pages(leap):
    """Following the cursor ends; themes have no limit."""
    for name in ("a", "b", "c"):
        leap.act("define_survey", name=name, platform="link")
    found, cursor = [], None
    for _ in range(3):
        query = [("limit", "1"), *([("cursor", cursor)] if cursor else [])]
        page = body(leap.ask("GET", "/v1/surveys", authorization=BEARER, query=query))
        assert len(page["data"]) == 1
        found.append(page["data"][0]["name"])
        cursor = page["cursor"]
    assert (found, cursor) == (["a", "b", "c"], None)
    themes = leap.ask("GET", "/v1/themes", authorization=BEARER, query=[("limit", "0")])
    assert themes.status == 404


@pytest.mark.parametrize("limit", ["0", "1001", "abc", "-1", "1.5", ""])
@pytest.mark.parametrize("path", ["/v1/surveys", "/v1/responses"])
def test_a_wrong_limit_is_refused(leap, path, limit):
    """With an object that has the sentence."""
    answered = leap.ask("GET", path, authorization=BEARER, query=[("limit", limit)])
    assert answered.status == 400
    assert body(answered) == {"error": '"limit" must be a whole number from 1 to 1000'}


def test_rows_have_the_documented_members(leap):
    """No more and no fewer; what is asked for comes beside them."""
    leap.identify("u1", {"plan": "pro"})
    leap.act(
        "define_survey",
        name="NPS",
        platform="link",
        filters=[{"event": "Seen", "operator": ">=", "value": 2}],
        questions=[{"questionText": "Which?", "type": "MULTIPLECHOICE", "options": ["a", "b"]}],
        totalResponseLimit=10,
    )
    given = {"survey": "NPS", "user": "u1", "response": "b", "selectedIndexes": 1}
    group = leap.act("answer_survey", **given, url="https://a.example/")["responseGroupUid"]
    [survey] = body(leap.ask("GET", "/v1/surveys", authorization=BEARER))["data"]
    assert sorted(survey) == sorted(
        [
            "completedAt",
            "constraints",
            "createdAt",
            "id",
            "launchedAt",
            "name",
            "platform",
            "questions",
            "status",
            "totalResponseLimit",
            "type",
            "updatedAt",
        ]
    )
    constraint = {"comparisonType": ">=", "event": "Seen", "type": "occurrences", "value": 2}
    assert survey["constraints"] == [constraint]
    assert survey["questions"][0]["questionText"] == "Which?"
    [row] = body(leap.ask("GET", "/v1/responses", authorization=BEARER))["data"]
    usual = {
        "createdAt",
        "externalUserId",
        "questionId",
        "questionText",
        "questionType",
        "response",
        "responseGroupUid",
        "selectedIndexes",
        "surveyId",
        "updatedAt",
        "visitorId",
        "visitorUuid",
    }
    assert set(row) == usual
    assert (row["questionText"], row["questionType"]) == ("Which?", "MULTIPLECHOICE")
    assert (type(row["visitorId"]), row["visitorUuid"]) == (int, leap.users["u1"]["id"])
    for parameter, member in (
        ("with_urls", "url"),
        ("with_meta", "meta"),
        ("with_custom_metadata", "customMetadata"),
        ("with_snapshots", "visitorSnapshot"),
    ):
        query = [(parameter, "true")]
        [more] = body(leap.ask("GET", "/v1/responses", authorization=BEARER, query=query))["data"]
        assert set(more) - usual == {member}
    assert more["visitorSnapshot"]["attributes"] == {"plan": "pro"}
    assert leap.act("delete_response", responseGroupUid=group) == {"deleted": 1}
    assert leap.ask("GET", "/v1/responses", authorization=BEARER).status == 404
    query = [("with_deleted_responses", "true")]
    [gone] = body(leap.ask("GET", "/v1/responses", authorization=BEARER, query=query))["data"]
    assert gone["deletedAt"] == "2023-11-14T22:13:20.000Z"


def test_a_wrong_flag_is_refused(leap):
    """It is true or false."""
    query = [("with_urls", "yes")]
    answered = leap.ask("GET", "/v1/responses", authorization=BEARER, query=query)
    assert (answered.status, body(answered)) == (
        400,
        {"error": '"with_urls" must be true or false'},
    )


def test_an_unknown_response_cannot_be_deleted(leap):
    """The refusal names it."""
    with pytest.raises(VendorStateError, match="unknown response group 'x'"):
        leap.act("delete_response", responseGroupUid="x")


def test_wrong_export_parameters_are_an_array_of_sentences(make):
    """All of them at once, as UserLeap's own page had it."""
    leap = make(export="userleap")
    query = [
        ("start", "soon"),
        ("end", "-1"),
        ("status", "OPEN"),
        ("cursor", "é"),
        ("sid", "x"),
    ]
    answered = leap.ask("GET", "/v1/surveys", authorization=BEARER, query=query)
    assert answered.status == 400
    assert body(answered) == [
        '"start" must be a valid date',
        '"end" must be a valid date',
        '"sid" must be a number',
        '"cursor" must be a valid base64 string',
        '"status" must be one of [IN_PROGRESS, PAUSED, COMPLETED, DRAFT, ARCHIVED, NEW]',
    ]


def test_purge_deletes_after_its_delay(leap):
    """By user id, email address, internal id or the SDK's visitor id; by default in ten days."""
    for user_id in ("u1", "u2", "u3", "u4", "u5"):
        leap.identify(user_id, {"email": f"{user_id}@a.example"})
    leap.act("link_sdk_user", user="u4", visitorId="v4")
    sent = {
        "userIds": ["u1", "u9"],
        "emails": ["u2@a.example"],
        "visitorIds": [leap.users["u3"]["id"], "v4"],
        "delaySeconds": 60,
    }
    answered = leap.ask("POST", "/v2/purge/visitors", sent, authorization=BEARER)
    assert answered.status == 200
    assert len(body(answered)["requestId"]) == 36
    leap.after(59)
    assert leap.ask("GET", "/v2/users/u1").status == 200
    leap.after(1)
    assert leap.ask("GET", "/v2/users/u1").status == 404
    assert list(leap.users) == ["u5"]
    leap.ask("POST", "/v2/purge/visitors", {"userIds": ["u5"]}, authorization=BEARER)
    leap.after(864_000 - 1)
    assert leap.ask("GET", "/v2/users/u5").status == 200
    leap.after(1)
    assert leap.ask("GET", "/v2/users/u5").status == 404


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 400),
        ({"userIds": []}, 400),
        ({"userIds": ["u9"]}, 400),
        ({"userIds": ["u1"] * 101}, 400),
        ({"userIds": ["u1"], "delaySeconds": -1}, 422),
    ],
)
def test_purge_refuses_too_few_too_many_and_unknown(leap, sent, status):
    """Nothing is planned then."""
    leap.identify()
    answered = leap.ask("POST", "/v2/purge/visitors", sent, authorization=BEARER)
    assert answered.status == status
    assert leap.state["purges"] == []


def test_a_thousand_requests_in_five_minutes_and_key(make):
    """Then 429 until the window ends; Segment's inlet and other keys are not counted."""
    leap = make(environments={"development": "dev"}, rate_limit=3)
    for _ in range(3):
        assert leap.ask("POST", "/v2/users", {"userId": "u1"}).status == 202
    answered = leap.ask("POST", "/v2/users", {"userId": "u2"})
    assert answered.status == 429
    assert answered.body == (b"Your application has made too many requests in too short a time.")
    assert leap.ask("GET", "/v1/surveys", authorization=BEARER).body == b""
    assert leap.identify("u3").status == 200
    assert leap.ask("GET", "/v2/users/u1", authorization="API-Key dev").status == 404
    leap.after(299)
    assert leap.ask("GET", "/v2/users/u1").status == 429
    leap.after(1)
    assert leap.ask("GET", "/v2/users/u1").status == 200
    assert list(leap.users) == ["u1", "u3"]


def test_the_limit_is_a_thousand_and_can_be_lifted(make):
    """As documented."""
    limited, unlimited = make(), make(rate_limit=0)
    statuses = [limited.ask("GET", "/v2/users/u1").status for _ in range(1001)]
    assert statuses == [404] * 1000 + [429]
    assert {unlimited.ask("GET", "/v2/users/u1").status for _ in range(1001)} == {404}


def test_unknown_paths_and_methods_are_told(leap):
    """404 and 405."""
    assert leap.ask("GET", "/v3/users").status == 404
    answered = leap.ask("DELETE", "/v1/users/u1")
    assert answered.status == 405
    assert dict(answered.headers)["Allow"] == "GET, POST"


def test_ids_in_paths_are_taken_as_they_are(leap):
    """Slashes and blanks belong to the id."""
    for user_id in ("a/b c", "events", "bulk2", "ü"):
        leap.ask("POST", "/v2/users", {"userId": user_id})
        assert body(leap.ask("GET", f"/v2/users/{user_id}"))["externalUserId"] == user_id
        assert body(leap.ask("GET", f"/v1/users/{user_id}"))["id"] == user_id
