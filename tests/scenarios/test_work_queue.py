"""The work queue of a location: order, filters, pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.tables import fulfillment_order
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME_TILL
from tests.support.stage import Stage, location_id, open_stage, work_at

pytestmark = pytest.mark.usefixtures("clean_database")

PAGE = """query($at: ID!, $filter: WorkQueueFilterInput, $first: Int! = 20, $after: String) {
  workQueuePage(locationId: $at, filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { orderNumber } } } }"""
LIST = """query($at: ID!, $filter: WorkQueueFilterInput) {
  workQueue(locationId: $at, filter: $filter) { orderNumber } }"""
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


async def released(stage: Stage, due_in_hours: int | None, **wish: Any) -> Any:
    """A released order whose work at Rome is due so long after noon."""
    order = await stage.released(**wish)
    due = None if due_in_hours is None else NOON + timedelta(hours=due_in_hours)
    mine = fulfillment_order.c.order_id == sa.bindparam("order")
    query = sa.update(fulfillment_order).where(mine).values(due_at=due)
    async with stage.engine.begin() as connection:
        found = sa.text("SELECT id FROM sales_order WHERE number = :number")
        key = await connection.scalar(found, {"number": order["number"]})
        await connection.execute(query, {"order": key})
    return order


async def page(stage: Stage, **given: Any) -> Any:
    return await stage.api.do(ROME_TILL, PAGE, at=location_id("ROME"), **given)


def numbers(found: Any) -> list[str]:
    return [edge["node"]["orderNumber"] for edge in found["edges"]]


async def test_the_earliest_cut_off_comes_first_page_by_page(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    hours = (None, 5, 1, None, 1)
    orders = [await released(stage, due) for due in hours]
    sorted_numbers = [orders[at]["number"] for at in (2, 4, 1, 0, 3)]
    found, after = [], None
    for size, more in ((2, True), (2, True), (2, False)):
        answer = await page(stage, first=size, after=after)
        assert answer["totalCount"] == 5
        assert answer["pageInfo"]["hasNextPage"] is more
        found += numbers(answer)
        after = answer["pageInfo"]["endCursor"]
    assert found == sorted_numbers
    whole = await stage.api.do(ROME_TILL, LIST, at=location_id("ROME"))
    assert [each["orderNumber"] for each in whole] == sorted_numbers


async def test_filters_choose_work(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    carried, fetched = await released(stage, 5), await released(stage, 1, pickup="ROME")
    picking = await released(stage, 9)
    await stage.work("startPicking", work_at(picking, "ROME")["id"], ROME_TILL)
    await stage.work("acceptFulfillmentOrder", work_at(carried, "ROME")["id"], ROME_TILL)
    everything = [fetched["number"], carried["number"], picking["number"]]
    one, two, three = everything
    for wanted, expected in (
        ({}, everything),
        ({"statuses": ["PICKING"]}, [three]),
        ({"statuses": ["PICKING", "RELEASED"]}, everything),
        ({"statuses": []}, []),
        ({"deliveryMode": "PICKUP"}, [one]),
        ({"dueBefore": (NOON + timedelta(hours=6)).isoformat()}, [one, two]),
        ({"accepted": False}, [one]),
        ({"accepted": True, "statuses": ["RELEASED"]}, [two]),
    ):
        found = await page(stage, filter=wanted)
        assert numbers(found) == expected, wanted
        assert found["totalCount"] == len(expected)
        listed = await stage.api.do(ROME_TILL, LIST, at=location_id("ROME"), filter=wanted)
        assert [each["orderNumber"] for each in listed] == expected, wanted


async def test_the_queue_is_for_those_who_work_there(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    await released(stage, 1)
    for document in (PAGE, LIST):
        given = {"at": location_id("ROME")}
        for actor in (MILAN_TILL, AGENT):
            assert (await stage.api.ask(actor, document, given))[1] == ["FORBIDDEN"]
        assert (await stage.api.ask(None, document, given))[1] == ["UNAUTHENTICATED"]
    for bad in ({"first": 0}, {"first": 101}, {"after": "x"}):
        given = {"at": location_id("ROME"), **bad}
        assert (await stage.api.ask(ADMIN, PAGE, given))[1] == ["VALIDATION_FAILED"]
    naive = {"at": location_id("ROME"), "filter": {"dueBefore": "2030-01-01T12:00:00"}}
    assert (await stage.api.ask(ADMIN, PAGE, naive))[1] == ["VALIDATION_FAILED"]
