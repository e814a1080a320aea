"""The public conformance suite for Segment SDKs: checks as data, and a driver of their CLIs."""
