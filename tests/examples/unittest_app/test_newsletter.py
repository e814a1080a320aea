"""Tests without pytest: `python -m unittest`."""

from __future__ import annotations

import unittest

import newsletter

from mockseg import MockSegment, UnmetExpectationError, identify, track
from mockseg.integrations.analytics_python import patch_default_client


class NewsletterTest(unittest.TestCase):
    """One local Segment for the class, and a source of its own for each test."""

    @classmethod
    def setUpClass(cls):
        """Start it."""
        cls.server = cls.enterClassContext(MockSegment())

    def setUp(self):
        """Let `analytics.track` send to a fresh source."""
        self.source = self.server.source()
        self.enterContext(patch_default_client(self.source))

    def test_who_subscribes_is_identified(self):
        """The address is a trait, the topic a property."""
        newsletter.subscribe("ada@example.com", topic="engines")
        self.source.assert_called(identify("ada@example.com", traits={"email": "ada@example.com"}))
        self.source.assert_called(track("Subscribed", properties={"topic": "engines"}), times=1)
        self.source.assert_all_good()

    def test_a_failure_is_an_assertion_error_that_explains_itself(self):
        """So that unittest counts it as a failure, not as an error."""
        newsletter.unsubscribe("ada@example.com", topic="engines")
        with self.assertRaises(AssertionError) as failed:
            self.source.assert_called(track("Unsubscribed", properties={"topic": "looms"}))
        self.assertIsInstance(failed.exception, UnmetExpectationError)
        self.assertIn("properties.topic: expected 'looms'", str(failed.exception))


if __name__ == "__main__":
    unittest.main()
