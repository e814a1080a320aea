"""The server that traffic goes to: is it there, is it a mockseg, and what did it find."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from mockseg.cli.target import Target
from mockseg.client.address import Address
from mockseg.errors import ConfigError, OperationError, UnreachableError
from mockseg.operations.base import Nothing, OfSource
from mockseg.operations.calls import CallPage, ListCalls, Summary
from mockseg.operations.clock import Health
from mockseg.operations.sources import CreateSource, SourceView
from mockseg.plans.model import plan_to_json

if TYPE_CHECKING:
    from mockseg.traffic.scenario import Recipe
    from mockseg.traffic.tally import Tally


_CONNECT_SECONDS: Final = 5.0
_PAGE: Final = 1000
_SHOWN: Final = 5
_DUPLICATE: Final = "duplicate_message_id"
_REPLAY_AGAIN: Final = "pass --new-ids to send them as new calls"
_TRAFFIC_AGAIN: Final = (
    "another --seed or --start makes new ones, a source without them takes these"
)
_NAME_A_TARGET: Final = "; start a server with mockseg serve, or name a target with --to URL"


@dataclass(frozen=True, slots=True)
class Destined:
    """Where traffic goes.

    Attributes:
        target: the address, and how to ask a mockseg there.
        named: whether ``--to`` names it, which may name anything; else it must be a mockseg.
    """

    target: Target
    named: bool

    @property
    def url(self) -> str:
        """Address of the target."""
        return self.target.url

    def reach(self) -> None:
        """Connect once, before anything is sent.

        Raises:
            ConfigError: the address is invalid.
            UnreachableError: nothing listens there.
        """
        address = Address.parse(self.url)
        try:
            socket.create_connection((address.host, address.port), _CONNECT_SECONDS).close()
        except OSError as error:
            reason = error.strerror or str(error)
            hint = "" if self.named else _NAME_A_TARGET
            raise UnreachableError(
                f"nothing answers at {self.url}: {reason}; nothing was sent{hint}"
            ) from None


def destined(target: Target, to: str | None) -> Destined:
    """Decide where traffic goes: ``--to`` if given, else the server of all commands.

    Args:
        target: the server that ``--url``, MOCKSEG_URL or mockseg.toml names.
        to: as ``--to`` of the command line, or of a profile, says.

    Raises:
        ConfigError: both flags are given, or the address is invalid.
    """
    context = click.get_current_context()
    source = context.get_parameter_source
    by_flag = source("url") is ParameterSource.COMMANDLINE
    if by_flag and source("to") is ParameterSource.COMMANDLINE:
        raise ConfigError(
            "--to and --url exclude each other: --url names a mockseg, --to a target of any kind"
        )
    if to is None or by_flag:
        return Destined(target, named=False)
    # The token of MOCKSEG_CONTROL_TOKEN is for the server of MOCKSEG_URL, not for any target.
    by_hand = source("control_token") is ParameterSource.COMMANDLINE
    token = context.params["control_token"] if by_hand else None
    return Destined(Target(to, ca=target.ca, token=token), named=True)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a mockseg found, held against the labels.

    Attributes:
        good, bad: calls of this run, as the server counts them.
        found: labelled calls that gave the finding of their label.
        missing: labelled calls that did not, a few of them as sentences.
        missing_count: how many.
        unexpected: bad calls without a label, a few of them as sentences.
        unexpected_count: how many.
        duplicates: how many of those were dropped because the source had their messageIds.
        remedy: what to do about duplicates.
        incomplete: why not everything could be checked, or empty.
        asked: whether the server could be asked.
    """

    good: int
    bad: int
    found: int
    missing: tuple[str, ...]
    missing_count: int
    unexpected: tuple[str, ...]
    unexpected_count: int
    duplicates: int
    remedy: str
    incomplete: str
    asked: bool = True

    @property
    def fine(self) -> bool:
        """Return whether labels and findings are known to agree."""
        return self.asked and not self.missing_count and not self.unexpected_count


class Receiver:
    """A target that speaks Segment's protocol; a mockseg can be asked what it found.

    Args:
        destined: where traffic goes.
        write_key: of the source; None to open one on a mockseg, with the plans of the run.
        recipe: of the run; None for a replay.

    Attributes:
        write_key: of the source.
        is_mockseg: whether it can be asked.

    Raises:
        ConfigError: no write key is named, and no mockseg is there to mint one.
        UnreachableError: nothing answers there, or what does must be a mockseg and is not.
    """

    def __init__(self, destined: Destined, *, write_key: str | None, recipe: Recipe | None) -> None:
        destined.reach()
        url = destined.url
        self._target = destined.target
        self._remedy = _REPLAY_AGAIN if recipe is None else _TRAFFIC_AGAIN
        try:
            self._target.ask("health", Nothing(), Health)
            self.is_mockseg = True
        except (UnreachableError, OperationError) as error:
            if not destined.named:
                raise UnreachableError(f"{error}; nothing was sent{_NAME_A_TARGET}") from None
            self.is_mockseg = False
        self._cursor = 0
        if write_key is None and not self.is_mockseg:
            raise ConfigError(
                f"what answers at {url} is not a mockseg: name a source with --write-key"
            )
        self.write_key = write_key if write_key is not None else self._opened(recipe)
        if self.is_mockseg:
            self._cursor = self._summary().cursor
            self._before = self._summary()

    def _opened(self, recipe: Recipe | None) -> str:
        if recipe is None:
            asked = CreateSource(name="replay")
        else:
            asked = CreateSource(
                name="traffic",
                catalogue=list(recipe.catalogue),
                plan=[plan_to_json(plan) for plan in recipe.plans],
                strictness=recipe.strictness,
            )
        return self._target.ask("create_source", asked, SourceView).write_key

    def _summary(self) -> Summary:
        return self._target.ask("summary", OfSource(source=self.write_key), Summary)

    def check(self, tally: Tally) -> Checked:
        """Hold what was found against the labels; ``tally`` knows which calls had one."""
        try:
            return self._checked(tally)
        except (UnreachableError, OperationError) as error:
            return Checked(
                good=0,
                bad=0,
                found=0,
                missing=(),
                missing_count=0,
                unexpected=(),
                unexpected_count=0,
                duplicates=0,
                remedy="",
                incomplete=f"the server could not be asked what it found: {error}",
                asked=False,
            )

    def _checked(self, tally: Tally) -> Checked:
        after = self._summary()
        expected = dict(tally.expected)
        found = unexpected = duplicates = 0
        strange: list[str] = []
        cursor: int | None = self._cursor
        while cursor is not None:
            asked = ListCalls(source=self.write_key, good=False, after=cursor, limit=_PAGE)
            page = self._target.ask("list_calls", asked, CallPage)
            for call in page.calls:
                codes = {finding.code for finding in call.findings}
                code = expected.get(call.message_id)
                if code is not None and code in codes:
                    del expected[call.message_id]
                    found += 1
                elif call.message_id not in tally.expected:
                    unexpected += 1
                    duplicates += _DUPLICATE in codes
                    if len(strange) < _SHOWN:
                        told = ", ".join(sorted(codes)) or call.verdict
                        strange.append(f"{call.message_id} ({call.event or call.type}): {told}")
            cursor = page.next
        missing = [f"{message_id}: {code}" for message_id, code in expected.items()]
        evicted = after.evicted - self._before.evicted
        incomplete = ""
        if evicted or tally.unkept:
            incomplete = (
                f"{evicted} calls were evicted and {tally.unkept} labels not kept; those could not"
                " be checked"
            )
        if tally.lost or evicted:
            # A label on a call that never came, or that is gone, says nothing.
            missing = []
        return Checked(
            good=after.good - self._before.good,
            bad=after.bad - self._before.bad,
            found=found,
            missing=tuple(missing[:_SHOWN]),
            missing_count=len(missing),
            unexpected=tuple(strange),
            # A label that was not kept may have been that of a bad call.
            unexpected_count=0 if tally.unkept else unexpected,
            duplicates=duplicates,
            remedy=self._remedy,
            incomplete=incomplete,
        )

    def close(self) -> None:
        """Close the connections."""
        self._target.close()
