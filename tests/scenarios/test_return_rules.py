"""What is allowed of returns, who may do what, and what survives a crash."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.catalog.tables import variant
from domain.common.ids import OrderLineId, ReturnId
from domain.returns.commands import Finding, InspectReturn
from domain.returns.inspecting import inspect_return
from domain.returns.model import ItemCondition
from tests.support import actors
from tests.support.mutations import everything
from tests.support.returns import (
    PAID,
    ask,
    brought,
    delivered,
    inspect,
    lines_of,
    receive,
    refunded,
    set_policy,
    sold,
)
from tests.support.shop import ADMIN, MILAN_TILL, ROME_MANAGER, ROME_TILL, customer
from tests.support.stage import (
    NOBODY,
    TO_PACKED,
    Stage,
    gid,
    location_id,
    open_stage,
    work_at,
)

pytestmark = pytest.mark.usefixtures("clean_database")


async def test_what_cannot_be_given_back(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"ROME": 5}})
    order = await sold(stage, lines={"HAT": 1, "SCARF": 1})
    stranger = customer(uuid4())
    line = lines_of(order)[0]
    before = await everything(engine)
    for given, code in (
        ({"lines": []}, "VALIDATION_FAILED"),
        ({"lines": [line, line]}, "VALIDATION_FAILED"),
        ({"lines": [line | {"quantity": 0}]}, "VALIDATION_FAILED"),
        ({"lines": [line | {"quantity": 2}]}, "QUANTITY_EXCEEDED"),
        ({"lines": [line | {"orderLineId": str(uuid4())}]}, "VALIDATION_FAILED"),
        ({"lines": [line | {"reason": "NOT_DELIVERED"}]}, "VALIDATION_FAILED"),
        ({"method": "UNDELIVERED"}, "VALIDATION_FAILED"),
        ({"orderId": order["id"], "orderNumber": order["number"]}, "VALIDATION_FAILED"),
        ({"expectedVersion": 99}, "VERSION_CONFLICT"),
    ):
        assert (await ask(stage, order, **given))["code"] == code, given
    assert (await ask(stage, order, stranger))["code"] == "NOT_FOUND"
    assert await everything(engine) == before
    await tag(stage, "SCARF", "final_sale")
    refused = await ask(stage, order)
    assert refused["code"] == "NOT_RETURNABLE"
    await set_policy(stage, windowDays=0)
    await stage.make_due("sales_order", "closed_at")
    assert (await ask(stage, order, lines=[line]))["code"] == "NOT_RETURNABLE"
    waiting = await stage.placed()
    assert (await ask(stage, waiting))["code"] == "QUANTITY_EXCEEDED"
    await stage.check()


async def tag(stage: Stage, sku: str, word: str) -> None:
    """The catalogue says this word of a SKU."""
    async with stage.engine.begin() as connection:
        change = sa.update(variant).where(variant.c.sku == sku)
        await connection.execute(change.values(tags=[word]))


async def test_shipping_is_kept_where_the_policy_says_so(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    await set_policy(stage, refundsShipping=False, restockingFee="0.1")
    order = await delivered(stage, lines={"HAT": 2}, shipping={"amount": "5", "currency": "EUR"})
    came = (await brought(stage, order))["returns"][0]
    done = (await inspect(stage, came))["return"]
    total = str((await stage.order(order["id"], "total { amount }"))["total"]["amount"])
    assert (total, str(done["fee"]["amount"])) == ("44.80", "4.49")
    assert refunded(await stage.order(order["id"], PAID)) == ["17.91"]
    await stage.check()


async def test_the_returns_of_a_location_are_its_work(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    orders = [await sold(stage) for _ in range(3)]
    numbers = [(await brought(stage, order))["returns"][0]["number"] for order in orders]
    document = """query($at: ID, $state: ReturnState, $after: String) {
      returns(locationId: $at, state: $state, first: 2, after: $after) { totalCount
        edges { node { number lines { sku } } } pageInfo { hasNextPage endCursor } } }"""
    at = location_id("ROME")
    page = await stage.api.do(ROME_TILL, document, at=at, state="RECEIVED")
    assert page["totalCount"] == 3
    seen = [edge["node"]["number"] for edge in page["edges"]]
    rest = await stage.api.do(
        ROME_TILL, document, at=at, state="RECEIVED", after=page["pageInfo"]["endCursor"]
    )
    assert seen + [edge["node"]["number"] for edge in rest["edges"]] == numbers[::-1]
    elsewhere = await stage.api.do(MILAN_TILL, document, at=at)
    assert elsewhere["totalCount"] == 0
    one = "query($number: String) { return(number: $number) { state code: number } }"
    assert (await stage.api.do(MILAN_TILL, one, number=numbers[0]))["state"] == "RECEIVED"
    assert await stage.api.do(customer(uuid4()), one, number=numbers[0]) is None


async def test_who_may_do_what_with_returns(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await sold(stage)
    came = (await brought(stage, order))["returns"][0]
    before = await everything(engine)
    for actor, code in ((MILAN_TILL, "NOT_FOUND"),):
        assert (await inspect(stage, came, actor=actor))["code"] == code
        assert (await receive(stage, came, actor=actor))["code"] == code
    named = await inspect(stage, came, actor=ROME_TILL, disposition="RESTOCK")
    assert named["code"] == "FORBIDDEN"
    many = await inspect(stage, came, quantity=2)
    assert many["code"] == "QUANTITY_EXCEEDED"
    rules = {"locationId": location_id("MILAN"), "rules": []}
    answer = await stage.do(
        ROME_MANAGER, "setDispositionRules", "SetDispositionRulesInput", "", **rules
    )
    assert answer["code"] == "NOT_FOUND"
    for wrong in ({"restockingFee": "1.5"}, {"windowDays": -1}, {"restockingFee": "0.00001"}):
        assert (await set_policy(stage, **wrong))["code"] == "VALIDATION_FAILED"
    assert await everything(engine) == before


A = actors
DECIDERS = (A.ADMIN, A.OPERATIONS, A.AGENT, A.FINANCE, A.TILL, A.MANAGER, A.PICKER)
RECEIVERS = (A.ADMIN, A.OPERATIONS, A.TILL, A.MANAGER, A.PICKER)
MANAGERS = (A.ADMIN, A.OPERATIONS, A.MANAGER)
RETURN: dict[str, Any] = {"idempotencyKey": "k", "returnId": gid("Return", NOBODY)}
HERE: dict[str, Any] = {"idempotencyKey": "k", "locationId": gid("Location", NOBODY)}
ROLES: list[tuple[str, str, dict[str, Any], tuple[Any, ...]]] = [
    ("authoriseReturn", "ChangeReturn", RETURN, DECIDERS),
    ("rejectReturn", "ChangeReturn", RETURN, DECIDERS),
    ("receiveReturn", "ReceiveReturn", RETURN | HERE, RECEIVERS),
    ("receiveReturnBag", "ReceiveReturnBag", HERE | {"orders": []}, RECEIVERS),
    ("receiveUndeliveredParcel", "ReceiveUndeliveredParcel",
     HERE | {"carrier": "DHL", "trackingNumber": "1"}, RECEIVERS),
    ("inspectReturn", "InspectReturn", RETURN | {"findings": []}, RECEIVERS),
    ("exchangeReturn", "ExchangeReturn",
     RETURN | {"lines": [], "delivery": {"mode": "TAKE_AWAY"}},
     (A.ADMIN, A.OPERATIONS, A.AGENT, A.TILL, A.MANAGER, A.customer(NOBODY))),
    ("returnWithoutReceipt", "ReturnWithoutReceipt",
     HERE | {"channel": "POS", "customer": {}, "items": []}, MANAGERS),
    ("setReturnPolicy", "SetReturnPolicy", {"idempotencyKey": "k"}, (A.ADMIN, A.OPERATIONS)),
    ("setDispositionRules", "SetDispositionRules", HERE | {"rules": []}, MANAGERS),
]  # fmt: skip


async def test_roles_that_may_not_are_refused_before_anything_runs(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    before = await everything(engine)
    for name, kind, given, allowed in ROLES:
        document = (
            f"""mutation($input: {kind}Input!) {{ {name}(input: $input) {{ __typename }} }}"""
        )
        for caller in A.EVERYBODY_AND_A_CUSTOMER:
            if caller is not None and caller.role in {each.role for each in allowed}:
                continue
            _, errors = await stage.api.ask(caller, document, {"input": given})
            wanted = "UNAUTHENTICATED" if caller is None else "FORBIDDEN"
            assert errors == [wanted], (name, caller)
    for name in ("cancelReturn", "sendReturn"):
        kind = "SendReturnInput" if name == "sendReturn" else "ChangeReturnInput"
        for caller in A.EVERYBODY_AND_A_CUSTOMER:
            answer = await stage.do(caller, name, kind, "", **RETURN)
            assert answer["code"] == "NOT_FOUND", (name, caller)
    assert await everything(engine) == before


async def test_money_is_given_back_after_a_crash_behind_the_inspection(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await delivered(stage)
    came = (await brought(stage, order))["returns"][0]
    line = OrderLineId(UUID(came["lines"][0]["orderLineId"]))
    key = ReturnId(UUID(relay.GlobalID.from_id(came["id"]).node_id))
    command = InspectReturn("k", key, (Finding(line, 1, ItemCondition.AS_NEW),))
    await stage.shop.database.run(
        lambda tx: inspect_return(tx, ADMIN, command), actor_key=ADMIN.key
    )
    assert refunded(await stage.order(order["id"], PAID)) == ["0.00"]
    assert await stage.tick() == 1
    assert refunded(await stage.order(order["id"], PAID)) == ["19.90"]
    again = await inspect(stage, came, idempotencyKey="k")
    assert again["return"]["state"] == "COMPLETED"
    assert refunded(await stage.order(order["id"], PAID)) == ["19.90"]
    await stage.check()


async def test_a_policy_and_rules_are_set_once_per_key_and_version(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    first = await set_policy(stage, idempotencyKey="k", windowDays=5, expectedVersion=0)
    assert first["policy"] == {"channel": None, "windowDays": 5, "version": 1}
    assert await set_policy(stage, idempotencyKey="k", windowDays=5, expectedVersion=0) == first
    other = await set_policy(stage, idempotencyKey="k", windowDays=6)
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    stale = await set_policy(stage, windowDays=6, expectedVersion=0)
    assert stale["code"] == "VERSION_CONFLICT"
    assert (await set_policy(stage, channel="NOPE"))["code"] == "NOT_FOUND"
    own = await set_policy(stage, channel="POS", windowDays=7)
    assert own["policy"] == {"channel": "POS", "windowDays": 7, "version": 1}
    query = "query($c: String!) { returnPolicy(channel: $c) { windowDays } }"
    for channel, days in (("POS", 7), ("WEB", 5)):
        assert await stage.api.do(ADMIN, query, c=channel) == {"windowDays": days}
    rules = """query($at: ID!) { dispositionRules(locationId: $at) {
      version rules { condition disposition } } }"""
    given = {"locationId": location_id("ROME"), "idempotencyKey": "r", "rules": [
        {"condition": "OPENED", "disposition": "RESTOCK"}]}  # fmt: skip
    selection = "... on DispositionRulesPayload { rules { version } }"
    for _ in range(2):
        answer = await stage.do(
            ROME_MANAGER, "setDispositionRules", "SetDispositionRulesInput", selection, **given
        )
        assert answer["rules"] == {"version": 1}
    seen = await stage.api.do(ROME_TILL, rules, at=location_id("ROME"))
    assert {each["condition"]: each["disposition"] for each in seen["rules"]} == {
        "AS_NEW": "RESTOCK",
        "OPENED": "RESTOCK",
        "DAMAGED": "QUARANTINE",
        "DEFECTIVE": "SEND_TO_VENDOR",
        "UNSELLABLE": "WRITE_OFF",
    }
    await stage.check()


async def test_what_is_kept_is_paid_by_what_leaves_later(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}, "SCARF": {"MILAN": 5}})
    await set_policy(stage, restockingFee="0.1")
    order = await stage.released(lines={"HAT": 1, "SCARF": 1})
    await sent(stage, order, "ROME")
    hat = [line for line in lines_of(order) if line["orderLineId"] == line_of(order, "HAT")]
    both = [{"orderNumber": order["number"], "lines": hat}]
    came = (await brought(stage, orders=both))["returns"][0]
    done = (await inspect(stage, came))["return"]
    assert str(done["fee"]["amount"]) == "1.99"
    seen = await stage.order(order["id"], PAID)
    assert (seen["status"], refunded(seen)) == ("CONFIRMED", ["0.00"])
    await stage.check()
    await sent(stage, order, "MILAN")
    seen = await stage.order(order["id"], PAID)
    assert seen["status"] == "CLOSED"
    assert str(seen["payments"][0]["captured"]["amount"]) == "36.99"
    await stage.check()


def line_of(order: Any, sku: str) -> str:
    """The id of the order's line of that SKU."""
    return next(line["id"] for line in order["lines"] if line["sku"] == sku)


async def sent(stage: Stage, order: Any, code: str) -> None:
    """What that location has to do for the order is delivered."""
    work = work_at(order, code)["id"]
    for step in TO_PACKED:
        await stage.work(step, work)
    answer = await stage.do(
        ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
        "... on ShipFulfillmentOrderPayload { shipment { id } }",
        fulfillmentOrderId=work, carrier="DHL", parcels=[{"trackingNumber": f"T-{code}"}],
    )  # fmt: skip
    shipment = answer["shipment"]["id"]
    await stage.do(ADMIN, "deliverShipment", "DeliverShipmentInput", "", shipmentId=shipment)
