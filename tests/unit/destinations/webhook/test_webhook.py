"""The receiver of webhooks: answers 200, checks signatures, counts, and answers as told."""

from __future__ import annotations

import random

import pytest

from mockseg import json_types
from mockseg.destinations.signature import sign
from mockseg.destinations.vendor import VendorRequest
from mockseg.destinations.webhook import Webhook, WebhookSetup
from mockseg.errors import VendorStateError

EVENT = b'{"type":"track","event":"E","userId":"u1","messageId":"m1"}'


def receiver(**setup):
    """Make one."""
    return Webhook(WebhookSetup(**setup), key="key", random=random.Random(1))


def post(webhook, body=EVENT, *, signature=None, method="POST", path="/"):
    """Send a webhook."""
    headers = () if signature is None else (("x-signature", signature),)
    request = VendorRequest(method=method, path=path, received_ns=0, headers=headers, body=body)
    return webhook.answer(request)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/", EVENT), ("PUT", "/a/b", b""), ("GET", "/", b"\xff"), ("PATCH", "/x", b"[1]")],
)
def test_anything_is_answered_200(method, path, body):
    """Without a secret nothing is checked."""
    webhook = receiver()
    answered = post(webhook, body, method=method, path=path)
    assert (answered.status, answered.body, answered.notes) == (200, b"", ())
    assert webhook.state()["requests"] == 1


def test_events_are_counted_and_the_last_are_kept():
    """A batch has several; of what is kept, the oldest go first."""
    webhook = receiver()
    post(webhook)
    post(webhook, b'[{"type":"identify","userId":5},{"type":"track"},7]', path="/hook")
    state = webhook.state()
    assert (state["requests"], state["events"]) == (2, 3)
    assert state["byType"] == {"track": 2, "identify": 1}
    assert state["last"][0] == {
        "receivedAt": "1970-01-01T00:00:00.000Z",
        "method": "POST",
        "path": "/",
        "type": "track",
        "event": "E",
        "userId": "u1",
        "messageId": "m1",
        "signature": "unchecked",
    }
    assert [(seen["type"], seen["path"]) for seen in state["last"][1:]] == [
        ("identify", "/hook"),
        ("track", "/hook"),
    ]
    batch = b",".join(b'{"type":"page","event":"%d"}' % number for number in range(30))
    post(webhook, b"[" + batch + b"]")
    assert [seen["event"] for seen in webhook.state()["last"]] == [
        str(number) for number in range(10, 30)
    ]
    assert webhook.state()["events"] == 33


def test_a_good_signature_passes():
    """Of one event; of a batch by its first element or as a whole."""
    webhook = receiver(shared_secret="s3", reject_bad_signatures=True)
    assert post(webhook, signature=sign(EVENT, secret="s3")).notes == ()
    batch = b"[" + EVENT + b',{"type":"page"}]'
    assert post(webhook, batch, signature=sign(EVENT, secret="s3")).status == 200
    assert post(webhook, batch, signature=sign(batch, secret="s3")).status == 200
    assert webhook.state()["badSignatures"] == 0
    assert {seen["signature"] for seen in webhook.state()["last"]} == {"good"}


@pytest.mark.parametrize(
    ("body", "signature", "said"),
    [
        (EVENT, None, "missing"),
        (EVENT, "0" * 40, "bad"),
        (EVENT, "é", "bad"),
        (b"[]", sign(b"[]", secret="s3"), "bad"),
        (b"[" + EVENT + b",1]", sign(b"1", secret="s3"), "bad"),
    ],
)
def test_a_wrong_signature_is_noted_and_refused_only_on_demand(body, signature, said):
    """401 is a switch: by default the note says it."""
    lenient = receiver(shared_secret="s3")
    strict = receiver(shared_secret="s3", reject_bad_signatures=True)
    for webhook, status in ((lenient, 200), (strict, 401)):
        answered = post(webhook, body, signature=signature)
        assert answered.status == status
        [note] = answered.notes
        assert (note.code, note.field) == ("bad_signature", "X-Signature")
        assert webhook.state()["badSignatures"] == 1
        assert {seen["signature"] for seen in webhook.state()["last"]} <= {said}


def test_answers_can_be_chosen():
    """For ever, a number of times, and back to 200."""
    webhook = receiver()
    arguments = {"status": 503, "body": "down", "headers": {"Retry-After": "1"}, "times": 2}
    webhook.act("set_answer", arguments, now_ns=0)
    answers = [post(webhook) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert answers[0].body == b"down"
    assert answers[0].headers == (("Retry-After", "1"),)
    webhook.act("set_answer", {"status": 410}, now_ns=0)
    assert [post(webhook).status for _ in range(3)] == [410] * 3
    assert webhook.act("reset_answer", {}, now_ns=0) == {"answer": None}
    assert post(webhook).status == 200


@pytest.mark.parametrize(
    ("action", "arguments", "sentence"),
    [
        ("answer", {}, 'unknown action "answer"; did you mean "set_answer"?'),
        ("set_answer", {}, "status: is missing"),
        ("set_answer", {"status": 100}, "status: is 100: it must be a whole number >= 200"),
        ("set_answer", {"status": 200, "times": 0}, "times: is 0: it must be a whole number >= 1"),
        ("set_answer", {"status": 200, "headers": {"a b": "c"}}, "headers"),
        ("set_answer", {"status": 200, "headers": {"a\n": "c"}}, "headers"),
        ("set_answer", {"status": 200, "headers": {"a": "c\r\nd: e"}}, "headers"),
        ("set_answer", {"status": 200, "headers": {"a": "c\n"}}, "headers"),
        ("set_answer", {"status": object()}, "this is not JSON"),
    ],
)
def test_wrong_answers_are_refused(action, arguments, sentence):
    """Nothing is changed; headers cannot break the answer's frame."""
    webhook = receiver()
    webhook.act("set_answer", {"status": 410}, now_ns=0)
    with pytest.raises(VendorStateError) as refusal:
        webhook.act(action, arguments, now_ns=0)
    assert sentence in str(refusal.value)
    assert post(webhook).status == 410


def test_the_state_goes_through_json():
    """What is left out begins empty."""
    first, second = receiver(), receiver()
    post(first, path="/\udcff")
    first.act("set_answer", {"status": 503, "times": 2}, now_ns=0)
    second.restore(json_types.decode(json_types.encode(first.state())))
    assert second.state() == first.state()
    assert [post(second).status for _ in range(3)] == [503, 503, 200]
    second.restore({})
    assert second.state() == receiver().state()
    with pytest.raises(VendorStateError, match="requests: is"):
        second.restore({"requests": "x"})


def test_webhooks_carry_no_key():
    """A stranger is a URL of no destination."""
    request = VendorRequest(method="POST", path="/x", received_ns=0)
    assert Webhook.key_of(request) is None
    assert Webhook.stranger(request).status == 404
    assert receiver().knows("key")
    assert not receiver().knows("other")


def test_common_errors_can_be_demanded():
    """Those that Segment retries, and some that it does not."""
    assert {name: answer.status for name, answer in Webhook.errors.items()} == {
        "bad_request": 400,
        "unauthorized": 401,
        "not_found": 404,
        "rate_limited": 429,
        "server_error": 500,
        "unavailable": 503,
    }
