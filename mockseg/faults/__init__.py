"""Faults: rules, effects, and which request they hit. Pure: what is chosen others carry out."""
