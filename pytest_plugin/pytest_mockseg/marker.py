"""``@pytest.mark.segment(...)``: what it says, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mockseg import options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_ARGUMENTS = ("allow", "teardown", "catalogue", "plan", "strictness")


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What a test or a maker of a source asks for.

    Attributes:
        allow: codes of findings, verdicts, or ``refused``: these calls pass at teardown.
        teardown: fail, warn, off, or None for what the run has.
        source: settings of the source, as ``server.source()`` takes them.
    """

    allow: frozenset[str] = frozenset()
    teardown: str | None = None
    source: dict[str, Any] = dataclasses.field(default_factory=dict)


def refuse_wrong(item: pytest.Item) -> None:
    """Fail a test whose marker has a wrong argument.

    Raises:
        pytest.fail.Exception: it names the argument, the value and the nearest word.
    """
    __tracebackhide__ = True
    for mark in item.iter_markers("segment"):
        problem = (
            f"an argument without a name is not allowed: {mark.args[0]!r}{_meant_allow(mark)}"
            if mark.args
            else problem_with(mark.kwargs, names=_ARGUMENTS, whole=options.uses_mockseg(item))
        )
        if problem is not None:
            pytest.fail(f"@pytest.mark.segment: {problem}", pytrace=False)


def problem_with(
    given: Mapping[str, Any], *, names: Iterable[str], whole: bool = True
) -> str | None:
    """Return what is wrong with what a test or a maker of a source asks for, or None.

    Args:
        given: by name.
        names: all that are allowed.
        whole: also check what takes mockseg to check it: words and plans.
    """
    for name, value in given.items():
        if name not in names:
            return _unknown("argument", name, names)
        allowed = {"teardown": options.TEARDOWN, "strictness": options.STRICTNESS}.get(name)
        if allowed and value not in {None, *allowed}:
            return _unknown(name, value, allowed)
        if name == "allow" and (problem := _allow_problem(value, whole=whole)) is not None:
            return problem
    if whole and ("plan" in given or "catalogue" in given):
        from pytest_mockseg.checks import plan_problem

        return plan_problem(given)
    return None


def wish_of(item: pytest.Item) -> Wish:
    allow: set[str] = set()
    given: dict[str, Any] = {}
    for mark in item.iter_markers("segment"):
        allow.update(_listed(mark.kwargs.get("allow")))
        for name, value in mark.kwargs.items():
            given.setdefault(name, value)
    return wish_from({**given, "allow": allow})


def wish_from(given: dict[str, Any]) -> Wish:
    source = {
        name: value
        for name, value in given.items()
        if name not in {"allow", "teardown"} and value is not None
    }
    return Wish(frozenset(_listed(given.get("allow"))), given.get("teardown"), source)


def _listed(value: Any) -> Iterable[str]:
    return value or ()


def _allow_problem(value: Any, *, whole: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
        return f"allow={value!r} is not allowed; allowed: a list, such as allow=['dropped']"
    for word in value:
        if not isinstance(word, str):
            return f"allow has {word!r}; allowed are texts, such as 'dropped'"
        if whole:
            from mockseg.client.allowance import allowed_words

            known = allowed_words()
            if word not in known:
                return _unknown("word in allow", word, sorted(known))
    return None


def _unknown(what: str, name: object, allowed: Iterable[str]) -> str:
    # Loaded for a mistake only.
    from mockseg.suggestions import unknown

    return unknown(what, name, allowed)


def _meant_allow(mark: pytest.Mark) -> str:
    return f"; write allow=[{mark.args[0]!r}]" if isinstance(mark.args[0], str) else ""
