"""A worker asks again ever less often, never twice at once, and never charges a second time."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.checkout import place_order
from domain.orders.errors import PaymentDeclined, PaymentOutcomeUnknown
from domain.orders.resuming import resume_payments
from domain.orders.states import OrderStatus
from domain.orders.tables import sales_order
from domain.payments.gateway import GatewayAnswer, Operation, Outcome
from domain.payments.retrying import Retrying, pause_after
from domain.payments.sandbox import SandboxGateway
from domain.payments.tables import psp_retry, sandbox_charge
from tests.support.packed_order import loaded, placed
from tests.support.shop import Shop, open_shop, order

NOW = timedelta(0)


class Silent(SandboxGateway):
    """A PSP that says nothing of earlier calls, as often as told."""

    asked = 0

    async def look_up(
        self, operation: Operation, psp_key: str, reference: str | None
    ) -> GatewayAnswer | None:
        self.asked += 1
        return GatewayAnswer(Outcome.UNKNOWN, reason="read timeout")


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5}})


async def unanswered(shop: Shop) -> None:
    """An order whose PSP charged and said nothing."""
    with pytest.raises(PaymentOutcomeUnknown):
        await place_order(shop.till(), order("k", token="tok_timeout"))


async def make_due(shop: Shop) -> None:
    async with shop.database.writes.begin() as connection:
        await connection.execute(sa.update(psp_retry).values(next_try_at=sa.func.now()))


async def test_it_asks_again_less_and_less_often(shop: Shop, engine: AsyncEngine) -> None:
    await unanswered(shop)
    silent = Silent(engine)
    gateway = Retrying(shop.database, silent)
    assert await resume_payments(shop.database, gateway) == 0  # whoever asked may still answer
    for attempts in (1, 2, 3):
        done = [resume_payments(shop.database, gateway, grace=NOW) for _ in range(3)]
        await asyncio.gather(*done)
        assert silent.asked == attempts
        c = psp_retry.c
        query = sa.select(c.attempts, c.last_error, c.next_try_at - c.updated_at)
        (row,) = await shop.rows(query)
        assert tuple(row) == (attempts, "read timeout", pause_after(attempts))
        await make_due(shop)
    assert await resume_payments(shop.database, Retrying(shop.database, shop.gateway), grace=NOW)
    assert await shop.rows(sa.select(psp_retry)) == []
    order_id = await shop.scalar(sa.select(sales_order.c.id))
    assert (await loaded(shop, order_id)).status is OrderStatus.CONFIRMED
    charges = await shop.rows(sa.select(sandbox_charge.c.attempts, sandbox_charge.c.voided))
    assert [tuple(row) for row in charges] == [(1, False)]  # it was looked up, not asked again
    again = await place_order(shop.till(), order("k", token="tok_timeout"))
    assert again.order_id == order_id
    assert await shop.broken_rules() == []


async def test_a_declined_order_is_left_to_the_customer(shop: Shop) -> None:
    with pytest.raises(PaymentDeclined):
        await place_order(shop.till(), order(token="tok_decline"))
    gateway = Retrying(shop.database, shop.gateway)
    assert await resume_payments(shop.database, gateway, grace=NOW) == 0


async def test_what_was_sold_meanwhile_is_let_go(shop: Shop) -> None:
    with pytest.raises(PaymentOutcomeUnknown):
        await place_order(shop.till(), order("k", lines={"HAT": 5}, token="tok_timeout"))
    async with shop.database.writes.begin() as connection:
        past = "update reservation set expires_at = now() - interval '1 s'"
        await connection.execute(sa.text(past))
    await placed(shop, {"HAT": 1})
    gateway = Retrying(shop.database, shop.gateway)
    assert await resume_payments(shop.database, gateway, grace=NOW) == 1
    voided = sa.select(sandbox_charge.c.voided).where(sandbox_charge.c.authorised_minor == 9950)
    assert await shop.scalar(voided) is True
    assert await shop.broken_rules() == []


def test_pauses_grow_up_to_six_hours() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, 40)]
    assert pauses[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=6)
