"""What a test expects of calls: matchers, the nearest call, readable differences."""
