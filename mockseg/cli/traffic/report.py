from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from mockseg.cli.output import decided, say_json, say_text
from mockseg.cli.traffic.receiver import MOST_SHOWN, Checked
from mockseg.json_types import JsonObject
from mockseg.traffic.tally import Histogram, Tally

_EVENTS_SHOWN: Final = 15


def report(
    tally: Tally,
    facts: Mapping[str, object],
    checked: Checked | None = None,
    *,
    as_json: bool,
    histogram: bool = False,
    err: bool = False,
) -> int:
    """Print the report and return the exit status.

    It is 1 for an interrupted run, lost calls, or findings that the labels do not expect.

    Args:
        tally: of the run.
        facts: about the run.
        checked: what a mockseg found, or None.
        as_json: as one JSON object.
        histogram: with the table of latencies.
        err: on standard error, where standard output has the calls.
    """
    wrong = checked is not None and not checked.fine
    status = decided(1 if tally.interrupted or tally.lost or wrong else 0)
    if as_json:
        shown = _as_json(tally, facts, checked)
        if histogram:
            shown["histogram"] = [
                {"ms": row.microseconds / 1000, "share": row.share, "count": row.count}
                for row in tally.latency.rows()
            ]
        say_json(shown, indented=True, err=err)
    else:
        table = tally.latency.table() if histogram else []
        say_text("\n".join([*_lines(tally, facts, checked), *table]), err=err)
    return status


def _as_json(tally: Tally, facts: Mapping[str, object], checked: Checked | None) -> JsonObject:
    report = {**facts, **tally.as_json()}
    if checked is not None:
        report["server"] = {
            "source": checked.source,
            "good": checked.good,
            "bad": checked.bad,
            "labelsFound": checked.found,
            "labelsMissing": len(checked.missing),
            "unexpectedlyBad": checked.unexpected_count,
            "duplicates": checked.duplicates,
            "incomplete": checked.incomplete,
        }
    return report


def _lines(tally: Tally, facts: Mapping[str, object], checked: Checked | None) -> list[str]:
    named = ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)
    lines = [named] if named else []
    if tally.interrupted:
        lines.append("interrupted: what follows is what there was until then")
    labels = ", ".join(f"{count} {label}" for label, count in sorted(tally.labels.items()))
    lines.append(f"{tally.made} calls made: {labels or 'none'}")
    events = tally.names.most_common()
    lines += [f"{count:10}  {name}" for name, count in events[:_EVENTS_SHOWN]]
    if len(events) > _EVENTS_SHOWN:
        lines.append(f"{'':10}  and {len(events) - _EVENTS_SHOWN} more events (--json has all)")
    if tally.seconds:
        lines += _sent(tally)
    if checked is not None:
        lines += _checked(checked)
    return lines


def _sent(tally: Tally) -> list[str]:
    rate = tally.made / tally.seconds
    lines = [f"{tally.made} calls due in {tally.seconds:.1f} s, {rate:.1f}/s"]
    lines.append(f"answered {tally.answered}, lost {tally.lost}")
    lines += [f"{n:10}  refused: status {status}" for status, n in sorted(tally.refused.items())]
    lines += [f"{n:10}  failed: {kind}" for kind, n in sorted(tally.failed.items())]
    if tally.unsent:
        lines.append(f"{tally.unsent:10}  not sent: the server was too slow for the schedule")
    lines += [f"{n:10}  labelled, {how}" for how, n in sorted(tally.held_back.items())]
    lines.append(f"requests began late by: {_percentiles(tally.lateness)}")
    lines.append(f"latency from the due time: {_percentiles(tally.latency)}")
    return lines


def _percentiles(times: Histogram) -> str:
    shares = (0.5, 0.9, 0.99, 0.999)
    named = ", ".join(f"p{share * 100:g} {times.percentile(share) / 1000:.1f}" for share in shares)
    return f"{named}, most {times.most / 1000:.1f} ms"


def _checked(checked: Checked) -> list[str]:
    if not checked.asked:
        return [checked.incomplete]
    shown = f"mockseg calls --source {shlex.quote(checked.source)} shows them"
    lines = [f"the server found {checked.good} good and {checked.bad} bad calls; {shown}"]
    if checked.found or checked.missing:
        whole = checked.found + len(checked.missing)
        lines.append(
            f"labelled calls that gave the finding of their label: {checked.found}/{whole}"
        )
    lines += [f"{'':10}  not found: {each}" for each in checked.missing[:MOST_SHOWN]]
    if checked.duplicates:
        lines.append(
            f"{checked.duplicates} dropped as duplicates, because the source has their messageIds:"
            f" {checked.remedy}"
        )
    if checked.unexpected_count:
        lines.append(f"bad without a label: {checked.unexpected_count}")
        lines += [f"{'':10}  {each}" for each in checked.unexpected]
    if checked.incomplete:
        lines.append(checked.incomplete)
    return lines
