"""A run of tests as one self-contained page: the calls of each test, as the page shows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from mockseg.domain.call import Call
from mockseg.hub.call_rows import peek
from mockseg.plans.coverage import CoverageReport
from mockseg.plans.coverage_report import coverage_section
from mockseg.web.page.call import shown
from mockseg.web.page.message_tree import Node, message_tree
from mockseg.web.page.rendering import templates
from mockseg.web.page.static_files import style


class ReportedSource(msgspec.Struct, frozen=True, rename="camel"):
    """What a source of a test has.

    Attributes:
        write_key: names it.
        truth: the fate of its messages, in a sentence.
        faults: what was broken on purpose, each in a line.
        calls: as the control API shows them.
        left_out: number of further calls.
    """

    write_key: str
    truth: str
    faults: list[str]
    calls: list[Call]
    left_out: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class _Shown:
    """A source for the template."""

    write_key: str
    truth: str
    faults: list[str]
    calls: list[tuple[dict[str, Any], Node]]
    left_out: int


def report_html(
    tests: Sequence[dict[str, Any]],
    *,
    sources: Mapping[str, Sequence[ReportedSource]],
    late: Sequence[dict[str, Any]],
    coverage: CoverageReport,
    threshold: float | None = None,
) -> str:
    """Write what the tests of a run sent as a page that needs nothing else.

    Args:
        tests: each with `id`, `outcome`, `counts` and `problems`.
        sources: of each test, by its id.
        late: calls after the end of their test, each with `test` and `text`.
        coverage: of the plans.
        threshold: of coverage, in per cent.
    """
    return (
        templates()
        .get_template("report.html")
        .render(
            tests=tests,
            sources={test: [_shown(source) for source in given] for test, given in sources.items()},
            late=late,
            coverage=Markup(coverage_section(coverage, threshold=threshold)),  # noqa: S704 - escaped
            style=Markup(style()),  # noqa: S704 - a file of this package
        )
    )


def _shown(source: ReportedSource) -> _Shown:
    return _Shown(
        write_key=source.write_key,
        truth=source.truth,
        faults=source.faults,
        calls=[
            (shown(call) | {"peek": peek(call.message, call.type)}, message_tree(call))
            for call in source.calls
        ],
        left_out=source.left_out,
    )
