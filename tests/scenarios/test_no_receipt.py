"""S44: goods without a receipt."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutations import everything
from tests.support.returns import delivered, set_policy
from tests.support.shop import ROME_MANAGER, ROME_TILL
from tests.support.stage import Stage, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

BRUNO = {"email": "bruno@example.com", "firstName": "Bruno"}
HUNDRED = [{"amount": "100", "currency": "EUR"}]


async def give(stage: Stage, actor: Any = ROME_MANAGER, **given: Any) -> Any:
    """What returnWithoutReceipt answers for two hats of Bruno."""
    given = {
        "locationId": location_id("ROME"),
        "channel": "POS",
        "customer": BRUNO,
        "items": [{"sku": "HAT", "quantity": 2, "condition": "AS_NEW"}],
    } | given
    selection = """... on ReturnWithoutReceiptPayload {
        number customerId credited { amount currency } }
      ... on ReceiptFoundError { orderNumbers }
      ... on NoReceiptLimitReachedError { asked { amount } left { amount } }"""
    return await stage.do(
        actor, "returnWithoutReceipt", "ReturnWithoutReceiptInput", selection, **given
    )


async def test_s44_without_a_receipt_there_is_store_credit_within_limits(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    none = await give(stage)
    assert (none["code"], none["left"]["amount"]) == ("NO_RECEIPT_LIMIT_REACHED", "0.00")
    await set_policy(stage, noReceiptLimits=HUNDRED)
    before = await everything(engine)
    till = await stage.api.ask(
        ROME_TILL,
        """mutation($input: ReturnWithoutReceiptInput!) {
          returnWithoutReceipt(input: $input) { __typename } }""",
        {"input": {"idempotencyKey": "t", "locationId": location_id("ROME"), "channel": "POS",
                   "customer": BRUNO, "items": []}},
    )  # fmt: skip
    assert till[1] == ["FORBIDDEN"]
    for wrong, code in (
        ({"customer": {}}, "VALIDATION_FAILED"),
        ({"items": []}, "VALIDATION_FAILED"),
        ({"items": [{"sku": "NOPE", "quantity": 1, "condition": "AS_NEW"}]}, "NOT_RETURNABLE"),
        ({"items": [{"sku": "SET", "quantity": 1, "condition": "AS_NEW"}]}, "VALIDATION_FAILED"),
        ({"channel": "NOPE"}, "NOT_FOUND"),
        ({"locationId": location_id("MILAN")}, "NOT_FOUND"),
    ):
        assert (await give(stage, **wrong))["code"] == code, wrong
    assert await everything(engine) == before
    done = await give(stage, idempotencyKey="k")
    assert done["credited"] == {"amount": "39.80", "currency": "EUR"}
    assert await give(stage, idempotencyKey="k") == done
    level = await stage.level("HAT")
    assert (level.on_hand, level.available, level.inspection) == (3, 3, 0)
    harmed = [{"sku": "HAT", "quantity": 1, "condition": "DAMAGED"}]
    both = await asyncio.gather(*[give(stage, items=harmed) for _ in range(4)])
    codes = [each.get("code") for each in both]
    assert sorted(codes, key=str) == ["NO_RECEIPT_LIMIT_REACHED", None, None, None]
    assert (await stage.level("HAT")).damaged == 3
    await stage.check()


async def test_s44_the_customer_or_the_card_is_known(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    await set_policy(stage, noReceiptLimits=HUNDRED)
    order = await delivered(stage)
    own = await give(stage, customer={"email": "ada@example.com"})
    assert (own["code"], own["orderNumbers"]) == ("RECEIPT_FOUND", [order["number"]])
    card = await give(stage, cardToken="tok_approve")
    assert (card["code"], card["orderNumbers"]) == ("RECEIPT_FOUND", [order["number"]])
    assert (await give(stage))["credited"]["amount"] == "39.80"
    await stage.check()
