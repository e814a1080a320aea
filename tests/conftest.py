"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no finding: nothing here is judged by how long it took.
settings.register_profile("mockseg", deadline=None)
settings.load_profile("mockseg")
