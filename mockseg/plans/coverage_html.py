"""A coverage report as one HTML page without anything from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from mockseg.printable import printable

if TYPE_CHECKING:
    from mockseg.plans.coverage import CoverageReport, RuleReport

__all__ = ["coverage_html", "html_text"]

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.total { font-size: 1.1rem; } .good { color: #1a7f37; } .bad { color: #c62828; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: left; }
td { vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
summary { cursor: pointer; }
"""

_HEAD: Final = (
    '<thead><tr><th scope="col">Rule</th><th scope="col" class="number">Seen</th>'
    '<th scope="col" class="number">Asserted</th><th scope="col" class="number">Exercised</th>'
    '<th scope="col">Never exercised</th></tr></thead>'
)

# Nothing may run or load, whatever name a call has.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def coverage_html(
    report: CoverageReport, *, title: str = "Tracking plan coverage", threshold: float | None = None
) -> str:
    """Write the report as a page: a table of rules, then what was never planned.

    Args:
        report: from :meth:`mockseg.plans.coverage.Coverage.report`.
        title: the page's title.
        threshold: in per cent; says whether it is reached.
    """
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html_text(title)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        f"<h1>{html_text(title)}</h1>",
        _total(report, threshold),
    ]
    for plan in dict.fromkeys(each.plan for each in report.rules):
        parts += [
            f"<h2>{html_text(plan)}</h2>",
            '<div class="scroll"><table>',
            _HEAD,
            "<tbody>",
            *(_row(each) for each in report.rules if each.plan == plan),
            "</tbody></table></div>",
        ]
    if report.unplanned:
        parts.append("<h2>Seen, never planned</h2><ul>")
        parts += [
            f"<li><code>{html_text(event)}</code> ({seen})</li>" for event, seen in report.unplanned
        ]
        parts.append("</ul>")
    return "\n".join([*parts, "</body>", "</html>", ""])


def html_text(text: str) -> str:
    """Return a text as HTML that shows what is invisible or would reorder the line."""
    return escape(printable(text))


def _total(report: CoverageReport, threshold: float | None) -> str:
    seen = len(report.rules) - len(report.never_seen)
    text = (
        f"{report.percent:.1f} % of the plan exercised, "
        f"{seen} of {len(report.rules)} rules seen, {len(report.never_asserted)} never asserted on"
    )
    if threshold is None:
        return f'<p class="total">{text}</p>'
    reached = report.reaches(threshold)
    verdict = f"{'reaches' if reached else 'is below'} the threshold of {threshold:g} %"
    return f'<p class="total {"good" if reached else "bad"}">{text}; {verdict}</p>'


def _row(report: RuleReport) -> str:
    seen = str(report.seen) if report.seen else '<span class="bad">never</span>'
    asserted = str(report.asserted)
    if report.seen and not report.asserted:
        asserted = '<span class="bad">never</span>'
    return (
        f"<tr><td><code>{html_text(report.rule.name)}</code></td>"
        f'<td class="number">{seen}</td><td class="number">{asserted}</td>'
        f'<td class="number">{report.items - len(report.missing)}/{report.items}</td>'
        f"<td>{_missing(report)}</td></tr>"
    )


def _missing(report: RuleReport) -> str:
    if not report.missing:
        return '<span class="good">nothing</span>'
    items = "".join(f"<li><code>{html_text(item.name)}</code></li>" for item in report.missing)
    return f"<details><summary>{len(report.missing)}</summary><ul>{items}</ul></details>"
