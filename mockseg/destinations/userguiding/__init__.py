"""UserGuiding."""
