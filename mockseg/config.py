"""Settings: one table, three places to write them, one order of precedence.

``mockseg.toml`` < ``MOCKSEG_*`` variables < flags. The fields of :class:`Settings` are
the table: a field ``tls_port`` is the key ``tls_port`` of the file, the variable
``MOCKSEG_TLS_PORT`` and the flag ``--tls-port``, always. Adding a setting is adding a
field.

The file is the one named by ``--config`` or ``MOCKSEG_CONFIG``, else ``mockseg.toml`` in
the current folder if there is one. File names in it are relative to it.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

from msgspec import Meta

from mockseg.domain.credentials import shown_url
from mockseg.domain.limits import MAX_FINDINGS
from mockseg.errors import ConfigError
from mockseg.files import read_toml
from mockseg.setting import PREFIX, Duration, File, Files, Limit, Port, Secret, Setting, Whole, rows
from mockseg.suggestions import did_you_mean, unknown

DEFAULT_FILE = "mockseg.toml"
CONFIG_VARIABLE = "MOCKSEG_CONFIG"
_T = TypeVar("_T")

# What a server has again after a restart with `journal`, and what it has not.
JOURNAL_KEEPS = (
    "requests, calls, verdicts, cursors, sources with their settings and plans, clocks,"
    " destinations, deliveries and vendors' state"
)
JOURNAL_OMITS = "faults, waits, audiences and the requests that reached vendors"


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves. What each field means stands beside it, once.

    A certificate given turns TLS on.

    Raises:
        ConfigError: a value is not allowed, or two contradict each other.
    """

    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="port for http; 0 takes any free one")] = 8765
    tls: Annotated[bool, Meta(description="listen for https too, on a port of its own")] = False
    tls_port: Annotated[Port, Meta(description="port for https; 0 takes any free one")] = 8766
    tls_cert: Annotated[File | None, Meta(description="your own certificate chain, a PEM file")] = (
        None
    )
    tls_key: Annotated[File | None, Meta(description="the key of --tls-cert, a PEM file")] = None
    state_dir: Annotated[
        File | None,
        Meta(description="folder of the CA that mockseg makes; the user's state folder by default"),
    ] = None
    edge: Annotated[
        Literal["2026", "2025", "2018", "debug-api"],
        Meta(description="which dated behaviour of Segment's edge to show"),
    ] = "2026"
    dedup: Annotated[
        Literal["source", "server"],
        Meta(
            description="among which calls a messageId must be new: of its source, or of the server"
            " as at Segment"
        ),
    ] = "source"
    error_body: Annotated[
        Literal["edge", "json", "text"],
        Meta(
            description="bodies of refusals: as the edge has them, always JSON or always plain text"
        ),
    ] = "edge"
    wrong_region: Annotated[
        Literal["drop", "refuse"],
        Meta(
            description="what happens to a request that was sent to a host of Segment's in another"
            " region than its source has: 200 and dropped, or 400"
        ),
    ] = "drop"
    route_aliases: Annotated[
        tuple[str, ...],
        Meta(
            description="paths of your own proxy and the route that each stands for, such as"
            " /segment/b=/v1/b"
        ),
    ] = ()
    trust_forwarded_for: Annotated[
        bool,
        Meta(
            description="take context.ip of client-side calls from the first entry of"
            " X-Forwarded-For, where a request has one"
        ),
    ] = True
    catalogue: Annotated[
        tuple[str, ...], Meta(description="plans of the catalogue that judge every source's calls")
    ] = ()
    plan: Annotated[
        Files, Meta(description="tracking plans that judge them too, files in Segment's JSON")
    ] = ()
    strictness: Annotated[
        Literal["lenient", "strict"],
        Meta(
            description="of the catalogue's plans: what either document allows, or exactly its own"
        ),
    ] = "lenient"
    protocols: Annotated[
        File | None,
        Meta(description="what happens to calls that plans do not allow, a JSON file"),
    ] = None
    faults: Annotated[
        File | None,
        Meta(description="faults to begin with, a JSON or TOML file of what POST /faults takes"),
    ] = None
    destinations: Annotated[
        File | None,
        Meta(
            description="destinations to begin with, a JSON or TOML file of what POST /destinations"
            " takes"
        ),
    ] = None
    known_write_keys: Annotated[
        tuple[str, ...],
        Meta(description="answer 401 to all other write keys, which Segment does not do"),
    ] = ()
    journal: Annotated[
        File | None,
        Meta(
            description="SQLite file, created if missing, that restores the server after a restart."
            f" It keeps {JOURNAL_KEEPS}; it does not keep {JOURNAL_OMITS}"
        ),
    ] = None
    journal_sync: Annotated[
        Literal["off", "normal", "full"],
        Meta(
            description="when a request is answered: off = before its commit; normal = after it, so"
            " that a killed server loses nothing; full = after the disk has it, for power cuts"
        ),
    ] = "normal"
    max_calls: Annotated[
        Limit, Meta(description="maximum number of calls to keep; the oldest are evicted")
    ] = 100_000
    max_requests: Annotated[
        Limit, Meta(description="maximum number of requests to keep; the oldest are evicted")
    ] = 100_000
    max_bytes: Annotated[
        Limit,
        Meta(description="bytes that all that is kept may take together; the oldest is evicted"),
    ] = 1_073_741_824
    max_age: Annotated[
        Duration | None,
        Meta(
            description="how long to keep calls and requests, such as 12h or 3d by the server's"
            " clock; older ones are evicted"
        ),
    ] = None
    max_findings: Annotated[
        Limit,
        Meta(description="violations of a call that are told one by one; then how many more"),
    ] = MAX_FINDINGS
    seed: Annotated[
        Whole | None, Meta(description="of ids and write keys; chosen and printed by default")
    ] = None
    header_timeout: Annotated[
        int,
        Meta(
            ge=1,
            le=3600,
            description="seconds in which the head of a request, or a TLS handshake, must arrive"
            " whole, else its connection is closed",
        ),
    ] = 30
    allow_host: Annotated[
        tuple[str, ...],
        Meta(
            description="other names of this server: they may open the control API and the page,"
            " and stand in the full URLs of requests"
        ),
    ] = ()
    control_token: Annotated[
        Secret | None,
        Meta(
            description="token that opens the control API and the page to other machines; without"
            " it only this machine can use them"
        ),
    ] = dataclasses.field(default=None, repr=False)
    oauth_public_key: Annotated[
        File | None,
        Meta(description="check OAuth assertions against this RSA public key, a PEM file"),
    ] = None
    analytics_js: Annotated[
        File | None,
        Meta(
            description="your copy of analytics.js, served at Segment's script path with the parts"
            " beside it"
        ),
    ] = None

    event_loop: Annotated[
        Literal["asyncio", "uvloop"],
        Meta(description="what runs the server; uvloop is faster, and comes with mockseg[uvloop]"),
    ] = "asyncio"

    def __post_init__(self) -> None:
        for setting in SERVER_SETTINGS:
            value = setting.check(getattr(self, setting.name), place=setting.name)
            object.__setattr__(self, setting.name, value)
        if (self.tls_cert is None) != (self.tls_key is None):
            given, missing = ("tls_cert", "tls_key") if self.tls_cert else ("tls_key", "tls_cert")
            raise ConfigError(f"{given} is given without {missing}: a certificate needs its key")
        if self.tls_cert is not None:
            object.__setattr__(self, "tls", True)
        if self.tls and self.port == self.tls_port != 0:
            raise ConfigError(
                f"port and tls_port are both {self.port}: http and https need one port each"
            )


@dataclasses.dataclass(frozen=True, slots=True)
class ClientSettings:
    """Which server the commands talk to.

    Raises:
        ConfigError: a value is not allowed.
    """

    url: Annotated[str, Meta(description="address of a running mockseg")] = "http://127.0.0.1:8765"
    control_token: Annotated[
        Secret | None,
        Meta(description="control token of a mockseg that runs on another machine"),
    ] = dataclasses.field(default=None, repr=False, metadata={"flag": "--token"})

    def __post_init__(self) -> None:
        for setting in CLIENT_SETTINGS:
            setting.check(getattr(self, setting.name), place=setting.name)
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(
                f'url is "{shown_url(self.url)}": it must start with http:// or https://,'
                " such as http://127.0.0.1:8765"
            )


SERVER_SETTINGS = rows(Settings)
CLIENT_SETTINGS = rows(ClientSettings)
_ALL = {setting.name: setting for setting in SERVER_SETTINGS + CLIENT_SETTINGS}
# Old name -> the setting that has it no longer; file, variable and flag still take it, and warn.
OLD_NAMES = {"profile": "edge"}


def renamed(old: str, new: str) -> str:
    """Return the warning about a setting under its old name."""
    return f"{old} is deprecated: its new name is {new}"


def with_new_names(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return keyword arguments with the old names of settings replaced, each with a warning.

    Raises:
        ConfigError: a setting is given under both names.
    """
    # The warning is shown at the caller's own line, however deep in mockseg it is made.
    depth, frame = 1, sys._getframe()  # noqa: SLF001  (documented, and the cheap one)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("mockseg."):
        depth, frame = depth + 1, frame.f_back
    new_options = {name: value for name, value in options.items() if name not in OLD_NAMES}
    for old, new in OLD_NAMES.items():
        if old not in options:
            continue
        if new in options:
            raise ConfigError(f"{old} is the old name of {new}; pass only {new}")
        warnings.warn(renamed(old, new), DeprecationWarning, stacklevel=depth)
        new_options[new] = options[old]
    return new_options


@dataclasses.dataclass(frozen=True, slots=True)
class Sources:
    """What was written where; values are checked, places are for people.

    Attributes:
        file: the file that was read, or None.
        in_file: setting -> value, from the file.
        in_environment: the same, from variables.
        warnings: one line for each variable that looks like ours and is not, and for each
            setting under its old name.
    """

    file: Path | None
    in_file: Mapping[str, object]
    in_environment: Mapping[str, object]
    warnings: tuple[str, ...]

    def decides(self, name: str) -> bool:
        """Return whether the file sets this setting, where no flag does."""
        return name in self.in_file and name not in self.in_environment

    def choose(self, setting: Setting, flags: Mapping[str, str | bool | None]) -> object:
        """Return a setting's value: the one function that knows which place wins.

        Raises:
            ConfigError: the flag's value is not allowed.
        """
        flag = flags.get(setting.name)
        if isinstance(flag, str):
            return setting.parse(flag, place=setting.flag)
        if flag is not None:
            return setting.check(flag, place=setting.flag)
        for place in (self.in_environment, self.in_file):
            if setting.name in place:
                return place[setting.name]
        return setting.default


def read_sources(
    *,
    file: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    folder: str | Path = ".",
) -> Sources:
    """Read the file and the environment.

    Args:
        file: as ``--config`` names it; it must exist. ``MOCKSEG_CONFIG`` by default.
        environ: the process's by default.
        folder: where ``mockseg.toml`` is looked for.

    Raises:
        ConfigError: unreadable file, unknown key, wrong value; with place and value.
    """
    environ = os.environ if environ is None else environ
    named = file or environ.get(CONFIG_VARIABLE) or None
    path = Path(folder, named or DEFAULT_FILE)
    found = path if named or path.is_file() else None
    in_environment, of_environment = _from_environment(environ)
    in_file, of_file = _from_file(found) if found else ({}, ())
    return Sources(
        file=found,
        in_file=in_file,
        in_environment=in_environment,
        warnings=(*of_environment, *of_file),
    )


def load(
    table: type[_T], sources: Sources, flags: Mapping[str, str | bool | None] | None = None
) -> _T:
    """Decide each setting of a table.

    Args:
        table: :class:`Settings` or :class:`ClientSettings`.
        sources: file and environment.
        flags: setting -> text of the flag, a boolean for a switch; None where not given.

    Raises:
        ConfigError: a value is not allowed.
    """
    return table(**{row.name: sources.choose(row, flags or {}) for row in rows(table)})


def _from_file(path: Path) -> tuple[dict[str, object], tuple[str, ...]]:
    content = read_toml(path)
    values: dict[str, object] = {}
    remarks: list[str] = []
    for key, value in content.items():
        name = OLD_NAMES.get(key, key)
        if name != key:
            if name in content:
                raise ConfigError(f"{path}: {key} is the old name of {name}; keep only {name}")
            remarks.append(f"{path}: {renamed(key, name)}")
        setting = _ALL.get(name)
        if setting is None:
            raise ConfigError(f"{path}: {unknown('key', key, _ALL)}")
        values[name] = setting.check(value, place=f"{path}: {key}")
        if setting.kind == "file":
            values[name] = str(path.parent / str(values[name]))
        elif setting.kind == "files":
            named = cast("tuple[str, ...]", values[name])
            values[name] = tuple(str(path.parent / each) for each in named)
    return values, tuple(remarks)


def _from_environment(environ: Mapping[str, str]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Read our variables; an empty one counts as not set."""
    variables = {setting.variable: setting for setting in _ALL.values()}
    old = {PREFIX + name.upper(): _ALL[new] for name, new in OLD_NAMES.items()}
    values: dict[str, object] = {}
    remarks: list[str] = []
    for name in sorted(environ):
        text = environ[name]
        if name in old:
            setting = old[name]
            # Set to both, the new name wins: a variable may be anyone's.
            if text and not environ.get(setting.variable):
                values[setting.name] = setting.parse(text, place=name)
                remarks.append(renamed(name, setting.variable))
        elif name in variables:
            if text:
                setting = variables[name]
                values[setting.name] = setting.parse(text, place=name)
        elif name.startswith(PREFIX) and name != CONFIG_VARIABLE:
            hint = did_you_mean(name, [*variables, CONFIG_VARIABLE])
            remarks.append(f"unknown variable {name} is ignored{hint}")
    return values, tuple(remarks)
