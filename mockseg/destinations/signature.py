"""The signature of Segment's webhooks: HMAC-SHA1 over the bytes that are sent."""

from __future__ import annotations

import hmac

__all__ = ["SIGNATURE_HEADER", "sign", "verify_signature"]

SIGNATURE_HEADER = "X-Signature"


def sign(body: bytes, *, secret: str) -> str:
    """Give the signature of a body: lower-case hex HMAC-SHA1.

    Args:
        body: the bytes as sent; of a batch, only its first element.
        secret: shared with the receiver.
    """
    return hmac.new(secret.encode(), body, "sha1").hexdigest()


def verify_signature(body: bytes, signature: str, *, secret: str) -> bool:
    """Tell whether a webhook was signed with this secret, without leaking how far it matched.

    Args:
        body: the raw bytes that came, before any parsing; of a batch, its first element.
        signature: the value of the header ``X-Signature``.
        secret: shared with Segment.

    Source: Segment's Webhooks destination, "Authenticating requests".
    """
    return hmac.compare_digest(sign(body, secret=secret).encode(), signature.encode())
