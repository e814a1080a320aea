"""Verbs, each written once, as a generator that says what it asks of the server and does no IO."""
