"""Segment's Python SDK, pointed at the source of a test."""

from __future__ import annotations

from typing import Any

import pytest

from mockseg.errors import MocksegError
from mockseg.integrations.analytics_python import AnalyticsPython


class Wiring(AnalyticsPython):
    """The SDK client of a test's source; what goes wrong with it fails the test in a sentence."""

    @property
    def client(self) -> Any:
        """The client, whose calls reach the source after a flush."""
        __tracebackhide__ = True
        try:
            return super().client
        except MocksegError as error:
            pytest.fail(str(error), pytrace=False)

    def flush(self) -> None:
        """Send what is pending; a failed test says when that takes too long."""
        __tracebackhide__ = True
        try:
            super().flush()
        except MocksegError as error:
            pytest.fail(str(error), pytrace=False)
