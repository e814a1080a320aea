"""The README and the manual: what they show can be pasted, and does what they say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from manual_examples import Example, check, examples

EXAMPLES = examples()


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(each, id=f"{each.page}-{each.line}")
        for each in EXAMPLES
        # The others need packages that are not here; `tests/manual/run.py` tries them too.
        if each.own or each.language not in {"python", "console"}
    ],
)
def test_examples_do_what_their_page_shows(example: Example, tmp_path: Path) -> None:
    """Each block works when it is pasted into an empty folder."""
    check(example, tmp_path, Path(sys.executable))
