"""UserEngage, later User.com."""
