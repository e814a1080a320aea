"""The e2e-cli contract that Segment's SDKs share: a program that sends what it is told.

It is given ``--input`` with a JSON document, sends the events through its SDK, and prints
``{"success": bool, "sentBatches": n, "error"?: text}`` last. ``sentBatches`` is a constant or a
guess in most CLIs, so nothing is made of it. Beside it lies an ``e2e-config.json`` that says
which suites it runs and which environment it needs.

Source: the ``e2e-cli`` folders of Segment's SDK repositories (README.md, e2e-config.json).
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from mockseg import json_types
from mockseg.conformance.dialects import Dialect, dialect_of
from mockseg.conversion import convert
from mockseg.errors import ConfigError, MalformedJsonError, OperationError
from mockseg.json_types import JsonObject
from mockseg.suggestions import unknown

Suite: TypeAlias = Literal["basic", "retry", "settings", "retry-settings"]
SUITES: tuple[Suite, ...] = ("basic", "retry", "settings", "retry-settings")
_DEFAULT_SUITES: tuple[Suite, ...] = ("basic", "retry")


@dataclasses.dataclass(frozen=True, slots=True)
class CliResult:
    """What the CLI said of its run.

    Attributes:
        success: whether all was delivered, as far as the SDK knows.
        error: why not, or empty.
    """

    success: bool
    error: str


class _ConfigFile(msgspec.Struct, frozen=True):
    """The file itself, as far as it is read; other keys are left alone."""

    sdk: str | None = None
    test_suites: str | None = None
    auto_settings: bool | None = None
    env: dict[str, str] | None = None
    not_applicable: dict[str, str] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class E2eConfig:
    """What an ``e2e-config.json`` says.

    Attributes:
        sdk: its name, or empty.
        suites: that it runs.
        auto_settings: whether it fetches settings from the CDN; None where nothing is said.
        env: of the CLI; its flags say what the SDK can do, such as ``HTTP_CONFIG_SETTINGS``.
        not_applicable: reason by check, the check's id as a pattern of the shell.
    """

    sdk: str = ""
    suites: tuple[Suite, ...] = _DEFAULT_SUITES
    auto_settings: bool | None = None
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    not_applicable: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def dialect(self) -> Dialect:
        """How its CLI reads the contract."""
        return dialect_of(self.sdk)

    def flag(self, name: str) -> bool | None:
        """Read a flag of the environment; None if it is not set."""
        said = self.env.get(name, "").strip().lower()
        return {"true": True, "1": True, "false": False, "0": False}.get(said)

    def excused(self, check_id: str) -> str:
        """Return the reason for which a check does not apply, or an empty text."""
        for reasons in (self.not_applicable, self.dialect.not_applicable):
            for pattern, reason in reasons.items():
                if fnmatch.fnmatchcase(check_id, pattern):
                    return reason
        skipped = self.env.get("E2E_TEST_SKIP", "").replace(",", " ").split()
        if any(fnmatch.fnmatchcase(check_id, pattern) for pattern in skipped):
            return "E2E_TEST_SKIP names it"
        return ""

    @classmethod
    def read(cls, content: bytes, *, place: str) -> E2eConfig:
        """Read the file.

        Args:
            content: JSON.
            place: its name, for errors.

        Raises:
            ConfigError: with the key, its value and what is allowed.
        """
        try:
            given = convert(json_types.decode(content), _ConfigFile, where="it")
        except MalformedJsonError as error:
            raise ConfigError(f"{place} is not JSON: {error}") from None
        except OperationError as error:
            raise ConfigError(f"{place}: {error}") from None
        return cls(
            sdk=given.sdk or "",
            suites=suites_of(given.test_suites or "", place=f"{place}: test_suites")
            or _DEFAULT_SUITES,
            auto_settings=given.auto_settings,
            env=given.env or {},
            not_applicable=given.not_applicable or {},
        )


def suites_of(text: str, *, place: str) -> tuple[Suite, ...]:
    """Read names of suites, separated by commas, in any order; each once.

    Raises:
        ConfigError: unknown suite.
    """
    named = [name.strip() for name in text.split(",") if name.strip()]
    for name in named:
        if name not in SUITES:
            raise ConfigError(f"{place}: {unknown('suite', name, SUITES)}")
    return tuple(suite for suite in SUITES if suite in named)


def input_document(
    *,
    write_key: str,
    api_host: str,
    cdn_host: str | None,
    sequences: Sequence[JsonObject],
    config: JsonObject,
    dialect: Dialect,
) -> str:
    """Write what ``--input`` is given.

    Args:
        write_key: of the source that the check has to itself.
        api_host: URL, without a path.
        cdn_host: URL, or None where the SDK fetches no settings.
        sequences: each with ``delayMs`` and ``events``.
        config: ``flushAt``, ``flushInterval`` (milliseconds), ``maxRetries``, ``timeout``
            (seconds).
        dialect: in which all of it is written.
    """
    document: JsonObject = {"writeKey": write_key, "apiHost": api_host + dialect.base_path}
    if cdn_host is not None:
        document["cdnHost"] = cdn_host + dialect.base_path
    document |= {"sequences": dialect.sequences(sequences), "config": dialect.config(config)}
    return json_types.encode(document).decode()


def read_result(output: str) -> CliResult | None:
    """Find the result in what the CLI printed: the last whole JSON object that says ``success``.

    Segment's own CLI for Node spreads it over several lines; others print lines after it.
    """
    text, start = output, len(output)
    for _ in range(_MOST_CANDIDATES):
        start = text.rfind("{", 0, start)
        while start > 0 and text[start - 1] != "\n":
            start = text.rfind("{", 0, start)
        if start < 0:
            return None
        found = _result(text[start:])
        if found is not None:
            return found
    return None


# How many lines that begin an object are looked at, from the end.
_MOST_CANDIDATES = 200


def _result(text: str) -> CliResult | None:
    try:
        document, _ = _decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("success"), bool):
        return None
    error = document.get("error")
    return CliResult(success=document["success"], error=error if isinstance(error, str) else "")


# The standard library's: it says where the object ends, whatever follows.
_decoder = json.JSONDecoder()
