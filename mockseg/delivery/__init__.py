"""Delivery: which calls go to which destination, the queue before each, retries, the ledger."""
