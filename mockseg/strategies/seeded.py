"""What strategies draw for a seed, outside of any test: the same in every process.

Tests of Hypothesis also draw constants that it reads in the modules of the running process,
and parts of earlier examples. Neither may be here, so a provider of its own leaves the former
out, and Hypothesis leaves out the latter where a provider is not its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final, Literal, TypeAlias, TypeVar, get_args

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.strategies import SearchStrategy

from mockseg.catalogue.lookup import FoundRule
from mockseg.catalogue.mistakes import MistakeKind
from mockseg.json_types import JsonObject
from mockseg.strategies.chooser import fresh
from mockseg.strategies.edges import edges_of
from mockseg.strategies.events import messages_of
from mockseg.strategies.invalid import Invalid, invalid_of
from mockseg.strategies.realistic import palette_of

T = TypeVar("T")

SampleKind: TypeAlias = Literal["valid", "invalid", "edge"]
SAMPLE_KINDS: Final[tuple[SampleKind, ...]] = get_args(SampleKind)
# Maximum number of values that are drawn before the first of them is returned.
_PORTION: Final = 100
_BACKEND: Final = "mockseg-seeded"


class SeededProvider(HypothesisProvider):
    """Hypothesis's own choices, without constants of the modules that happen to be loaded."""

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None


def drawn(strategy: SearchStrategy[T], *, count: int, seed: str) -> Iterator[T]:
    """Yield values that a strategy draws, the same for the same seed.

    They are the same in every process and place, as long as the releases of Hypothesis, Python
    and mockseg are. Fewer values draw the beginning of more. Values may be equal.

    Args:
        strategy: any.
        count: how many values.
        seed: any text.
    """
    AVAILABLE_PROVIDERS[_BACKEND] = f"{__name__}.{SeededProvider.__qualname__}"
    for done in range(0, count, _PORTION):
        yield from _portion(strategy, f"{seed}/{done}", count=min(_PORTION, count - done))


def _portion(strategy: SearchStrategy[T], seed: str, *, count: int) -> list[T]:
    found: list[T] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count + 1,
        backend=_BACKEND,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @hypothesis.given(strategy)
    def draw(value: T) -> None:
        found.append(value)

    draw()
    # The simplest value comes first, whatever the seed.
    return found[1:]


def samples(
    match: FoundRule,
    kind: SampleKind,
    *,
    count: int,
    seed: str,
    mistakes: Iterable[MistakeKind] | None = None,
    realistic: bool = False,
) -> Iterator[JsonObject]:
    """Yield messages of a rule with what is known of them, as JSON for any language.

    Args:
        match: the rule.
        kind: what strategies draw them: those of :func:`mockseg.strategies.event`,
            ``invalid_event`` or ``edge_event``.
        count: how many.
        seed: any text; what is drawn of one rule does not depend on other rules.
        mistakes: kinds of mistakes of invalid ones, see ``invalid_event``; all when None.
        realistic: of valid ones, see :func:`mockseg.strategies.event`.

    Yields:
        ``{"kind", "plan", "event", "type", "message"}``, and of invalid ones ``"label"``
        with ``id``, ``description``, ``mistake``, and the finding that mockseg must report:
        ``kind``, ``code``, ``field``.

    Raises:
        PlanError: the schema cannot be satisfied, or the event has no mistake of these kinds.
        MissingExtraError: realistic values need Faker, and it is not installed.
    """
    rule = match.rule
    about = {"kind": kind, "plan": match.plan.slug, "event": rule.name}
    own = f"{seed}/{kind}/{match.plan.slug}/{rule.type}/{rule.name}/{rule.version}"
    if kind == "invalid":
        invalid = fresh(invalid_of((match,), discards=True, kinds=mistakes))
        for each in drawn(invalid, count=count, seed=own):
            yield {**about, "type": rule.type.lower(), "message": each.message, **_label(each)}
        return
    good = edges_of(match).strategy if kind == "edge" else None
    if good is None:
        good = messages_of(match, palette=palette_of(match.rule.type, realistic=realistic))
    for message in drawn(fresh(good), count=count, seed=own):
        yield {**about, "type": message["type"], "message": message}


def _label(invalid: Invalid) -> JsonObject:
    label = invalid.label
    return {"label": {**asdict(label), "mistake": label.mistake}}
