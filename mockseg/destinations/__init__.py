"""Destinations: imitations of vendors, with their state and rules, without IO."""
