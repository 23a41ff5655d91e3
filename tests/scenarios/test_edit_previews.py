"""S65: what an edit would come to is shown before; customers edit within a window."""

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import channel
from domain.identity.model import Actor, Role
from domain.orders.tables import sales_order
from tests.support.edits import (
    add,
    authorised,
    edited,
    owner_of,
    refused,
    remove,
    set_price,
    to,
)
from tests.support.mutations import everything
from tests.support.shop import AGENT, ROME_TILL
from tests.support.stage import Stage, gid, groups_of, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")


PREVIEW = """query($orderId: ID!, $changes: [OrderLineChangeInput!]!) {
  orderEditPreview(orderId: $orderId, changes: $changes) {
    version presentTotal { amount } newTotal { amount } difference { amount }
    toAuthorise { amount } possible
    lines { orderLineId sku quantity givenUp available waiting dropped unitPrice { amount } } } }"""


async def preview(stage: Stage, order: Any, *changes: Any, actor: Actor = AGENT) -> Any:
    """What the preview of an edit says, or the codes of its errors; nothing is changed by it."""
    before = await everything(stage.engine)
    given = {"orderId": order["id"], "changes": list(changes)}
    data, errors = await stage.api.ask(actor, PREVIEW, given)
    assert await everything(stage.engine) == before
    return errors or data["orderEditPreview"]


async def test_a_preview_says_what_the_edit_does(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 4}, "SCARF": {"ROME": 2}})
    order = await stage.placed(lines={"HAT": 2, "SCARF": 1}, unfilledPolicy="BACKORDER_REST")
    changes = [to(order, 5), remove(order, 1), add("SCARF", 1)]
    await set_price(stage, "SCARF", 4000)
    seen = await preview(stage, order, *changes)
    lines = seen.pop("lines")
    assert seen == {
        "version": order["version"],
        "presentTotal": {"amount": "74.80"},
        "newTotal": {"amount": "139.50"},
        "difference": {"amount": "64.70"},
        "toAuthorise": {"amount": "64.70"},
        "possible": True,
    }
    shown = [
        (ln["sku"], ln["quantity"], ln["givenUp"], ln["available"], ln["waiting"]) for ln in lines
    ]
    assert shown == [("HAT", 5, 0, 2, 1), ("SCARF", 0, 1, 0, 0), ("SCARF", 1, 0, 1, 0)]
    assert [ln["orderLineId"] for ln in lines] == [
        order["lines"][0]["id"], order["lines"][1]["id"], None,
    ]  # fmt: skip
    done = await edited(stage, order, *changes)
    assert groups_of(done) == {"ALLOCATED": 5, "BACKORDERED": 1, "CANCELLED": 1}
    assert await authorised(stage) == [(6470, 0, False), (7480, 0, False)]
    cheaper = await preview(stage, done, to(done, 4))
    assert (cheaper["difference"]["amount"], cheaper["toAuthorise"]["amount"]) == ("-19.90", "0.00")
    await stage.check()


async def test_a_preview_is_refused_as_the_edit_would_be(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    order = await stage.placed()
    assert (await preview(stage, order, to(order, 4)))["possible"] is False
    rest = await stage.placed(unfilledPolicy="CANCEL_REST")
    (line,) = (await preview(stage, rest, to(rest, 4)))["lines"]
    assert (line["quantity"], line["available"], line["dropped"]) == (2, 1, 2)
    for actor, changes, code in (
        (AGENT, [to(order, 1)], "VALIDATION_FAILED"),
        (AGENT, [add("NOPE", 1)], "PRODUCT_NOT_FOUND"),
        (Actor("x", Role.CUSTOMER), [to(order, 2)], "NOT_FOUND"),
        (Actor("w", Role.WAREHOUSE, location_ids=ROME_TILL.location_ids), [], "FORBIDDEN"),
        (ROME_TILL, [to(order, 2)], "FORBIDDEN"),
    ):
        assert await preview(stage, order, *changes, actor=actor) == [code], code
    unknown = {"id": gid("Order", uuid4())}
    assert await preview(stage, unknown, add("HAT", 1)) == ["NOT_FOUND"]
    released = await stage.change("releaseOrder", order["id"])
    assert await preview(stage, released, remove(order)) == ["QUANTITY_NOT_EDITABLE"]


async def test_a_kit_and_its_component_in_one_edit_are_one_demand(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 4}, "SCARF": {"ROME": 4}})
    order = await stage.placed()
    too_many = [add("SET", 2), to(order, 3)]
    assert (await preview(stage, order, *too_many))["possible"] is False
    assert (await refused(stage, order, *too_many))["code"] == "INSUFFICIENT_STOCK"
    done = await edited(stage, order, add("SET", 2), to(order, 2))
    assert groups_of(done) == {"ALLOCATED": 4}
    assert ((await stage.level("HAT")).available, (await stage.level("SCARF")).available) == (0, 2)
    fewer = await edited(stage, done, to(done, 1, line=1))
    assert groups_of(fewer) == {"ALLOCATED": 3, "CANCELLED": 1}
    assert ((await stage.level("HAT")).available, (await stage.level("SCARF")).available) == (1, 3)
    await stage.check()


async def test_customers_edit_within_the_channels_window_and_staff_after(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})

    async def window(minutes: int | None) -> None:
        async with engine.begin() as connection:
            await connection.execute(sa.update(channel).values(edit_window_minutes=minutes))

    order = await stage.placed()
    mine = await owner_of(stage, order)
    await window(30)
    order = await edited(stage, order, to(order, 2), actor=mine)
    async with engine.begin() as connection:
        earlier = sales_order.c.placed_at - sa.text("interval '31 minutes'")
        await connection.execute(sa.update(sales_order).values(placed_at=earlier))
    late = await refused(stage, order, to(order, 3), actor=mine)
    assert (late["code"], late["reason"]) == ("ORDER_NOT_EDITABLE", "the edit window is over")
    assert await preview(stage, order, to(order, 3), actor=mine) == ["ORDER_NOT_EDITABLE"]
    order = await edited(stage, order, to(order, 3))
    await window(None)
    order = await edited(stage, order, to(order, 4), actor=mine)
    await window(0)
    assert (await refused(stage, order, to(order, 3), actor=mine))["code"] == "ORDER_NOT_EDITABLE"
    await stage.check()
