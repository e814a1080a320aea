"""Flags that several commands share: settings, the server to talk to, match keys, --json."""

from __future__ import annotations

import contextlib
import functools
import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar, cast

import click

from mockseg import json_types
from mockseg.cli.output import warn
from mockseg.clock import NANOSECONDS
from mockseg.config import (
    CLIENT_SETTINGS,
    CONFIG_VARIABLE,
    DEFAULT_FILE,
    OLD_NAMES,
    SERVER_SETTINGS,
    ClientSettings,
    Settings,
    Sources,
    load,
    read_sources,
    renamed,
)
from mockseg.durations import parse_duration
from mockseg.errors import ConfigError, MalformedJsonError, UnreachableError
from mockseg.setting import Setting
from mockseg.suggestions import unknown

_F = TypeVar("_F", bound="Callable[..., Any]")

_FILE_READ = "mockseg.settings_file"
_VERDICTS = ("accepted", "dropped", "blocked", "rejected")
_METAVARS = {
    "text": "TEXT",
    "secret": "TOKEN",
    "file": "FILE",
    "number": "NUMBER",
    "list": "TEXT,TEXT",
    "files": "FILE,FILE",
    "duration": "TIME",
}

# The scalar match keys with what they mean; `good` is the pair --good/--bad.
MATCH_KEYS: tuple[tuple[str, str], ...] = (
    ("source", "of this write key"),
    ("type", "of this type: identify, track, page, screen, group or alias"),
    ("event", "of this event, the name of a track call"),
    ("user_id", "with this userId"),
    ("anonymous_id", "with this anonymousId"),
    ("message_id", "with this messageId"),
    ("group_id", "with this groupId"),
    ("verdict", f"with this verdict: {', '.join(_VERDICTS)}"),
    ("where", "that this filter in Segment's FQL matches, such as 'properties.guideId = \"1\"'"),
)


class OneOf(click.Choice[str]):
    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's signature
        return unknown("value", value, map(str, self.choices))


class Number(click.FloatRange):
    """A number within a range, which rejects ``nan``.

    Args:
        noun: what it is, for an error.
        limits: of click's ``FloatRange``.
    """

    def __init__(self, noun: str, **limits: Any) -> None:
        super().__init__(**limits)
        self.name = noun

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a {self.name}.", param, ctx)
        return number


class Seconds(Number):
    """A number of seconds within a range, or a duration with its unit: ``5``, ``5s``, ``500ms``."""

    def __init__(self, **limits: Any) -> None:
        super().__init__("number of seconds", **limits)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if value in {"0s", "0ms"}:
            value = 0.0
        if isinstance(value, str) and value[-1:].isalpha() and value[:1].isdecimal():
            try:
                value = parse_duration(value, place="it") / NANOSECONDS
            except ConfigError as error:
                self.fail(str(error), param, ctx)
        try:
            float(value)
        except ValueError:
            self.fail(
                f"{value!r} is not a number of seconds; write it as 5, 5s or 500ms.", param, ctx
            )
        return super().convert(value, param, ctx)


def json_flag(help: str) -> Callable[[_F], _F]:  # noqa: A002 - click's word
    return click.option("--json", "as_json", is_flag=True, help=help)


def source_flag(help: str, *, required: bool = False) -> Callable[[_F], _F]:  # noqa: A002 - click's word
    return click.option("--source", metavar="TEXT", required=required, help=help)


def json_object(text: str, *, place: str) -> dict[str, Any]:
    """Return the JSON object that a flag or an argument holds.

    Args:
        text: as given.
        place: names the flag in an error.

    Raises:
        UsageError: it is not JSON, or not an object.
    """
    try:
        value = json_types.decode(text.encode("utf-8", "replace"))
    except MalformedJsonError as error:
        raise click.UsageError(f"{place} is not JSON: {error}") from None
    return checked_object(value, place=place)


def checked_object(value: Any, *, place: str) -> dict[str, Any]:
    """Return a value that must be a JSON object.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, dict):
        raise click.UsageError(f"{place} must be a JSON object")
    return value


def setting_flags(settings: Iterable[Setting]) -> Callable[[_F], _F]:
    """Add to a command a flag for each setting, and ``--config``."""

    def decorate(function: _F) -> _F:
        for setting in reversed(list(settings)):
            function = _setting_flag(setting)(function)
        return click.option(
            "--config",
            metavar="FILE",
            help=f"Settings as TOML.  [{CONFIG_VARIABLE}; {DEFAULT_FILE} in this folder]",
        )(function)

    return decorate


def server_settings(
    fixed: Mapping[str, str] | None = None, *, without: Collection[str] = ()
) -> Callable[[_F], _F]:
    """Add the settings of a server to a command as flags; the command gets ``settings``.

    Args:
        fixed: settings without a flag, with the text that they always have.
        without: more settings without a flag.
    """
    fixed = fixed or {}
    flagged = [each for each in SERVER_SETTINGS if each.name not in {*fixed, *without}]

    def decorate(function: _F) -> _F:
        @functools.wraps(function)
        def command(*, config: str | None, **values: Any) -> Any:
            flags = {setting.name: _given(setting, values) for setting in flagged}
            settings: Settings = load(Settings, read_warned(config), {**flags, **fixed})
            return function(settings=settings, **values)

        return cast("_F", setting_flags(flagged)(command))

    return decorate


def client_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--url``, ``--token``, ``--ca`` and ``--config`` to a command, which gets ``target``."""

    @functools.wraps(function)
    def command(*, config: str | None, ca: str | None, **values: Any) -> Any:
        from mockseg.cli.target import Target

        flags = {setting.name: _given(setting, values) for setting in CLIENT_SETTINGS}
        sources = read_warned(config)
        settings: ClientSettings = load(ClientSettings, sources, flags)
        target = Target(settings.url, ca=ca, token=settings.control_token)
        try:
            return function(target=target, **values)
        except UnreachableError as error:
            if flags["url"] is None and sources.decides("url"):
                raise UnreachableError(f"{error} ({settings_file()} sets url)") from None
            raise

    command = click.option(
        "--ca", metavar="FILE", help="Trust this CA for an https address, a PEM file."
    )(command)
    return setting_flags(CLIENT_SETTINGS)(command)


def client_or_journal(*, create: bool = False) -> Callable[[_F], Callable[..., Any]]:
    """Add what `client_settings` adds, and ``--journal`` to ask a file instead of a server.

    Args:
        create: whether the file is created if missing.
    """

    def decorate(function: _F) -> Callable[..., Any]:
        over_http = client_settings(function)

        @functools.wraps(over_http)
        def command(*, journal: str | None, **values: Any) -> Any:
            if journal is None:
                return over_http(**values)
            from mockseg.cli.journal_target import JournalTarget

            flags = {setting.name: setting.flag for setting in CLIENT_SETTINGS}
            for name, flag in {**flags, "ca": "--ca", "config": "--config"}.items():
                if values.pop(name, None) is not None:
                    raise click.UsageError(f"--journal asks a file, no server: leave out {flag}")
            with contextlib.closing(JournalTarget(journal, create=create)) as target:
                return function(target=target, **values)

        missing = "created if missing" if create else "that no server uses"
        return click.option(
            "--journal",
            metavar="FILE",
            help=f"Use the file of a server's journal, {missing}, instead of a server.",
        )(command)

    return decorate


def match_keys(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the match keys to a command as flags; it gets ``match`` with those that were given."""
    names = [name for name, _ in MATCH_KEYS]

    @functools.wraps(function)
    def command(**values: Any) -> Any:
        match = {name: values.pop(name) for name in (*names, "good")}
        given = {name: value for name, value in match.items() if value is not None}
        return function(match=given, **values)

    command = click.option("--good/--bad", default=None, help="Only good calls, or only bad ones.")(
        command
    )
    for name, meaning in reversed(MATCH_KEYS):
        flag = "--" + name.replace("_", "-")
        kind = OneOf(_VERDICTS) if name == "verdict" else None
        command = click.option(
            flag, name, type=kind, metavar="TEXT", help=f"Only calls {meaning}."
        )(command)
    return command


def search_keys(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add a query and the match keys to a command; it gets both as ``match``."""

    @functools.wraps(function)
    def command(*, query: tuple[str, ...], match: dict[str, Any], **values: Any) -> Any:
        asked = {"q": " ".join(query)} if query else {}
        return function(match={**match, **asked}, **values)

    return click.argument("query", nargs=-1, metavar="[QUERY]...")(match_keys(command))


def read_warned(config: str | None) -> Sources:
    """Read file and environment, and warn of unknown variables.

    Raises:
        ConfigError: see :func:`mockseg.config.read_sources`.
    """
    sources = read_sources(file=config)
    click.get_current_context().meta[_FILE_READ] = sources.file
    for warning in sources.warnings:
        warn(f"warning: {warning}")
    return sources


def settings_file() -> str | None:
    """Return the full path of the settings file that the running command has read, or None."""
    file = click.get_current_context().meta.get(_FILE_READ)
    return None if file is None else os.path.abspath(file)  # noqa: PTH100  (Path.resolve follows links)


def _setting_flag(setting: Setting) -> Callable[[_F], _F]:
    """Return the flag of a setting, which parses the flag as it parses the variable."""
    default = setting.default if not isinstance(setting.default, tuple | None) else "none"
    if isinstance(default, bool):
        default = "on" if default else "off"
    text = f"{setting.help[0].upper()}{setting.help[1:]}.  [{setting.variable}; {default}]"
    if setting.kind == "switch":
        names = f"{setting.flag}/--no-{setting.flag[2:]}"
        return click.option(names, setting.name, default=None, help=text)
    metavar = "|".join(setting.choices) or _METAVARS[setting.kind]
    new = click.option(setting.flag, setting.name, metavar=metavar, help=text)
    old_names = _old_names(setting)

    def decorate(function: _F) -> _F:
        for name in old_names:
            function = click.option(f"--{name.replace('_', '-')}", name, hidden=True)(function)
        return new(function)

    return decorate


def _given(setting: Setting, values: dict[str, Any]) -> str | bool | None:
    """Take what a setting's flag, or a flag with its old name, says out of a command's values."""
    value: str | bool | None = values.pop(setting.name)
    for name in _old_names(setting):
        old = values.pop(name)
        if old is not None:
            flag = f"--{name.replace('_', '-')}"
            if value is not None:
                raise click.UsageError(
                    f"{flag} is the old name of {setting.flag}; pass only {setting.flag}"
                )
            warn(f"warning: {renamed(flag, setting.flag)}")
            value = old
    return value


def _old_names(setting: Setting) -> list[str]:
    return [old for old, new in OLD_NAMES.items() if new == setting.name]
