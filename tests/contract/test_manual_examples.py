"""The README and the manual: what they show can be pasted, and does what they say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from manual_examples import Example, ExampleError, check, examples

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


def example(language: str, code: str, *, shown: str | None = None) -> Example:
    """Make a block of a page that is not there."""
    return Example(
        page="made-up",
        line=1,
        language=language,
        code=code,
        file=None,
        shown=shown,
        install=("mockseg",),
        files={},
        tried_below=False,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        example("python", "print(1)\n", shown="2"),
        example("python", "import nothing_of_this_name\n"),
        example("python", "def test_a(segment):\n    assert False\n"),
        example("python", "def test_a(segment):\n    pass\n", shown="# fails:\nanything"),
        example("python", "def test_a():\n    assert 0, 'seen'\n", shown="# fails:\nexpected"),
        example("console", "$ mockseg version-of-nothing\n"),
        example("console", "$ echo seen\nexpected\n"),
        example("sh", "mockseg serve --no-such-flag\n"),
        example("sh", "mockseg no-such-command\n"),
        example("brainfuck", "+\n"),
    ],
    ids=lambda wrong: f"{wrong.language}: {wrong.code.strip()}",
)
def test_a_wrong_example_is_found(wrong: Example, tmp_path: Path) -> None:
    """The check of the pages is not green by itself."""
    with pytest.raises(ExampleError):
        check(wrong, tmp_path, Path(sys.executable))
