"""What nobody finished is finished: unpaid orders expire, dead orders' money is let go."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.checkout import pay_order, place_order
from domain.orders.commands import GivenPayment, PayOrder
from domain.orders.errors import IllegalTransition, PaymentDeclined, PaymentOutcomeUnknown
from domain.orders.place import accept
from domain.orders.sweep import expire_unpaid, void_leftovers
from domain.orders.tables import order_history, sales_order
from domain.payments.model import Tender
from domain.payments.tables import sandbox_charge
from tests.support import stock
from tests.support.shop import WEB_SHOP, Shop, open_shop, order


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5}})


async def let_time_pass(shop: Shop) -> None:
    """The payment window of every waiting order is over."""
    async with shop.database.writes.begin() as connection:
        await connection.execute(sa.update(sales_order).values(pay_until=sa.func.now()))


async def statuses(shop: Shop) -> list[str]:
    """Life and money of all orders."""
    found = await shop.rows(sa.select(sales_order.c.status, sales_order.c.payment_status))
    return [f"{row.status} {row.payment_status}" for row in found]


async def test_declined_order_expires_once_and_frees_its_stock(shop: Shop) -> None:
    with pytest.raises(PaymentDeclined) as refused:
        await place_order(shop.till(), order(token="tok_decline"))
    assert await expire_unpaid(shop.database, shop.gateway) == 0
    await let_time_pass(shop)
    done = await asyncio.gather(*[expire_unpaid(shop.database, shop.gateway) for _ in range(3)])
    assert sum(done) == 1
    assert await statuses(shop) == ["EXPIRED DECLINED"]
    assert (await stock.level_at(shop.database.writes, "HAT")).available == 5
    assert await shop.broken_rules() == []
    pay = PayOrder("late", refused.value.order_id, GivenPayment(Tender.CARD, "tok_approve"))
    with pytest.raises(IllegalTransition):
        await pay_order(shop.till(), pay)


async def test_charge_that_nobody_heard_of_is_voided(shop: Shop) -> None:
    with pytest.raises(PaymentOutcomeUnknown):
        await place_order(shop.till(), order(token="tok_timeout"))
    await let_time_pass(shop)
    assert await expire_unpaid(shop.database, shop.gateway) == 1
    assert await statuses(shop) == ["EXPIRED VOIDED"]
    assert [row.voided for row in await shop.rows(sa.select(sandbox_charge))] == [True]
    before = await shop.scalar(sa.select(sa.func.count()).select_from(order_history))
    assert await void_leftovers(shop.database, shop.gateway) == 0
    assert await shop.scalar(sa.select(sa.func.count()).select_from(order_history)) == before


async def test_attempt_cut_off_before_the_psp_was_asked_is_resumed_by_its_key(shop: Shop) -> None:
    wish = order("cut")
    await shop.database.run(
        lambda tx: accept(tx, WEB_SHOP, wish, shop.terms), actor_key=WEB_SHOP.key
    )
    assert await statuses(shop) == ["PENDING_PAYMENT PENDING"]
    await place_order(shop.till(), wish)
    assert await statuses(shop) == ["CONFIRMED AUTHORISED"]
    assert await shop.scalar(sa.select(sa.func.count()).select_from(sandbox_charge)) == 1


async def test_attempt_cut_off_and_never_repeated_expires(shop: Shop) -> None:
    await shop.database.run(
        lambda tx: accept(tx, WEB_SHOP, order(), shop.terms), actor_key=WEB_SHOP.key
    )
    await let_time_pass(shop)
    assert await expire_unpaid(shop.database, shop.gateway) == 1
    assert await statuses(shop) == ["EXPIRED VOIDED"]
    assert (await stock.level_at(shop.database.writes, "HAT")).available == 5
