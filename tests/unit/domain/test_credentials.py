"""Keys are read from headers, and secrets are not shown."""

from __future__ import annotations

import pytest

from mockseg.domain.credentials import (
    key_of,
    shown_form,
    shown_header,
    shown_json,
    shown_query,
    shown_url,
)


@pytest.mark.parametrize(
    ("name", "sent", "shown"),
    [
        ("Authorization", "Basic c2VnbWVudDo=", "Basic c2VnbWVudDo="),
        ("authorization", "Basic a2V5OnNlY3JldA==", "Basic a2V5Og== [redacted]"),
        ("Authorization", "Bearer secret", "Bearer [redacted]"),
        ("Authorization", "Token secret", "Token [redacted]"),
        ("Authorization", "secret", "[redacted]"),
        ("Cookie", "session=1", "[redacted]"),
        ("UG-API-KEY", "secret", "[redacted]"),
        ("X-Api-Key", "", ""),
        ("X-Signature", "5099cab", "5099cab"),
        ("Proxy-Authorization", "Basic c2VnbWVudDo=", "[redacted]"),
        ("Set-Cookie", "session=1", "[redacted]"),
        ("X-Segment-Source-Function-Token", "secret", "[redacted]"),
        ("X-Write-Key", "segment", "segment"),
        ("Idempotency-Key", "1", "1"),
        (
            "Referer",
            "https://a.example/b?q=1&access_token=s#top",
            "https://a.example/b?q=1&access_token=[redacted]#top",
        ),
        ("Referer", "https://anna:secret@a.example/", "https://[redacted]@a.example/"),
    ],
)
def test_a_secret_is_not_shown(name: str, sent: str, shown: str) -> None:
    """A key that says whose a request is stays visible; passwords and tokens do not."""
    assert shown_header(name, sent) == shown


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("Basic c2VnbWVudDo=", "segment"),
        ("basic c2VnbWVudA", "segment"),
        # An access token names no source.
        ("Bearer abc", ""),
        ("Basic !!!", ""),
        ("Digest abc", ""),
        ("", ""),
    ],
)
def test_the_key_is_read_with_and_without_its_colon(sent: str, key: str) -> None:
    """What is no key at all is empty, never an error."""
    assert key_of(sent) == key


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("", ""),
        ("writeKey=w&api_key=s", "writeKey=w&api_key=[redacted]"),
        ("token=s&access_token=s&key=s", "token=[redacted]&access_token=[redacted]&key=[redacted]"),
        ("Api-Key=s;client_secret=s", "Api-Key=[redacted];client_secret=[redacted]"),
        ("a%70i_key=s", "a%70i_key=[redacted]"),
        ("auth[password]=s&user[name]=u", "auth[password]=[redacted]&user[name]=u"),
        ("context.token=s", "context.token=[redacted]"),
        ("sig=s&X-Amz-Signature=s", "sig=[redacted]&X-Amz-Signature=[redacted]"),
        ("api_key=&token", "api_key=&token"),
        ("write_key=w&userId=u&data=e30=&keyboard=k&monkey=m", None),
    ],
)
def test_secrets_of_a_query_are_not_shown(sent: str, shown: str | None) -> None:
    """Values of secret names are replaced; everything else stays as it was sent."""
    assert shown_query(sent) == (sent if shown is None else shown)


def test_secrets_in_a_url_are_not_shown() -> None:
    """User, password and secret arguments are replaced, in the middle of a sentence too."""
    sent = "no answer from https://u:p@h.example/hook?token=s&n=1, tried twice"
    assert (
        shown_url(sent)
        == "no answer from https://[redacted]@h.example/hook?token=[redacted]&n=1, tried twice"
    )
    assert shown_url("a/b#access_token=s") == "a/b#access_token=[redacted]"
    assert shown_url("is it token=s or not") == "is it token=s or not"


def test_secrets_of_a_form_are_not_shown() -> None:
    """A form may hold bytes that are no text."""
    sent = b"grant_type=x&client_assertion=s&a=\xff"
    assert shown_form(sent) == b"grant_type=x&client_assertion=[redacted]&a=\xff"


def test_secrets_of_a_json_text_are_not_shown() -> None:
    """Also of one that is cut off; names and all other values stay."""
    sent = b'{"client_id":"c","client_secret" : "a\\"b","n":1,"auth":{"password":"p"},"token":"s'
    assert shown_json(sent) == (
        b'{"client_id":"c","client_secret" : "[redacted]","n":1,'
        b'"auth":{"password":"[redacted]"},"token":"s'
    )
