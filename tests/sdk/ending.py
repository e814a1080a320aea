"""A program that tracks through the Python SDK and ends; run by the tests.

    python ending.py HOW URL WRITE_KEY

HOW is ``at-exit`` (the program says nothing more, the SDK ends by itself), ``shutdown`` (it
asks for that when it exits) or ``module`` (the same with the functions of the module, as most
apps use it).
"""

from __future__ import annotations

import atexit
import sys

from segment import analytics
from segment.analytics.client import Client


def main(how: str, url: str, write_key: str) -> None:
    """Track three calls and return; that ends the program."""
    if how == "module":
        analytics.write_key = write_key
        analytics.host = url
        # atexit goes backwards: registered after the client exists, it comes before its own.
        analytics.identify("u-1", {"plan": "team"})
        atexit.register(analytics.shutdown)
        analytics.track("u-1", "Ended", {"number": 1})
        analytics.track("u-1", "Ended", {"number": 2})
        return
    client = Client(write_key, host=url)
    if how == "shutdown":
        atexit.register(client.shutdown)
    for number in (1, 2, 3):
        client.track("u-1", "Ended", {"number": number})
    if how == "at-exit":
        # At its exit the SDK sends what its thread has taken and no more (a flush is the
        # app's to ask for); a get() tells whoever waits for room in the queue.
        with client.queue.not_full:
            client.queue.not_full.wait_for(lambda: not client.queue.queue)


if __name__ == "__main__":
    main(*sys.argv[1:])
