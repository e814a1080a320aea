"""Audiences and computed traits of a source: what Segment makes of a change."""
