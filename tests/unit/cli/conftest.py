"""Files that commands read."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Callable[..., None]:
    """Give a function that writes lines: JSON values, or bytes as they are."""

    def write(*lines: Any, name: str = "f.ndjson") -> None:
        content = b"".join(
            (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
            for line in lines
        )
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    return write
