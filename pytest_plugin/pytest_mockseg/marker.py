"""``@pytest.mark.segment(...)``: what it says, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mockseg import options

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["USAGE", "Wish", "check", "wish_from", "wish_of"]

_ARGUMENTS = ("allow", "teardown", "catalogue", "plan", "strictness")
# What a worker of pytest-xdist has to say to the person who started the run.
USAGE: pytest.StashKey[str] = pytest.StashKey()


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


def check(session: pytest.Session) -> None:
    """Look at the markers of all tests.

    Raises:
        pytest.UsageError: one has a wrong argument.
    """
    words: frozenset[str] | None = None
    for item in session.items:
        for mark in item.iter_markers("segment"):
            if mark.kwargs.get("allow") and words is None and options.uses_mockseg(item):
                from pytest_mockseg.checks import allowed_words

                words = allowed_words()
            problem = _problem(mark, words)
            if problem is None and _judges(mark) and options.uses_mockseg(item):
                from pytest_mockseg.checks import plan_problem

                problem = plan_problem(mark.kwargs)
            if problem is None:
                continue
            text = f"{item.nodeid}: @pytest.mark.segment: {problem}"
            if options.is_worker(session.config):
                # A worker's usage errors reach nobody; its controller says it for it.
                session.config.stash[USAGE] = text
                session.items.clear()
                return
            raise pytest.UsageError(text)


def wish_of(item: pytest.Item) -> Wish:
    """Put the markers of a test together, the nearest first."""
    allow: set[str] = set()
    given: dict[str, Any] = {}
    for mark in item.iter_markers("segment"):
        allow.update(_listed(mark.kwargs.get("allow")))
        for name, value in mark.kwargs.items():
            given.setdefault(name, value)
    return wish_from({**given, "allow": allow})


def wish_from(given: dict[str, Any]) -> Wish:
    """Take apart what was given by name."""
    source = {
        name: value
        for name, value in given.items()
        if name not in {"allow", "teardown"} and value is not None
    }
    return Wish(frozenset(_listed(given.get("allow"))), given.get("teardown"), source)


def _judges(mark: pytest.Mark) -> bool:
    return "plan" in mark.kwargs or "catalogue" in mark.kwargs


def _listed(value: Any) -> Iterable[str]:
    return value or ()


def _problem(mark: pytest.Mark, words: frozenset[str] | None) -> str | None:
    if mark.args:
        return f"it has no argument without a name: {mark.args[0]!r}{_did_you_mean_allow(mark)}"
    for name, value in mark.kwargs.items():
        if name not in _ARGUMENTS:
            return f"there is no argument {name}{_near(name, _ARGUMENTS)}"
        allowed = {"teardown": options.TEARDOWN, "strictness": options.STRICTNESS}.get(name)
        if allowed and value not in {None, *allowed}:
            return f"{name}={value!r} is not allowed; allowed: {', '.join(allowed)}"
        if name == "allow" and (problem := _allow_problem(value, words)) is not None:
            return problem
    return None


def _allow_problem(value: Any, words: frozenset[str] | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
        return f"allow={value!r} is not allowed; allowed: a list, such as allow=['dropped']"
    for word in value:
        if not isinstance(word, str) or (words is not None and word not in words):
            known = sorted(words) if words is not None else []
            return f"allow has {word!r}{_near(str(word), known)}"
    return None


def _near(name: str, known: Iterable[str]) -> str:
    import difflib

    names = list(known)
    near = difflib.get_close_matches(name[:60], names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    return f"{hint} Allowed: {', '.join(names)}"


def _did_you_mean_allow(mark: pytest.Mark) -> str:
    return f"; write allow=[{mark.args[0]!r}]" if isinstance(mark.args[0], str) else ""
