"""Any sequence of edits: the oracle stays empty, and the order's money covers what is due."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strawberry import relay

from domain.catalog.tables import price
from domain.common.database import write_engine
from domain.orders.model import Order
from domain.orders.repository import orders_by_id
from domain.orders.states import CALLED_OFF
from tests.stateful.world import World
from tests.support.edits import add, edit, to
from tests.support.servers import ServerUrls, clone_migrated
from tests.support.shop import ADMIN, open_shop
from tests.support.stage import TO_PACKED, location_id

SKUS = st.sampled_from(["HAT", "SCARF", "SET"])
UNITS = st.integers(0, 5)
TOKENS = st.sampled_from(["tok_approve", "tok_approve", "tok_decline"])
STEP = st.one_of(
    st.tuples(st.just("edit"), SKUS, st.integers(1, 3), st.integers(0, 4), UNITS, TOKENS),
    st.tuples(st.just("set"), st.integers(0, 4), UNITS, TOKENS),
    st.tuples(st.just("price"), SKUS, st.integers(0, 5000)),
    st.tuples(st.just("release")),
    st.tuples(st.just("ship")),
    st.tuples(st.just("receive"), st.sampled_from(["HAT", "SCARF"]), st.integers(1, 3)),
)
POLICIES = st.sampled_from(["REFUSE", "BACKORDER_REST", "SHIP_COMPLETE", "CANCEL_REST"])
DONE: Counter[str] = Counter()
"""What edits and shipments were answered with, over all walks."""


def order_in(world: World, key: str) -> Order:
    wanted = UUID(relay.GlobalID.from_id(key).node_id)
    return next(iter(world.do(orders_by_id(world.connection, [wanted])).values()))


def take(world: World, key: str, step: tuple[Any, ...]) -> None:
    """One step; refusals are answers too, and change nothing."""
    stage, seen = world.stage, world.do(world.stage.order(key))
    before = order_in(world, key)
    match step:
        case ("edit", sku, more, line, units, token):
            changes = [add(sku, more), to(seen, units, line % len(seen["lines"]))]
        case ("set", line, units, token):
            changes = [to(seen, units, line % len(seen["lines"]))]
        case ("price", sku, amount):
            change = sa.update(price).where(price.c.sku == sku).values(amount_minor=amount)
            world.do(world.connection.execute(change))
            return
        case ("release",):
            asked = stage.do(ADMIN, "releaseOrder", "ChangeOrderInput", "", orderId=key)
            world.do(asked)
            return
        case ("ship",):
            for work in seen["fulfillmentOrders"]:
                ship(world, work["id"])
            return
        case (_, sku, units):
            given = {"locationId": location_id("ROME"), "reference": "PO"}
            lines = [{"sku": sku, "quantity": units}]
            world.do(stage.do(ADMIN, "receiveStock", "ReceiveStockInput", "", lines=lines, **given))
            return
        case _:
            raise AssertionError(step)
    payment = {"tender": "CARD", "token": token}
    answer = world.do(edit(stage, seen, *changes, actor=ADMIN, payment=payment))
    after = order_in(world, key)
    DONE[answer["__typename"]] += 1
    if answer["__typename"] == "EditOrderLinesPayload":
        assert after.version > before.version
        check_prices(before, after)
    else:
        assert answer["__typename"].endswith("Error"), answer
        assert after == before


def ship(world: World, work: str) -> None:
    """The work is shipped, if it was released."""
    given: dict[str, Any] = {"fulfillmentOrderId": work}
    for name in TO_PACKED:
        world.do(world.stage.do(ADMIN, name, "FulfillmentOrderInput", "", **given))
    given |= {"carrier": "DHL", "parcels": [{"trackingNumber": uuid4().hex[:9]}]}
    name, kind = "shipFulfillmentOrder", "ShipFulfillmentOrderInput"
    DONE[world.do(world.stage.do(ADMIN, name, kind, "", **given))["__typename"]] += 1


def check_prices(before: Order, after: Order) -> None:
    """Old lines keep their price, and no unit that was ordered disappears."""
    for line in before.lines:
        now = after.line(line.id)
        assert now.unit_price_minor == line.unit_price_minor
        assert now.ordered_quantity >= line.ordered_quantity
    assert [line.position for line in after.lines] == list(range(1, len(after.lines) + 1))


def check_money(order: Order, gateway_authorised: int) -> None:
    """What is authorised and captured, less what was given back, covers all that is due."""
    held = sum(paid.capturable_minor + paid.refundable_minor for paid in order.payments)
    assert held >= order.payable_minor
    assert order.excess_minor == 0
    assert sum(paid.authorised_minor for paid in order.payments) == gateway_authorised
    live = [group for group in order.groups if group.state not in CALLED_OFF]
    if len(live) == len(order.groups):
        assert order.payable_minor == order.total_minor


@pytest.mark.repetitive
@pytest.mark.timeout(300)
def test_any_edits_keep_the_books(servers: ServerUrls, worker_number: int) -> None:
    with asyncio.Runner() as runner:
        url = runner.run(clone_migrated(servers, f"unico_edits_{worker_number}"))
        engine = write_engine(url, pool_size=2)
        stock_of = {"HAT": {"ROME": 6, "MILAN": 3}, "SCARF": {"ROME": 4, "MILAN": 1}}
        shop = runner.run(open_shop(engine, stock_of))

        @settings(
            max_examples=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
            phases=[Phase.generate],
        )
        @given(policy=POLICIES, first=st.integers(1, 3), steps=st.lists(STEP, max_size=12))
        def walk(policy: str, first: int, steps: list[tuple[Any, ...]]) -> None:
            world = World.begin(runner, engine, shop)
            try:
                placed = world.stage.placed(
                    lines={"HAT": first, "SCARF": 1},
                    unfilledPolicy=policy,
                    idempotencyKey=uuid4().hex,
                )
                key = world.do(placed)["id"]
                for step in steps:
                    take(world, key, step)
                    assert world.broken() == []
                    held = world.gateway.authorised
                    live = sum(n for ref, n in held.items() if ref not in world.gateway.voided)
                    check_money(order_in(world, key), live)
            finally:
                world.end()

        try:
            walk()
            assert DONE["EditOrderLinesPayload"] > 0
            assert DONE["ShipFulfillmentOrderPayload"] > 0
        finally:
            runner.run(engine.dispose())
