"""A small shop: an aiohttp application that tells Segment what its customers do."""

from __future__ import annotations

import asyncio
import uuid

import aiohttp
from aiohttp import web

SEGMENT = web.AppKey("SEGMENT", "Tracker")
BASKETS = web.AppKey("BASKETS", dict)


class Tracker:
    """Sends calls in the background, so that no customer waits for analytics."""

    def __init__(self, host: str, write_key: str) -> None:
        self._url = f"{host}/v1/batch"
        self._write_key = write_key
        self._sending: set[asyncio.Task[None]] = set()

    def track(self, user_id: str, event: str, properties: dict[str, object]) -> None:
        """Send one track call, some time soon."""
        message = {
            "type": "track",
            "userId": user_id,
            "event": event,
            "properties": properties,
            "messageId": str(uuid.uuid4()),
        }
        task = asyncio.get_running_loop().create_task(self._send(message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def close(self) -> None:
        """Send what is still to be sent."""
        await asyncio.gather(*self._sending)

    async def _send(self, message: dict[str, object]) -> None:
        body = {"writeKey": self._write_key, "batch": [message]}
        async with aiohttp.ClientSession() as session, session.post(self._url, json=body):
            pass


def make_app(*, segment_host: str, segment_write_key: str) -> web.Application:
    """Make the application."""
    app = web.Application()
    tracker = Tracker(segment_host, segment_write_key)
    app[SEGMENT] = tracker
    app[BASKETS] = {}
    app.router.add_post("/{user}/basket", add_product)
    app.router.add_post("/{user}/orders", order)

    async def close_tracker(_: web.Application) -> None:
        await tracker.close()

    app.on_shutdown.append(close_tracker)
    return app


async def add_product(request: web.Request) -> web.Response:
    """Put a product into the customer's basket."""
    user = request.match_info["user"]
    product = await request.json()
    request.app[BASKETS].setdefault(user, []).append(product)
    request.app[SEGMENT].track(
        user, "Product Added", {"sku": product["sku"], "quantity": product["quantity"]}
    )
    return web.json_response({"products": len(request.app[BASKETS][user])}, status=201)


async def order(request: web.Request) -> web.Response:
    """Order what is in the basket."""
    user = request.match_info["user"]
    products = request.app[BASKETS].pop(user, [])
    if not products:
        return web.json_response({"error": "the basket is empty"}, status=409)
    total = sum(product["price"] * product["quantity"] for product in products)
    order_id = str(uuid.uuid4())
    request.app[SEGMENT].track(user, "Order Completed", {"order_id": order_id, "total": total})
    return web.json_response({"order": order_id, "total": total}, status=201)
