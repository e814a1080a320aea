"""The server that traffic goes to: is it there, is it a mockseg, and what did it find."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

import click
from click.core import ParameterSource

from mockseg.cli.target import Target
from mockseg.client.wire import Address
from mockseg.errors import ConfigError, OperationError, UnreachableError
from mockseg.matching.render import bounds_words
from mockseg.operations.base import Nothing, OfSource
from mockseg.operations.calls import CallPage, ListCalls, Summary
from mockseg.operations.sources import CreateSource, Health, SourceView
from mockseg.plans.model import plan_to_json
from mockseg.traffic.scenario import Recipe
from mockseg.traffic.tally import Tally

_CONNECT_SECONDS: Final = 5.0
# Maximum number of missing or unexpected findings in a report.
MOST_SHOWN: Final = 5
_DUPLICATE: Final = "duplicate_message_id"
_REPLAY_AGAIN: Final = "pass --new-ids to send them as new calls"
_TRAFFIC_AGAIN: Final = (
    "another --seed or --start makes new ones, a source without them takes these"
)
_NAME_A_TARGET: Final = "; start a server with mockseg serve, or name a target with --to URL"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The server that traffic goes to.

    Attributes:
        target: its address, and how to ask a mockseg there.
        named: whether ``--to`` names it, which may name anything; else it must be a mockseg.
    """

    target: Target
    named: bool

    @property
    def url(self) -> str:
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


def endpoint_of(target: Target, to: str | None) -> Endpoint:
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
        return Endpoint(target, named=False)
    # The token of MOCKSEG_CONTROL_TOKEN is for the server of MOCKSEG_URL, not for any target.
    by_hand = source("control_token") is ParameterSource.COMMANDLINE
    token = context.params["control_token"] if by_hand else None
    return Endpoint(Target(to, ca=target.ca, token=token), named=True)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a mockseg found, compared with the labels.

    Attributes:
        good, bad: calls of this run, as the server counts them.
        found: labelled calls that gave the finding of their label.
        missing: labelled calls that did not, as sentences.
        unexpected: bad calls without a label, a few of them as sentences.
        unexpected_count: number of these.
        duplicates: those of them that were dropped because the source had their messageIds.
        remedy: what to do about duplicates.
        incomplete: why not everything could be checked, or empty.
        asked: whether the server could be asked.
        source: the write key under which the calls are kept.
    """

    source: str
    good: int = 0
    bad: int = 0
    found: int = 0
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    unexpected_count: int = 0
    duplicates: int = 0
    remedy: str = ""
    incomplete: str = ""
    asked: bool = True

    @property
    def fine(self) -> bool:
        """Whether labels and findings are known to agree."""
        return self.asked and not self.missing and not self.unexpected_count


class Receiver:
    """A source at an endpoint; a mockseg can be asked what it found.

    Args:
        endpoint: of the traffic.
        write_key: of the source; None to open one on a mockseg, with the plans of the run.
        recipe: of the run; None for a replay.

    Attributes:
        write_key: of the source.
        is_mockseg: whether it can be asked.

    Raises:
        ConfigError: no write key is named, and no mockseg is there to mint one.
        UnreachableError: nothing answers there, or what does must be a mockseg and is not.
    """

    def __init__(self, endpoint: Endpoint, *, write_key: str | None, recipe: Recipe | None) -> None:
        endpoint.reach()
        self._target = endpoint.target
        self._remedy = _REPLAY_AGAIN if recipe is None else _TRAFFIC_AGAIN
        try:
            self._target.ask("health", Nothing(), Health)
            self.is_mockseg = True
        except (UnreachableError, OperationError) as error:
            if not endpoint.named:
                raise UnreachableError(f"{error}; nothing was sent{_NAME_A_TARGET}") from None
            self.is_mockseg = False
        if write_key is None and not self.is_mockseg:
            raise ConfigError(
                f"what answers at {endpoint.url} is not a mockseg: name a source with --write-key"
            )
        self.write_key = write_key if write_key is not None else self._open_source(recipe)
        self._before = self._summary() if self.is_mockseg else None

    def _open_source(self, recipe: Recipe | None) -> str:
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
        """Compare what a mockseg found with the labels that ``tally`` knows."""
        assert self._before is not None  # noqa: S101  (it is a mockseg)
        try:
            return self._checked(tally, self._before)
        except (UnreachableError, OperationError) as error:
            problem = f"the server could not be asked what it found: {error}"
            return Checked(self.write_key, incomplete=problem, asked=False)

    def _checked(self, tally: Tally, before: Summary) -> Checked:
        after = self._summary()
        expected = dict(tally.expected)
        found = unexpected = duplicates = 0
        shown: list[str] = []
        asked = ListCalls(source=self.write_key, good=False, after=before.cursor)
        pages = self._target.pages("list_calls", asked, CallPage)
        for call in (call for page in pages for call in page.calls):
            codes = {finding.code for finding in call.findings}
            code = expected.get(call.message_id)
            if code is not None and code in codes:
                del expected[call.message_id]
                found += 1
            elif call.message_id not in tally.expected:
                unexpected += 1
                duplicates += _DUPLICATE in codes
                if len(shown) < MOST_SHOWN:
                    why = ", ".join(sorted(codes)) or call.verdict
                    shown.append(f"{call.message_id} ({call.event or call.type}): {why}")
        missing = tuple(f"{message_id}: {code}" for message_id, code in expected.items())
        evicted = after.evicted - before.evicted
        incomplete = ""
        if evicted or tally.unkept:
            over = f" ({bounds_words(after.lost, flags=True)})" if evicted else ""
            incomplete = (
                f"{evicted} calls were evicted{over} and {tally.unkept} labels not kept; those"
                " could not be checked"
            )
        return Checked(
            self.write_key,
            good=after.good - before.good,
            bad=after.bad - before.bad,
            found=found,
            # A label on a call that never came, or that is gone, says nothing.
            missing=() if tally.lost or evicted else missing,
            unexpected=tuple(shown),
            # A label that was not kept may have been that of a bad call.
            unexpected_count=0 if tally.unkept else unexpected,
            duplicates=duplicates,
            remedy=self._remedy,
            incomplete=incomplete,
        )

    def close(self) -> None:
        self._target.close()
