"""A newsletter that calls Segment's older package, at module level."""

from __future__ import annotations

import analytics

analytics.write_key = "production-write-key"


def subscribe(address: str, *, topic: str) -> None:
    """Subscribe to a topic."""
    analytics.identify(address, {"email": address})
    analytics.track(address, "Subscribed", {"topic": topic})


def unsubscribe(address: str, *, topic: str) -> None:
    """End a subscription."""
    analytics.track(address, "Unsubscribed", {"topic": topic})
