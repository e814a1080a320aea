"""What Segment's Spec says, as values and pure functions: no IO, no framework."""
