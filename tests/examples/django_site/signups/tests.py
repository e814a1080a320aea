"""What Django's own test runner runs: `python manage.py test`, without pytest."""

from __future__ import annotations

from django.test import TestCase

from mockseg import MockSegment, identify, track
from mockseg.integrations.analytics_python import patch_default_client


class SignUpTest(TestCase):
    """One local Segment for the class, and a source of its own for each test."""

    @classmethod
    def setUpClass(cls):
        """Start it."""
        super().setUpClass()
        cls.segment = cls.enterClassContext(MockSegment())

    def setUp(self):
        """Let `analytics.track` send to a fresh source."""
        self.source = self.segment.source()
        self.enterContext(patch_default_client(self.source))

    def test_a_sign_up_is_told_when_the_account_is_saved(self):
        """Who signs up is identified first."""
        with self.captureOnCommitCallbacks(execute=True):
            answer = self.client.post(
                "/signups/", {"name": "ada", "plan": "pro"}, content_type="application/json"
            )
        user = str(answer.json()["id"])
        self.source.assert_in_order(
            [
                identify(user, traits={"name": "ada"}),
                track("Signed Up", user_id=user, properties={"plan": "pro"}),
            ]
        )
        self.source.assert_all_good()

    def test_nothing_is_told_of_an_account_that_was_not_saved(self):
        """A rolled back transaction has no callbacks."""
        with self.captureOnCommitCallbacks(execute=False):
            self.client.post("/signups/", {"name": "ada"}, content_type="application/json")
        self.source.assert_not_called(track("Signed Up"), within=0.1)
