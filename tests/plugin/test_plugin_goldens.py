"""Golden files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

_CHECKOUT = """
    import uuid

    def test_checkout(segment, send):
        send(segment, "Cart Viewed", properties={"items": 2, "token": str(uuid.uuid4())})
        send(segment, "Order Completed", properties={"total": %s})
        segment.assert_matches_golden("checkout", ignore=["properties.token"])
"""


def test_goldens_are_written_and_compared(run: Run, pytester: pytest.Pytester) -> None:
    """Without a file a test fails and names the flag; written, it passes; changed, it differs."""
    pytester.makepyfile(test_shop=_CHECKOUT % 42)
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the golden file *checkout.json does not exist*"])
    result.stdout.fnmatch_lines(["*--mockseg-update-goldens*"])

    run("--mockseg-update-goldens").assert_outcomes(passed=1)
    golden = json.loads((pytester.path / "goldens" / "checkout.json").read_text())
    assert golden == [
        {"type": "track", "event": "Cart Viewed", "properties": {"items": 2}, "userId": "u1"},
        {"type": "track", "event": "Order Completed", "properties": {"total": 42}, "userId": "u1"},
    ]
    run().assert_outcomes(passed=1)

    pytester.makepyfile(test_shop=_CHECKOUT % '"42"')
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*golden 2 against call-2 track 'Order Completed'*", "*properties.total: expected 42*"]
    )
