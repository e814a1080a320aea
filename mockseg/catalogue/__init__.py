"""The documented events as data, one plan for each source and naming, and what follows from it."""
