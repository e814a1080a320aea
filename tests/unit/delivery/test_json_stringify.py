"""JSON as JavaScript writes it: golden values of Node 20, signed with the secret `s3cret`."""

from __future__ import annotations

import json
import random
import struct

import pytest

from mockseg.delivery.json_stringify import stringify
from mockseg.destinations.signature import sign
from mockseg.domain.limits import MAX_JSON_DEPTH


@pytest.mark.parametrize(
    ("received", "body", "signature"),
    [
        ('{"total":10.0}', '{"total":10}', "a3311f7745f90982af9e45d165e2be4a654b629f"),
        (
            '{"x":1e3,"y":1E-7,"z":1.50}',
            '{"x":1000,"y":1e-7,"z":1.5}',
            "29862ed59a629520d5381bd9363fbed70a8d0e62",
        ),
        ('{"x":-0.0}', '{"x":0}', "bf29e98db51f2e42b05b91bec9d3ad6e518e63bd"),
        ('{"x":-0}', '{"x":0}', "bf29e98db51f2e42b05b91bec9d3ad6e518e63bd"),
        (
            '{"x":9007199254740993}',
            '{"x":9007199254740992}',
            "10bbe1d8d6dd3659595eb0a77da0f048bae0308a",
        ),
        ('{"x":1e21}', '{"x":1e+21}', "d1f02a4bcf655d89deb319afd255f49b3aee728d"),
        (
            '{"x":123456789012345678901234567890}',
            '{"x":1.2345678901234568e+29}',
            "bb2235694cfc2344b8e8b7022191c56777098538",
        ),
        (
            '{"x":0.000001,"y":0.0000001}',
            '{"x":0.000001,"y":1e-7}',
            "d852dbc681cb50b81c12348eaae683edb9978ed7",
        ),
        (
            '{"b":1,"2":2,"10":3,"1":4,"01":5,"-1":6,"4294967294":7,"4294967295":8}',
            '{"1":4,"2":2,"10":3,"4294967294":7,"b":1,"01":5,"-1":6,"4294967295":8}',
            "da84b00630cde2aaba1754e44b43cd08d73fc9d9",
        ),
        ('{"a":1,"a":2}', '{"a":2}', "b93c3d579b9945363c97c17f47adf6d46c963600"),
        ('{"x":"\\ud83d"}', '{"x":"\\ud83d"}', "4862c143e390bc5766da97acde5d7ae73f80f378"),
    ],
)
def test_the_golden_values(received, body, signature):
    """The body, and the signature of it."""
    written = stringify(json.loads(received))
    assert written == body.encode()
    assert sign(written, secret="s3cret") == signature


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (10**20, "100000000000000000000"),
        (2**62, "4611686018427388000"),
        (float(2**62), "4611686018427388000"),
        (123456789012345678901, "123456789012345680000"),
        (-1e21, "-1e+21"),
        (2**53, "9007199254740992"),
        (1e16, "10000000000000000"),
        (0.1, "0.1"),
        (-123.456, "-123.456"),
        (1.5e-5, "0.000015"),
        (1.25e-6, "0.00000125"),
        (1.25e-7, "1.25e-7"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (float("inf"), "null"),
        (float("nan"), "null"),
        (10**400, "null"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
    ],
)
def test_scalars(number, text):
    """An exponent from 1e21 on and below 1e-6; what is no number is null."""
    assert stringify(number) == text.encode()


def test_any_double_is_read_again_as_itself():
    """Whatever its bits."""
    chance = random.Random(7)
    for _ in range(3000):
        (number,) = struct.unpack("d", chance.randbytes(8))
        if number - number == 0:
            assert float(stringify(number)) == number
    for _ in range(3000):
        number = chance.uniform(-1, 1) * 10.0 ** chance.randint(-12, 25)
        assert float(stringify(number)) == number


def test_keys_are_ordered_at_every_depth():
    """In objects inside arrays too; arrays keep their order."""
    value = [{"b": [{"z": 1, "0": []}], "1": {"x": {}, "7": None}}, 2, "a"]
    assert stringify(value) == b'[{"1":{"7":null,"x":{}},"b":[{"0":[],"z":1}]},2,"a"]'


@pytest.mark.parametrize(
    "key", ["00", "1.0", "+1", " 1", "1\n", "\u0661", "4294967295", "9" * 5000]
)
def test_only_canonical_indices_come_first(key):
    """Other texts that look like numbers keep their place."""
    assert list(json.loads(stringify({key: 1, "5": 2}))) == ["5", key]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\x00\x1f\b\f\n\r\t", r"\u0000\u001f\b\f\n\r\t"),
        ('"\\/<', r"\"\\/<"),
        ("é\u2028\x7f", "é\u2028\x7f"),
        ("a\udfffé", r"a\udfffé"),
        ("\ud83d\ude00\udbff", "\U0001f600\\udbff"),
    ],
)
def test_texts_and_keys(text, written):
    """Lone surrogates are escaped, in lower case; nothing else outside ASCII is."""
    assert stringify({text: text}) == f'{{"{written}":"{written}"}}'.encode()


def test_the_deepest_message_is_written():
    """As deep as a request may be nested."""
    text = b'{"a":[' * (MAX_JSON_DEPTH // 2) + b"]}" * (MAX_JSON_DEPTH // 2)
    assert stringify(json.loads(text)) == text
