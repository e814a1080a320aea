"""One error tree, and it is the one that is drawn."""

from __future__ import annotations

import inspect
import re

from mockseg import errors


def test_every_error_has_one_root() -> None:
    """Whatever mockseg raises on purpose is a MocksegError."""
    classes = [
        item
        for _, item in inspect.getmembers(errors, inspect.isclass)
        if item.__module__ == errors.__name__
    ]
    assert all(issubclass(item, errors.MocksegError) for item in classes)
    assert {item.__name__ for item in classes} == set(errors.__all__)


def test_the_drawn_tree_is_the_real_one() -> None:
    """The tree in the module's docstring names every error, and only those."""
    drawn = set(re.findall(r"\b(\w+Error)\b", errors.__doc__ or ""))
    assert drawn - {"AssertionError", "ModuleNotFoundError", "TypeError"} == set(errors.__all__)


def test_failed_expectations_are_assertion_errors() -> None:
    """A test runner shows an unmet expectation as a failure, not as an error."""
    assert issubclass(errors.UnmetExpectationError, AssertionError)


def test_an_unknown_option_is_a_type_error() -> None:
    """As Python says it of a keyword argument that a function does not take."""
    assert issubclass(errors.UnknownOptionError, TypeError)
