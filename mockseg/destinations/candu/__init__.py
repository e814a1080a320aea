"""Candu."""
