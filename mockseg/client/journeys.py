"""Verbs about all that an app sent: identity, opting out, personal data, golden files, soft blocks.

Both kinds of source have them; they are a class of their own only to keep each file short.
"""

# ruff: noqa: ASYNC109  (it is the server that counts the time, and says what it saw meanwhile)

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mockseg.client import verbs_golden, verbs_journey, verbs_privacy
from mockseg.client.carried import AsyncCarried, Carried
from mockseg.client.soft import SoftBlock
from mockseg.client.verbs_asserting import WITHIN_SECONDS
from mockseg.client.waiting import AsyncWaiting, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockseg.client.verbs_privacy import Patterns
    from mockseg.domain.call import Call
    from mockseg.matching.matcher import Matcher


T = TypeVar("T")


class Journeys(Carried):
    """The part of :class:`~mockseg.client.source.Source` that is about the whole of it."""

    def waiting_for(self, matcher: Matcher, *, count: int = 1, timeout: float = 1.0) -> Waiting:
        """Wait at the end of a ``with`` block for what the block causes.

        Calls from before the block do not count. ``.call`` and ``.calls`` of what the block
        gives are there afterwards.

        Args:
            matcher: which calls.
            count: this many or more.
            timeout: seconds after the end of the block.

        Raises:
            UnmetExpectationError: at the end of the block, as ``wait_for``.
        """
        return Waiting(
            self._scope, self._read, self._wait, matcher=matcher, count=count, timeout=timeout
        )

    def soft(self) -> SoftBlock:
        """Collect failed assertions of a ``with`` block, and raise them together at its end.

        Inside, an ``assert_…`` verb that fails gives None; ``wait_for`` still raises.

        Raises:
            UnmetExpectationError: at the end of the block, with all that failed.
        """
        return SoftBlock(self._scope)

    def assert_identity_continuity(
        self, *, anonymous_id: str | None = None, user_id: str | None = None, wait: float = 1.0
    ) -> None:
        """Fail when a user was an anonymous visitor before, and nothing links the two.

        A link is an identify call with both ids, or an alias call from one to the other.
        Every user who appears after anonymous calls must have one to one of their
        anonymousIds, and no anonymousId may be linked to two users. A source without any
        user fails, too.

        Args:
            anonymous_id: this visitor must have been linked ...
            user_id: ... to this user; to any, or from any, when only one is given.
            wait: seconds in which the link must come.

        Raises:
            UnmetExpectationError: with each place where it broke.
        """
        __tracebackhide__ = True
        self._wait(
            "assert_identity_continuity",
            verbs_journey.assert_identity_continuity(
                self._scope, anonymous_id=anonymous_id, user_id=user_id, wait=wait
            ),
        )

    def assert_no_calls_after(
        self,
        last: Matcher | Call,
        *,
        within: float = WITHIN_SECONDS,
        wait: float = 1.0,
        allow: Iterable[Matcher] = (),
    ) -> Call:
        """Fail when a call of any verdict follows the one that means the end, an opt-out say.

        Args:
            last: the call, or which it is; then the first that matches is meant.
            within: seconds for which nothing may follow; 0 is now.
            wait: seconds in which `last` must come.
            allow: calls that may follow.

        Raises:
            UnmetExpectationError: with what followed; or `last` itself did not come.
        """
        __tracebackhide__ = True
        steps = verbs_journey.assert_no_calls_after(
            self._scope, last, within=within, wait=wait, allow=allow
        )
        return self._wait("assert_no_calls_after", steps)

    def assert_no_pii(
        self,
        patterns: Patterns | None = None,
        *,
        allow: Iterable[str] = (),
        quiet: float = 0.1,
        timeout: float = 5.0,
    ) -> None:
        """Fail when something personal is in what was sent; an empty capture fails, too.

        Bodies are searched as they came, inflated, and each text of each call with JSON's
        escapes undone; queries percent-decoded. Without `patterns`: e-mail addresses, card
        numbers, phone numbers, US social security numbers
        (:data:`~mockseg.client.verbs_privacy.PII_PATTERNS`).

        Args:
            patterns: regular expressions, by name or not, instead of these.
            allow: values that may be sent.
            quiet: look only when nothing came for this many seconds.
            timeout: seconds in which that must be.

        Raises:
            UnmetExpectationError: with each value, masked, and its place.
        """
        __tracebackhide__ = True
        steps = verbs_privacy.assert_no_pii(
            self._scope, patterns, allow=allow, quiet=quiet, timeout=timeout
        )
        self._wait("assert_no_pii", steps)

    def assert_matches_golden(
        self,
        path: str | Path,
        *,
        ignore: Iterable[str] = (),
        update: bool = False,
        wait: float = 1.0,
    ) -> None:
        """Fail when the calls are not those of a golden file, in their order.

        Not looked at are empty objects and what is new in every run
        (:data:`~mockseg.client.verbs_golden.VOLATILE`).

        Args:
            path: the file, a JSON array of messages.
            ignore: more fields not to look at, dotted.
            update: write the file instead.
            wait: seconds in which the calls must come.

        Raises:
            UnmetExpectationError: they differ, or there is no file.
            ConfigError: the file is not a golden file, or cannot be written.
        """
        __tracebackhide__ = True
        verb, file = "assert_matches_golden", Path(path)
        if update:
            steps = verbs_golden.golden_now(self._scope, ignore=ignore, wait=wait)
            verbs_golden.write_golden(file, self._wait(verb, steps))
            return
        golden = verbs_golden.read_golden(file)
        self._wait(
            verb,
            verbs_golden.assert_matches_golden(self._scope, golden, file, ignore=ignore, wait=wait),
        )


class AsyncJourneys(AsyncCarried):
    """The same, awaitable; the arguments are those of :class:`Journeys`."""

    def waiting_for(
        self, matcher: Matcher, *, count: int = 1, timeout: float = 1.0
    ) -> AsyncWaiting:
        """Wait at the end of an ``async with`` block for what the block causes."""
        return AsyncWaiting(
            self._scope, self._carry_out, matcher=matcher, count=count, timeout=timeout
        )

    def soft(self) -> SoftBlock:
        """Collect failed assertions of a ``with`` block, and raise them together at its end."""
        return SoftBlock(self._scope)

    async def assert_identity_continuity(
        self, *, anonymous_id: str | None = None, user_id: str | None = None, wait: float = 1.0
    ) -> None:
        """Fail when a user was an anonymous visitor before, and nothing links the two."""
        steps = verbs_journey.assert_identity_continuity(
            self._scope, anonymous_id=anonymous_id, user_id=user_id, wait=wait
        )
        await self._carry_out(steps)

    async def assert_no_calls_after(
        self,
        last: Matcher | Call,
        *,
        within: float = WITHIN_SECONDS,
        wait: float = 1.0,
        allow: Iterable[Matcher] = (),
    ) -> Call:
        """Fail when a call of any verdict follows the one that means the end."""
        steps = verbs_journey.assert_no_calls_after(
            self._scope, last, within=within, wait=wait, allow=allow
        )
        return await self._carry_out(steps)

    async def assert_no_pii(
        self,
        patterns: Patterns | None = None,
        *,
        allow: Iterable[str] = (),
        quiet: float = 0.1,
        timeout: float = 5.0,
    ) -> None:
        """Fail when something personal is in what was sent; an empty capture fails, too."""
        steps = verbs_privacy.assert_no_pii(
            self._scope, patterns, allow=allow, quiet=quiet, timeout=timeout
        )
        await self._carry_out(steps)

    async def assert_matches_golden(
        self,
        path: str | Path,
        *,
        ignore: Iterable[str] = (),
        update: bool = False,
        wait: float = 1.0,
    ) -> None:
        """Fail when the calls are not those of a golden file, in their order."""
        file = Path(path)
        if update:
            now = await self._carry_out(
                verbs_golden.golden_now(self._scope, ignore=ignore, wait=wait)
            )
            await asyncio.to_thread(verbs_golden.write_golden, file, now)
            return
        golden = await asyncio.to_thread(verbs_golden.read_golden, file)
        await self._carry_out(
            verbs_golden.assert_matches_golden(self._scope, golden, file, ignore=ignore, wait=wait),
        )
