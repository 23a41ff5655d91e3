"""Goods are ordered from suppliers: they come late, short or in parts, and are invoiced."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor, Role
from tests.support.actors import FINANCE
from tests.support.mutations import everything
from tests.support.purchasing import day, open_supplier, ordered, step, took_in
from tests.support.shop import AGENT, MILAN, ROME_MANAGER, ROME_TILL, WEB_SHOP
from tests.support.stage import Stage, gid, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

MILAN_MANAGER = Actor("marta", Role.STORE_MANAGER, location_ids=frozenset({MILAN}))
MONEY = {"amount": "4.00", "currency": "EUR"}


async def invoice(stage: Stage, order: Any, quantity: int, amount: str, **given: Any) -> Any:
    lines = [{"sku": "HAT", "quantity": quantity, "amount": {**MONEY, "amount": amount}}]
    wanted: dict[str, Any] = {"number": "R-1", "invoicedAt": day(0), "lines": lines} | given
    actor = wanted.pop("actor", FINANCE)
    return await step(stage, "recordSupplierInvoice", order, actor=actor, **wanted)


async def test_a_purchase_order_comes_short_and_is_reconciled(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    supplier = await open_supplier(stage)
    lines = [{"sku": "HAT", "quantity": 10, "unitCost": MONEY}]
    order = (await ordered(stage, supplier, lines=lines))["purchaseOrder"]
    assert order["state"] == "OPEN"
    partly = await took_in(stage, order, 4)
    assert (partly["state"], partly["version"]) == ("PARTIALLY_RECEIVED", 2)
    assert (await stage.level("HAT")).on_hand == 4
    over = await took_in(stage, order, 5, complete=True)
    assert over["state"] == "RECEIVED"
    assert (await stage.level("HAT")).on_hand == 9
    billed = (await invoice(stage, order, 10, "40.00"))["purchaseOrder"]
    assert billed["lines"] == [
        {
            "sku": "HAT", "ordered": 10, "received": 9, "invoiced": 10, "eta": day(4),
            "receiptDifference": -1, "invoiceDifference": 1,
            "amountDifference": {"amount": "4.00"},
        }
    ]  # fmt: skip
    again = await invoice(stage, order, 1, "4.00")
    assert again["code"] == "INVOICE_ALREADY_RECORDED"
    late = await step(stage, "receivePurchaseOrder", order, complete=True)
    assert late["code"] == "ILLEGAL_PURCHASE_STEP"
    document = """query($id: ID!) { purchaseOrder(id: $id) { state
      changes { version action actor }
      invoices { number lines { quantity amount { amount } } } } }"""
    seen = await stage.api.do(FINANCE, document, id=order["id"])
    assert seen["invoices"] == [
        {"number": "R-1", "lines": [{"quantity": 10, "amount": {"amount": "40.00"}}]}
    ]
    done = [(each["action"], each["actor"]) for each in seen["changes"]]
    assert done == [
        ("CREATE", "ADMIN:anna"),
        ("RECEIVE", "ADMIN:anna"),
        ("RECEIVE", "ADMIN:anna"),
        ("INVOICE", "FINANCE:fausto"),
    ]
    listed = "query { purchaseOrders(state: RECEIVED) { number } }"
    assert await stage.api.do(FINANCE, listed) == [{"number": order["number"]}]
    await stage.check()


async def test_more_than_was_ordered_is_taken_in(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    order = (await ordered(stage, await open_supplier(stage)))["purchaseOrder"]
    over = await took_in(stage, order, 12)
    assert (over["state"], over["lines"][0]["receiptDifference"]) == ("RECEIVED", 2)
    assert (await stage.level("HAT")).on_hand == 12
    await stage.check()


async def test_two_receipts_at_once_are_both_counted(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    order = (await ordered(stage, await open_supplier(stage)))["purchaseOrder"]
    await asyncio.gather(took_in(stage, order, 4), took_in(stage, order, 3))
    assert (await stage.level("HAT")).on_hand == 7
    lines = [{"sku": "HAT", "quantity": 7}]
    both = await asyncio.gather(
        step(stage, "changePurchaseOrder", order, lines=lines, expectedVersion=3),
        step(stage, "cancelPurchaseOrder", order, expectedVersion=3),
    )
    kinds = sorted(each["__typename"] for each in both)
    assert kinds == ["PurchaseOrderPayload", "VersionConflictError"]
    await stage.check()


async def test_purchase_orders_are_refused_without_a_trace(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    supplier = await open_supplier(stage)
    before = await everything(engine)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"lines": []}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "HAT", "quantity": 0}]}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "HAT", "quantity": 1}] * 2}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "SET", "quantity": 1}]}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "SHOE", "quantity": 1}]}, "NOT_FOUND"),
        ({"confidence": "1.01"}, "VALIDATION_FAILED"),
        ({"confidence": "0.333"}, "VALIDATION_FAILED"),
        ({"currency": "euro"}, "VALIDATION_FAILED"),
        ({"eta": "2026-01-01T10:00:00"}, "VALIDATION_FAILED"),
        ({"supplierId": location_id("MILAN")}, "VALIDATION_FAILED"),
        ({"locationId": supplier}, "VALIDATION_FAILED"),
        ({"supplierId": location_id("NOWHERE")}, "NOT_FOUND"),
        ({"locationId": gid("Order", MILAN)}, "VALIDATION_FAILED"),
        ({"actor": MILAN_MANAGER}, "FORBIDDEN"),
    ]
    for given, code in cases:
        answer = await ordered(stage, supplier, **given)
        assert answer["code"] == code, given
        assert await everything(engine) == before, given
    first = await ordered(stage, supplier, idempotencyKey="k", actor=ROME_MANAGER)
    assert await ordered(stage, supplier, idempotencyKey="k", actor=ROME_MANAGER) == first
    other = await ordered(stage, supplier, idempotencyKey="k", actor=ROME_MANAGER, eta=day(5))
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    await stage.check()


async def test_steps_are_refused_without_a_trace(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    order = (await ordered(stage, await open_supplier(stage)))["purchaseOrder"]
    await took_in(stage, order, 4)
    before = await everything(engine)
    few = [{"sku": "HAT", "quantity": 3}]
    unknown = [{"sku": "SCARF", "quantity": 3}]
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("changePurchaseOrder", {}, "VALIDATION_FAILED"),
        ("changePurchaseOrder", {"lines": few}, "VALIDATION_FAILED"),
        ("changePurchaseOrder", {"lines": unknown}, "VALIDATION_FAILED"),
        ("changePurchaseOrder", {"eta": day(6), "expectedVersion": 1}, "VERSION_CONFLICT"),
        ("changePurchaseOrder", {"eta": day(6), "actor": MILAN_MANAGER}, "NOT_FOUND"),
        ("receivePurchaseOrder", {}, "VALIDATION_FAILED"),
        ("receivePurchaseOrder", {"lines": unknown}, "VALIDATION_FAILED"),
        ("receivePurchaseOrder", {"lines": few * 2}, "VALIDATION_FAILED"),
        ("receivePurchaseOrder", {"lines": few, "expectedVersion": 1}, "VERSION_CONFLICT"),
        ("cancelPurchaseOrder", {"expectedVersion": 1}, "VERSION_CONFLICT"),
        ("cancelPurchaseOrder", {"actor": MILAN_MANAGER}, "NOT_FOUND"),
    ]
    for name, given, code in cases:
        answer = await step(stage, name, order, **given)
        assert answer["code"] == code, (name, given)
        assert await everything(engine) == before, (name, given)
    dollars = [{"sku": "HAT", "quantity": 1, "amount": {"amount": "4.00", "currency": "USD"}}]
    for given in ({"lines": dollars}, {"lines": []}, {"number": " "}, {"lines": dollars * 2}):
        answer = await invoice(stage, order, 1, "4.00", **given)
        assert answer["code"] == "VALIDATION_FAILED", given
    assert await everything(engine) == before
    await stage.check()


async def test_only_those_who_buy_may_buy(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    order = (await ordered(stage, await open_supplier(stage)))["purchaseOrder"]
    before = await everything(engine)
    document = """mutation($input: CancelPurchaseOrderInput!) {
      cancelPurchaseOrder(input: $input) { __typename } }"""
    given = {"purchaseOrderId": order["id"], "idempotencyKey": "x"}
    for actor in (AGENT, ROME_TILL, WEB_SHOP, FINANCE):
        assert (await stage.api.ask(actor, document, {"input": given}))[1] == ["FORBIDDEN"]
    document = """mutation($input: RecordSupplierInvoiceInput!) {
      recordSupplierInvoice(input: $input) { __typename } }"""
    given |= {"number": "R-1", "invoicedAt": day(0), "lines": []}
    assert (await stage.api.ask(ROME_MANAGER, document, {"input": given}))[1] == ["FORBIDDEN"]
    assert await everything(engine) == before
    listed = "query { purchaseOrders { number } }"
    assert await stage.api.do(MILAN_MANAGER, listed) == []
    assert await stage.api.do(ROME_MANAGER, listed) == [{"number": order["number"]}]
    one = "query($id: ID!) { purchaseOrder(id: $id) { number } }"
    assert await stage.api.do(MILAN_MANAGER, one, id=order["id"]) is None
    cancelled = await step(stage, "cancelPurchaseOrder", order, actor=ROME_MANAGER)
    assert cancelled["purchaseOrder"]["state"] == "CANCELLED"
    await stage.check()
