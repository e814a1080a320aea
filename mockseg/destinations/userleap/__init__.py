"""UserLeap, now Sprig."""
