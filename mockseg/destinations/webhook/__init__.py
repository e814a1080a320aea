"""A receiver of webhooks."""
