"""``mockseg validate``: judge the messages of a file, without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mockseg.cli.flags import read_warned, setting_flags
from mockseg.cli.ndjson import PIPE, is_stream, lines_of
from mockseg.cli.output import decided, on_terminal, say_json, say_text, warn
from mockseg.cli.plan_output import put
from mockseg.cli.progress import Progress
from mockseg.config import SERVER_SETTINGS, Settings, load_server

if TYPE_CHECKING:
    from mockseg.cli.validate_judging import Judgement
    from mockseg.cli.validate_tally import Tally


_NAMES = ("catalogue", "plan", "strictness", "protocols")
_SETTINGS = [setting for setting in SERVER_SETTINGS if setting.name in _NAMES]
_PORTION = 500


@click.command(name="validate")
@click.argument("file")
@setting_flags(_SETTINGS)
@click.option(
    "--duplicates",
    is_flag=True,
    help="A messageId that was there before is a finding, as at Segment.",
)
@click.option("--junit", metavar="OUT", help="Write JUnit XML too: a test case for each event.")
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object.")
@click.option(
    "--limit-shown",
    type=click.IntRange(min=0),
    default=20,
    metavar="NUMBER",
    help="Maximum number of bad messages to show; all are counted.  [20]",
)
@click.option("--allow-empty", is_flag=True, help="Do not fail when FILE has no messages.")
def command(
    *,
    file: str,
    config: str | None,
    duplicates: bool,
    junit: str | None,
    as_json: bool,
    limit_shown: int,
    allow_empty: bool,
    **flags: Any,
) -> int:
    """Judge the messages of FILE as a server would: first Segment's edge, then the plans.

    A line is a message, an exported call, or a batch; FILE is unzipped when its name ends
    in .gz; - is standard input. A line that cannot be read is a finding, not an error.
    Exit 1 when something is bad, or when there was nothing to judge.
    """
    settings = load_server(read_warned(config), flags)
    if junit == PIPE:
        raise click.UsageError("--junit needs a file: standard output has the report")
    from mockseg.cli import validate_report
    from mockseg.cli.validate_judging import Judgement
    from mockseg.cli.validate_tally import Tally
    from mockseg.hub.source_plans import from_settings

    plans = from_settings(settings)
    tally = Tally(limit_shown=limit_shown)
    _judge_all(file, Judgement(plans.used, duplicates=duplicates), tally)
    empty = not tally.messages and not allow_empty
    status = decided(1 if tally.bad or empty else 0)
    if junit is not None:
        put(validate_report.as_junit(tally, file=file), junit)
    slugs = [plan.slug for plan in plans.set.plans]
    if as_json:
        report = validate_report.as_json(
            tally, file=file, plans=slugs, strictness=settings.strictness
        )
        say_json(report, indented=True)
    else:
        judged_by = _judged_by(slugs, settings)
        say_text(validate_report.as_text(tally, file=file, judged_by=judged_by))
    if empty:
        warn(f"{file} has no messages, so nothing was judged; --allow-empty allows this")
    return status


def _judge_all(file: str, judgement: Judgement, tally: Tally) -> None:
    """Judge line by line; what was judged is not kept."""
    from mockseg.cli.validate_lines import read_line

    # Nobody sees a bar elsewhere, and a pipe cannot be read twice.
    counted = on_terminal(err=True) and not is_stream(file)
    total = sum(1 for _ in lines_of(file)) if counted else None
    with Progress("validated", total=total) as progress:
        told = 0
        for number, text in lines_of(file):
            line = read_line(number, text)
            tally.lines += 1
            if line.problem is not None:
                tally.broken(number, line.problem)
            for sent in line.sent:
                tally.judged(judgement.judge(sent, line=number), line=number)
            done = tally.lines if counted else tally.messages
            if done - told >= _PORTION:
                progress.add(done - told)
                told = done
        progress.add((tally.lines if counted else tally.messages) - told)


def _judged_by(slugs: list[str], settings: Settings) -> str:
    edge = "what Segment's edge discards"
    if not slugs:
        return f"{edge} alone; name plans with --catalogue or --plan"
    plans = f"the plans {', '.join(slugs)}" if len(slugs) > 1 else f"the plan {slugs[0]}"
    strictness = f" ({settings.strictness})" if settings.catalogue else ""
    return f"{edge}, and {plans}{strictness}"
