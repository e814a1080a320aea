"""Examples are run by `run.py`, each in an environment of its own."""

collect_ignore_glob = ["*/*"]
