"""Plain English: phrases that were replaced once do not come back.

Subject, verb, object; the words of the field instead of private ones; the thing that is wrong
first. The list is of what readers stumbled over most.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Phrase -> what to write instead.
REPLACED = {
    r"\bis no (?!longer|one\b)[a-z]": "is not a",
    r"\bis none\b(?! %\})": "does not exist, has none, without one",
    r"\bso many\b": "this many, or the number",
    r"\b(?:makes?|made) room\b": "is evicted",
    r"\b[Ww]hat bec(?:ame|omes) of\b": "the fate of, what happens to",
    r"\b(?:some|no|any)body\b(?!\")": "a client, a user, nothing; or name who",
    r"\bis called so\b": "has this name",
    r"cannot be asked so": "name the argument, its value and what is allowed",
    r"\"\"\"Give (?:the|a|an|all|each)\b": "Return",
    r"\bTell whether\b": "Return whether",
    r"\bChosen, because\b": "mockseg assumes",
    r"\bmistake of mockseg's own\b": "internal error in mockseg",
    r"\bswitches? (?:them|it) off with\b": "to disable, pass",
    r"\b[Hh]e\b(?!')|\b[Ss]he\b": "they",
}
_FILES = [
    path
    for folder in ("mockseg", "pytest_plugin")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".md", ".html", ".js"}
]
TEXTS = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for path in (*_FILES, ROOT / "README.md", ROOT / "CONTRIBUTING.md")
}


@pytest.mark.parametrize("phrase", REPLACED)
def test_a_replaced_phrase_does_not_come_back(phrase: str) -> None:
    """Code, docstrings, errors, help, templates and the manual are searched."""
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r}"
        for name, text in TEXTS.items()
        for match in re.finditer(phrase, text)
        if not (name.endswith(".html") and match[0] == "is none")
    ]
    assert found == [], f"write {REPLACED[phrase]!r} instead"
