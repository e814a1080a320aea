"""The same with pytest and pytest-django: the fixture `segment` instead of set-up methods."""

from __future__ import annotations

import pytest

from mockseg import track


@pytest.fixture(autouse=True)
def _analytics(segment):
    """Let `analytics.track` send to the source of each test."""
    segment.patch_default_client()


@pytest.mark.django_db
def test_the_plan_is_told(segment, client, django_capture_on_commit_callbacks):
    """It is a property of the call."""
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/signups/", {"name": "ada", "plan": "pro"}, content_type="application/json")
    segment.assert_called(track("Signed Up", properties={"plan": "pro"}), times=1)


@pytest.mark.django_db
def test_the_plan_is_free_where_none_is_chosen(segment, client, django_capture_on_commit_callbacks):
    """Nobody pays by accident."""
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/signups/", {"name": "ada"}, content_type="application/json")
    segment.assert_called(track("Signed Up", properties={"plan": "free"}), times=1)
