"""What a destination is made from, and how a wrong setting is refused."""

from __future__ import annotations

import pytest

from mockseg.delivery.destination import DestinationSpec, make_destination
from mockseg.errors import OperationError

URL = "https://hook.example:8443/path?x=1"


def test_a_destination_has_the_defaults_of_its_kind(destination):
    """Names, timeouts of 5 and 10 seconds."""
    made = destination("userleap", settings={"apiKey": "k"})
    assert (made.name, made.timeout_seconds, made.settings.api_key) == ("Sprig Cloud", 10, "k")
    assert destination("webhook", url=URL).timeout_seconds == 5
    assert destination("webhook", url=URL, timeout_seconds=1.5, name="Mine").timeout_seconds == 1.5


def test_a_url_of_the_users_own_goes_before_the_imitation(destination, receiver):
    """An imitation is asked only where no URL is given; the ledger names its inlet."""
    imitation = receiver()
    assert destination(receive=imitation).receive is imitation
    assert destination(receive=imitation).urls == (
        "http://mockseg.test/vendors/userengage/d1/segment",
    )
    real = destination(receive=imitation, url=URL)
    assert (real.receive, real.urls) == (None, (URL,))


def test_a_partner_takes_any_other_setting(destination):
    """They travel in X-Segment-Settings; a webhook has a fixed list."""
    made = destination("userguiding", settings={"apiKey": "k", "region": "eu"})
    assert made.settings.extra == {"region": "eu"}
    assert destination("userguiding").settings.extra == {"region": "us"}
    assert destination("candu").settings.extra == {}


@pytest.mark.parametrize(
    ("kind", "settings", "parameter"),
    [
        ("userengage", {"apiKey": ""}, "settings.apiKey"),
        ("userengage", {"apiKey": "a:b"}, "settings.apiKey"),
        ("userengage", {"apiKey": 7}, "settings.apiKey"),
        ("userengage", {"region": object()}, "settings"),
        ("userengage", {"region": "\ud800"}, "settings"),
        ("webhook", {"sharedSecret": "\ud800"}, "settings.sharedSecret"),
        ("userengage", {"url": "ftp://x/y"}, "settings.url"),
        ("userengage", {"url": "http://"}, "settings.url"),
        ("userengage", {"url": "http://h:99999/"}, "settings.url"),
        ("userengage", {"url": "http://h:0/"}, "settings.url"),
        ("userengage", {"url": "http://h/" + "a" * 4088}, "settings.url"),
        ("webhook", {"headers": {f"X-{n}": "1" for n in range(51)}}, "settings.headers"),
        ("webhook", {"headers": {"X" * 101: "1"}}, f"settings.headers.{'X' * 100}"),
        ("userengage", {"url": "http://h/a b"}, "settings.url"),
        ("userengage", {"url": "http://[::1/"}, "settings.url"),
        ("userengage", {"url": None}, "settings.url"),
        ("webhook", {"urls": [f"http://h/{n}" for n in range(6)]}, "settings.urls"),
        ("webhook", {"urls": []}, "settings.urls"),
        ("webhook", {"urls": "http://h/"}, "settings.urls"),
        ("webhook", {"urls": ["http://h/", "http://h/"]}, "settings.urls"),
        ("webhook", {"urls": ["http://h/", 3]}, "settings.urls[1]"),
        ("webhook", {"url": "http://h/", "urls": ["http://i/"]}, "settings.urls"),
        ("webhook", {"apiKey": "k"}, "settings.apiKey"),
        ("webhook", {"sharedSecrets": "k"}, "settings.sharedSecrets"),
        ("webhook", {"sharedSecret": 3}, "settings.sharedSecret"),
        ("webhook", {"headers": []}, "settings.headers"),
        ("webhook", {"headers": {"a b": "x"}}, "settings.headers.a b"),
        ("webhook", {"headers": {"X": "ü"}}, "settings.headers.X"),
        ("webhook", {"headers": {"X": "a\r\nY: b"}}, "settings.headers.X"),
        ("webhook", {"headers": {"X": "1", "x": "2"}}, "settings.headers.x"),
        ("webhook", {"headers": {"Content-Length": "1"}}, "settings.headers.Content-Length"),
        ("webhook-actions", {"method": "GET"}, "settings.method"),
        ("webhook-actions", {"batchSize": 4001}, "settings.batchSize"),
        ("webhook-actions", {"batchSize": -1}, "settings.batchSize"),
        ("webhook-actions", {"batchSize": True}, "settings.batchSize"),
        ("webhook-actions", {"batchSize": 1.5}, "settings.batchSize"),
        ("webhook-actions", {"batchSignature": "last"}, "settings.batchSignature"),
        ("webhook-actions", {"batchSignature": ["first"]}, "settings.batchSignature"),
        ("webhook", {"batchSignature": "array"}, "settings.batchSignature"),
    ],
)
def test_a_wrong_setting_is_refused(destination, kind, settings, parameter):
    """422, with the place, the value and what is allowed."""
    with pytest.raises(OperationError) as refused:
        destination(kind, settings=settings)
    assert (refused.value.status, refused.value.code) == (422, "invalid_parameter")
    assert refused.value.details["parameter"] == parameter
    assert refused.value.details["allowed"]
    assert "llowed: " in str(refused.value)


def test_a_setting_may_be_as_large_as_its_limit(destination):
    """4,096 characters of a URL, 50 headers of 100 characters, 4,000 calls a batch."""
    url = "http://h:1/" + "a" * 4085
    headers = {f"{number:02}-" + "x" * 97: "~ !" for number in range(50)}
    made = destination("webhook-actions", url=url, settings={"headers": headers, "batchSize": 4000})
    assert made.urls == (url,)
    assert dict(made.settings.headers) == headers
    assert made.settings.batch_size == 4000


def test_a_destination_is_enabled_and_sends_ten_at_once_by_default(destination):
    """Calls alone, by POST, tried again for four hours."""
    made = destination("webhook", url=URL)
    spec = made.spec
    assert (spec.enabled, spec.concurrency, spec.consent_categories) == (True, 10, [])
    assert (made.settings.method, made.settings.batch_size) == ("POST", 0)
    assert (spec.retry.base_seconds, spec.retry.cap_seconds) == (0.5, 300)
    assert (spec.retry.limit_seconds, spec.retry.retry_501) == (14_400, False)


def test_an_unknown_type_names_the_one_that_was_meant(destination):
    """And lists all of them."""
    with pytest.raises(OperationError, match='did you mean "userengage"') as refused:
        destination("userengag")
    assert "webhook-actions" in refused.value.details["allowed"]


def test_a_webhook_setting_that_is_misspelt_names_the_right_one(destination):
    """Where an extra setting cannot be meant."""
    with pytest.raises(OperationError, match='did you mean "sharedSecret"'):
        destination("webhook", settings={"sharedsecret": "x"})


def test_where_nothing_receives_a_url_is_needed():
    """A destination that goes nowhere is refused."""
    with pytest.raises(OperationError, match=r"`settings\.url` is missing"):
        make_destination(DestinationSpec(type="webhook"), id="d", source="k")
