"""Pick lists: what several orders need, in the order of the walk, as of one moment."""

from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor, Role
from tests.support.mutations import events, everything
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME, ROME_TILL
from tests.support.stage import ERROR, Stage, gid, location_id, open_stage, work_at

pytestmark = pytest.mark.usefixtures("clean_database")

LIST = """id number locationId waveNumber quantity orderCount htmlUrl pdfUrl
  lines { zone bin sku title quantity orders { orderNumber fulfillmentOrderId quantity } }"""


async def create(stage: Stage, actor: Actor = ROME_TILL, **given: Any) -> Any:
    """What createPickList answers for Rome."""
    selection = f"... on CreatePickListPayload {{ pickList {{ {LIST} }} }}"
    given.setdefault("locationId", location_id("ROME"))
    return await stage.do(actor, "createPickList", "CreatePickListInput", selection, **given)


async def put(stage: Stage, sku: str, zone: str, name: str) -> None:
    given = {"sku": sku, "locationId": location_id("ROME"), "zone": zone, "bin": name}
    done = await stage.do(ROME_TILL, "setStockBin", "SetStockBinInput", "", **given)
    assert done["__typename"] == "SetStockBinPayload"


async def test_units_of_all_orders_stand_in_the_order_of_the_walk(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}, "SCARF": {"ROME": 9}})
    await put(stage, "HAT", "B", "1")
    await put(stage, "SCARF", "A", "12")
    one = await stage.released(lines={"HAT": 2, "SCARF": 1})
    two = await stage.released(lines={"SET": 3})
    before = await everything(engine)
    answer = await create(stage)
    after = await everything(engine)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"pick_list", "outbox", "idempotency_key"}
    made = answer["pickList"]
    works = [work_at(order, "ROME")["id"] for order in (one, two)]
    assert [
        (line["zone"], line["bin"], line["sku"], line["title"], line["quantity"])
        for line in made["lines"]
    ] == [("A", "12", "SCARF", "SCARF", 4), ("B", "1", "HAT", "HAT", 5)]
    for line, units in zip(made["lines"], ((1, 3), (2, 3)), strict=True):
        assert line["orders"] == [
            {"orderNumber": order["number"], "fulfillmentOrderId": work, "quantity": quantity}
            for order, work, quantity in zip((one, two), works, units, strict=True)
        ]
    assert (made["quantity"], made["orderCount"], made["waveNumber"]) == (9, 2, None)
    told = (await events(engine))[-1]
    assert (told["type"], told["topics"]) == ("PickListCreated", [f"pick_lists:{ROME}"])
    assert made["pdfUrl"].endswith(".pdf")
    await stage.check()


async def test_a_list_stays_as_it_was_made(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await stage.released(lines={"HAT": 2})
    made = (await create(stage))["pickList"]
    await stage.work("startPicking", work_at(order, "ROME")["id"])
    await stage.work("confirmPick", work_at(order, "ROME")["id"])
    await put(stage, "HAT", "Z", "99")
    seen = f"query($id: ID!) {{ pickList(id: $id) {{ {LIST} }} }}"
    assert await stage.api.do(ROME_TILL, seen, id=made["id"]) == made
    assert await stage.api.do(MILAN_TILL, seen, id=made["id"]) is None
    assert (await create(stage))["code"] == "NOTHING_TO_PICK"


async def test_works_are_chosen_by_name_or_by_filter(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    one, two, three = [await stage.released() for _ in range(3)]
    works = [work_at(order, "ROME")["id"] for order in (one, two, three)]
    await stage.work("acceptFulfillmentOrder", works[1], ROME_TILL)
    await stage.work("startPicking", works[2], ROME_TILL)

    async def orders(**given: Any) -> set[str]:
        answer = await create(stage, **cast(Any, given))
        return {o["orderNumber"] for line in answer["pickList"]["lines"] for o in line["orders"]}

    assert await orders(fulfillmentOrderIds=[works[0], works[2]]) == {
        one["number"], three["number"],
    }  # fmt: skip
    assert await orders(max=1) == {one["number"]}
    assert await orders(filter={"accepted": True}) == {two["number"], three["number"]}
    assert await orders(filter={"statuses": ["PICKING", "PACKED"]}) == {three["number"]}
    page = """query($at: ID!, $first: Int!, $after: String) {
      pickLists(locationId: $at, first: $first, after: $after) {
      totalCount pageInfo { hasNextPage endCursor } edges { node { number } } } }"""
    first = await stage.api.do(ROME_TILL, page, at=location_id("ROME"), first=3)
    rest = await stage.api.do(
        ROME_TILL, page, at=location_id("ROME"), first=3, after=first["pageInfo"]["endCursor"]
    )
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (4, True)
    assert (len(first["edges"]), len(rest["edges"]), rest["pageInfo"]["hasNextPage"]) == (
        3, 1, False,
    )  # fmt: skip
    _, errors = await stage.api.ask(MILAN_TILL, page, {"at": location_id("ROME"), "first": 3})
    assert errors == ["FORBIDDEN"]


async def test_refusals_make_no_list_and_a_key_is_one_list(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9, "MILAN": 9}})
    one, planned = await stage.released(), await stage.placed()
    held = await stage.released()
    hold = await stage.do(
        AGENT, "holdOrder", "OrderHoldInput", "", orderId=held["id"], hold="FRAUD", reason="check"
    )
    assert hold["__typename"] == "ChangeOrderPayload"
    work, waiting = work_at(one, "ROME")["id"], work_at(planned, "ROME")["id"]
    before = await everything(engine)
    for given, code in (
        ({"actor": MILAN_TILL}, "FORBIDDEN"),
        ({"locationId": location_id("MILAN"), "actor": ADMIN, "fulfillmentOrderIds": [work]},
         "NOT_FOUND"),
        ({"fulfillmentOrderIds": [gid("FulfillmentOrder", ROME)]}, "NOT_FOUND"),
        ({"fulfillmentOrderIds": [gid("Order", ROME)]}, "VALIDATION_FAILED"),
        ({"fulfillmentOrderIds": []}, "VALIDATION_FAILED"),
        ({"fulfillmentOrderIds": [work, work]}, "VALIDATION_FAILED"),
        ({"fulfillmentOrderIds": [waiting]}, "ILLEGAL_TRANSITION"),
        ({"fulfillmentOrderIds": [work_at(held, "ROME")["id"]]}, "ORDER_ON_HOLD"),
        ({"max": 0}, "VALIDATION_FAILED"),
        ({"max": 101}, "VALIDATION_FAILED"),
        ({"language": "not a language"}, "VALIDATION_FAILED"),
        ({"filter": {"statuses": ["PACKED"]}}, "NOTHING_TO_PICK"),
        ({"filter": {"deliveryMode": "PICKUP"}}, "NOTHING_TO_PICK"),
    ):  # fmt: skip
        answer = await create(stage, **cast(Any, given))
        assert answer.get("code") == code, given
        assert await everything(engine) == before
    document = f"""mutation($input: CreatePickListInput!) {{
      createPickList(input: $input) {{ __typename {ERROR} }} }}"""
    given = {"locationId": location_id("ROME"), "idempotencyKey": "k"}
    for actor in (AGENT, Actor("ada", Role.CUSTOMER)):
        assert (await stage.api.ask(actor, document, {"input": given}))[1] == ["FORBIDDEN"]
    assert await everything(engine) == before

    first = await create(stage, idempotencyKey="k")
    assert first["pickList"]["orderCount"] == 1
    done = await everything(engine)
    assert await create(stage, idempotencyKey="k") == first
    assert await everything(engine) == done
    assert (await create(stage, idempotencyKey="k", max=7))["code"] == "IDEMPOTENCY_CONFLICT"
