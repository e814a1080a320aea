"""Settings: one table, three places, one order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from mockseg.config import (
    CLIENT_SETTINGS,
    SERVER_SETTINGS,
    ClientSettings,
    Settings,
    load,
    read_sources,
    with_new_names,
)
from mockseg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mockseg.setting import Setting


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, text: str, name: str = "mockseg.toml") -> Path:
    """Write a settings file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_hold_when_nobody_says_anything(folder: Path) -> None:
    """Without file, variable and flag each setting has its default."""
    settings = load(Settings, read_sources(environ={}, folder=folder))

    assert settings == Settings()
    assert (settings.host, settings.port, settings.edge) == ("127.0.0.1", 8765, "2026")


def test_every_field_is_a_row_of_the_table() -> None:
    """Fields, keys, variables and flags are the same names."""
    assert [row.name for row in SERVER_SETTINGS] == [f.name for f in dataclasses.fields(Settings)]
    assert [row.name for row in CLIENT_SETTINGS] == ["url", "control_token"]
    row = next(row for row in SERVER_SETTINGS if row.name == "known_write_keys")
    assert (row.variable, row.flag) == ("MOCKSEG_KNOWN_WRITE_KEYS", "--known-write-keys")
    assert all(row.help for row in SERVER_SETTINGS)


def test_an_old_name_works_and_warns(folder: Path) -> None:
    """Files and variables that were written for an earlier mockseg keep their meaning."""
    write(folder, 'profile = "2018"\n')
    sources = read_sources(environ={}, folder=folder)
    assert load(Settings, sources).edge == "2018"
    (warning,) = sources.warnings
    assert warning.endswith("mockseg.toml: profile is deprecated: its new name is edge")

    sources = read_sources(environ={"MOCKSEG_PROFILE": "2025"}, folder=folder)
    assert load(Settings, sources).edge == "2025"
    assert "MOCKSEG_PROFILE is deprecated: its new name is MOCKSEG_EDGE" in sources.warnings

    both = {"MOCKSEG_PROFILE": "2025", "MOCKSEG_EDGE": "2026"}
    assert load(Settings, read_sources(environ=both, folder=folder)).edge == "2026"


def test_a_file_with_both_names_is_refused(folder: Path) -> None:
    """Which of them is meant cannot be guessed."""
    write(folder, 'profile = "2018"\nedge = "2018"\n')
    with pytest.raises(ConfigError, match="profile is the old name of edge; keep only edge"):
        read_sources(environ={}, folder=folder)


def test_an_old_name_is_a_deprecated_argument_too() -> None:
    """The warning names the new one; both together are refused."""
    with pytest.warns(DeprecationWarning, match="profile is deprecated: its new name is edge"):
        assert with_new_names({"profile": "2018", "port": 1}) == {"edge": "2018", "port": 1}
    with pytest.raises(ConfigError, match="pass only edge"):
        with_new_names({"profile": "2018", "edge": "2018"})


def test_a_flag_goes_before_a_variable_before_the_file(folder: Path) -> None:
    """The one order of precedence."""
    write(folder, 'port = 1\nhost = "h1"\nedge = "2018"\n')
    environ = {"MOCKSEG_PORT": "2", "MOCKSEG_HOST": "h2"}

    settings = load(Settings, read_sources(environ=environ, folder=folder), {"port": "3"})

    assert (settings.port, settings.host, settings.edge) == (3, "h2", "2018")


def test_a_token_is_no_part_of_a_repr() -> None:
    """Settings end up in tracebacks and logs."""
    settings = Settings(control_token="s3cret")

    assert settings.control_token == "s3cret"
    assert "s3cret" not in repr(settings)


def test_every_setting_can_be_written_in_every_place(folder: Path) -> None:
    """A value written in the file, in a variable or as a flag gives the same settings."""
    values: dict[str, Callable[[Setting], Any]] = {
        "text": lambda row: next(
            choice for choice in row.choices or ("some-text",) if choice != row.default
        ),
        "secret": lambda row: f"some-{row.name}",
        "file": lambda row: f"/some/{row.name}.pem",
        "number": lambda row: 100 + len(row.name),
        "switch": lambda row: not row.default,
        "list": lambda _: ("a", "b"),
        "duration": lambda _: "36h",
        "files": lambda _: ("/some/a.json", "/some/b.json"),
    }
    by_name = {row.name: values[row.kind](row) for row in SERVER_SETTINGS}
    wanted = Settings(**(by_name | {"port": 1, "tls_port": 2}))
    texts = {}
    toml = []
    for row in SERVER_SETTINGS:
        value = getattr(wanted, row.name)
        assert value != row.default, row.name
        if isinstance(value, tuple):
            texts[row.name], literal = ",".join(value), str(list(value))
        elif isinstance(value, bool):
            texts[row.name] = literal = str(value).lower()
        else:
            texts[row.name] = str(value)
            literal = f'"{value}"' if isinstance(value, str) else str(value)
        toml.append(f"{row.name} = {literal}")
    write(folder, "\n".join(toml))
    environ = {row.variable: texts[row.name] for row in SERVER_SETTINGS}

    nothing = folder / "empty"
    nothing.mkdir()
    assert load(Settings, read_sources(environ={}, folder=folder)) == wanted
    assert load(Settings, read_sources(environ=environ, folder=nothing)) == wanted
    assert load(Settings, read_sources(environ={}, folder=nothing), texts) == wanted


def test_a_named_file_must_exist(folder: Path) -> None:
    """--config and MOCKSEG_CONFIG name a file that is there; mockseg.toml need not be."""
    with pytest.raises(ConfigError, match=r"cannot read .*none\.toml: No such file"):
        read_sources(file="none.toml", environ={}, folder=folder)
    with pytest.raises(ConfigError, match=r"other\.toml"):
        read_sources(environ={"MOCKSEG_CONFIG": "other.toml"}, folder=folder)


def test_the_flag_goes_before_the_variable_for_the_file_too(folder: Path) -> None:
    """--config wins over MOCKSEG_CONFIG."""
    one, two = write(folder, "port = 1", "one.toml"), write(folder, "port = 2", "two.toml")

    sources = read_sources(file=one, environ={"MOCKSEG_CONFIG": str(two)}, folder=folder)

    assert load(Settings, sources).port == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", r'unknown key "prot"; did you mean "port"'),
        ("tls-port = 1", r'unknown key "tls-port"; did you mean "tls_port"'),
        ("zzzzzz = 1", r'unknown key "zzzzzz"\. Allowed: host, port'),
        ('port = "1"', r'port is "1": it must be a whole number from 0 to 65535'),
        ("port = 70000", r"port is 70000: it must be a whole number from 0 to 65535"),
        ("port = true", r"port is true: it must be a whole number"),
        ("max_calls = 0", r"max_calls is 0: it must be a whole number from 1\b"),
        ('tls = "yes"', r'tls is "yes": it must be true or false'),
        (
            'edge = "2052"',
            r'edge: unknown value "2052"; did you mean "2025"\? Allowed: 2026',
        ),
        ('known_write_keys = "a,b"', r"it must be texts \(an array in the file"),
        ("known_write_keys = [1]", r"known_write_keys is \[1\]"),
        ('host = ""', r'host is "": it must be a text'),
        ('host = "a\\u0000b"', r"host is .*: it must be a text"),
        ("[port]", r"port is \{\}: it must be a whole number"),
        ("port = ", r"is not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_place_value_and_what_is_allowed(
    folder: Path, text: str, said: str
) -> None:
    """A wrong key or value of the file is said with the file, the key and what is allowed."""
    write(folder, text)

    with pytest.raises(ConfigError, match=said) as caught:
        read_sources(environ={}, folder=folder)

    assert "mockseg.toml" in str(caught.value)


def test_a_file_that_is_no_utf_8_is_said_to_be_none(folder: Path) -> None:
    """Bytes that are no text are one sentence."""
    (folder / "mockseg.toml").write_bytes(b"host = '\xff'")

    with pytest.raises(ConfigError, match=r"it is not UTF-8 text \(byte 9\)"):
        read_sources(environ={}, folder=folder)


def test_wrong_variables_and_flags_are_named_as_they_are_written(folder: Path) -> None:
    """The place in the message is what the person typed."""
    with pytest.raises(ConfigError, match=r'^MOCKSEG_PORT is "x": it must be a whole number'):
        read_sources(environ={"MOCKSEG_PORT": "x"}, folder=folder)
    with pytest.raises(ConfigError, match=r'^MOCKSEG_TLS is "ja": it must be true or false'):
        read_sources(environ={"MOCKSEG_TLS": "ja"}, folder=folder)
    sources = read_sources(environ={}, folder=folder)
    with pytest.raises(ConfigError, match=r"^--max-calls is 0: it must be a whole number from 1"):
        load(Settings, sources, {"max_calls": "0"})
    with pytest.raises(ConfigError, match=r'^--known-write-keys is \["a", ""\]'):
        load(Settings, sources, {"known_write_keys": "a,"})


def test_an_unknown_variable_of_ours_is_a_warning_with_the_nearest_name(folder: Path) -> None:
    """A misspelt variable is not silently ignored."""
    environ = {"MOCKSEG_PROT": "1", "MOCKSEG_URL": "http://x", "PORT": "2", "MOCKSEG_CONFIG": ""}

    sources = read_sources(environ=environ, folder=folder)

    assert len(sources.warnings) == 1
    assert sources.warnings[0].startswith(
        'unknown variable MOCKSEG_PROT is ignored; did you mean "MOCKSEG_PORT"'
    )


def test_an_empty_variable_counts_as_not_set(folder: Path) -> None:
    """Composition files often hand on variables that nobody has set."""
    environ = {"MOCKSEG_PORT": "", "MOCKSEG_KNOWN_WRITE_KEYS": ""}

    assert load(Settings, read_sources(environ=environ, folder=folder)) == Settings()


def test_an_empty_flag_empties_a_list(folder: Path) -> None:
    """A list of the file can be taken back by a flag."""
    write(folder, 'known_write_keys = ["a"]')

    sources = read_sources(environ={}, folder=folder)

    assert load(Settings, sources, {"known_write_keys": ""}).known_write_keys == ()


def test_file_names_in_the_file_are_relative_to_it(folder: Path) -> None:
    """A project's file means the same wherever the command is run from."""
    write(folder, 'analytics_js = "static/analytics.js"\nstate_dir = "/abs"\n')

    settings = load(Settings, read_sources(environ={}, folder=folder))

    assert settings.analytics_js == str(folder / "static" / "analytics.js")
    assert settings.state_dir == "/abs"


def test_a_home_sign_is_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """~ is expanded, as a shell does it for flags but not for files."""
    monkeypatch.setenv("HOME", "/home/ada")

    assert Settings(analytics_js="~/a.js").analytics_js == "/home/ada/a.js"


def test_a_certificate_needs_its_key_and_turns_tls_on() -> None:
    """The two belong together, and whoever gives them wants https."""
    with pytest.raises(ConfigError, match="tls_cert is given without tls_key"):
        Settings(tls_cert="c.pem")
    with pytest.raises(ConfigError, match="tls_key is given without tls_cert"):
        Settings(tls_key="k.pem")

    assert Settings(tls_cert="c.pem", tls_key="k.pem").tls is True


def test_http_and_https_need_one_port_each() -> None:
    """The same port twice is refused, but any free one twice is not."""
    with pytest.raises(ConfigError, match="port and tls_port are both 9000"):
        Settings(tls=True, port=9000, tls_port=9000)

    assert Settings(tls=True, port=0, tls_port=0).tls_port == 0
    assert Settings(port=9000, tls_port=9000).tls is False


def test_settings_made_by_hand_are_checked_too() -> None:
    """Whoever makes settings in Python gets the same sentence."""
    with pytest.raises(ConfigError, match=r'edge: unknown value "2024"'):
        Settings(edge="2024")  # type: ignore[arg-type]

    assert Settings(known_write_keys=["a"]).known_write_keys == ("a",)  # type: ignore[arg-type]


def test_the_address_of_a_server_comes_from_the_same_places(folder: Path) -> None:
    """--url, MOCKSEG_URL and the key url, with its default."""
    write(folder, 'url = "http://127.0.0.1:1"')
    sources = read_sources(environ={"MOCKSEG_URL": "http://127.0.0.1:2"}, folder=folder)

    assert load(ClientSettings, sources).url == "http://127.0.0.1:2"
    assert load(ClientSettings, sources, {"url": "http://127.0.0.1:3"}).url == "http://127.0.0.1:3"
    assert ClientSettings().url == "http://127.0.0.1:8765"
    with pytest.raises(ConfigError, match=r'url is "localhost:8765": it must start with http'):
        load(ClientSettings, sources, {"url": "localhost:8765"})
