"""The vendor's REST API, versions 2 and 1, under ``/api/public/``."""
