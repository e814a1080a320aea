"""Each rule of the vendors' documents is a test with its number, and RULES.md maps them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULE = re.compile(r"\bU[EL]-(?:X\d|\d\d[ab]?)\b")


def numbers(*spans: tuple[int, int]) -> list[str]:
    """Write the numbers of spans with two digits."""
    return [f"{number:02}" for first, last in spans for number in range(first, last + 1)]


# The rules of UserEngage's and UserLeap's documents, and the tensions between them.
EVERY = {
    *(f"UE-{n}" for n in numbers((1, 23), (30, 36), (40, 45), (50, 55))),
    *("UE-18a", "UE-18b"),
    *(f"UE-X{n}" for n in range(1, 9)),
    *(f"UL-{n}" for n in numbers((1, 20))),
    *(f"UL-X{n}" for n in range(1, 7)),
}


def rules_by_file() -> dict[str, set[str]]:
    """Give, by test file, the rules that its tests carry: in name or docstring, before a colon."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        if "node_modules" in file.parts or file == Path(__file__):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                sentence = (ast.get_docstring(node) or "").partition(":")[0]
                rules = set(RULE.findall(sentence))
                named = re.match(r"test_(ue|ul)_(x\d|\d\d[ab]?)_", node.name)
                if named is not None:
                    number = named[2].upper() if named[2][0] == "x" else named[2]
                    rules.add(f"{named[1].upper()}-{number}")
                if rules and node.name.startswith("test_"):
                    found.setdefault(str(file.relative_to(ROOT)), set()).update(rules)
    return found


def test_every_rule_has_a_test_that_carries_its_number() -> None:
    """No rule is left out, and none is invented."""
    assert set().union(*rules_by_file().values()) == EVERY


def test_the_map_of_rules_is_that_of_the_tests() -> None:
    """The table in RULES.md names, for each file, the rules that its tests carry."""
    text = (ROOT / "tests" / "unit" / "destinations" / "RULES.md").read_text("utf-8")
    rows = re.findall(r"^\| `(tests/[^`]+)` \| ([^|]+) \|$", text, re.MULTILINE)
    assert {file: set(RULE.findall(rules)) for file, rules in rows} == rules_by_file()
