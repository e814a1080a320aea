from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast

import click

from mockseg.cli.data_files import PIPE, written
from mockseg.cli.flags import OneOf
from mockseg.cli.output import note, warning_lines
from mockseg.cli.plan_source import plan_named
from mockseg.domain.message import MESSAGE_TYPES
from mockseg.extras import require
from mockseg.json_types import JsonObject, encode_for_wire
from mockseg.printable import printable_utf8

if TYPE_CHECKING:
    from mockseg.catalogue.lookup import FoundRule
    from mockseg.catalogue.mistakes import MistakeKind
    from mockseg.plans.model import Strictness
    from mockseg.strategies.seeded import SampleKind

_MOST: Final = 1_000_000


@click.command(name="samples")
@click.argument("events", metavar="[EVENT]...", nargs=-1)
@click.option("--valid", "kind", flag_value="valid", help="Messages that are good.  [this]")
@click.option("--invalid", "kind", flag_value="invalid", help="Each wrong in one way, labelled.")
@click.option("--edge", "kind", flag_value="edge", help="Legal and nasty messages.")
@click.option("--plan", metavar="PLAN|FILE", help="Plan of the events; without EVENT, all of it.")
@click.option("--type", "type_", type=OneOf(MESSAGE_TYPES), metavar="TYPE", help="Type of call.")
@click.option("--kinds", metavar="KIND,KIND", help="With --invalid: only mistakes of these kinds.")
@click.option("--realistic", is_flag=True, help="With --valid: names and addresses as people have.")
@click.option(
    "--strict/--lenient",
    "strict",
    default=True,
    help="Exactly the document, or what either document of the source allows.  [--strict]",
)
@click.option(
    "--count",
    type=click.IntRange(1, _MOST),
    default=10,
    metavar="NUMBER",
    help="Messages of each event.  [10]",
)
@click.option("--seed", default="0", metavar="TEXT", help="The same seed, the same bytes.  [0]")
@click.option("--out", default=PIPE, metavar="FILE", help="Write there; .gz zips.  [-]")
def command(
    *,
    events: tuple[str, ...],
    kind: SampleKind | None,
    plan: str | None,
    type_: str | None,
    kinds: str | None,
    realistic: bool,
    strict: bool,
    count: int,
    seed: str,
    out: str,
) -> None:
    """Write messages that mockseg's strategies draw, for test suites in any language.

    One JSON object a line: {"kind", "plan", "event", "type", "message"}; an invalid one also
    has "label", with the finding that mockseg reports for it. Without EVENT, messages of every
    event of --plan.

    No two messages of a file have the same messageId. The same seed writes the same bytes, as
    long as mockseg, Hypothesis and Python are the same releases.
    """
    kind = kind or "valid"
    if kinds is not None and kind != "invalid":
        raise click.UsageError("--kinds goes with --invalid")
    if realistic and kind != "valid":
        raise click.UsageError("--realistic goes with --valid")
    require("hypothesis", user="mockseg samples")
    from mockseg.strategies.seeded import samples

    chosen = _chosen(events, plan, type_, kinds, strictness="strict" if strict else "lenient")
    mistakes = _mistakes(kinds)
    done = 0
    seen: set[str] = set()
    with _hypothesis_home(), warning_lines(), written(out) as file:
        for match in chosen:
            for each in samples(
                match, kind, count=count, seed=seed, mistakes=mistakes, realistic=realistic
            ):
                done += 1
                told_apart = _with_own_id(each, done, seen)
                # May be shown on a terminal.
                file.write(printable_utf8(encode_for_wire(told_apart)) + b"\n")
    if out != PIPE:
        note(f"{done} messages written to {out}")


def _with_own_id(sample: JsonObject, number: int, seen: set[str]) -> JsonObject:
    """Return a sample whose messageId no sample before it has, so that none is a duplicate.

    Args:
        sample: as it was drawn.
        number: of it in the file.
        seen: the messageIds so far; this one's is added.
    """
    message = sample["message"]
    id_ = message.get("messageId") if isinstance(message, dict) else None
    if not isinstance(id_, str) or not id_:
        return sample
    if id_ in seen:
        # As long as it was, where that is possible.
        end = f"-{number}"
        id_ = id_[: -len(end)] + end
        sample = {**sample, "message": {**message, "messageId": id_}}
    seen.add(id_)
    return sample


@contextlib.contextmanager
def _hypothesis_home() -> Iterator[None]:
    """Let Hypothesis keep its tables of Unicode elsewhere than in the user's folder."""
    import platformdirs
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(platformdirs.user_cache_path("mockseg", appauthor=False) / "hypothesis")
    try:
        yield
    finally:
        set_hypothesis_home_dir(None)


def _mistakes(kinds: str | None) -> tuple[MistakeKind, ...] | None:
    from mockseg.strategies.invalid import checked_kinds

    return None if kinds is None else checked_kinds(cast("list[MistakeKind]", kinds.split(",")))


def _chosen(
    events: tuple[str, ...],
    plan: str | None,
    type_: str | None,
    kinds: str | None,
    *,
    strictness: Strictness,
) -> list[FoundRule]:
    from mockseg.catalogue.lookup import get, matches_of
    from mockseg.strategies.invalid import possible_kinds

    if plan is None and not events:
        raise click.UsageError('no events: name them, such as "Order Completed", or pass --plan')
    source = None if plan is None else plan_named(plan, strictness=strictness)
    if source is None or events:
        return [get(name, plan=source, type=type_, strictness=strictness) for name in events]
    found = [match for match in matches_of(source) if type_ in {None, match.rule.type.lower()}]
    if not found:
        raise click.UsageError(f"--type {type_}: the plan {source.slug} has no rule of this type")
    mistakes = _mistakes(kinds)
    able = [match for match in found if mistakes is None or possible_kinds(match) & {*mistakes}]
    # Of no event at all: the error names what is possible.
    return able or found
