"""Keys are read from headers, and secrets are not shown."""

from __future__ import annotations

import pytest

from mockseg.domain.credentials import key_of, shown_header


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
        ("Bearer abc", "abc"),
        ("Basic !!!", ""),
        ("Digest abc", ""),
        ("", ""),
    ],
)
def test_the_key_is_read_with_and_without_its_colon(sent: str, key: str) -> None:
    """What is no key at all is empty, never an error."""
    assert key_of(sent) == key
