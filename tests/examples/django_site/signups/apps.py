"""Points Segment's SDK at the site's source, once, when Django starts."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from segment import analytics


class SignupsConfig(AppConfig):
    """The app."""

    name = "signups"

    def ready(self):
        """Configure the SDK's module-level client, as its documentation shows."""
        analytics.write_key = settings.SEGMENT_WRITE_KEY
