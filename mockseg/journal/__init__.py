"""The store of requests and calls: in memory, bounded, read through a cursor."""
