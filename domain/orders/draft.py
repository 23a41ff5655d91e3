"""From a wish to an order value: a basket is priced, a plan becomes line groups. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from domain.common.ids import LineGroupId, OrderId, new_id
from domain.orders import pricing
from domain.orders.baskets import Draft, currency_of, priced, tax_included
from domain.orders.commands import PlaceOrder
from domain.orders.model import Group, Line, Order
from domain.orders.numbers import order_number, tracking_token
from domain.orders.states import GroupState, OrderStatus
from domain.orders.tendering import plain_payments
from domain.promotions.errors import CouponNotUsable
from domain.sourcing.model import Plan


def without_unfilled(lines: Sequence[Line], plan: Plan, draft: Draft) -> tuple[list[Line], Plan]:
    """The lines and the plan of what can be served now; the rest is neither ordered nor charged."""
    included = tax_included(draft)
    served: list[Line] = []
    for line in lines:
        quantity = line.ordered_quantity - plan.unfilled.get(line.id, 0)
        if quantity == 0:
            continue
        total = line.unit_price_minor * quantity
        served.append(
            replace(
                line,
                position=len(served) + 1,
                ordered_quantity=quantity,
                total_minor=total,
                tax_minor=pricing.tax_of(total, line.tax_rate, included=included),
            )
        )
    return served, replace(plan, unfilled={})


def build_order(command: PlaceOrder, draft: Draft, lines: Sequence[Line], plan: Plan) -> Order:
    """The order, PENDING_PAYMENT, with plain payments over its total and groups as planned. Other
    payments are taken afterwards (`tendering.take`).

    Raises:
        ValidationFailed: the shipping fee is in another currency, or the payments do not make up
            the total. CouponNotUsable: a code takes nothing off.
    """
    currency = currency_of(draft)
    charged = priced(command, draft, lines)
    for code, refusal in charged.refused.items():
        raise CouponNotUsable(code, refusal)
    sums = charged.sums
    order_id = OrderId(new_id())
    payments = plain_payments(
        command.payments, order_id, sums.total_minor, currency, draft.updated_at
    )
    return Order(
        id=order_id,
        number=order_number(),
        tracking_token=tracking_token(),
        channel=command.channel,
        external_reference=command.external_reference,
        source_code=command.source_code,
        customer_id=draft.customer.id,
        status=OrderStatus.PENDING_PAYMENT,
        holds=frozenset(),
        delivery_mode=command.delivery.mode,
        delivery_location_id=command.delivery.location_id,
        unfilled_policy=command.unfilled_policy,
        language=command.language or draft.customer.language,
        country=draft.country,
        currency=currency,
        items_minor=sums.items_minor,
        shipping_minor=sums.shipping_minor,
        discount_minor=sums.discount_minor,
        tax_minor=sums.tax_minor,
        tax_included=tax_included(draft),
        total_minor=sums.total_minor,
        placed_at=draft.placed_at,
        placed_by=draft.placed_by,
        pay_until=draft.pay_until,
        confirmed_at=None,
        closed_at=None,
        updated_at=draft.updated_at,
        version=0,
        lines=charged.lines,
        groups=tuple(_groups(plan)),
        payments=payments,
        address=command.delivery.address,
        pricing=charged.pricing,
        deliver_by=command.deliver_by,
    )


def _groups(plan: Plan) -> list[Group]:
    served = [
        Group(
            id=LineGroupId(new_id()),
            line_id=part.line_id,
            quantity=part.quantity,
            state=GroupState.NEW,
            location_id=part.location_id,
        )
        for part in plan.assignments
    ]
    waiting = [
        Group(LineGroupId(new_id()), line_id, quantity, GroupState.BACKORDERED)
        for line_id, quantity in plan.unfilled.items()
    ]
    return served + waiting
