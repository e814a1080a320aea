"""A coverage report: a table for a terminal, JUnit XML, and one self-contained HTML page."""

from __future__ import annotations

from typing import Final

from mockseg.junit import Case, junit_xml
from mockseg.plans.coverage import CoverageReport, RuleReport
from mockseg.printable import printable

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

# Nothing may run or load, whatever name a call has.
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<h1>{{ title }}</h1>
{{ section }}</body>
</html>
"""

_SECTION: Final = """<p class="total {{ verdict }}">{{ total }}</p>
{% for plan in report.rules | map(attribute="plan") | unique(case_sensitive=true) %}
<h2>{{ plan }}</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Rule</th><th scope="col" class="number">Seen</th>\
<th scope="col" class="number">Asserted</th><th scope="col" class="number">Exercised</th>\
<th scope="col">Never exercised</th></tr></thead>
<tbody>
{% for rule in report.rules if rule.plan == plan %}
<tr><td><code>{{ rule.rule.label }}</code></td>
<td class="number">{% if rule.seen %}{{ rule.seen }}{% else %}{{ never }}{% endif %}</td>
<td class="number">\
{% if rule.seen and not rule.asserted %}{{ never }}{% else %}{{ rule.asserted }}{% endif %}</td>
<td class="number">{{ rule.items - rule.missing | length }}/{{ rule.items }}</td>
<td>
{% if rule.missing %}
<details><summary>{{ rule.missing | length }}</summary><ul>
{% for item in rule.missing %}
<li><code>{{ item.name }}</code></li>
{% endfor %}
</ul></details>
{% else %}
<span class="good">nothing</span>
{% endif %}
</td></tr>
{% endfor %}
</tbody></table></div>
{% endfor %}
{% if report.unplanned %}
<h2>Seen, never planned</h2><ul>
{% for event, seen in report.unplanned %}
<li><code>{{ event }}</code> ({{ seen }})</li>
{% endfor %}
</ul>
{% endif %}
"""


def coverage_html(
    report: CoverageReport, *, title: str = "Tracking plan coverage", threshold: float | None = None
) -> str:
    """Write the report as a page: a table of rules, then what was never planned.

    Args:
        report: from :meth:`mockseg.plans.coverage.Coverage.report`.
        title: the page's title.
        threshold: in per cent; says whether it is reached.
    """
    from markupsafe import Markup

    section = coverage_section(report, threshold=threshold)
    page = _rendered(
        _PAGE,
        title=title,
        style=Markup(_STYLE),  # noqa: S704 - a constant
        section=Markup(section),  # noqa: S704 - escaped already
    )
    return page + "\n"


def coverage_section(report: CoverageReport, *, threshold: float | None = None) -> str:
    """Write the report as a part of a page, in HTML; the arguments are those of the page."""
    from markupsafe import Markup

    never_asserted = f", {len(report.never_asserted)} never asserted on"
    reached = threshold is not None and report.reaches(threshold)
    return _rendered(
        _SECTION,
        report=report,
        never=Markup('<span class="bad">never</span>'),
        total=_total(report, threshold, more=never_asserted),
        verdict="" if threshold is None else "good" if reached else "bad",
    )


def _rendered(template: str, **values: object) -> str:
    # Its import is slow, and few ask for a page.
    from jinja2 import Environment

    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    return environment.from_string(template).render(**values)


_MOST_LINES: Final = 10


def coverage_text(report: CoverageReport, *, threshold: float | None = None) -> str:
    """Draw the report for people: one line a rule, then what is missing.

    Args:
        report: from :meth:`mockseg.plans.coverage.Coverage.report`.
        threshold: in per cent; says whether it is reached.
    """
    lines = _table(report)
    for title, rules in (
        ("Planned, never seen", report.never_seen),
        ("Seen, never asserted on", report.never_asserted),
    ):
        if rules:
            lines += ["", f"{title}:"] + [f"  {rule_label(each)}" for each in rules]
    if report.unplanned:
        lines += ["", "Seen, never planned:"]
        lines += [f"  {printable(event)} ({seen})" for event, seen in report.unplanned]
    if report.partly_exercised:
        lines += ["", "Never exercised:"]
        for each in report.partly_exercised:
            lines.append(f"  {rule_label(each)}")
            lines += [f"    {printable(item.name)}" for item in each.missing[:_MOST_LINES]]
            if len(each.missing) > _MOST_LINES:
                lines.append(f"    ... and {len(each.missing) - _MOST_LINES} more")
    lines += ["", _total(report, threshold)]
    return "\n".join(lines) + "\n"


def coverage_cases(
    report: CoverageReport, *, threshold: float | None = None
) -> list[tuple[str, list[Case]]]:
    """Return the report as test cases for `junit_xml`, by the name of a plan.

    Each rule is a test case; one that was never seen is skipped, not failed. What fails
    is the threshold, as one test case of its own.
    """
    plans: dict[str, list[Case]] = {}
    for each in report.rules:
        case = Case(
            name=each.rule.label,
            classname=each.plan,
            skipped=None if each.seen else "planned, never seen",
            output="\n".join(
                [
                    f"seen {each.seen}, asserted {each.asserted}",
                    *(f"never exercised: {item.name}" for item in each.missing),
                ]
            ),
        )
        plans.setdefault(each.plan, []).append(case)
    suites = list(plans.items())
    if threshold is not None:
        failure = None if report.reaches(threshold) else _total(report, threshold)
        name = f"at least {threshold:g} %"
        suites.append(("coverage", [Case(name=name, classname="coverage", failure=failure)]))
    return suites


def coverage_junit(report: CoverageReport, *, threshold: float | None = None) -> str:
    """Write the report as JUnit XML."""
    return junit_xml("tracking plan coverage", coverage_cases(report, threshold=threshold))


def rule_label(report: RuleReport) -> str:
    return printable(f"{report.plan}: {report.rule.label}")


def _table(report: CoverageReport) -> list[str]:
    rows = [("rule", "seen", "asserted", "exercised")]
    rows += [
        (
            rule_label(each),
            str(each.seen),
            str(each.asserted),
            f"{each.items - len(each.missing)}/{each.items}",
        )
        for each in report.rules
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    drawn = [
        "  ".join([row[0].ljust(widths[0])] + [row[c].rjust(widths[c]) for c in (1, 2, 3)])
        for row in rows
    ]
    drawn.insert(1, "  ".join("-" * width for width in widths))
    return drawn


def _total(report: CoverageReport, threshold: float | None, *, more: str = "") -> str:
    seen = len(report.rules) - len(report.never_seen)
    text = f"{report.percent:.1f} % of the plan exercised, {seen} of {len(report.rules)} rules seen"
    if threshold is None:
        return text + more
    word = "reaches" if report.reaches(threshold) else "is below"
    return f"{text}{more}; {word} the threshold of {threshold:g} %"
