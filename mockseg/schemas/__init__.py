"""JSON Schema draft-07 as algebra: nothing here knows tracking plans or Hypothesis."""
