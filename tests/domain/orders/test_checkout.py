"""Placing and paying through the use case, on a real database."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import Forbidden, IdempotencyConflict, NotFound, ValidationFailed
from domain.common.ids import LocationId, Sku
from domain.common.money import Money
from domain.orders.checkout import pay_order, place_order
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PayOrder
from domain.orders.errors import (
    DuplicateExternalReference,
    IllegalTransition,
    OrderExpired,
    PaymentDeclined,
    PaymentOutcomeUnknown,
    ProductNotFound,
    ProductNotSellable,
)
from domain.orders.results import Placed, PlacementOutcome
from domain.orders.states import (
    DeliveryMode,
    GroupState,
    OrderStatus,
    UnfilledPolicy,
)
from domain.orders.tables import line_group, order_history, sales_order
from domain.payments.model import PaymentStatus, Tender
from domain.payments.tables import payment, sandbox_charge
from domain.stock.errors import InsufficientStock
from domain.stock.tables import reservation
from tests.support import stock
from tests.support.packed_order import loaded
from tests.support.shop import MILAN, ROME, ROME_TILL, Shop, open_shop, order

ORDERS = sa.select(sa.func.count()).select_from(sales_order)


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5, "MILAN": 5}, "SCARF": {"MILAN": 3}})


async def test_order_is_confirmed_priced_and_allocated_at_the_nearest_store(shop: Shop) -> None:
    placed = await place_order(shop.till(), order(lines={"HAT": 2}, near="MILAN"))

    found = await loaded(shop, placed.order_id)
    assert placed.outcome is PlacementOutcome.CONFIRMED
    assert found.status is OrderStatus.CONFIRMED
    assert found.payment_status is PaymentStatus.AUTHORISED
    assert (found.items_minor, found.tax_minor, found.total_minor) == (3980, 718, 3980)
    assert [(g.quantity, g.state, g.location_id) for g in found.groups] == [
        (2, GroupState.ALLOCATED, MILAN)
    ]
    assert len(found.fulfillment_orders) == 1
    level = await stock.level_at(shop.database.writes, "HAT", "MILAN")
    assert (level.on_hand, level.allocated, level.reserved, level.available) == (5, 2, 0, 3)


async def test_split_over_the_fewest_when_no_place_has_all(shop: Shop) -> None:
    placed = await place_order(shop.till(), order(lines={"HAT": 8}))
    found = await loaded(shop, placed.order_id)
    assert sorted((g.quantity, g.location_id) for g in found.groups) == sorted(
        [(5, ROME), (3, MILAN)]
    )
    assert len(found.fulfillment_orders) == 2


async def test_kit_and_its_component_compete_for_the_same_stock(shop: Shop) -> None:
    with pytest.raises(InsufficientStock):
        await place_order(shop.till(), order(lines={"SET": 3, "SCARF": 1}))
    assert await shop.scalar(ORDERS) == 0
    assert await shop.scalar(sa.select(sa.func.count()).select_from(reservation)) == 0


async def test_two_lines_of_one_sku_are_one_demand(shop: Shop) -> None:
    lines = (OrderedLine(Sku("SCARF"), 2), OrderedLine(Sku("SCARF"), 2))
    with pytest.raises(InsufficientStock) as refused:
        await place_order(shop.till(), replace(order(), lines=lines))
    assert (refused.value.requested, refused.value.available) == (4, 3)


async def test_backorder_policy_accepts_what_is_missing(shop: Shop) -> None:
    wish = order(lines={"SCARF": 5}, unfilled_policy=UnfilledPolicy.BACKORDER)
    found = await loaded(shop, (await place_order(shop.till(), wish)).order_id)
    assert sorted((g.state.value, g.quantity) for g in found.groups) == [
        ("ALLOCATED", 3),
        ("BACKORDERED", 2),
    ]


async def test_unknown_and_withdrawn_products_are_refused_without_a_trace(shop: Shop) -> None:
    with pytest.raises(ProductNotFound) as unknown:
        await place_order(shop.till(), order(lines={"HAT": 1, "NOPE": 1}))
    assert unknown.value.skus == ["NOPE"]
    async with shop.database.writes.begin() as connection:
        await connection.execute(sa.text("update variant set active = false where sku = 'HAT'"))
    with pytest.raises(ProductNotSellable):
        await place_order(shop.till(), order())
    assert await shop.scalar(ORDERS) == 0


async def test_same_key_twenty_times_at_once_is_one_order(shop: Shop) -> None:
    wish = order("once")
    placed = await asyncio.gather(*[place_order(shop.till(), wish) for _ in range(20)])
    assert len({each.order_id for each in placed}) == 1
    assert await shop.scalar(ORDERS) == 1
    charges = await shop.rows(sa.select(sandbox_charge))
    assert [row.authorised_minor for row in charges] == [1990]
    with pytest.raises(IdempotencyConflict):
        await place_order(shop.till(), order("once", lines={"HAT": 2}))


async def test_last_units_go_to_exactly_as_many_buyers(shop: Shop) -> None:
    results = await asyncio.gather(
        *[place_order(shop.till(), order(lines={"SCARF": 1})) for _ in range(30)],
        return_exceptions=True,
    )
    refused = [each for each in results if isinstance(each, InsufficientStock)]
    assert (len(results) - len(refused), len(refused)) == (3, 27)
    assert await shop.scalar(ORDERS) == 3
    assert await shop.scalar(sa.select(sa.func.count()).select_from(sandbox_charge)) == 3
    assert await shop.broken_rules() == []


async def test_declined_order_keeps_its_stock_and_can_be_paid_again(shop: Shop) -> None:
    with pytest.raises(PaymentDeclined) as refused:
        await place_order(shop.till(), order("d1", token="tok_decline"))
    with pytest.raises(PaymentDeclined):
        await place_order(shop.till(), order("d1", token="tok_decline"))
    waiting = await loaded(shop, refused.value.order_id)
    assert waiting.status is OrderStatus.PENDING_PAYMENT
    assert (await stock.level_at(shop.database.writes, "HAT")).reserved == 1

    again = PayOrder("p1", waiting.id, GivenPayment(Tender.CARD, "tok_approve"))
    paid = await pay_order(shop.till(), again)
    assert paid.outcome is PlacementOutcome.CONFIRMED
    assert await pay_order(shop.till(), again) == paid
    found = await loaded(shop, waiting.id)
    assert found.payment_status is PaymentStatus.AUTHORISED
    assert found.holds == frozenset()
    level = await stock.level_at(shop.database.writes, "HAT")
    assert (level.reserved, level.allocated) == (0, 1)
    with pytest.raises(IllegalTransition):
        await pay_order(
            shop.till(), PayOrder("p2", waiting.id, GivenPayment(Tender.CARD, "tok_approve"))
        )


async def test_unanswered_charge_is_found_again_with_the_same_key(shop: Shop) -> None:
    wish = order("t1", token="tok_timeout")
    with pytest.raises(PaymentOutcomeUnknown):
        await place_order(shop.till(), wish)
    placed = await place_order(shop.till(), wish)
    assert placed.outcome is PlacementOutcome.CONFIRMED
    charges = await shop.rows(sa.select(sandbox_charge))
    assert [(row.authorised_minor, row.attempts) for row in charges] == [(1990, 2)]


async def test_sold_out_reservation_voids_the_authorisation(shop: Shop) -> None:
    with pytest.raises(PaymentDeclined) as refused:
        await place_order(shop.till(), order(lines={"SCARF": 3}, token="tok_decline"))
    async with shop.database.writes.begin() as connection:
        await connection.execute(sa.update(reservation).values(expires_at=sa.func.now()))
    await place_order(shop.till(), order(lines={"SCARF": 1}))
    pay = PayOrder("late", refused.value.order_id, GivenPayment(Tender.CARD, "tok_approve"))

    with pytest.raises(OrderExpired) as ended:
        await pay_order(shop.till(), pay)
    assert ended.value.reason == "stock"
    found = await loaded(shop, refused.value.order_id)
    assert found.status is OrderStatus.CANCELLED
    live = sa.select(sandbox_charge.c.voided).where(sandbox_charge.c.authorised_minor > 0)
    assert sorted(row.voided for row in await shop.rows(live)) == [False, True]
    assert await shop.broken_rules() == []


async def test_cash_at_the_till_takes_the_goods_away_at_once(shop: Shop) -> None:
    wish = order(
        delivery=Delivery(DeliveryMode.TAKE_AWAY, location_id=ROME),
        payment=GivenPayment(Tender.CASH),
    )
    found = await loaded(shop, (await place_order(shop.till(ROME_TILL), wish)).order_id)
    assert found.status is OrderStatus.CLOSED
    assert found.payment_status is PaymentStatus.CAPTURED
    level = await stock.level_at(shop.database.writes, "HAT")
    assert (level.on_hand, level.allocated) == (4, 0)


async def test_card_at_the_till_is_captured_before_the_goods_leave(shop: Shop) -> None:
    wish = order(delivery=Delivery(DeliveryMode.TAKE_AWAY, location_id=ROME))
    found = await loaded(shop, (await place_order(shop.till(ROME_TILL), wish)).order_id)
    assert found.status is OrderStatus.CLOSED
    assert (await shop.rows(sa.select(payment)))[0].captured_minor == 1990
    assert (await stock.level_at(shop.database.writes, "HAT")).on_hand == 4


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"lines": {"HAT": 0}}, ValidationFailed),
        ({"payment": GivenPayment(Tender.CARD)}, ValidationFailed),
        ({"payment": GivenPayment(Tender.CARD, "4111111111111111")}, ValidationFailed),
        ({"payment": GivenPayment(Tender.CASH)}, Forbidden),
        ({"delivery": Delivery(DeliveryMode.SHIP)}, ValidationFailed),
        ({"delivery": Delivery(DeliveryMode.PICKUP)}, ValidationFailed),
        ({"delivery": Delivery(DeliveryMode.TAKE_AWAY, location_id=ROME)}, Forbidden),
        ({"shipping": Money(-1, "EUR")}, ValidationFailed),
        ({"shipping": Money(100, "USD")}, ValidationFailed),
        ({"channel": "POS"}, Forbidden),
        (
            {
                "delivery": Delivery(
                    DeliveryMode.PICKUP, location_id=LocationId(stock.place("NOWHERE"))
                )
            },
            NotFound,
        ),
    ],
)
async def test_bad_wishes_are_refused_and_leave_nothing(
    shop: Shop, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await place_order(shop.till(), order(**changes))
    assert await shop.scalar(ORDERS) == 0
    assert await shop.scalar(sa.select(sa.func.count()).select_from(line_group)) == 0


async def test_external_reference_is_taken_once_per_channel(shop: Shop) -> None:
    await place_order(shop.till(), order(external_reference="A-1"))
    with pytest.raises(DuplicateExternalReference):
        await place_order(shop.till(), order(external_reference="A-1"))
    assert await shop.scalar(ORDERS) == 1


@pytest.mark.parametrize(
    ("token", "error"),
    [("tok_decline", PaymentDeclined), ("tok_approve", None)],
    ids=["declined", "approved"],
)
async def test_twins_of_a_request_leave_one_trace(
    shop: Shop, token: str, error: type[Exception] | None
) -> None:
    wish = order("twins", token=token)
    results = await asyncio.gather(
        *[place_order(shop.till(), wish) for _ in range(10)], return_exceptions=True
    )
    assert {type(each) for each in results} == {error or Placed}
    history = sa.select(order_history.c.action).order_by(order_history.c.version)
    last = "PAYMENT_DECLINED" if error else "CONFIRM"
    assert [row.action for row in await shop.rows(history)] == ["PLACE", last]
    assert await shop.broken_rules() == []
