"""The names of the package: what type checkers see is what a program gets."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import mockseg


def imported_for_checkers() -> dict[str, str]:
    """Give name -> module of the imports that only type checkers follow."""
    tree = ast.parse(Path(mockseg.__file__).read_text("utf-8"))
    return {
        alias.name: str(node.module)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_checkers_and_programs_get_the_same() -> None:
    """Each name comes from the module that the imports for type checkers say, and no other."""
    homes = {name: home for home, names in mockseg._HOMES.items() for name in names}
    assert homes == imported_for_checkers()
    for name, home in homes.items():
        assert getattr(mockseg, name) is getattr(importlib.import_module(home), name)


def test_every_public_name_has_a_home() -> None:
    """`__all__` is sorted and is what can be fetched."""
    assert list(mockseg.__all__) == sorted({*imported_for_checkers(), "__version__"})
    assert set(mockseg.__all__) <= set(dir(mockseg))


def test_the_version_is_a_text() -> None:
    """Installed or not, there is a version."""
    assert isinstance(mockseg.__version__, str)


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    """`hasattr` works as with any module."""
    assert not hasattr(mockseg, "nothing")
