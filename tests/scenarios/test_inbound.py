"""Goods that are on the way, or reported by suppliers, and what can be promised of them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor
from tests.support.actors import OPERATIONS
from tests.support.mutations import everything
from tests.support.purchasing import day, open_supplier, ordered, took_in
from tests.support.shop import ADMIN, MILAN, ROME_MANAGER, WEB_SHOP
from tests.support.stage import Stage, gid, groups_of, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

LOADED = "... on LoadSupplierFeedPayload { rows changed }"
TRANSFER = "... on TransferPayload { transfer { id version expectedAt } }"


async def expected(stage: Stage, code: str = "MILAN") -> list[Any]:
    """What a location expects: source, units to come, units promised, time."""
    document = """query($id: ID!) { inboundStock(locationId: $id) {
      source reference open promised eta } }"""
    found = await stage.api.do(ADMIN, document, id=location_id(code))
    return [(each["source"], each["open"], each["promised"], each["eta"]) for each in found]


async def curve(stage: Stage, sku: str = "HAT", actor: Actor = ADMIN, **given: Any) -> Any:
    """What can be promised from now on: units, and the times at which they grow."""
    document = """query($sku: String!, $at: DateTime, $id: ID, $channel: String) {
      availableToPromise(sku: $sku, at: $at, locationId: $id, channel: $channel) {
        available curve { at available } } }"""
    given = given or {"channel": "WEB"}
    found = await stage.api.do(actor, document, sku=sku, **given)
    later = [(each["at"], each["available"]) for each in found["curve"][1:]]
    return found["available"], found["curve"][0]["available"], later


async def sent(stage: Stage, quantity: int, **given: Any) -> Any:
    """A transfer of HATs from ROME to MILAN that left."""
    lines = [{"sku": "HAT", "quantity": quantity}]
    made = await stage.do(
        ADMIN, "createTransfer", "CreateTransferInput", TRANSFER, lines=lines,
        sourceId=location_id("ROME"), destinationId=location_id("MILAN"),
    )  # fmt: skip
    return await stage.do(
        ADMIN, "shipTransfer", "ChangeTransferInput", TRANSFER,
        transferId=made["transfer"]["id"], **given,
    )  # fmt: skip


async def feed(stage: Stage, supplier: str, *rows: Any, **given: Any) -> Any:
    """What loadSupplierFeed answers; rows are (reference, HATs, day)."""
    told = [
        {
            "reference": reference, "sku": "HAT", "locationId": location_id("ROME"),
            "quantity": units, "eta": day(number),
        }
        for reference, units, number in rows
    ]  # fmt: skip
    wanted: dict[str, Any] = {"supplierId": supplier, "rows": told}
    return await stage.do(
        OPERATIONS, "loadSupplierFeed", "LoadSupplierFeedInput", LOADED, **(wanted | given)
    )


async def test_s42_what_is_on_the_way_is_expected_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 6}})
    late = await sent(stage, 1, expectedAt=day(-1))
    assert late["code"] == "VALIDATION_FAILED"
    order = await stage.placed(lines={"HAT": 2}, pickup="MILAN", unfilledPolicy="BACKORDER_REST")
    transfer = (await sent(stage, 4, expectedAt=day(3)))["transfer"]
    assert transfer["expectedAt"] == day(3)
    assert await expected(stage) == [("TRANSFER", 4, 2, day(3))]
    assert (await stage.order(order["id"], "promisedAt"))["promisedAt"] == day(3)
    assert await curve(stage, id=location_id("MILAN")) == (0, 0, [(day(3), 2)])
    assert await curve(stage) == (1, 1, [(day(3), 3)])
    counted = [{"sku": "HAT", "quantity": 3}]
    await stage.do(
        ADMIN, "receiveTransfer", "ReceiveTransferInput", TRANSFER,
        transferId=transfer["id"], counted=counted,
    )  # fmt: skip
    assert await expected(stage) == []
    assert groups_of(await stage.order(order["id"])) == {"ALLOCATED": 2}
    assert await curve(stage, id=location_id("MILAN")) == (1, 1, [])
    await stage.check()


async def test_an_early_order_does_not_take_what_is_promised_later(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    supplier = await open_supplier(stage)
    bill = (await ordered(stage, supplier, eta=day(5)))["purchaseOrder"]
    await stage.placed(lines={"HAT": 6}, unfilledPolicy="BACKORDER_REST")
    assert await curve(stage) == (0, 0, [(day(5), 6)])
    assert (await curve(stage, channel="WEB", at=day(6)))[0] == 6
    assert (await curve(stage, channel="WEB", at=day(4)))[0] == 0
    await took_in(stage, bill, 8)
    assert await curve(stage) == (4, 4, [(day(5), 6)])
    await stage.check()


async def test_kits_can_be_promised_when_all_components_are_there(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1, "MILAN": 3}, "SCARF": {"ROME": 4}})
    supplier = await open_supplier(stage)
    await ordered(stage, supplier, lines=[{"sku": "HAT", "quantity": 2}], eta=day(2))
    scarf = [{"sku": "SCARF", "quantity": 1}]
    await ordered(stage, supplier, lines=scarf, eta=day(4), locationId=location_id("MILAN"))
    assert await curve(stage, "SET") == (1, 1, [(day(2), 3), (day(4), 4)])
    assert await curve(stage, "NOTHING") == (0, 0, [])
    await stage.check()


async def test_a_supplier_feed_is_taken_in_as_a_whole(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    supplier = await open_supplier(stage)
    order = await stage.placed(lines={"HAT": 3}, unfilledPolicy="BACKORDER_REST")
    first = await feed(stage, supplier, ("A", 2, 3), ("B", 5, 6), idempotencyKey="k")
    assert (first["rows"], first["changed"]) == (2, 2)
    assert (await stage.order(order["id"], "promisedAt"))["promisedAt"] == day(6)
    assert await feed(stage, supplier, ("A", 2, 3), ("B", 5, 6), idempotencyKey="k") == first
    again = await feed(stage, supplier, ("A", 2, 3), ("B", 4, 5))
    assert again["changed"] == 1
    assert (await stage.order(order["id"], "promisedAt"))["promisedAt"] == day(5)
    await feed(stage, supplier, ("A", 0, 3))
    assert await expected(stage, "ROME") == [("SUPPLIER_FEED", 4, 3, day(5))]
    await asyncio.gather(
        feed(stage, supplier, ("B", 6, 5), ("C", 1, 1)), feed(stage, supplier, ("C", 1, 1))
    )
    assert await expected(stage, "ROME") == [
        ("SUPPLIER_FEED", 1, 1, day(1)),
        ("SUPPLIER_FEED", 6, 2, day(5)),
    ]
    await stage.check()


async def test_feeds_and_questions_are_refused_without_a_trace(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    supplier = await open_supplier(stage)
    await feed(stage, supplier, ("A", 2, 3), idempotencyKey="k")
    before = await everything(engine)
    row = {"reference": "A", "sku": "HAT", "locationId": location_id("ROME"), "eta": day(3)}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"rows": []}, "VALIDATION_FAILED"),
        ({"rows": [{**row, "quantity": -1}]}, "VALIDATION_FAILED"),
        ({"rows": [{**row, "quantity": 1, "reference": " "}]}, "VALIDATION_FAILED"),
        ({"rows": [{**row, "quantity": 1}] * 2}, "VALIDATION_FAILED"),
        ({"rows": [{**row, "quantity": 1, "confidence": "2"}]}, "VALIDATION_FAILED"),
        ({"rows": [{**row, "quantity": 1, "sku": "SET"}]}, "VALIDATION_FAILED"),
        ({"rows": [{**row, "quantity": 1, "sku": "SHOE"}]}, "NOT_FOUND"),
        ({"rows": [{**row, "quantity": 1, "locationId": gid("Order", MILAN)}]},
         "VALIDATION_FAILED"),
        ({"rows": [{**row, "quantity": 1, "locationId": location_id("NOWHERE")}]}, "NOT_FOUND"),
        ({"supplierId": location_id("ROME")}, "VALIDATION_FAILED"),
        ({"supplierId": location_id("NOWHERE")}, "NOT_FOUND"),
        ({"idempotencyKey": "k"}, "IDEMPOTENCY_CONFLICT"),
    ]  # fmt: skip
    for given, code in cases:
        answer = await feed(stage, supplier, ("A", 1, 3), **given)
        assert answer["code"] == code, given
        assert await everything(engine) == before, given
    document = """mutation($input: LoadSupplierFeedInput!) {
      loadSupplierFeed(input: $input) { __typename } }"""
    given = {"supplierId": supplier, "rows": [], "idempotencyKey": "x"}
    for actor in (ROME_MANAGER, WEB_SHOP):
        assert (await stage.api.ask(actor, document, {"input": given}))[1] == ["FORBIDDEN"]
    ask = """query($id: ID, $channel: String, $at: DateTime) {
      availableToPromise(sku: "HAT", locationId: $id, channel: $channel, at: $at) { available } }"""
    questions: list[tuple[Actor, dict[str, Any], str]] = [
        (ADMIN, {}, "VALIDATION_FAILED"),
        (ADMIN, {"channel": "WEB", "id": location_id("ROME")}, "VALIDATION_FAILED"),
        (ADMIN, {"channel": "WEB", "at": day(-1)}, "VALIDATION_FAILED"),
        (WEB_SHOP, {"id": location_id("ROME")}, "FORBIDDEN"),
        (WEB_SHOP, {"channel": "POS"}, "FORBIDDEN"),
    ]
    for actor, asked, code in questions:
        assert (await stage.api.ask(actor, ask, asked))[1] == [code], asked
    assert (await stage.api.ask(WEB_SHOP, ask, {"channel": "WEB"}))[1] == []
    listed = "query($id: ID!) { inboundStock(locationId: $id) { sku } }"
    milan = {"id": location_id("MILAN")}
    assert (await stage.api.ask(ROME_MANAGER, listed, milan))[1] == ["FORBIDDEN"]
    assert await everything(engine) == before
    await stage.check()
