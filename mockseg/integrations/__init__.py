"""Doors to other people's engines; each needs an extra of its own."""
