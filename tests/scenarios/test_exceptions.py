"""The exception queue: reports that contradict an order are kept, told, and resolved once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.carriers import packed
from tests.support.mutations import events, everything
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME_TILL
from tests.support.stage import ERROR, Stage, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

EXCEPTION = "id operation fulfillmentOrderId resolvedAt resolvedBy resolution version"


async def queue(stage: Stage, code: str = "ROME", *, everything: bool = False) -> Any:
    document = f"""query($at: ID!, $all: Boolean!) {{
      fulfillmentExceptions(locationId: $at, includeResolved: $all) {{ {EXCEPTION} }} }}"""
    return await stage.api.do(ADMIN, document, at=location_id(code), all=everything)


async def resolve(stage: Stage, key: str, note: str, **given: Any) -> Any:
    actor = given.pop("actor", ROME_TILL)
    selection = f"... on ResolveFulfillmentExceptionPayload {{ exception {{ {EXCEPTION} }} }}"
    return await stage.do(
        actor, "resolveFulfillmentException", "ResolveFulfillmentExceptionInput", selection,
        exceptionId=key, resolution=note, **given,
    )  # fmt: skip


async def ship(stage: Stage, order: Any, work: str, quantity: int, key: str) -> Any:
    """What a warehouse system hears that says it shipped so many hats."""
    lines = [{"orderLineId": order["lines"][0]["id"], "quantity": quantity}]
    return await stage.do(
        ROME_TILL, "shipFulfillmentOrder", "ShipFulfillmentOrderInput", "",
        fulfillmentOrderId=work, carrier="DHL", idempotencyKey=key,
        parcels=[{"trackingNumber": "T1", "lines": lines}],
    )  # fmt: skip


async def test_s40_more_shipped_than_packed_goes_to_the_exception_queue(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order, work = await packed(stage, lines={"HAT": 2})
    before = await everything(engine)
    for _ in range(2):
        answer = await ship(stage, order, work, 3, "wms-7")
        assert answer["code"] == "PARCELS_DO_NOT_MATCH"
    after = await everything(engine)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"fulfillment_exception", "outbox"}
    (kept,) = await queue(stage)
    assert (kept["operation"], kept["fulfillmentOrderId"], kept["version"]) == (
        "shipFulfillmentOrder", work, 1,
    )  # fmt: skip
    told = (await events(engine))[-1]
    assert (told["type"], told["payload"]["resolved"]) == ("FulfillmentExceptionChanged", False)
    assert (await ship(stage, order, work, 2, "wms-8"))["__typename"].endswith("Payload")
    level = await stage.level("HAT")
    assert (level.on_hand, level.allocated) == (7, 0)
    await stage.check()


async def test_more_arrived_at_the_store_than_was_sent_is_kept(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    store = {"mode": "SHIP_TO_STORE", "locationId": location_id("MILAN")}
    order, work = await packed(stage, lines={"HAT": 2}, delivery=store)
    await stage.work("dispatchPickupTransfer", work)
    lines = [{"orderLineId": order["lines"][0]["id"], "quantity": 3}]
    answer = await stage.do(
        MILAN_TILL, "receivePickupTransfer", "ReceivePickupTransferInput", "",
        fulfillmentOrderId=work, lines=lines,
    )  # fmt: skip
    assert answer["code"] == "QUANTITY_EXCEEDED"
    assert [each["operation"] for each in await queue(stage)] == ["receivePickupTransfer"]
    await stage.check()


async def test_an_exception_is_resolved_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order, work = await packed(stage, lines={"HAT": 2})
    await ship(stage, order, work, 3, "wms-7")
    (kept,) = await queue(stage)
    before = await everything(engine)
    for given, code in (
        ({"note": " "}, "VALIDATION_FAILED"),
        ({"note": "x" * 201}, "VALIDATION_FAILED"),
        ({"key": "x"}, "VALIDATION_FAILED"),
        ({"key": "0192f0c4-0000-7000-8000-000000000001"}, "NOT_FOUND"),
        ({"actor": MILAN_TILL}, "NOT_FOUND"),
    ):
        wish: dict[str, Any] = {"key": kept["id"], "note": "counted again", **given}
        refused = await resolve(stage, wish.pop("key"), wish.pop("note"), **wish)
        assert refused["code"] == code, given
    document = f"""mutation($input: ResolveFulfillmentExceptionInput!) {{
      resolveFulfillmentException(input: $input) {{ __typename {ERROR} }} }}"""
    given = {"exceptionId": kept["id"], "resolution": "x", "idempotencyKey": "k"}
    assert (await stage.api.ask(AGENT, document, {"input": given}))[1] == ["FORBIDDEN"]
    assert await everything(engine) == before

    first = await resolve(stage, kept["id"], "the scanner counted twice", idempotencyKey="k")
    done = await everything(engine)
    assert (
        await resolve(stage, kept["id"], "the scanner counted twice", idempotencyKey="k") == first
    )
    conflict = await resolve(stage, kept["id"], "another", idempotencyKey="k")
    again = await resolve(stage, kept["id"], "another")
    assert (conflict["code"], again["code"]) == ("IDEMPOTENCY_CONFLICT", "EXCEPTION_RESOLVED")
    assert await everything(engine) == done
    found = first["exception"]
    assert (found["resolvedBy"], found["resolution"], found["version"]) == (
        "POS:till-1", "the scanner counted twice", 2,
    )  # fmt: skip
    assert await queue(stage) == []
    assert await queue(stage, everything=True) == [found]
    assert (await events(engine))[-1]["payload"]["resolved"] is True
    await stage.check()


async def test_of_two_who_resolve_at_once_one_does(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order, work = await packed(stage, lines={"HAT": 2})
    await ship(stage, order, work, 3, "wms-7")
    (kept,) = await queue(stage)
    answers = await asyncio.gather(*(resolve(stage, kept["id"], note) for note in ("a", "b")))
    assert sorted(answer["__typename"] for answer in answers) == [
        "ExceptionResolvedError", "ResolveFulfillmentExceptionPayload",
    ]  # fmt: skip
    await stage.check()
