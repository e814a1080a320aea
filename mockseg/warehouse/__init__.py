"""Segment's warehouse schema: calls as rows of tables, and databases that hold them."""
