"""The limits of Segment's ingestion are those that its documentation names."""

from __future__ import annotations

import pytest

from mockseg.domain import limits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # HTTP API: "32KB per normal API request", "500KB per request" and 2,500 calls a batch.
        ("MAX_CALL_BYTES", 32_768),
        ("MAX_BATCH_BYTES", 512_000),
        ("MAX_BATCH_CALLS", 2_500),
        # Spec, Common Fields: messageId.
        ("MAX_MESSAGE_ID_CHARACTERS", 100),
        # Delivery overview: duplicates of the last 24 hours.
        ("DEDUP_WINDOW_SECONDS", 86_400),
        # mockseg's own, which the README and the errors name.
        ("MAX_READ_CALLS", 10_000),
        ("MAX_SOURCES", 10_000),
        ("MAX_WRITE_KEY_CHARACTERS", 512),
        ("MAX_JSON_DEPTH", 256),
    ],
)
def test_a_limit_is_the_documented_one(name, value):
    """Each limit is the number that users read in the documentation, in its unit."""
    assert getattr(limits, name) == value
