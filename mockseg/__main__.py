"""``python -m mockseg`` is ``mockseg``."""

from __future__ import annotations

from mockseg.cli.main import main

if __name__ == "__main__":
    main()
