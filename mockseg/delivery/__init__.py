"""Delivery: which calls go to which destination, when, and what became of each."""
