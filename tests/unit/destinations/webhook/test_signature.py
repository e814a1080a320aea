"""The signature of webhooks: lower-case hex HMAC-SHA1 over the bytes sent."""

from __future__ import annotations

import pytest

from mockseg.destinations.signature import sign, signed_part, verify_signature

SECRET = "abc123"
TRUE = "5099cab379b3be52908387457007040cc934ef86"
FALSE = "c702b94a2569dd8d2f7185ce0ae951021bef4706"
WHOLE = "685cf04ec172d3adcac0b8f25c923bb4d56ed1eb"


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (b'{"cool":true}', TRUE),
        (b'{"cool":false}', FALSE),
        (b'[{"cool":false},{"cool":true}]', WHOLE),
    ],
)
def test_the_golden_vectors(body, signature):
    """Computed with Python and with Node, which agree."""
    assert sign(body, secret=SECRET) == signature
    assert verify_signature(body, signature, secret=SECRET)


def test_of_a_batch_the_first_element_is_signed():
    """Not the whole array, which is the wrong signature."""
    part = signed_part(b'[{"cool":false},{"cool":true}]')
    assert part == b'{"cool":false}'
    assert sign(part, secret=SECRET) == FALSE


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", b""),
        (b'{"a":1}', b'{"a":1}'),
        (b"not json", b"not json"),
        (b' [ {"a": 1.0} , 2]', b'{"a": 1.0}'),
        (b'["x"]', b'"x"'),
        (b"[]", None),
        (b"[", None),
        (b"[" * 100_000, None),
    ],
)
def test_the_part_is_taken_as_it_stands(body, part):
    """Bytes, never parsed and written anew; nothing where there is no first element."""
    assert signed_part(body) == part


@pytest.mark.parametrize(
    ("body", "signature", "secret"),
    [
        (b'{"cool":true}', FALSE, SECRET),
        (b'{"cool":true}', TRUE.upper(), SECRET),
        (b'{"cool":true}', "", SECRET),
        (b'{"cool":true}', "é\udcff", SECRET),
        (b'{"cool":true}', TRUE, "abc124"),
        (b'{"cool": true}', TRUE, SECRET),
        (b'{"cool":1.0}', sign(b'{"cool":1}', secret=SECRET), SECRET),
    ],
)
def test_other_bytes_secrets_and_spellings_do_not_verify(body, signature, secret):
    """A blank more or 1.0 for 1, and the signature is another: verify the raw bytes."""
    assert not verify_signature(body, signature, secret=secret)
