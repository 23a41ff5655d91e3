"""The second half of placing, in batches: what was reserved is allocated, once."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.idempotency import Command
from domain.customers.model import GivenCustomer
from domain.orders.batching.engine import OrderEngine
from domain.orders.checkout import settled_order
from domain.orders.commands import Delivery, GivenPayment, PayOrder, PlaceOrder
from domain.orders.model import Order
from domain.orders.repository import orders_by_id
from domain.orders.results import Settled
from domain.orders.states import DeliveryMode, UnfilledPolicy
from domain.orders.tables import sales_order
from domain.payments.model import Tender
from domain.stock.errors import InsufficientStock
from domain.stock.tables import reservation
from tests.support import stock
from tests.support.engines import PAID, audit, engine_of, kinds, place_all, wishes
from tests.support.shop import ROME_TILL, WEB_SHOP, Shop, open_shop, order

UNITS = 20


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": UNITS}, "SCARF": {"ROME": 500, "MILAN": 500}})


@pytest.fixture
async def engine_a(shop: Shop) -> AsyncGenerator[OrderEngine]:
    async with engine_of(shop) as opened:
        yield opened


async def test_orders_that_wait_for_stock_are_settled_singly_with_their_promises(
    shop: Shop, engine_a: OrderEngine
) -> None:
    late = [
        replace(each, unfilled_policy=UnfilledPolicy.BACKORDER_REST)
        for each in wishes(3, units=9, name="late")
    ]
    answers = await place_all(shop, late, engine_a)
    assert kinds(answers) == {"Placed": 3}
    assert engine_a.settlements.counts.single == 1
    await audit(shop, orders=3, sold=20)


async def test_goods_that_are_taken_away_leave_in_the_batch(
    shop: Shop, engine_a: OrderEngine
) -> None:
    delivery = Delivery(DeliveryMode.TAKE_AWAY, location_id=stock.place("ROME"))
    cash = GivenPayment(Tender.CASH)
    sales = [
        (ROME_TILL, replace(each, delivery=delivery, payment=cash, customer=GivenCustomer()))
        for each in wishes(5)
    ]
    assert kinds(await place_all(shop, sales, engine_a)) == {"Placed": 5}
    level = await stock.level_at(shop.database.writes, "HAT")
    assert (level.on_hand, level.allocated, level.reserved) == (UNITS - 5, 0, 0)
    assert await shop.broken_rules() == []


async def test_the_order_that_a_batch_gives_back_is_the_one_that_is_stored(
    shop: Shop, engine_a: OrderEngine
) -> None:
    till = replace(shop.till(), engine=engine_a)
    pickup = Delivery(DeliveryMode.PICKUP, location_id=stock.place("ROME"))
    wanted = [
        *wishes(2),
        order("lines", lines={"HAT": 1, "SET": 2, "SCARF": 700}, payment=PAID),
        order("card", delivery=pickup),
    ]
    settled = await asyncio.gather(*[settled_order(till, each) for each in wanted])
    found = await shop.database.read(
        lambda c: orders_by_id(c, [each.placed.order_id for each in settled])
    )
    given = [each.order for each in settled if each.order is not None]
    assert len(given) == 4
    assert given == [found[each.id] for each in given]


async def accepted(shop: Shop, engine: OrderEngine, wanted: list[PlaceOrder]) -> list[Order]:
    """The orders after the first half of placing, all in one batch."""
    asked = [engine.accept(WEB_SHOP, each, shop.terms, "") for each in wanted]
    found = [each for each in await asyncio.gather(*asked) if isinstance(each, Order)]
    assert len(found) == len(wanted)
    return found


async def settle_all(
    engine: OrderEngine, wanted: Sequence[Command], orders: list[Order]
) -> list[Settled | BaseException]:
    """What the second half gives, all in one batch."""
    asked = [
        engine.settle(WEB_SHOP, wish, each, [], "")
        for wish, each in zip(wanted, orders, strict=True)
    ]
    return list(await asyncio.gather(*asked, return_exceptions=True))


async def test_a_reservation_that_expired_is_made_good_while_there_is_stock(
    shop: Shop, engine: AsyncEngine, engine_a: OrderEngine
) -> None:
    wanted = wishes(3, units=4)
    orders = await accepted(shop, engine_a, wanted)
    async with engine.begin() as connection:
        past = sa.func.now() - timedelta(minutes=1)
        await connection.execute(sa.update(reservation).values(expires_at=past))
    await place_all(shop, [order("thief", lines={"HAT": 11}, payment=PAID)], None)
    answers = await settle_all(engine_a, wanted, orders)
    assert kinds(answers) == {"Settled": 2, "InsufficientStock": 1}
    assert isinstance(answers[2], InsufficientStock)
    assert engine_a.settlements.counts.batches == 1
    level = await stock.level_at(engine, "HAT")
    assert (level.allocated, level.reserved) == (19, 0)


async def test_orders_that_moved_on_are_not_settled_again(
    shop: Shop, engine_a: OrderEngine
) -> None:
    wanted = wishes(4)
    orders = await accepted(shop, engine_a, wanted)
    first = await settle_all(engine_a, wanted, orders)
    again = await settle_all(engine_a, wanted, orders)
    assert kinds([*first, *again]) == {"Settled": 8}
    for one, other in zip(first, again, strict=True):
        assert isinstance(one, Settled)
        assert isinstance(other, Settled)
        assert (one.placed, other.order) == (other.placed, None)
    assert engine_a.settlements.counts.failed == 0  # no constraint had to say so
    versions = await shop.rows(sa.select(sales_order.c.version).distinct())
    assert versions == [(2,)]
    await audit(shop, orders=4)


async def test_an_order_that_is_placed_and_paid_at_once_is_settled_once(
    shop: Shop, engine_a: OrderEngine
) -> None:
    """Its placing is repeated while its payment is asked about: two keys, one order."""
    wanted = wishes(4)
    orders = await accepted(shop, engine_a, wanted)
    asked = PayOrder("pay", orders[0].id)
    answers = await settle_all(engine_a, [*wanted, asked], [*orders, orders[0]])
    assert kinds(answers) == {"Settled": 5}
    assert isinstance(answers[0], Settled)
    assert isinstance(answers[4], Settled)
    assert answers[0].placed == answers[4].placed
    assert engine_a.settlements.counts.failed == 0
    await audit(shop, orders=4)
