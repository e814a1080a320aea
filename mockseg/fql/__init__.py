"""Segment's Filter Query Language: text in, a compiled question about one message out."""
