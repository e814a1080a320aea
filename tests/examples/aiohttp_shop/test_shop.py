"""What the shop tells Segment."""

from __future__ import annotations

import pytest
from shop import make_app

from mockseg import track


@pytest.fixture
async def shop(segment, aiohttp_client):
    """Run the shop in the test's event loop, with a source of the test's own."""
    app = make_app(segment_host=segment.url, segment_write_key=segment.write_key)
    return await aiohttp_client(app)


async def test_an_order_is_tracked_with_its_total(shop, segment):
    """The purchase is told with what it came to."""
    await shop.post("/ada/basket", json={"sku": "tea", "quantity": 2, "price": 4.5})
    answer = await shop.post("/ada/orders")
    order_id = (await answer.json())["order"]
    await segment.aio.assert_called(
        track("Order Completed", user_id="ada", properties={"order_id": order_id, "total": 9.0})
    )


async def test_the_journey_is_in_order(shop, segment):
    """First the basket, then the order, and each once."""
    async with segment.aio.waiting_for(track("Product Added")):
        await shop.post("/ada/basket", json={"sku": "tea", "quantity": 1, "price": 3})
    await shop.post("/ada/orders")
    await segment.aio.assert_in_order([track("Product Added"), track("Order Completed")])
    await segment.aio.assert_no_duplicates()


async def test_an_empty_basket_is_no_order(shop, segment):
    """A refused order is not tracked."""
    answer = await shop.post("/ada/orders")
    assert answer.status == 409
    await segment.aio.assert_not_called(track("Order Completed"), within=0.1)


@pytest.mark.segment(allow=["invalid_type"])
async def test_what_the_plan_does_not_allow(shop, segment):
    """Without the marker this test would fail at its end: the quantity is no number."""
    await shop.post("/ada/basket", json={"sku": "tea", "quantity": "two", "price": 3})
    call = await segment.aio.wait_for(track("Product Added", good=False))
    assert call.findings[0].code == "invalid_type"
