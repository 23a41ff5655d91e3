"""From a wish to an order value: offers become priced lines, a plan becomes line groups. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.catalog.quote import Offer
from domain.common.errors import ValidationFailed
from domain.common.ids import LineGroupId, OrderId, OrderLineId, PaymentId, Sku, new_id
from domain.customers.resolve import ResolvedCustomer
from domain.orders import pricing
from domain.orders.commands import OrderedLine, PlaceOrder
from domain.orders.errors import ProductNotFound, ProductNotSellable
from domain.orders.model import Group, Line, Order
from domain.orders.numbers import order_number, tracking_token
from domain.orders.states import GroupState, OrderStatus
from domain.payments.model import intent
from domain.sourcing.model import Place, Plan


@dataclass(frozen=True, slots=True)
class Draft:
    """All that was looked up for an order: offers by SKU, the customer, place and time.

    `near` is about where the goods go, for an address without coordinates.
    """

    offers: Mapping[Sku, Offer]
    customer: ResolvedCustomer
    country: str
    placed_by: str
    placed_at: datetime
    updated_at: datetime
    pay_until: datetime
    near: Place | None = None


def priced_lines(command: PlaceOrder, draft: Draft) -> list[Line]:
    """The order's lines with names, prices and taxes as of now; in the order given.

    Raises:
        ProductNotFound, ProductNotSellable: see there. ValidationFailed: a price in another
            currency, or no tax rate for the country.
    """
    _check_offers(command, draft.offers)
    currency = currency_of(draft)
    included = _tax_included(draft)
    return [
        _line(position, given, draft.offers[given.sku], draft.country, currency, included=included)
        for position, given in enumerate(command.lines, start=1)
    ]


def currency_of(draft: Draft) -> str:
    """The order's currency: the one that all offers were quoted in."""
    return next(iter(draft.offers.values())).currency


def _tax_included(draft: Draft) -> bool:
    return next(iter(draft.offers.values())).tax_included


def _check_offers(command: PlaceOrder, offers: Mapping[Sku, Offer]) -> None:
    unknown = {line.sku for line in command.lines} - offers.keys()
    if unknown:
        raise ProductNotFound(unknown)
    withdrawn = {line.sku for line in command.lines if not offers[line.sku].sellable}
    if withdrawn:
        raise ProductNotSellable(withdrawn, "withdrawn")
    unpriced = {
        line.sku
        for line in command.lines
        if line.unit_price is None and offers[line.sku].price_minor is None
    }
    if unpriced:
        raise ProductNotSellable(unpriced, "no price")


def _line(
    position: int, given: OrderedLine, offer: Offer, country: str, currency: str, *, included: bool
) -> Line:
    if offer.tax_rate is None:
        raise ValidationFailed("delivery", f"no tax rate for {offer.tax_category} in {country}")
    if given.unit_price is not None and given.unit_price.currency != currency:
        raise ValidationFailed(f"lines.{position - 1}.unitPrice", f"must be in {currency}")
    own_price = given.unit_price.amount_minor if given.unit_price else offer.price_minor
    assert own_price is not None  # _check_offers refused the line otherwise
    total = own_price * given.quantity
    return Line(
        id=OrderLineId(new_id()),
        position=position,
        sku=given.sku,
        names=offer.names,
        ordered_quantity=given.quantity,
        unit_price_minor=own_price,
        tax_rate=offer.tax_rate,
        tax_minor=pricing.tax_of(total, offer.tax_rate, included=included),
        total_minor=total,
        components=offer.components,
    )


def without_unfilled(lines: Sequence[Line], plan: Plan, draft: Draft) -> tuple[list[Line], Plan]:
    """The lines and the plan of what can be served now; the rest is neither ordered nor charged."""
    included = _tax_included(draft)
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
    """The order, PENDING_PAYMENT, with a payment intent over its total and groups as planned.

    Raises:
        ValidationFailed: the shipping fee is in another currency.
    """
    currency, included = currency_of(draft), _tax_included(draft)
    if command.shipping is not None and command.shipping.currency != currency:
        raise ValidationFailed("shipping", f"must be in {currency}")
    shipping = command.shipping.amount_minor if command.shipping else 0
    priced = [
        pricing.PricedLine(ln.ordered_quantity, ln.unit_price_minor, ln.tax_rate) for ln in lines
    ]
    sums = pricing.totals(priced, shipping, tax_included=included)
    order_id = OrderId(new_id())
    paid = intent(
        PaymentId(new_id()),
        order_id,
        command.payment.tender,
        command.payment.token,
        sums.total_minor,
        currency,
        draft.updated_at,
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
        discount_minor=0,
        tax_minor=sums.tax_minor,
        tax_included=included,
        total_minor=sums.total_minor,
        placed_at=draft.placed_at,
        placed_by=draft.placed_by,
        pay_until=draft.pay_until,
        confirmed_at=None,
        closed_at=None,
        updated_at=draft.updated_at,
        version=0,
        lines=tuple(lines),
        groups=tuple(_groups(plan)),
        payments=(paid,),
        address=command.delivery.address,
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
