"""JSON values of files: a line each, over several lines, in arrays, gzipped, in folders."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.cli import json_values
from mockseg.cli.json_values import values_of
from mockseg.errors import ConfigError

A = {"type": "track", "event": 'a "}{" b\\', "properties": {"list": [{"x": 1}, {"x": 2}, []]}}
B = {"type": "identify", "userId": "ü", "traits": {}}


def read(path: Path | str, content: bytes | str) -> list[tuple[int, int | None, bytes]]:
    """Return line, item and text of each value."""
    if isinstance(content, str):
        content = content.encode()
    Path(path).write_bytes(content)
    return [(value.line, value.item, value.text) for value in values_of(str(path))]


def test_a_line_is_a_value_even_if_it_is_malformed(tmp_path: Path) -> None:
    """Text, numbers and objects that are followed by something are left to the caller."""
    lines = [b'{"a":1}', b"x", b"5", b'{"a":1}{"b":2}', b'{"a":}', b'{"a":1', b'{"b":2}', b"]"]
    found = read(tmp_path / "f", b"\n\n".join(lines))
    assert found == [(2 * index + 1, None, line) for index, line in enumerate(lines)]


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
def test_objects_one_after_the_other_are_read_however_they_are_indented(
    tmp_path: Path, indent: int | None
) -> None:
    """As a shell prints them; the line is the one on which the object begins."""
    first, second = json.dumps(A, indent=indent), json.dumps(B, indent=indent)
    found = read(tmp_path / "f", f"{first}\r\n{second}\n\n")
    assert [(line, item, json.loads(text)) for line, item, text in found] == [
        (1, None, A),
        (first.count("\n") + 2, None, B),
    ]


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
def test_the_items_of_an_array_are_values(tmp_path: Path, indent: int | None) -> None:
    """Each has its index; texts and numbers too, for the caller to refuse."""
    items = [A, "x,]", 5, None, B]
    found = read(tmp_path / "f", json.dumps(items, indent=indent))
    assert [(item, json.loads(text)) for _, item, text in found] == list(enumerate(items))
    assert read(tmp_path / "f", "[]\n[\n]\n") == []


def test_an_array_may_have_an_item_a_line(tmp_path: Path) -> None:
    """Also without the commas, as after an edit by hand."""
    text = '[\n{"a":1},\n{"b":[\n{"c":2},\n{"d":3}\n]}\n{"e":4},\n]\n{"f":5}'
    assert read(tmp_path / "f", text) == [
        (2, 0, b'{"a":1}'),
        (3, 1, b'{"b":[{"c":2},{"d":3}]}'),
        (7, 2, b'{"e":4}'),
        (9, None, b'{"f":5}'),
    ]


def test_the_size_of_an_indented_value_is_that_without_blanks(tmp_path: Path) -> None:
    """The edge's limits are about what was sent, not about how it was printed."""
    (found,) = read(tmp_path / "f", json.dumps(B, indent=40))
    assert found[2] == json.dumps(B, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "cut",
    [
        *('{"type":"tra', '{"type":"track"', '{"type":"track",', '{"a":{"b":[1', '{"a":"\\', "{"),
        *('{"a":', '{"a":[', '{"a":{"b":[['),
    ],
)
def test_a_value_that_was_cut_off_does_not_take_the_next_ones_along(
    tmp_path: Path, cut: str
) -> None:
    """It is one malformed value; an object cannot follow there, so it is a new one."""
    good = '{"type":"page"}'
    assert read(tmp_path / "f", f"{cut}\n{good}\n{good}") == [
        (1, None, cut.encode()),
        (2, None, good.encode()),
        (3, None, good.encode()),
    ]
    assert read(tmp_path / "f", f"[\n{cut}\n{good},\n{good}\n]") == [
        (2, 0, cut.encode()),
        (3, 1, good.encode()),
        (4, 2, good.encode()),
    ]


def test_what_has_no_end_is_yielded_at_the_end_of_the_file(tmp_path: Path) -> None:
    """An object that is open with what it has, an array with its bracket."""
    assert read(tmp_path / "f", '{\n"a": [\n1') == [(1, None, b'{\n"a": [\n1')]
    assert read(tmp_path / "f", '\n[\n{"a":1},') == [(3, 0, b'{"a":1}'), (2, None, b"[")]


def test_a_mark_of_byte_order_is_no_part_of_a_value(tmp_path: Path) -> None:
    """As Windows writes it; other encodings are named."""
    assert read(tmp_path / "f", '\ufeff{"a":1}') == [(1, None, b'{"a":1}')]
    assert read(tmp_path / "f", gzip.compress('\ufeff[{"a":1}]'.encode())) == [(1, 0, b'{"a":1}')]
    for encoding in ("utf-16-le", "utf-16-be"):
        with pytest.raises(ConfigError, match=r"cannot read .*f: it is UTF-16 text; save it as"):
            read(tmp_path / "f", '\ufeff{"a":1}'.encode(encoding))


def test_gzip_is_known_by_its_first_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the name says: some clients unzip what they download, and keep its name."""
    zipped = gzip.compress(b'{"a":1}\n') + gzip.compress(b'{"b":2}\n')
    found = [(1, None, b'{"a":1}'), (2, None, b'{"b":2}')]
    assert read(tmp_path / "f.ndjson", zipped) == found
    assert read(tmp_path / "f.gz", b'{"a":1}\n{"b":2}\n') == found
    assert read(tmp_path / "f", b"\x1f") == [(1, None, b"\x1f")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(zipped)))
    assert [(value.line, value.item, value.text) for value in values_of("-")] == found


@pytest.mark.parametrize("cut", [12, -4])
def test_damaged_gzip_is_named(tmp_path: Path, cut: int) -> None:
    """Broken off, or changed in the middle."""
    zipped = gzip.compress(b'{"a":1}\n' * 1000)
    with pytest.raises(ConfigError, match=r"cannot read .*f.*: Compressed file ended"):
        read(tmp_path / "f", zipped[:cut])
    with pytest.raises(ConfigError, match=r"cannot read .*f.*: \S"):
        read(tmp_path / "f", zipped[:20] + b"\xff\xff\xff\xff" + zipped[24:])


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    """As the archive lays them out: source, day, file; hidden files are left out."""
    logs = tmp_path / "segment-logs" / "src"
    for day, name in [("1441152000000", "b.gz"), ("1441152000000", "a.gz"), ("1441065600000", "z")]:
        (logs / day).mkdir(parents=True, exist_ok=True)
        content = json.dumps(name).encode() + b"\n"
        (logs / day / name).write_bytes(gzip.compress(content) if "." in name else content)
    (logs / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "empty").mkdir()
    (tmp_path / "zz").symlink_to(tmp_path)
    found = [
        (os.path.relpath(value.file, tmp_path), value.text) for value in values_of(str(tmp_path))
    ]
    assert found == [
        ("segment-logs/src/1441065600000/z", b'"z"'),
        ("segment-logs/src/1441152000000/a.gz", b'"a.gz"'),
        ("segment-logs/src/1441152000000/b.gz", b'"b.gz"'),
    ]
    (tmp_path / "broken").symlink_to(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"cannot read .*broken: No such file"):
        list(values_of(str(tmp_path)))


def test_a_value_has_a_maximum_length_over_lines_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So an object that is never closed does not fill the memory."""
    monkeypatch.setattr(json_values, "LONGEST_LINE", 1000)
    with pytest.raises(ConfigError, match="f, line 2: the value is longer than 1,000 bytes"):
        read(tmp_path / "f", "\n{\n" + '"a": 1,\n' * 200)


def test_memory_is_bounded_by_a_value(tmp_path: Path) -> None:
    """An array of 5 MB, pretty-printed, needs less than one."""
    path = tmp_path / "f"
    with path.open("w") as file:
        file.write("[\n")
        for _ in range(5000):
            file.write(json.dumps({"a": "x" * 1000}, indent=2) + ",\n")
        file.write("]\n")
    tracemalloc.start()
    try:
        assert sum(1 for _ in values_of(str(path))) == 5000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


_JSON = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('a"\\{}[],:\né'), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=3), _JSON, max_size=3), max_size=4),
    st.sampled_from([None, 0, 2]),
    st.sampled_from(["array", "sequence"]),
)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, objects: list[object], indent: int | None, form: str
) -> None:
    """Whatever is in it and however it is indented."""
    path = tmp_path_factory.getbasetemp() / "values.json"
    text = (
        json.dumps(objects, indent=indent)
        if form == "array"
        else "\n".join(json.dumps(each, indent=indent) for each in objects)
    )
    assert [json.loads(found[2]) for found in read(path, text)] == objects
