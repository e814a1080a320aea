"""The signature of Segment's webhooks: HMAC-SHA1 over the bytes that are sent."""

from __future__ import annotations

import hmac

import msgspec

SIGNATURE_HEADER = "X-Signature"


def sign(body: bytes, *, secret: str) -> str:
    """Return the signature of a body: lower-case hex HMAC-SHA1.

    Args:
        body: the bytes as sent; of a batch, only its first element.
        secret: shared with the receiver.
    """
    return hmac.new(secret.encode(), body, "sha1").hexdigest()


def verify_signature(body: bytes, signature: str, *, secret: str) -> bool:
    """Return whether a webhook was signed with this secret, without leaking how far it matched.

    Args:
        body: the raw bytes that came, before any parsing; of a batch, its first element.
        signature: the value of the header ``X-Signature``.
        secret: shared with Segment.

    Source: Segment's Webhooks destination, "Authenticating requests".
    """
    return hmac.compare_digest(
        sign(body, secret=secret).encode(), signature.encode(errors="replace")
    )


def signed_part(body: bytes) -> bytes | None:
    """Return the bytes of a webhook's body that Segment signs; None of an empty or invalid batch.

    That is the whole body; of a batch, which is an array, it is the first element as it is written
    there. ``JSON.stringify`` writes it without white space: whoever has parsed and encoded a
    body anew, and so has written ``1.0`` for ``1`` or moved a blank, signs other bytes.
    """
    if not body.lstrip().startswith(b"["):
        return body
    try:
        elements = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return bytes(elements[0]) if elements else None
