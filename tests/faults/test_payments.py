"""Acceptance 3 of money: a worker killed at any step of a payment leaves one charge, one refund."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import OrderId
from domain.orders.resuming import resume_payments
from domain.orders.states import OrderStatus
from domain.orders.sweep import void_leftovers
from domain.orders.tables import sales_order
from domain.payments.retrying import Retrying
from domain.payments.tables import payment, psp_retry, sandbox_charge
from tests.faults.payment_steps import OPERATIONS, REFUND_MINOR, STEPS, killed
from tests.support.packed_order import loaded, packed, placed, ship, shipping
from tests.support.shop import Shop, open_shop

PRICE = 1990
NOBODY = OrderId(UUID(int=0))


async def restarted(shop: Shop) -> None:
    """Another worker does what was cut off, twice: the second time nothing is left."""
    gateway = Retrying(shop.database, shop.gateway)
    now = timedelta(0)
    await resume_payments(shop.database, gateway, grace=now)
    await void_leftovers(shop.database, gateway)
    assert await resume_payments(shop.database, gateway, grace=now) == 0
    assert await void_leftovers(shop.database, gateway) == 0


async def books_of(shop: Shop, order_id: OrderId) -> list[tuple[int, int, int, bool]]:
    """What the PSP's own books say of the order: authorised, captured, refunded, voided."""
    c = sandbox_charge.c
    query = sa.select(c.authorised_minor, c.captured_minor, c.refunded_minor, c.voided)
    query = query.join(payment, payment.c.psp_key == c.psp_key)
    rows = await shop.rows(query.where(payment.c.order_id == order_id))
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def begun(shop: Shop, operation: str) -> OrderId:
    """An order that the operation can be done with."""
    match operation:
        case "authorise":
            return NOBODY
        case "void":
            return (await placed(shop, {"HAT": 1})).id
        case "capture":
            return (await packed(shop, {"HAT": 1})).id
        case _:
            ready = await packed(shop, {"HAT": 1})
            await ship(shop, shipping(ready))
            return ready.id


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_worker_killed_at_any_step_leaves_one_movement(
    engine: AsyncEngine, clean_database: str, operation: str
) -> None:
    shop = await open_shop(engine, {"HAT": {"ROME": 9}})
    expected = {
        "authorise": (PRICE, 0, 0, False),
        "void": (PRICE, 0, 0, True),
        "capture": (PRICE, PRICE, 0, False),
        "refund": (PRICE, PRICE, REFUND_MINOR, False),
    }[operation]
    for step in STEPS:
        order_id = await begun(shop, operation)
        await killed(clean_database, operation, step, step, order_id)
        await restarted(shop)
        if operation == "authorise":
            newest = sa.select(sales_order.c.id).order_by(sales_order.c.placed_at.desc())
            order_id = OrderId(await shop.scalar(newest.limit(1)))
            assert (await loaded(shop, order_id)).status is OrderStatus.CONFIRMED
        assert await books_of(shop, order_id) == [expected], step
        before = await loaded(shop, order_id)
        await OPERATIONS[operation](shop, step, order_id)
        await restarted(shop)
        assert await books_of(shop, order_id) == [expected], step
        after = await loaded(shop, order_id)
        assert after.payments == before.payments
        assert await shop.broken_rules() == []
    assert await shop.rows(sa.select(psp_retry)) == []
