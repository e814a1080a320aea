"""All checks, in the order in which they are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockseg.conformance.basic import BASIC
from mockseg.conformance.retry import RETRY
from mockseg.conformance.settings import RETRY_SETTINGS, SETTINGS

if TYPE_CHECKING:
    from mockseg.conformance.check import Check


CHECKS: tuple[Check, ...] = (*BASIC, *RETRY, *SETTINGS, *RETRY_SETTINGS)
