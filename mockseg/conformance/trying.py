"""Driving an SDK: each trial runs the CLI once, on a source of its own, and is looked at."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import TYPE_CHECKING

from mockseg.conformance.contract import input_document, read_result
from mockseg.conformance.process import check_program, run_program
from mockseg.conformance.seen import Outcome, seen_of
from mockseg.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockseg.client.service import AsyncServer
    from mockseg.conformance.check import Trial
    from mockseg.conformance.contract import E2eConfig
    from mockseg.conformance.process import Ended
    from mockseg.conformance.seen import Seen


# What the CLI sent before it ended is read at once; this is for a busy machine.
_QUIET_SECONDS = 0.05
_MOST_MESSAGES = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK under test.

    Attributes:
        command: its CLI, program and arguments; ``--input`` and the document are added.
        config: what its ``e2e-config.json`` says.
        timeout_seconds: for one run of the CLI.
    """

    command: Sequence[str]
    config: E2eConfig
    timeout_seconds: float

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the CLI; a proxy of the machine's must not get in between."""
        local = {}
        for name in ("NO_PROXY", "no_proxy"):
            others = os.environ.get(name, "")
            local[name] = f"127.0.0.1,localhost,{others}" if others else "127.0.0.1,localhost"
        return {**os.environ, **local, **self.config.env}

    def check(self) -> None:
        """Look for the program before anything is run.

        Raises:
            ConfigError: there is no such program, or it is not executable.
        """
        check_program(self.command, env=self.environment)


async def try_out(trial: Trial, sdk: Sdk, server: AsyncServer) -> Seen:
    """Run a trial to its end and return what it left.

    Raises:
        ConfigError: the CLI can never be started.
    """
    source = await server.source(name=trial.name)
    given = input_document(
        write_key=source.write_key,
        api_host=server.url,
        cdn_host=None if sdk.config.auto_settings is False else server.url,
        sequences=trial.sequences,
        config=trial.config,
    )
    async with contextlib.AsyncExitStack() as faults:
        for fault in trial.faults:
            await faults.enter_async_context(source.faults(**fault))
        ended = await run_program(
            [*sdk.command, "--input", given],
            env=sdk.environment,
            timeout_seconds=sdk.timeout_seconds,
        )
        # What is still under way after that is judged as it is.
        with contextlib.suppress(OperationError):
            await source.settle(quiet=_QUIET_SECONDS)
    return seen_of(
        await source.requests(),
        calls=await source.calls(),
        truth=await source.truth(limit=_MOST_MESSAGES),
        outcome=_outcome(ended),
        write_key=source.write_key,
    )


def _outcome(ended: Ended) -> Outcome:
    result = read_result(ended.stdout)
    problem = ended.problem
    if not problem and result is None:
        last = ended.stdout.rstrip().rpartition("\n")[2][:200]
        said = f'its last line is "{last}"' if last else "it printed nothing"
        problem = f"{_end_words(ended.status)}, and printed no result: {said}"
    elif not problem and ended.status not in {0, 1}:
        problem = f"{_end_words(ended.status)}; the contract knows 0 and 1"
    return Outcome(result, problem, ended.stderr, ended.status, ended.spent)


def _end_words(status: int | None) -> str:
    if status is not None and status < 0:
        return f"it was ended by signal {-status}"
    return f"it ended with status {status}"
