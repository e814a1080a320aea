"""Settings of a site that is as small as can be."""

from __future__ import annotations

import os

SECRET_KEY = "not a secret"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "signups"]
ROOT_URLCONF = "config.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

SEGMENT_WRITE_KEY = os.environ.get("SEGMENT_WRITE_KEY", "production-write-key")
