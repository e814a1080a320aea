"""Formats and patterns, in the dialect that both validators share."""

from __future__ import annotations

import pytest
from schema_reference import reference_is_valid

from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.format_checks import is_format
from mockseg.schemas.formats import looks_like

GOOD = {
    "date-time": ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.123456789+05:30", "2026-01-02",
                  "03:04:05", "03:04:05Z", "03:04:05+02:00", "3:04:05", "2026-01-02T3:04:05Z",
                  "2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05+25:00", "0000-01-01"],
    "date": ["2024-02-29", "2026-01-02", "0001-01-01"],
    "time": ["03:04:05", "03:04:05Z", "10:00:00-08:00", "3:04:05.25"],
    "email": ["first.last+tag@example.co.uk", "a@b", "Ada <a@b.com>", '"Ada, B." <a@b.com>',
              "<a@b.com>", " a@b ", "a@b.com (c)", "\u00e9@b.com", "a@-b.com", "a@b_c"],
    "hostname": ["xn--a.example", "a.b", "localhost", "1.2.3.4"],
    "ipv4": ["255.0.0.1", "::ffff:1.2.3.4"],
    "ipv6": ["::1", "::ffff:1.2.3.4"],
    "uri": ["https://app.example.com/a?b=c%20d#e", "myapp:screen/7", "http://x", "x:y", "mailto:a",
            "urn:a:b", "http://", "http://x/ y", "http://x/{a}", "http://\u00e9.com",
            "http://u:p@[::1]:80/?%zz", "file:///a"],
    "idn-email": ["a@b", "Ada <\u00e9@b.com>"],
    "iri": ["http://\u00e9.com", "x:y", "urn:a:b"],
    "uri-reference": ["/path", "x", "", "a b", "#f", "http://x", "//host/a", "///a:b", "a/b:c",
                      "#a\nb", "?q=%zz"],
    "iri-reference": ["/p\u00e4th", "", "#f"],
    "uri-template": ["/a/{b}", "/a/b}", "{{a}", "x:{", "/a?{", ""],
    "regex": ["", "^a$", r"\pL", "(?i)a"],
    "json-pointer": ["/a/b", "", "/", "/a~0~1", "/a\nb"],
    "relative-json-pointer": ["0", "1/a", "0#", "10"],
    "uuid": ["2B2F4fc0-8e3a-4a4f-9a55-0242ac120002", "00000000-0000-0000-0000-000000000000"],
}  # fmt: skip
BAD = {
    "date-time": ["2026-01-02T03:04:05", "2026-01-31 10:00:00Z", "2026-01-31t10:00:00Z",
                  "2026-01-31T10:00:00z", "2026-01-02T03:04:05+0200", "2016-12-31T23:59:60Z",
                  "2026-01-31T24:00:00Z", "2026-02-30T10:00:00Z", "2026-02-30", "2026-1-2",
                  "1767323045000", "", "\u0662026-01-31T10:00:00Z"],
    "date": ["2023-02-29", "2023-01-01\n", "2026-01-02T03:04:05Z", "2026-1-2", "2026-13-01"],
    "time": ["03:04", "03:04:60", "24:00:00", "03:60:00", "03:04:05 "],
    "email": ["no at", "a@", "@b.io", "a b@c", "a..b@c", ".a@b.io", "a@b..io", "a@[127.0.0.1]", "",
              "a@b.com (c"],
    "hostname": ["-a", "a-", "a_b", "a.", "\u00e9", "a" * 64, ""],
    "ipv4": ["1.2.3", "01.2.3.4", "256.1.1.1", "1.2.3.4/8", "\u0661.2.3.4", "::1"],
    "ipv6": ["fe80::1%eth0", "12345::", "zz", "1.2.3.4"],
    "uri": ["www.example.com", "/path", "x", "http://x y", "http://x:abc", "http://x/%zz",
            "http://x\\y", "http://x#%zz", "http://a\nb", "http://u p@x", ""],
    "idn-email": ["a", "@b", "a b@c"],
    "iri": ["/path", "x", "http://x y", "http://x/%zz", ""],
    "uri-reference": ["%zz", "a\\b", ":a", "1:2", "#%zz", "//h:p/", "a\nb"],
    "iri-reference": ["%zz", "\\"],
    "uri-template": ["/a/{b", "/{a}{", "/%7Bb", "%zz"],
    "regex": ["(?=a)", r"a\Z", "(", "a**"],
    "json-pointer": ["a", "/a~2", "/a~", "#/a"],
    "relative-json-pointer": ["01", "-1", "", "#", "0#/a"],
    "uuid": ["2b2f4fc0-8e3a-4a4f-9a55-0242ac12000", "2b2f4fc0-8e3a-4a4f-9a55-0242ac120002\n",
             "0" * 32, "{00000000-0000-0000-0000-000000000000}", ""],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_texts_of_a_format_are_good(name: str) -> None:
    """As lenient as Segment's library; the compiled validator asks the same function."""
    for text in GOOD[name]:
        assert is_format(name, text), text
        assert compile_schema({"format": name}).is_valid(text)


@pytest.mark.parametrize("name", BAD)
def test_other_texts_are_bad(name: str) -> None:
    """As strict as Segment's library."""
    for text in BAD[name]:
        assert not is_format(name, text), text
        assert not compile_schema({"format": name}).is_valid(text)


@pytest.mark.parametrize(
    ("name", "text", "looks"),
    [
        ("date-time", "2026-01-31T10:00:00Z", True),
        ("date-time", "2016-12-31T23:59:60Z", False),
        ("date-time", "2026-01-31", False),
        ("date-time", "2026-01-31T10:00:00+24:00", False),
        ("date", "2024-02-29", True),
        ("date", "2023-02-29", False),
        ("email", "a@b.io", True),
        ("email", "Ada <a@b.io>", False),
        ("email", ".a@b.io", False),
        ("uri", "https://a.io/%C3%A9", True),
        ("uri", "https://a.io/%zz", False),
        ("uri", "Error: none", False),
        ("uuid", "2b2f4fc0-8e3a-4a4f-9a55-0242ac120002", True),
    ],
)
def test_what_looks_like_a_format_is_told_by_its_standard(
    name: str,
    text: str,
    looks: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """An inferred plan does not call every text with a colon a URI."""
    assert looks_like(name, text) is looks


@pytest.mark.parametrize("name", ["duration", "idn-hostname", "phone", "Date-Time", "our-own"])
def test_other_formats_only_annotate(name: str) -> None:
    """What is not asserted lets every text through, in both validators."""
    assert compile_schema({"format": name}).is_valid("(\x00 no")
    assert reference_is_valid({"format": name}, "(\x00 no")


def test_formats_are_about_texts_only() -> None:
    """A number satisfies every format."""
    assert compile_schema({"format": "uuid"}).is_valid(3)


@pytest.mark.parametrize(
    ("pattern", "text", "good"),
    [
        (r"^\d+$", "42", True),
        (r"^\d+$", "\u0664\u0662", False),
        (r"^\w+$", "\u00e9", False),
        (r"^[\d.]+$", "1.2", True),
        (r"^a$", "a\n", False),
        (r"^\p{Lu}", "\u00c9", True),
        (r"^(?<year>\d{4})", "2026", True),
        (r"^[[]$", "[", True),
    ],
)
def test_both_validators_read_patterns_alike(pattern: str, text: str, good: bool) -> None:  # noqa: FBT001  # a column of the table
    """ASCII classes, the end of the text, and what Python's engine has no words for."""
    assert compile_schema({"pattern": pattern}).is_valid(text) is good
    assert reference_is_valid({"pattern": pattern}, text) is good


@pytest.mark.parametrize(
    ("schema", "value", "good"),
    [
        ({"type": "integer"}, 1.0, True),
        ({"type": "integer"}, True, False),
        ({"type": "number"}, False, False),
        ({"type": "integer"}, 10**30, True),
        ({"enum": [1]}, True, False),
        ({"const": [1, {"a": 0}]}, [True, {"a": False}], False),
        ({"const": 1}, 1.0, True),
        ({"multipleOf": 0.01}, 19.99, True),
        ({"multipleOf": 0.1}, 0.35, False),
        ({"maximum": 2**53}, 2**53 + 1, False),
        ({"uniqueItems": True}, [1, True], True),
        ({"uniqueItems": True}, [1, 1.0], False),
        ({"minLength": 2}, "\U0001f600", False),
    ],
)
def test_both_validators_read_numbers_alike(
    schema: dict[str, object],
    value: object,
    good: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """Booleans are no numbers, 1.0 is whole, large ones are exact, fractions are decimal."""
    assert compile_schema(schema).is_valid(value) is good
    assert reference_is_valid(schema, value) is good
