"""How the site is configured."""
