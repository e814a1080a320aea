"""Tracking plans: model, validation, settings of Protocols, coverage, inference. Pure."""
