"""Synthetic traffic: a pure generator of people and what they do, and a driver that sends it."""
