"""Locust users that send mockseg's traffic, from as many machines as Locust has workers.

A locustfile::

    from mockseg.integrations.locust import SegmentUser

    class Shoppers(SegmentUser):
        catalogue = "ecommerce"
        seed = "7"
        write_key = "load"

Every worker has people of its own: those of its index, so that no messageId is sent by
two workers. Rates, pauses and distribution are Locust's.

Needs Locust and Faker: ``pip install "mockseg[locust]"``.
"""
# ruff: noqa: E402  (without Locust its import would be a traceback, not a sentence)

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from mockseg.extras import require

require("locust", user="mockseg.integrations.locust")

from locust import FastHttpUser, constant_throughput

from mockseg.clock import SystemClock
from mockseg.domain.timestamps import format_moment
from mockseg.errors import ConfigError
from mockseg.plans.model import read_plan
from mockseg.traffic.generator import Traffic
from mockseg.traffic.profiles import recipe_of, with_profile
from mockseg.traffic.schedule import Schedule, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockseg.traffic.packets import GeneratedCall

__all__ = ["SegmentUser"]

# A schedule without an end: a step that is longer than any run.
_ENDLESS: Final = Step(start_ns=0, length_ns=10**18, calls=10**12)


@dataclass(frozen=True, slots=True)
class _AsAsked(Schedule):
    """Calls are due when they are asked for."""

    start_ns: int = 0

    def due(self) -> Iterator[int]:
        clock = SystemClock()
        while True:
            yield clock.now_ns() - self.start_ns


def send(user: SegmentUser) -> None:
    """Send what is next; the one task of a user."""
    lines = [made.line for made in user.upcoming()]
    sent_at = format_moment(SystemClock().now_ns() // 1_000_000 * 1_000_000)
    body = b'{"batch":[%b],"sentAt":"%b"}' % (b",".join(lines), sent_at.encode())
    user.client.post("/v1/batch", data=body, headers=user.headers)


class SegmentUser(FastHttpUser):  # type: ignore[misc]  # Locust may be missing where types are checked
    """A connection that sends what the people of its worker do.

    Attributes:
        profile: TOML as ``mockseg traffic --profile`` reads it, or None; what stands below
            wins. Its rate, duration, shape, start and span are Locust's business.
        catalogue, plan, mix, seed, invalid, locale, strictness: as the flags of
            ``mockseg traffic``; None leaves them to the profile.
        people: how many people each worker has, whatever the number of connections.
        write_key: of the source.
        batch: calls in a request, from 1.
        headers: of every request.
    """

    abstract = True
    wait_time = constant_throughput(1)
    tasks: ClassVar[list[Any]] = [send]

    profile: ClassVar[str | None] = None
    catalogue: ClassVar[str | None] = None
    plan: ClassVar[str | None] = None
    mix: ClassVar[str | None] = None
    seed: ClassVar[str | None] = None
    invalid: ClassVar[str | None] = None
    locale: ClassVar[str | None] = None
    strictness: ClassVar[str | None] = None
    people: ClassVar[int] = 1000
    write_key: ClassVar[str] = "mockseg"
    batch: ClassVar[int] = 1

    # Class -> the calls of this process; all users of a class take from the same.
    _calls: ClassVar[dict[type, Iterator[GeneratedCall]]] = {}

    def on_start(self) -> None:
        """Begin the calls of this worker, once for all of its users."""
        kind = type(self)
        if kind not in SegmentUser._calls:
            runner = self.environment.runner
            share = max(getattr(runner, "worker_index", 0), 0)
            SegmentUser._calls[kind] = iter(kind.traffic(share=share))
        basic = base64.b64encode(f"{self.write_key}:".encode()).decode()
        self.headers = {"Content-Type": "application/json", "Authorization": f"Basic {basic}"}

    def upcoming(self) -> list[GeneratedCall]:
        calls = SegmentUser._calls[type(self)]
        return [next(calls) for _ in range(self.batch)]

    @classmethod
    def traffic(cls, *, share: int) -> Traffic:
        """Prepare the calls of one worker.

        Args:
            share: which worker, from 0.

        Raises:
            ConfigError: an attribute or the profile is wrong.
            PlanError: a plan does not exist.
        """
        names = ("catalogue", "plan", "mix", "seed", "invalid", "locale", "strictness")
        flags: dict[str, Any] = {name: getattr(cls, name) for name in names}
        others = ("to", "write_key", "transport", "gzip", "connections")
        values = with_profile(flags, file=cls.profile, others=others)
        values |= {"users": str(cls.people), "shape": "constant", "start": None, "span": None}
        now_ns = SystemClock().now_ns()
        recipe = recipe_of(values, now_ns=now_ns, read_plan=read_plan, read_lines=_no_lines)
        schedule = _AsAsked((_ENDLESS,), start_ns=recipe.start_ns)
        return Traffic(replace(recipe, schedule=schedule, share=share))


def _no_lines(file: str) -> Iterator[tuple[int, bytes]]:
    raise ConfigError(f"{file}: a trace is for mockseg traffic; Locust keeps the schedule")
