"""The reference behind the e2e-cli contract; or one that is wrong in a way that is asked for.

    python http_cli.py --input JSON [--wrong WAY]

MOCKSEG_WRONG in the environment is another way to ask.
"""

from __future__ import annotations

import os
import sys

from cli_contract import parser, run
from mistakes import MISTAKES
from reference import Sdk


def main() -> int:
    """Carry out the order of the command line."""
    options = parser()
    options.add_argument("--wrong", metavar="WAY", choices=sorted(MISTAKES))
    given = options.parse_args()
    wrong = given.wrong or os.environ.get("MOCKSEG_WRONG", "")
    if wrong and wrong not in MISTAKES:
        options.error(f"MOCKSEG_WRONG is {wrong!r}; known are {', '.join(sorted(MISTAKES))}")
    sdk = MISTAKES[wrong] if wrong else Sdk
    return run(given.input, lambda order: sdk(order).run())


if __name__ == "__main__":
    sys.exit(main())
