"""The HTTP surface: Segment's data plane, the control plane, the page."""
