"""SDK x answer: how often each SDK tries what it is answered, and what it makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from mockseg.conformance.answers import ANSWERS, PAST_BUDGET, Answer
from mockseg.conformance.check import EVENT, MAX_RETRIES, Trial
from mockseg.conformance.evidence import Evidence
from mockseg.conformance.runner import Sdk
from mockseg.conformance.verdicts import observe
from mockseg.json_types import JsonObject


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """What an SDK makes of an answer.

    Attributes:
        attempts: that it made.
        endless: whether it still tried past maxRetries + 3, when the fault was lifted.
        success: what its CLI said.
        problem: why it could not be measured, or empty.
    """

    attempts: int
    endless: bool
    success: bool
    problem: str = ""

    @property
    def words(self) -> str:
        if self.problem:
            return "?"
        if self.endless:
            return "endless"
        return f"{self.attempts} {'ok' if self.success else 'lost'}"


@dataclasses.dataclass(frozen=True, slots=True)
class Matrix:
    """Columns of cells.

    Attributes:
        columns: by the name of an SDK its cells, in the order of the answers.
    """

    columns: dict[str, list[Cell]]

    @property
    def problems(self) -> list[str]:
        return [
            f"{name}, {answer.label}: {cell.problem}"
            for name, cells in self.columns.items()
            for answer, cell in zip(ANSWERS, cells, strict=True)
            if cell.problem
        ]

    def as_text(self) -> str:
        rows = [["answer", *self.columns]]
        rows += [
            [answer.label, *(cells[number].words for cells in self.columns.values())]
            for number, answer in enumerate(ANSWERS)
        ]
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        legend = (
            f"attempts to deliver one event with maxRetries {MAX_RETRIES}; ok and lost are what"
            f" the CLI says; endless: it failed {PAST_BUDGET} times and still tried"
        )
        return "\n".join([*lines, "", legend, ""])

    def as_json(self) -> JsonObject:
        """Return the same as JSON: a list of answers, each with a cell for each SDK."""
        return {
            "maxRetries": MAX_RETRIES,
            "answers": [
                {
                    "id": answer.id,
                    "answer": answer.label,
                    "sdks": {
                        name: dataclasses.asdict(cells[number])
                        for name, cells in self.columns.items()
                    },
                }
                for number, answer in enumerate(ANSWERS)
            ],
        }


async def measure(
    sdk: Sdk,
    *,
    jobs: int,
    answers: Sequence[Answer] = ANSWERS,
    on_cell: Callable[[], None] = lambda: None,
) -> list[Cell]:
    """Measure an SDK; return a cell for each answer.

    Args:
        sdk: whose CLI is run.
        jobs: maximum number of concurrent runs.
        answers: which.
        on_cell: is called after each cell.
    """
    cells: dict[Trial, Cell] = {}

    def note(trial: Trial, evidence: Evidence) -> None:
        cells[trial] = cell_of(evidence)
        on_cell()

    await observe([answer.trial for answer in answers], sdk, jobs=jobs, on_evidence=note)
    return [cells[answer.trial] for answer in answers]


def cell_of(evidence: Evidence) -> Cell:
    attempts = len(evidence.carrying(EVENT))
    outcome = evidence.outcome
    return Cell(
        attempts=attempts,
        endless=attempts > PAST_BUDGET,
        success=outcome.result is not None and outcome.result.success,
        problem=outcome.problem,
    )
