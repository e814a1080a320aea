"""The one reader of files: bounded in size and in time, whatever it is pointed at."""

from __future__ import annotations

import errno
import gzip
import os
import re
import threading
from pathlib import Path

import pytest

from mockseg import files
from mockseg.errors import UnreadableFileError
from mockseg.files import read_bytes, read_document, read_json, read_text, read_toml

ROOT = Path(__file__).parents[2]


def reason(path: Path | str, **how: int) -> str:
    """Return why a file cannot be read."""
    with pytest.raises(UnreadableFileError) as refused:
        read_bytes(path, **how)
    assert str(refused.value) == f"cannot read {path}: {refused.value.reason}"
    return refused.value.reason


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Up to the maximum, which it may have to the byte."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000)
    assert read_bytes(path, most=3_000_000) == b"x" * 3_000_000
    assert reason(path, most=2_999_999) == "it is larger than 2,999,999 bytes, the maximum"


@pytest.mark.skipif(not hasattr(os, "truncate"), reason="no sparse files here")
def test_a_huge_file_is_refused_after_the_maximum(tmp_path: Path) -> None:
    """Five gigabytes, of which no more than the maximum is read."""
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, 5 * 1024**3)
    assert reason(path) == f"it is larger than {files.LARGEST:,} bytes, the maximum"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom"])
def test_a_device_is_not_a_file(device: str) -> None:
    """It may never end, or be empty."""
    assert reason(device) == "it is a device or a socket, not a file"


def test_what_is_missing_or_a_directory_is_said_in_the_words_of_the_system(tmp_path: Path) -> None:
    """With a note for who may do without it."""
    assert reason(tmp_path) == "Is a directory"
    assert reason(tmp_path / "none") == "No such file or directory"
    with pytest.raises(UnreadableFileError) as refused:
        read_bytes(tmp_path / "none")
    assert refused.value.missing
    with pytest.raises(UnreadableFileError, match="null"):
        read_bytes("a\0b")
    assert reason("x" * 5000) == "File name too long"


def test_a_file_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of the system; here every test may read everything."""

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    assert reason(tmp_path / "secret") == "Permission denied"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """As a shell's `<(...)` is one, whose program may begin later."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"x" * 200_000,))
    writer.start()
    assert read_bytes(path) == b"x" * 200_000
    writer.join()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_that_nothing_comes_through_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hang for ever."""
    monkeypatch.setattr(files, "_PATIENCE_SECONDS", 0.01)
    path = tmp_path / "fifo"
    os.mkfifo(path)
    assert reason(path) == "it is a pipe, and nothing came through it for 0.01 s"


def test_text_is_utf_8_with_or_without_a_mark(tmp_path: Path) -> None:
    """Other encodings name the byte and the way out."""
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffé".encode())
    assert read_text(path) == "é"
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(UnreadableFileError, match=r"not UTF-8 text \(byte 1\); save it as UTF-8"):
        read_text(path)
    path.write_bytes('{"a": 1}'.encode("utf-16"))
    with pytest.raises(UnreadableFileError, match=r"not UTF-8 text \(byte 1\)"):
        read_json(path)


def test_documents_are_json_or_toml_by_their_name(tmp_path: Path) -> None:
    """What is neither says so."""
    json, toml = tmp_path / "a.json", tmp_path / "a.toml"
    json.write_text('\ufeff{"a": 1}', encoding="utf-8")
    toml.write_text("a = 1")
    assert read_document(json) == read_document(toml) == {"a": 1}
    json.write_bytes(b"\x00\x01")
    toml.write_text("a = " + "[" * 100_000)
    with pytest.raises(UnreadableFileError, match="it is not JSON: "):
        read_json(json)
    with pytest.raises(UnreadableFileError, match="it is not TOML: "):
        read_toml(toml)


def test_text_may_be_gzipped(tmp_path: Path) -> None:
    """Known by its first bytes; the maximum is one of what is unzipped, so no bomb fills memory."""
    path = tmp_path / "a.toml.gz"
    path.write_bytes(gzip.compress("\ufeffa = 1".encode()))
    assert read_document(path) == {"a": 1}
    path.write_bytes(gzip.compress(b" " * 3_000_000))
    with pytest.raises(UnreadableFileError, match="unzipped, it is larger than 2,999,999 bytes"):
        read_text(path, most=2_999_999)
    path.write_bytes(gzip.compress(b"a = 1")[:-3])
    with pytest.raises(UnreadableFileError, match="it is damaged gzip: Compressed file ended"):
        read_toml(path)


def test_nothing_else_reads_files() -> None:
    """The package's own data, the CA of the state folder and streams of lines aside."""
    reading = re.compile(r"\.read_(?:bytes|text)\(|\bopen\(\s*(?:file|name|path)\b|tomllib\.load\(")
    places = {
        file.relative_to(ROOT).as_posix()
        for folder in ("mockseg", "pytest_plugin")
        for file in (ROOT / folder).rglob("*.py")
        if reading.search(file.read_text("utf-8"))
    }
    assert places == {
        "mockseg/catalogue/loader.py",  # data of the package
        "mockseg/files.py",
        "mockseg/manual/pages.py",  # data of the package
        "mockseg/tls.py",  # what it wrote itself
        "mockseg/web/page/rendering.py",  # data of the package
        "mockseg/web/page/static_files.py",  # data of the package
    }
