"""The inlet of UserEngage: who may send, and which user is meant."""

from __future__ import annotations

import base64

import pytest

CALLS = {
    "identify": {},
    "page": {},
    "track": {"event": "Signed Up"},
    "group": {"groupId": "acme"},
}


def basic(text):
    """Give Basic credentials of any text."""
    return (("Authorization", f"Basic {base64.b64encode(text.encode()).decode()}"),)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Authorization", "Basic"),),
        (("Authorization", "Basic ???"),),
        (("Authorization", "Basic /w=="),),
        (("Authorization", "Token segment-key"),),
        basic("segment-key"),
        basic(":segment-key"),
    ],
)
def test_ue_01_without_a_key_nothing_is_processed(vendor, headers):
    """No credentials, another scheme, no base64, no colon, no user name: 401, nothing changed."""
    message = {"type": "identify", "userId": "u1"}
    reply = vendor.request("POST", "/segment", message, headers=headers)
    assert reply.status == 401
    assert "Basic" in reply.body["message"]
    assert vendor.state["users"] == []


def test_ue_01_the_golden_header_of_the_key_segment_is_read():
    """The key is the user name, the password is empty, the colon always there."""
    from mockseg.destinations.userengage.imitation import UserEngage
    from mockseg.destinations.vendor import VendorRequest

    request = VendorRequest(
        method="POST",
        path="/segment",
        received_ns=0,
        headers=(("authorization", "Basic c2VnbWVudDo="),),
    )
    assert UserEngage.key_of(request) == "segment"


def test_ue_01_an_unknown_key_is_forbidden(vendor):
    """A key that no application has is answered 403 and changes nothing."""
    reply = vendor.send({"type": "identify", "userId": "u1"}, key="another")
    assert reply.status == 403
    assert vendor.state["users"] == []


def test_ue_02_a_revoked_key_is_forbidden_and_another_goes_on(vendor):
    """Keys are generated and revoked; several are valid at a time."""
    other = vendor.imitation.act("generate_key", {}, now_ns=0)["key"]
    assert vendor.send({"type": "identify", "userId": "u1"}, key=other).status == 200
    vendor.imitation.act("revoke_key", {}, now_ns=0)
    reply = vendor.send({"type": "identify", "userId": "u2"})
    assert reply.status == 403
    assert reply.body == {"message": "This Segment API key is revoked."}
    assert vendor.send({"type": "identify", "userId": "u3"}, key=other).status == 200
    assert [user["custom_id"] for user in vendor.state["users"]] == ["u1", "u3"]


def test_ue_02_a_revoked_key_is_still_its_own(vendor):
    """Who routes by key finds the application that revoked it."""
    vendor.imitation.act("revoke_key", {"key": "segment-key"}, now_ns=0)
    assert vendor.imitation.knows("segment-key")
    assert not vendor.imitation.knows("another")


@pytest.mark.parametrize(
    ("headers", "context", "status"),
    [
        ((("Origin", "https://shop.example"),), {}, 200),
        ((("Origin", "https://evil.example"),), {}, 403),
        ((("Origin", "https://SHOP.example:8443"),), {}, 200),
        ((("Origin", "https://app.shop.example"),), {}, 200),
        ((("Origin", "https://notshop.example"),), {}, 403),
        ((("Referer", "https://evil.example/shop.example"),), {}, 403),
        ((), {"page": {"url": "https://evil.example/"}}, 403),
        ((), {"page": {"url": "https://user@shop.example/x?y"}}, 200),
        ((("Origin", "https://shop.example"),), {"page": {"url": "https://evil.example"}}, 200),
        ((("Origin", "http://[::1]:3000"),), {}, 403),
        ((("Origin", "null"),), {"page": {"url": "https://evil.example"}}, 403),
        ((), {}, 200),
        ((), {"page": {"url": "no address"}}, 200),
    ],
)
def test_ue_03_only_trusted_domains_may_send(make, headers, context, status):
    """`Origin`, `Referer`, else the page's URL has it; without one a server sent the call."""
    vendor = make(trusted_domains=("shop.example",))
    message = {"type": "identify", "userId": "u1", "context": context}
    assert vendor.send(message, headers=headers).status == status
    assert len(vendor.state["users"]) == (status == 200)


def test_ue_03_without_trusted_domains_everybody_is_trusted(vendor):
    """An empty list trusts all; a domain is trusted and no longer by actions."""
    message = {"type": "identify", "userId": "u1"}
    origin = (("Origin", "https://a.example"),)
    assert vendor.send(message, headers=origin).status == 200
    vendor.imitation.act("trust_domain", {"domain": "b.example"}, now_ns=0)
    assert vendor.send(message, headers=origin).status == 403
    vendor.imitation.act("untrust_domain", {"domain": "b.example"}, now_ns=0)
    assert vendor.send(message, headers=origin).status == 200


def test_ue_03_subdomains_are_trusted_unless_switched_off(make):
    """`trust_subdomains` decides what the document leaves open."""
    vendor = make(trusted_domains=("shop.example",), trust_subdomains=False)
    message = {"type": "identify", "userId": "u1"}
    assert vendor.send(message, headers=(("Origin", "https://app.shop.example"),)).status == 403


def test_ue_04_the_key_is_looked_at_before_the_domain(make):
    """A revoked key from an untrusted domain hears of the key."""
    vendor = make(trusted_domains=("shop.example",))
    vendor.imitation.act("revoke_key", {}, now_ns=0)
    reply = vendor.send({"type": "page"}, headers=(("Origin", "https://evil.example"),))
    assert "revoked" in reply.body["message"]


@pytest.mark.parametrize("kind", CALLS)
def test_ue_05_the_user_is_selected_by_user_id(vendor, kind):
    """With both ids the anonymous one is not looked at, and nothing is merged."""
    vendor.send({"type": "identify", "anonymousId": "a1"})
    vendor.send({"type": "identify", "userId": "u1"})
    vendor.send({"type": kind, "userId": "u1", "anonymousId": "a1", **CALLS[kind]})
    vendor.send({"type": kind, "userId": "u2", "anonymousId": "a1", **CALLS[kind]})
    assert [user["custom_id"] for user in vendor.state["users"]] == ["a1", "u1", "u2"]


@pytest.mark.parametrize("absent", [{}, {"userId": None}, {"userId": ""}])
@pytest.mark.parametrize("kind", CALLS)
def test_ue_05_the_anonymous_id_is_the_fallback(vendor, kind, absent):
    """An empty or null userId counts as absent."""
    for _ in range(2):
        assert (
            vendor.send({"type": kind, "anonymousId": "a1", **absent, **CALLS[kind]}).status == 200
        )
    assert [user["custom_id"] for user in vendor.state["users"]] == ["a1"]


@pytest.mark.parametrize("kind", CALLS)
def test_ue_06_an_unknown_user_is_created(vendor, kind):
    """By each of the four calls; a new user has the vendor's defaults."""
    vendor.call(kind, "new", **CALLS[kind])
    user = vendor.user("new")
    assert (user["status"], user["gender"], user["score"]) == ("visitor", "unknown", 0)
    assert (user["notifications"], user["unsubscribed"]) == (True, False)
    assert user["created_at"] == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize("kind", CALLS)
def test_ue_06_neither_id_is_malformed(vendor, kind):
    """400 that names both; nothing is created."""
    reply = vendor.send({"type": kind, **CALLS[kind]})
    assert reply.status == 400
    assert "anonymousId" in reply.body["message"]
    assert (vendor.state["users"], vendor.state["companies"]) == ([], [])


def test_ue_06_a_number_is_an_id_and_a_list_is_none(vendor):
    """Whole numbers are taken as their text, anything else is malformed."""
    assert vendor.send({"type": "page", "userId": 7}).status == 200
    assert vendor.user("7")["page_views"] == 1
    for wrong in (True, 1.5, [], {}):
        assert vendor.send({"type": "page", "userId": wrong, "anonymousId": "a"}).status == 400


@pytest.mark.parametrize("kind", ["alias", "screen", "delete", "Identify", "user_deleted"])
def test_ue_50_other_types_are_not_supported(vendor, kind):
    """501, and nothing is stored."""
    reply = vendor.send({"type": kind, "userId": "u1", "previousId": "u0"})
    assert reply.status == 501
    assert reply.notes[0].code == "unsupported_type"
    assert vendor.state["users"] == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"type": NaN}'),
        *(b'{"userId":"u1"}', b'{"userId":"u1","type":null}', b'{"userId":"u1","type":5}'),
        b'{"userId":"u1","type":"identify","traits":[]}',
        b'{"userId":"u1","type":"identify","context":"x"}',
        b'{"userId":"u1","type":"track","event":"E","properties":"x"}',
        b'{"userId":"u1","type":"page","properties":5}',
        b'{"userId":"u1","type":"group","groupId":"g","traits":5}',
    ],
)
def test_malformed_bodies_change_nothing(vendor, body):
    """400 with a message, and the state is as before."""
    before = vendor.state
    reply = vendor.send(body)
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.body["message"]
    assert vendor.state == before


def test_messages_come_by_post(vendor):
    """Other methods are answered 405 with the one that is allowed."""
    reply = vendor.request("GET", "/segment")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


def test_another_path_is_not_found(vendor):
    """404 that names the two surfaces."""
    reply = vendor.request("POST", "/v1/track")
    assert reply.status == 404
    assert "/api/public/" in reply.body["detail"]


def test_ue_55_the_key_is_all_that_is_set(vendor):
    """Without anything but a key an application takes all four calls."""
    for kind, fields in CALLS.items():
        vendor.call(kind, **fields)
    assert vendor.state["segment_keys"] == [{"key": "segment-key", "revoked": False}]
