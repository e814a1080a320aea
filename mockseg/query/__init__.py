"""The search language of the page, the command line, the control plane and Python."""
