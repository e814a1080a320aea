"""What was sent, spelled as it was, beside the message."""

from __future__ import annotations

from typing import Any

from mockseg import json_types
from mockseg.domain.message import Shared
from mockseg.web.page.as_sent import AsSent, as_sent


def lines(seen: AsSent) -> list[tuple[str, str, str]]:
    """Return mark, indented text and note of each line."""
    return [(line.mark, "  " * line.indent + line.text, line.note) for line in seen.lines]


def compare(raw: str, message: Any, shared: Shared | None = None) -> AsSent:
    """Compare what was sent with a message."""
    return as_sent(raw.encode(), message, shared)


def test_what_is_the_same_has_no_mark() -> None:
    """Indented, with the numbers and escapes that were sent."""
    raw = r'{"a":1.0,"b":[true,{}],"c":{"d":"\u00fc\"\\ \u003c"},"big":90071992547409931}'
    seen = compare(raw, json_types.decode(raw.encode()))
    assert (seen.differs, seen.repeated, seen.left_out) == ("", [], 0)
    assert lines(seen) == [
        ("", "{", ""),
        ("", '  "a": 1.0,', ""),
        ("", '  "b": [', ""),
        ("", "    true,", ""),
        ("", "    {}", ""),
        ("", "  ],", ""),
        ("", '  "c": {', ""),
        ("", r'    "d": "\u00fc\"\\ \u003c"', ""),
        ("", "  },", ""),
        ("", '  "big": 90071992547409931', ""),
        ("", "}", ""),
    ]


def test_added_changed_and_gone_are_marked_and_counted() -> None:
    """What comes from the batch is told from what is filled in."""
    seen = compare(
        '{"writeKey":"k","userId":7,"context":{"os":1},"list":[1,2]}',
        {
            "userId": "7",
            "context": {"os": 1, "ip": "::1", "app": {"n": 1}},
            "list": [1],
            "sentAt": "t",
            "type": "track",
        },
        Shared(context=b'{"app":{"n":1}}', sent_at="t"),
    )
    assert seen.differs == "4 added, 1 changed, 2 gone"
    assert [line for line in lines(seen) if line[0]] == [
        ("gone", '  "writeKey": "k",', "not in the message"),
        ("changed", '  "userId": 7,', 'the message has "7"'),
        ("added", '    "ip": "::1"', "filled in"),
        ("added", '    "app": {', "from the batch"),
        ("added", '      "n": 1', ""),
        ("added", "    }", ""),
        ("gone", "    2", "not in the message"),
        ("added", '  "sentAt": "t"', "from the batch"),
        ("added", '  "type": "track"', "filled in"),
    ]


def test_names_that_are_sent_twice_are_told() -> None:
    """The last one counts."""
    seen = compare('{"p":{"a":1,"a":{"b":2},"a":3}}', {"p": {"a": 3}})
    assert seen.repeated == ["a"]
    assert [(mark, text.strip(), note) for mark, text, note in lines(seen)[2:7]] == [
        ("gone", '"a": 1,', "sent 3 times: the last one counts; not in the message"),
        ("gone", '"a": {', "sent 3 times: the last one counts; not in the message"),
        ("gone", '"b": 2', ""),
        ("gone", "},", ""),
        ("", '"a": 3', "sent 3 times: this one counts"),
    ]


def test_unusual_spellings_say_what_they_mean() -> None:
    """Needless escapes and numbers; what encoders escape for HTML or ASCII is usual."""
    raw = r'{"\u0065vent":"\u0041","n":1e2,"m":"\u00e4\u003c\\u0041"}'
    seen = compare(raw, {"event": "A", "n": 100.0, "m": "ä<\\u0041"})
    assert seen.differs == ""
    notes = [line.note for line in seen.lines]
    assert notes == ["", 'reads "event"; reads "A"', "reads 100.0", "", ""]


def test_another_kind_of_value_is_changed_as_a_whole() -> None:
    """What was in it is not compared."""
    seen = compare('{"a":[1],"b":{"x":1},"c":1}', {"a": {"0": 1}, "b": "x", "c": [1]})
    assert seen.differs == "3 changed"
    assert [note for _, _, note in lines(seen) if note] == [
        "the message has an object",
        'the message has "x"',
        "the message has a list",
    ]


def test_what_is_no_object_hands_nothing_on() -> None:
    """As everything that may be sent."""
    assert lines(compare('"text"', {})) == [("changed", '"text"', "the message has an object")]


def test_it_is_bounded() -> None:
    """In levels, lines and characters."""
    deep = '{"x":' * 300 + "[1]" + "}" * 300
    seen = compare(deep, json_types.decode(deep.encode()))
    assert seen.differs == ""
    assert len(seen.lines) == 81
    many = json_types.encode(list(range(3000))).decode()
    seen = compare(f'{{"l":{many}}}', {"l": list(range(3000))})
    assert (len(seen.lines), seen.left_out) == (2000, 1004)
    long = json_types.encode({"t": "x" * 3000}).decode()
    assert compare(long, {"t": "x" * 3000}).lines[1].text.endswith("… and 1,002 characters more")
    longer = json_types.encode({"t": "x" * 100_000}).decode()
    seen = compare(longer, {})
    assert (seen.lines, seen.text.startswith('{\n  "t": "xxx')) == ([], True)
