"""Handing over in the store: once, whoever asks how often, and only for money."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import OrderId
from domain.common.transaction import Tx
from domain.fulfillment.picking import confirm_pick
from domain.identity.model import Actor
from domain.orders.checkout import place_order
from domain.orders.collect import collect_paid
from domain.orders.commands import ChangeOrder, ChangeWork, Delivery
from domain.orders.errors import CaptureFailed, IllegalTransition
from domain.orders.results import Changed, WorkChanged
from domain.orders.states import DeliveryMode
from domain.orders.work import pack, release_order, start_picking
from domain.payments.tables import payment_capture, sandbox_charge
from domain.pickup.waiting import mark_ready
from tests.support import stock
from tests.support.packed_order import loaded
from tests.support.shop import ADMIN, ROME, ROME_TILL, Shop, open_shop, order

STEPS: Sequence[Callable[[Tx, Actor, ChangeWork], Awaitable[WorkChanged]]] = (
    start_picking,
    confirm_pick,
    pack,
    mark_ready,
)


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5}})


async def ready(shop: Shop, token: str = "tok_approve") -> OrderId:
    """An order that waits for its customer in Rome."""
    wish = order(token=token, delivery=Delivery(DeliveryMode.PICKUP, location_id=ROME))
    placed = await place_order(shop.till(), wish)
    run = shop.database.run
    release = ChangeOrder("release", placed.order_id)
    await run(lambda tx: release_order(tx, ADMIN, release), actor_key=ADMIN.key)
    (work,) = (await loaded(shop, placed.order_id)).fulfillment_orders
    for step in STEPS:
        command = ChangeWork(step.__name__, work.id)
        await run(lambda tx, s=step, c=command: s(tx, ADMIN, c), actor_key=ADMIN.key)
    return placed.order_id


async def collect(shop: Shop, order_id: OrderId, key: str) -> Changed:
    """The till in Rome hands it over."""
    command = ChangeOrder(key, order_id)
    return await collect_paid(shop.database, shop.gateway, ROME_TILL, command)


async def captured(shop: Shop) -> list[int]:
    """What the PSP took, per charge."""
    return [row.captured_minor for row in await shop.rows(sa.select(sandbox_charge))]


async def test_one_key_many_times_at_once_is_one_hand_over(shop: Shop) -> None:
    order_id = await ready(shop)
    done = await asyncio.gather(*[collect(shop, order_id, "same") for _ in range(10)])
    assert len(set(done)) == 1
    assert await captured(shop) == [1990]
    assert (await stock.level_at(shop.database.writes, "HAT")).on_hand == 4
    assert await shop.broken_rules() == []


async def test_two_clerks_hand_over_once(shop: Shop) -> None:
    order_id = await ready(shop)
    results = await asyncio.gather(
        collect(shop, order_id, "a"), collect(shop, order_id, "b"), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in results) == ["Changed", "IllegalTransition"]
    assert await captured(shop) == [1990]
    assert await shop.broken_rules() == []


async def test_refused_capture_keeps_the_goods(shop: Shop) -> None:
    order_id = await ready(shop, token="tok_capture_fail")
    for attempt in (1, 2):
        with pytest.raises(CaptureFailed):
            await collect(shop, order_id, "same")
        assert await shop.scalar(sa.select(sa.func.count()).select_from(payment_capture)) == attempt
    assert (await loaded(shop, order_id)).fulfillment_status.value == "READY_FOR_PICKUP"
    assert (await stock.level_at(shop.database.writes, "HAT")).on_hand == 5
    assert await shop.broken_rules() == []


async def test_nothing_is_ready_yet(shop: Shop) -> None:
    placed = await place_order(
        shop.till(), order(delivery=Delivery(DeliveryMode.PICKUP, location_id=ROME))
    )
    with pytest.raises(IllegalTransition):
        await collect(shop, placed.order_id, "early")
