"""The requests that carry calls: headers, bodies and signatures, by golden values."""

from __future__ import annotations

import pytest

from mockseg.delivery.json_stringify import stringify
from mockseg.delivery.outgoing import as_sent, outgoing
from mockseg.destinations.signature import verify_signature

URL = "http://127.0.0.1:9000/hook"


def headers_of(request):
    """Give the headers by name."""
    return dict(request.headers)


def one(destination, *bodies, own=None):
    """Make the only request."""
    (request,) = all_of(destination, *bodies, own=own)
    return request


def all_of(destination, *bodies, own=None):
    """Make the requests, one for each URL."""
    kind, settings = destination.kind.type, destination.settings
    return outgoing(bodies, kind=kind, settings=settings, urls=destination.urls, own=own)


@pytest.mark.parametrize("kind", ["userengage", "userleap", "candu"])
def test_the_contract_of_a_partner_inlet(destination, kind):
    """Exactly these headers; the key is the user name, the colon is always there."""
    request = one(destination(kind, url=URL, settings={"apiKey": "segment"}), b'{"type":"track"}')
    assert (request.method, request.url, request.body) == ("POST", URL, b'{"type":"track"}')
    assert request.headers == (
        ("Authorization", "Basic c2VnbWVudDo="),
        ("Content-Type", "application/json"),
        ("User-Agent", "Segment.io/1.0"),
        ("Accept", "*/*"),
        ("Cache-Control", "no-cache"),
        ("Connection", "Keep-Alive"),
        ("Content-Length", "16"),
    )


def test_every_other_setting_travels_in_a_header(destination):
    """Only when there are extra settings; the value is Segment's own example."""
    settings = {"apiKey": "k", "customSettingOne": "custom setting value"}
    request = one(destination(url=URL, settings=settings), b"{}")
    assert headers_of(request)["X-Segment-Settings"] == (
        "eyJjdXN0b21TZXR0aW5nT25lIjoiY3VzdG9tIHNldHRpbmcgdmFsdWUifQ=="
    )


def test_a_call_brings_its_own_settings(destination):
    """They win over the destination's for this call, the key among them."""
    of = destination("userguiding", url=URL, settings={"apiKey": "k", "region": "us"})
    mine = headers_of(one(of, b"{}", own={"region": "eu", "apiKey": "segment"}))
    assert mine["Authorization"] == "Basic c2VnbWVudDo="
    assert mine["X-Segment-Settings"] == "eyJyZWdpb24iOiJldSJ9"
    usual = headers_of(one(of, b"{}"))
    assert usual["X-Segment-Settings"] == "eyJyZWdpb24iOiJ1cyJ9"


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (b'{"cool":true}', "5099cab379b3be52908387457007040cc934ef86"),
        (b'{"cool":false}', "c702b94a2569dd8d2f7185ce0ae951021bef4706"),
    ],
)
@pytest.mark.parametrize("kind", ["webhook", "webhook-actions"])
def test_webhooks_sign_the_bytes_that_are_sent(destination, kind, body, signature):
    """The golden vectors, with the secret `abc123`."""
    request = one(destination(kind, url=URL, settings={"sharedSecret": "abc123"}), body)
    assert headers_of(request)["X-Signature"] == signature
    assert verify_signature(request.body, signature, secret="abc123")


def test_of_a_batch_the_first_element_is_signed(destination):
    """Not the array: the golden vector of a batch of two."""
    of = destination(
        "webhook-actions", url=URL, settings={"sharedSecret": "abc123", "batchSize": 5}
    )
    request = one(of, b'{"cool":false}', b'{"cool":true}')
    assert request.body == b'[{"cool":false},{"cool":true}]'
    assert headers_of(request)["X-Signature"] == "c702b94a2569dd8d2f7185ce0ae951021bef4706"


@pytest.mark.parametrize(
    ("settings", "signature"),
    [
        ({}, "4357a57e60a2bbfc19f07e4578d7f22b7e5f94ba"),
        ({"batchSignature": "first"}, "4357a57e60a2bbfc19f07e4578d7f22b7e5f94ba"),
        ({"batchSignature": "array"}, "5e6798a4698bfe17c1c88270072aa00b9c5883e0"),
    ],
)
def test_a_batch_is_signed_by_its_first_element_or_as_a_whole(destination, settings, signature):
    """The golden values of both ways, with the secret `s3cret`."""
    paid = {"type": "track", "event": "Paid", "properties": {"1": "a", "2": "b", "total": 10.0}}
    following = {"type": "track", "event": "Next"}
    settings = {"sharedSecret": "s3cret", "batchSize": 5, **settings}
    of = destination("webhook-actions", url=URL, settings=settings)
    request = one(of, stringify(paid), stringify(following))
    assert headers_of(request)["X-Signature"] == signature


@pytest.mark.parametrize("kind", ["webhook", "webhook-actions"])
def test_webhooks_send_what_javascript_writes(kind):
    """Keys that are indices first, whole floats as integers; `version` is added."""
    message = {"type": "track", "properties": {"b": 10.0, "10": 1e-7, "2": 1e21}}
    assert as_sent(message, kind=kind) == (
        b'{"type":"track","properties":{"2":1e+21,"10":1e-7,"b":10},"version":2}'
    )


def test_partners_send_numbers_as_they_came():
    """A float stays one, and keys keep their order."""
    message = {"properties": {"b": 10.0, "2": 1}}
    assert as_sent(message, kind="candu") == b'{"properties":{"b":10.0,"2":1},"version":2}'


def test_a_destination_that_batches_sends_an_array_of_one_too(destination):
    """So that a receiver always finds the same shape."""
    batching = destination("webhook-actions", url=URL, settings={"batchSize": 2})
    assert one(batching, b"{}").body == b"[{}]"
    alone = destination("webhook-actions", url=URL, settings={"batchSize": 1})
    assert one(alone, b"{}").body == b"{}"


def test_without_a_secret_nothing_is_signed(destination):
    """The header is left out."""
    assert "X-Signature" not in headers_of(one(destination("webhook", url=URL), b"{}"))


def test_a_classic_webhook_posts_to_each_of_its_urls(destination):
    """Up to five, the same bytes to each, with Segment's name."""
    urls = [f"{URL}/{number}" for number in range(5)]
    of = destination("webhook", settings={"urls": urls, "headers": {"X-Mine": "1"}})
    requests = all_of(of, b"{}")
    assert [request.url for request in requests] == urls
    assert {request.body for request in requests} == {b"{}"}
    assert headers_of(requests[4]) == {
        "Content-Type": "application/json",
        "User-Agent": "Segment.io/1.0",
        "Accept": "*/*",
        "X-Mine": "1",
        "Content-Length": "2",
    }


def test_webhook_actions_have_a_method_and_a_name_of_their_own(destination):
    """PUT and PATCH besides POST."""
    of = destination("webhook-actions", url=URL, settings={"method": "PATCH"})
    request = one(of, b"{}")
    assert request.method == "PATCH"
    assert headers_of(request)["User-Agent"] == "Segment (Actions)"


def test_headers_of_the_user_replace_the_usual_ones(destination):
    """Whatever their case; none is sent twice."""
    of = destination("webhook", url=URL, settings={"headers": {"content-type": "text/json"}})
    names = [name.lower() for name, _ in one(of, b"{}").headers]
    assert names.count("content-type") == 1
    assert headers_of(one(of, b"{}"))["content-type"] == "text/json"
