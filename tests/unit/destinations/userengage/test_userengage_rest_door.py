"""The door of the REST API: slash, token, methods, rate, pages."""

from __future__ import annotations

import pytest


def test_without_a_slash_at_the_end_nothing_is_found(vendor):
    """Every URL of the API ends with one; the answer says so."""
    reply = vendor.rest("GET", "users")
    assert reply.status == 404
    assert "slash" in reply.body["detail"]


@pytest.mark.parametrize("path", ["", "nothing/", "users/x/", "users/1/nothing/", "users//"])
def test_unknown_paths_are_not_found(vendor, path):
    """Also below a known one."""
    assert vendor.rest("GET", path).status == 404


@pytest.mark.parametrize(
    "headers",
    [(), (("Authorization", "Token"),), (("Authorization", "Token x"),), (("Authorization", "x"),)],
)
def test_a_token_is_needed(vendor, headers):
    """401 without one and with a wrong one; the generic answer for strangers is the same."""
    reply = vendor.request("GET", "/api/public/users/", headers=headers)
    assert reply.status == 401
    assert reply.body["detail"]


def test_the_token_is_minted_or_set_up(make):
    """The state shows it; the Segment key is taken, too, unless switched off."""
    vendor = make()
    token = vendor.state["rest_token"]
    assert len(token) == 64
    assert vendor.rest("GET", "users/", token=token).status == 200
    assert vendor.rest("GET", "users/").status == 200
    strict = make(rest_token="t0ken", segment_key_for_rest=False)
    assert strict.rest("GET", "users/", token="t0ken").status == 200
    assert strict.rest("GET", "users/").status == 401
    assert strict.imitation.knows("t0ken")


def test_the_token_is_no_segment_key(make):
    """The inlet takes only Segment API keys."""
    vendor = make(rest_token="t0ken")
    assert vendor.send({"type": "page", "userId": "u1"}, key="t0ken").status == 403


def test_a_revoked_segment_key_is_no_token(vendor):
    """401, as any wrong one."""
    vendor.imitation.act("revoke_key", {}, now_ns=0)
    assert vendor.rest("GET", "users/").status == 401


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "users/", "GET, POST"),
        ("POST", "users/search/", "GET"),
        ("GET", "events/", "POST"),
    ],
)
def test_other_methods_are_not_allowed(vendor, method, path, allow):
    """405 names those that are."""
    reply = vendor.rest(method, path)
    assert (reply.status, reply.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_bodies_are_json_objects(vendor, body):
    """400 with `errors` otherwise, and nothing is created."""
    reply = vendor.rest("POST", "users/", body)
    assert reply.status == 400
    assert reply.body["errors"]
    assert vendor.state["users"] == []


def test_there_is_no_limit_unless_set_up(make):
    """Then what exceeds it within a second is answered 429 with `Retry-After`."""
    vendor = make(rest_requests_per_second=2)
    second = 1_000_000_000
    statuses = [vendor.rest("GET", "users/", now_ns=5 * second + n).status for n in range(3)]
    assert statuses == [200, 200, 429]
    reply = vendor.rest("GET", "users/", now_ns=6 * second - 1)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    assert vendor.rest("GET", "users/", now_ns=6 * second).status == 200


def follow(vendor, path):
    """Go through all pages there and back again; give the ids of each page."""
    pages, link = [], ""
    while link is not None:
        query = [("cursor", link.removeprefix("?cursor="))] if link else []
        body = vendor.rest("GET", path, query=query).body
        pages.append(([each["id"] for each in body["results"]], body))
        link = body["next"]
    return pages


def test_lists_come_in_pages_by_cursor(make):
    """`next` leads through all, `previous` back; `count` is of all."""
    vendor = make(page_size=2)
    for number in range(5):
        vendor.call("identify", f"u{number}")
    pages = follow(vendor, "users/")
    assert [ids for ids, _ in pages] == [[1, 2], [3, 4], [5]]
    assert {body["count"] for _, body in pages} == {5}
    assert pages[0][1]["previous"] is None
    back = pages[2][1]["previous"].removeprefix("?cursor=")
    body = vendor.rest("GET", "users/", query=[("cursor", back)]).body
    assert [each["id"] for each in body["results"]] == [3, 4]


def test_a_page_holds_a_hundred_at_most(vendor):
    """As the vendor documents."""
    for number in range(101):
        vendor.call("identify", f"u{number}")
    pages = follow(vendor, "users/")
    assert [len(ids) for ids, _ in pages] == [100, 1]


@pytest.mark.parametrize("cursor", ["", "x", "!!", "YT0", "Yz0x", "é"])
def test_a_cursor_that_is_none_is_not_found(vendor, cursor):
    """Rather than the first page."""
    assert vendor.rest("GET", "users/", query=[("cursor", cursor)]).status == 404


def test_strangers_are_answered_by_surface():
    """Who has no key of any destination: 401 or 403 at the inlet, 401 at REST, 404 elsewhere."""
    from mockseg.destinations.userengage.imitation import UserEngage
    from mockseg.destinations.vendor import VendorRequest

    def status(path, authorization=None):
        headers = () if authorization is None else (("Authorization", authorization),)
        request = VendorRequest(method="POST", path=path, received_ns=0, headers=headers)
        return UserEngage.stranger(request).status

    assert status("/segment") == 401
    assert status("/segment", "Basic c2VnbWVudDo=") == 403
    assert status("/api/public/users/") == 401
    assert status("/api/public/users/", "Token x") == 401
    assert status("/x") == 404


def test_the_documented_errors_suit_both_surfaces():
    """Segment reads `message`, REST clients `detail`; 429 says when to come again."""
    import json

    from mockseg.destinations.userengage.imitation import UserEngage

    for name, answer in UserEngage.errors.items():
        body = json.loads(answer.body)
        assert body["message"] == body["detail"], name
        assert answer.status >= 400
    limited = UserEngage.errors["rate_limited"]
    assert (limited.status, dict(limited.headers)["Retry-After"]) == (429, "1")
    assert {"unauthorized", "forbidden", "server_error", "unavailable"} <= set(UserEngage.errors)
