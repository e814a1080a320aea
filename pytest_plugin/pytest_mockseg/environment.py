"""The environment variables from which an app takes host and write key."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mockseg.options import Options
    from pytest_mockseg.sources import SegmentSource


@contextlib.contextmanager
def variables_for(source: SegmentSource, options: Options) -> Iterator[dict[str, str]]:
    """Set the variables for as long as the block takes, and give them."""
    variables = dict.fromkeys(options.env_host, source.url)
    variables |= dict.fromkeys(options.env_write_key, source.write_key)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables
