"""Libraries that only an extra installs, and the one sentence for when one is missing."""

from __future__ import annotations

import importlib
from typing import Final

from mockseg.errors import MissingExtraError

# Module -> the extra that installs it, and the name it is known by.
EXTRAS: Final = {
    "faker": ("traffic", "Faker"),
    "hcl2": ("hcl", "python-hcl2"),
    "hypothesis": ("strategies", "Hypothesis"),
    "locust": ("locust", "Locust"),
    "psycopg": ("postgres", "psycopg"),
    "segment.analytics": ("demo", "segment-analytics-python"),
    "uvloop": ("uvloop", "uvloop"),
}


def require(module: str, *, user: str) -> None:
    """Import a library that an extra installs.

    Args:
        module: a key of :data:`EXTRAS`.
        user: what needs it, as a person calls it: ``mockseg traffic``.

    Raises:
        MissingExtraError: it is not installed. An error inside an installed library is
            raised as it is.
    """
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        extra, library = EXTRAS[module]
        raise MissingExtraError(
            f'{user} needs {library}, which is not installed: pip install "mockseg[{extra}]"',
            name=module,
        ) from None
