"""Orders with promotions as values, for tests of rules about their money."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from domain.common.ids import (
    ChannelCode,
    CustomerId,
    LineGroupId,
    OrderId,
    OrderLineId,
    PaymentId,
    Sku,
    new_id,
)
from domain.orders.model import Group, Line, Order
from domain.orders.pricing import PricedLine, taken_off, totals
from domain.orders.states import DeliveryMode, GroupState, OrderStatus, UnfilledPolicy
from domain.payments.model import PaymentState, Tender, intent
from domain.promotions.engine import Item, discounts_of
from domain.promotions.model import AppliedPromotion, Pricing, PromotionId, Reward, Rules

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def applied(number: int, rules: Rules, lines: Sequence[Line]) -> AppliedPromotion:
    """A promotion that is about those of the lines that its rules name."""
    about = tuple(line.id for line in lines if rules.is_about(line.sku, (), ""))
    return AppliedPromotion(PromotionId(UUID(int=number)), 1, f"P{number}", "", {}, rules, about)


def line(position: int, sku: str, units: int, price: int, rate: Decimal) -> Line:
    """A line at list price."""
    return Line(
        id=OrderLineId(new_id()),
        position=position,
        sku=Sku(sku),
        names={"en": sku},
        ordered_quantity=units,
        unit_price_minor=price,
        tax_rate=rate,
        tax_minor=0,
        total_minor=units * price,
        components={Sku(sku): 1},
    )


def an_order(
    lines: Sequence[tuple[str, int, int, str]],
    chain: Sequence[tuple[Reward, int]] = (),
    *,
    shipping: int = 0,
    tax_included: bool = True,
    currency: str = "EUR",
) -> Order:
    """An order whose units are all allocated and authorised. Lines are SKU, units, price of one and
    tax rate; the chain is of rewards with their minimum.
    """
    bare = [line(n, sku, units, price, Decimal(rate)) for n, (sku, units, price, rate) in
            enumerate(lines, start=1)]  # fmt: skip
    promotions = tuple(
        applied(n, Rules(reward, minimum_minor=minimum), bare)
        for n, (reward, minimum) in enumerate(chain)
    )
    items = [
        Item(ln.id, ln.sku, ln.unit_price_minor, ln.ordered_quantity, ln.tax_rate) for ln in bare
    ]
    found = tuple(discounts_of(items, shipping, promotions))
    off = taken_off(found)
    sums = totals(
        [
            PricedLine(ln.ordered_quantity, ln.unit_price_minor, ln.tax_rate, off.get(ln.id, 0))
            for ln in bare
        ],
        shipping,
        tax_included=tax_included,
        shipping_discount_minor=off.get(None, 0),
    )
    order_id = OrderId(new_id())
    paid = intent(
        PaymentId(new_id()), order_id, Tender.CARD, "tok", sums.total_minor, currency, NOON
    )
    paid = replace(paid, state=PaymentState.AUTHORISED, authorised_minor=sums.total_minor)
    return Order(
        id=order_id, number="U-1", tracking_token="t", channel=ChannelCode("WEB"),
        external_reference=None, source_code=None, customer_id=CustomerId(new_id()),
        status=OrderStatus.CONFIRMED, holds=frozenset(), delivery_mode=DeliveryMode.SHIP,
        delivery_location_id=None, unfilled_policy=UnfilledPolicy.REFUSE, language="en",
        country="IT", currency=currency, items_minor=sums.items_minor,
        shipping_minor=shipping, discount_minor=sums.discount_minor, tax_minor=sums.tax_minor,
        tax_included=tax_included, total_minor=sums.total_minor, placed_at=NOON, placed_by="x",
        pay_until=None, confirmed_at=NOON, closed_at=None, updated_at=NOON, version=1,
        lines=tuple(
            replace(ln, tax_minor=tax) for ln, tax in zip(bare, sums.line_taxes, strict=True)
        ),
        groups=tuple(
            Group(LineGroupId(new_id()), ln.id, 1, GroupState.ALLOCATED)
            for ln in bare
            for _ in range(ln.ordered_quantity)
        ),
        payments=(paid,),
        pricing=Pricing(promotions, found) if promotions else None,
    )  # fmt: skip


def moved(order: Order, positions: Sequence[int], state: GroupState) -> Order:
    """The order after the units at these positions came into a state, as it would be stored."""
    groups = tuple(
        replace(group, state=state) if n in positions else group
        for n, group in enumerate(order.groups)
    )
    return replace(order, groups=groups).waiving(order)


def paying(order: Order, captured: int = 0, refunded: int = 0) -> Order:
    """The order after more was captured and refunded."""
    (paid,) = order.payments
    paid = replace(
        paid,
        captured_minor=paid.captured_minor + captured,
        refunded_minor=paid.refunded_minor + refunded,
    )
    return replace(order, payments=(paid,))
