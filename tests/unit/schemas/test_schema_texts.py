"""Strings of the asserted formats, each read from one row of bytes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.domain.timestamps import parse_moment
from mockseg.schemas.format_checks import ASSERTED, is_format
from mockseg.schemas.formats import MOMENT, date_times, format_text

SIZES = {"hostname": 1, "email": 3, "uri": 2}
# Format -> what eight rows of bytes say, zeros first. Seeded traffic is made of these.
GOLDEN = {
    "date-time": (
        "2000-01-01T00:00:00Z",
        "1981-05-01T13:41:57.5157-23:03",
        "2035-07-28T11:02:29+05:30",
        "1947-07-12T09:07:45.514027-08:00",
        "7347-04-22T15:28:17+06:40",
        "1308-08-23T13:49:49.70362641+00:00",
        "5930-01-04T11:10:05+19:51",
        "1969-12-25T09:15:37.511-03:30",
    ),
    "date": (
        "2000-01-01",
        "1981-05-01",
        "2035-07-28",
        "1947-07-12",
        "7347-04-22",
        "1308-08-23",
        "5930-01-04",
        "1969-12-25",
    ),
    "time": (
        "00:00:00Z",
        "13:53:09.2200725+00:00",
        "02:41:08.210759-03:30",
        "15:29:07.11001-03:30",
        "04:17:06.91-08:00",
        "17:05:49.9-08:00",
        "06:37:48.198598863+00:00",
        "03:25:47.68641601+00:00",
    ),
    "uuid": (
        "00000000-0000-0000-0000-000000000000",
        "35455565-7585-95a5-b5c5-d5e5f5051525",
        "65809bb6-d1ec-0722-3d58-738ea9c4dffa",
        "95BBE107-2D53-799F-C5EB-11375D83A9CF",
        "c5f62758-89ba-eb1c-4d7e-afe0114273a4",
        "f5316da9-e521-5d99-d511-4d89c5013d79",
        "256cb3fa-4188-cf16-5da4-eb3279c0074e",
        "55a7f94b-9def-4193-e537-89db2d7fd123",
    ),
    "ipv4": (
        "0.0.0.0",  # noqa: S104  (nothing is bound to it)
        "37.53.69.85",
        "74.101.128.155",
        "111.149.187.225",
        "148.197.246.39",
        "185.245.49.109",
        "222.37.108.179",
        "3.85.167.249",
    ),
    "ipv6": (
        "::",
        "0000:6575:0000:a5b5:0000:0000:0515:2535",
        "0:B6D1:0:223D:5873::FA15",
        "0000:072d:0000:9fc5:0000:375d:131.169.0.0",
        "0:5889:0:1c4d:7eaf:e011::",
        "0000:a9e5:0000:99d5:0000:0000:0000:0000",
        "0:FA41:0:165D:A4EB:0:C007:4E95",
        "0000:4b9d:0000:93e5:0000:db2d:0.0.35.117",
    ),
    "mockseg-moment": (
        "2000-01-01T00:00:00Z",
        "1981-05-01T13:41:57.5157-23:03",
        "2035-07-28T11:02:29+05:30",
        "1977-07-11T09:07:45.514027-08:00",
        "2047-05-25T15:28:17+06:40",
        "1996-03-29T13:49:49.70362641+00:00",
        "2030-02-22T11:10:05+19:51",
        "1999-12-25T09:15:37.511-03:30",
    ),
    "hostname": (
        "a.com",
        "m2eu-m2eu-m2eu-m2e.io",
        "uh8g7uh8vuh8vi9h8vi9.org",
        "2gecaYqomk0ywu-864.co",
        "Yhq1-fqz8fox6dmv6b.museum",
        "i26m6q-qauaey2i2m6m.www.com",
        "1ypvmjagX28zwntkh.com",
        "e8-y0oqeg8-y0oqeg-Y.co",
    ),
    "email": (
        "a@a.com",
        "Ndt9|M+tag@eu-m2eu-m2.www.com",
        "?Sg7Fg@x-1.8vuh8vi9h.www.com",
        "g/b%W@qomk0ywu-8.www.com",
        "$gA1V/.a@qz8fox6dmv.www.com",
        "_16lQq@qauaey2i2.www.com",
        "0J-vl+tag@jagX28zwnt.io",
        "TUJK-.a@qeg8-y0oqeg.io",
    ),
    "uri": (
        "https://a.com/",
        "https://www.a-1.co:8080/Oeu/+Oeu/+Oeu/+Oeu/+Oeu/?a=1&b=a%2Cb",
        "https://[::1]/&Ug7Gh8Hu&Uv'Vh8Hi9Iv'#f",
        "urn:g:c~YqAm)0KwG/U6Qi$e;?q=%20",
        "http://a.io/.hC1W!qL8fAxS@mH6b)vQ_",
        "https://u@a.org/'26mSqWCaG~:y2iOmS+C/~u",
        "mailto:1KBvm(~gXO8zI=tk&.eVM6?q=%20",
        "https://u@a.org/UWKMAC:$8/y0oqegWYMOCE",
    ),
}


def row(size, seed):
    """Return a row of bytes for a seed; zeros for 0."""
    if not seed:
        return bytes(size)
    return bytes((seed * 37 + place * (seed * 11 + 5)) % 256 for place in range(size))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_same_bytes_are_always_the_same_text(name):
    """A seed makes the same traffic in every release: zeros say the simplest text."""
    coded = format_text(name, 0, None)
    assert coded is not None
    assert tuple(coded.read(row(coded.size, seed)) for seed in range(8)) == GOLDEN[name]


def test_telling_rows_are_days_that_code_tells_apart():
    """Leap days, days before 1970 and at the limits of years, each in a form of its own."""
    days = format_text("date", 0, None)
    moments = format_text("date-time", 0, None)
    assert [days.read(row) for row in days.telling] == [
        "2000-01-01", "2024-02-29", "1969-12-31", "9999-12-31", "0001-01-01", "2038-01-20",
        "1999-12-31",
    ]  # fmt: skip
    assert [moments.read(row) for row in moments.telling] == [
        "2000-01-01T00:00:00Z",
        "2024-02-29T23:59:59.999-08:00",
        "1969-12-31T00:00:00.000001+05:30",
        "9999-12-31T23:59:59-08:00",
        "0001-01-01T00:00:00+05:30",
        "2038-01-20T12:30:15.123456789Z",
        "1999-12-31T23:59:59+00:00",
    ]


@pytest.mark.parametrize(("first", "last"), [(-3, 3), (8_000, 9_000), (-300_000, -1), (0, 0)])
def test_telling_rows_are_within_the_range_of_days(first, last):
    """Those days that a range leaves out are not among its rows."""
    coded = date_times(first, last)
    days = [date.fromisoformat(coded.read(row)[:10]).toordinal() for row in coded.telling]
    middle = date(2000, 1, 1).toordinal()
    assert all(first <= day - middle <= last for day in days)
    assert len(days) == {-3: 2, 8_000: 1, -300_000: 2, 0: 1}[first]


@pytest.mark.parametrize(
    ("name", "most", "size", "texts"),
    [
        ("hostname", 1, 1, ["a", "7", "4"]),
        ("hostname", 5, 5, ["m2eu", "7uh8", "42g"]),
        ("hostname", 23, 23, ["m2eu-m2eu-m2eu-m", "7uh8g7uh8vuh8vi9", "42gecaYqomk0ywu"]),
        ("hostname", 24, 17, ["m2eu-m2eu.io", "uh8g7uh8v.org", "2gecaYqomk.co"]),
        ("hostname", 30, 23, ["m2eu-m2eu-m2eu-m.io", "uh8g7uh8vuh8vi9.org", "2gecaYqomk0ywu.co"]),
        (
            "hostname",
            100,
            31,
            ["m2eu-m2eu-m2eu-m2e.io", "uh8g7uh8vuh8vi9h8vi9.org", "2gecaYqomk0ywu-864.co"],
        ),
        ("email", 3, 2, ["!@m", "S@u", "3@2"]),
        ("email", 10, 9, ["!@m2eu-m2", "S@uh8g7", "3@2gecaY"]),
        ("email", 23, 22, ["!}@2eu-m2eu-m2eu", "St@h8g7uh8vuh8vi", "3M@gecaYqomk0ywu"]),
        ("email", 24, 13, ["Ndt+tag@m2.www.com", "?S@x-1.g7uh8v.www.com", "g@ecaYqo.www.com"]),
        (
            "email",
            40,
            23,
            [
                "Ndt9|+tag@2eu-m2eu-m.www.com",
                "?S@x-1.g7uh8vuh8vi9.www.com",
                "g/b@aYqomk0ywu.www.com",
            ],
        ),
        (
            "email",
            100,
            27,
            [
                "Ndt9|M+tag@eu-m2eu-m2.www.com",
                "?Sg7Fg@x-1.8vuh8vi9h.www.com",
                "g/b%W@qomk0ywu-8.www.com",
            ],
        ),
        ("uri", 2, 0, ["a:", "a:", "a:"]),
        ("uri", 10, 8, ["a:/+Oeu/+O", "a:Tu&Ug", "a:4Og:c~"]),
        (
            "uri",
            37,
            3,
            ["https://www.a-1.co:8080/O?a=1&b=a%2Cb", "https://[::1]/&#f", "urn:?q=%20"],
        ),
        (
            "uri",
            34,
            32,
            ["a:/+Oeu/+Oeu/+Oeu/+Oeu", "a:Tu&Ug7Gh8Hu&Uv'Vh8Hi9I", "a:4Og:c~YqAm)0KwG/U6Qi"],
        ),
        (
            "uri",
            35,
            33,
            ["a:/+Oeu/+Oeu/+Oeu/+Oeu/", "a:Tu&Ug7Gh8Hu&Uv'Vh8Hi9I", "a:4Og:c~YqAm)0KwG/U6Qi$"],
        ),
        (
            "uri",
            72,
            38,
            [
                "https://www.a-1.co:8080/Oeu/+Oeu/+Oeu/+Oeu/+Oeu/?a=1&b=a%2Cb",
                "https://[::1]/&Ug7Gh8Hu&Uv'Vh8Hi9Iv'#f",
                "urn:g:c~YqAm)0KwG/U6Qi$e;?q=%20",
            ],
        ),
    ],
)
def test_texts_within_a_length_use_the_room_that_there_is(name, most, size, texts):
    """With little room there is no variety of hosts; with more there are several parts."""
    coded = format_text(name, 0, most)
    assert coded is not None
    assert coded.size == size
    assert [coded.read(row(coded.size, seed)) for seed in (1, 2, 3)] == texts


@given(st.sampled_from(sorted(ASSERTED)), st.data())
def test_any_bytes_are_a_text_of_the_format(name, data):
    """Whatever the bytes, the validators take the text."""
    coded = format_text(name, 0, None)
    assert coded is not None
    text = coded.read(data.draw(st.binary(min_size=coded.size, max_size=coded.size)))
    assert is_format(name, text), text


@given(st.sampled_from(sorted(SIZES)), st.integers(1, 100), st.data())
def test_no_text_is_longer_than_it_may_be(name, most, data):
    """Hosts, addresses and URIs of any length limit are within it, and still of their format."""
    coded = format_text(name, 0, most)
    if most < SIZES[name]:
        assert coded is None
        return
    assert coded is not None
    text = coded.read(data.draw(st.binary(min_size=coded.size, max_size=coded.size)))
    assert len(text) <= most
    assert is_format(name, text), text


@pytest.mark.parametrize(
    ("name", "shortest", "longest"),
    [
        ("date-time", 20, 35),
        ("date", 10, 10),
        ("time", 9, 24),
        ("uuid", 36, 36),
        ("ipv4", 7, 15),
        ("ipv6", 2, 45),
        (MOMENT, 20, 35),
    ],
)
def test_a_format_with_a_length_of_its_own_takes_no_other(name, shortest, longest):
    """A length limit inside of the format's own lengths cannot be constructed."""
    assert format_text(name, shortest, longest) is not None
    assert format_text(name, 0, longest + 1) is not None
    assert format_text(name, shortest + 1, None) is None
    assert format_text(name, 0, longest - 1) is None


@pytest.mark.parametrize(("name", "shortest"), SIZES.items())
def test_a_least_length_beyond_the_shortest_cannot_be_constructed(name, shortest):
    """Hosts, addresses and URIs may be as short as they can; no more is promised."""
    assert format_text(name, shortest, None) is not None
    assert format_text(name, shortest + 1, None) is None
    assert format_text(name, 0, shortest) is not None


@given(st.binary(min_size=13, max_size=13))
def test_moments_are_within_their_days(code):
    """Both ends of the range are part of it, and nothing outside is."""
    day = date_times(0, 2).read(code)[:10]
    assert day in {"2000-01-01", "2000-01-02", "2000-01-03"}


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (-1, 1, {"1999-12-31", "2000-01-01", "2000-01-02"}),
        (0, 0, {"2000-01-01"}),
        (5, 7, {"2000-01-06", "2000-01-07", "2000-01-08"}),
        (-3, -2, {"1999-12-29", "1999-12-30"}),
    ],
)
def test_every_day_of_a_range_is_drawn(first, last, days):
    """Before and after the middle alike."""
    read = date_times(first, last).read
    assert {read(bytes([0, 0, code, *bytes(10)]))[:10] for code in range(256)} == days


@given(st.binary(min_size=13, max_size=13))
def test_an_envelopes_moment_is_one_that_clocks_have(code):
    """From 1970 to 2099, by its date, and Segment can read it."""
    coded = format_text(MOMENT, 0, None)
    assert coded is not None
    text = coded.read(code)
    assert 1970 <= int(text[:4]) <= 2099
    assert parse_moment(text) is not None


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("date", "7fffff", "1910-04-15"),
        ("date", "800000", "5483-08-13"),
        ("date", "800001", "0511-05-17"),
        ("time", "0000000000000000a9ff", "00:00:00+00:00"),
        ("time", "0000000000000000aa00", "00:00:00-18:24"),
    ],
)
def test_half_of_the_days_are_near_and_a_third_of_the_offsets_odd(name, code, text):
    """The first byte says whether a value is one of the usual ones."""
    coded = format_text(name, 0, None)
    assert coded is not None
    assert coded.read(bytes.fromhex(code)) == text
