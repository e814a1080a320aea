"""The audiences and computed traits of all sources, bounded in number and in bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import chain
from typing import Final, TypeAlias

from mockseg.conversion import invalid
from mockseg.destinations.audiences import Audience, ComputedTrait
from mockseg.journal.meter import Meter
from mockseg.json_types import JsonObject
from mockseg.operations.destinations import ChangeAudience
from mockseg.suggestions import quoted

Computation: TypeAlias = Audience | ComputedTrait

MOST_OF_A_SOURCE: Final = 1000


class Audiences:
    """Who is in which audience, and which trait was computed for whom, by source.

    Args:
        meter: bounds the bytes of ids and values. A change that would be over the limit is
            refused: they cannot be evicted, as the calls that they make depend on them.

    Attributes:
        changing: held while a change makes its calls, so that they are in the order of changes.
    """

    def __init__(self, *, meter: Meter) -> None:
        self._meter = meter
        self._account = meter.accounts["audiences"]
        self._by_source: dict[str, dict[tuple[type, str], Computation]] = {}
        self.changing = asyncio.Lock()

    def __contains__(self, key: object) -> bool:
        """Whether a source has any."""
        return key in self._by_source

    def change(self, key: str, asked: ChangeAudience) -> tuple[Computation, Iterable[JsonObject]]:
        """Change an audience or a computed trait of a source, which is made now if it is new.

        Returns:
            What was changed, and a message for each user who changed, made when it is asked for.

        Raises:
            OperationError: 422, a name or an id is empty, or the limit is reached; nothing is
                changed.
        """
        class_ = ComputedTrait if asked.audience is None else Audience
        parameter = "computedTrait" if asked.audience is None else "audience"
        name = asked.audience or asked.computed_trait or ""
        computed = self._by_source.get(key, {})
        is_new = (class_, name) not in computed
        if is_new and len(computed) >= MOST_OF_A_SOURCE:
            sentence = f"the source has {MOST_OF_A_SOURCE} audiences and traits already"
            raise invalid(parameter, sentence)
        try:
            if is_new:
                changed = class_(name, destinations=(), count=self._count)
            else:
                changed = computed[class_, name]
            messages = _messages(changed, asked)
        except ValueError as error:
            raise invalid(parameter, str(error)) from None
        self._by_source.setdefault(key, computed)[class_, name] = changed
        self._meter.keep_bound()
        return changed, messages

    def drop(self, key: str) -> None:
        """Let go of those of a source."""
        dropped = self._by_source.pop(key, {}).values()
        self._account.add(-sum(each.size_bytes for each in dropped))

    def _count(self, size_bytes: int) -> None:
        limit = self._meter.audience_limit(size_bytes)
        if size_bytes > 0 and limit is not None:
            raise ValueError(
                f"the users and values of this change take about {size_bytes:,} bytes, and would"
                f" be over the limit: at most {limit}; let users leave, or forget a source"
            )
        self._account.add(size_bytes)


def _messages(changed: Computation, asked: ChangeAudience) -> Iterable[JsonObject]:
    if isinstance(changed, ComputedTrait):
        return changed.sync(asked.values)
    if asked.members is not None:
        return changed.sync(asked.members)
    return chain(changed.enter(asked.enter), changed.leave(asked.leave))


def refuse_unclear(asked: ChangeAudience) -> None:
    """Refuse what does not say which change is meant.

    Raises:
        OperationError: 422, it is neither an audience nor a trait, or both; or it says two things
            of the same users.
    """
    if (asked.audience is None) == (asked.computed_trait is None):
        raise invalid("audience", "say which: one of `audience` and `computedTrait`")
    if asked.members is not None and (asked.enter or asked.leave):
        raise invalid(
            "members",
            "`members` is given beside `enter` or `leave`: give all members, or those who change",
        )
    both = set(asked.enter) & set(asked.leave)
    if both:
        raise invalid("leave", f"{quoted(min(both))} is to enter and to leave")
