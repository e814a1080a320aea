"""JSON Schema as algebra: nothing here knows tracking plans or Hypothesis."""
