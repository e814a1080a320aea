"""UserLeap: every rule that is known has a test that carries its number."""

from __future__ import annotations

import re
from pathlib import Path

RULES = {f"UL-{number:02}" for number in range(1, 21)} | {f"UL-X{number}" for number in range(1, 7)}


def test_every_rule_has_a_test():
    """In its docstring; those of a number also in their name."""
    found, named = set(), set()
    for file in Path(__file__).parent.glob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r"UL-X?[0-9]+", " ".join(re.findall(r'\n    """(.*)', text))))
        named |= set(re.findall(r"ul_(?:x[0-9]|[0-9]{2})", text))
    assert found == RULES
    assert {rule.lower().replace("-", "_") for rule in RULES if "X" not in rule} <= named
