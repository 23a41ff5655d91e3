"""Added units become lines: at the price of today. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.catalog.quote import Offer
from domain.common.errors import ValidationFailed
from domain.common.ids import OrderLineId, Sku, new_id
from domain.editing.errors import OrderNotEditable
from domain.editing.rules import Added
from domain.orders import pricing
from domain.orders.baskets import region_of
from domain.orders.errors import ProductNotFound, ProductNotSellable
from domain.orders.model import Line, Order
from domain.orders.placing_rules import MAX_LINES
from domain.promotions.engine import Item, discounts_of
from domain.promotions.model import Pricing, PromotionId

Promoted = Mapping[OrderLineId, tuple[PromotionId, ...]]
"""The promotions of an order that are about each of some lines."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The order's lines with new ones, before their quantities grow, and by how much they will.

    `promoted`: the promotions of the order that are about each new line.
    """

    by_id: Mapping[OrderLineId, Line]
    added: Mapping[OrderLineId, int]
    promoted: Promoted


def priced(order: Order, wishes: Sequence[Added], offers: Mapping[Sku, Offer]) -> Lines:
    """Where the added units go. They cost what the channel asks now, or what the caller brings.

    Units join the line that they are asked for, else a line of the same SKU, if its price, tax
    rate and components are those of now; otherwise they become a new line. So the list price
    of old units never changes. Promotions are those that the order has, as they were.

    Raises:
        ProductNotFound, ProductNotSellable: see there.
        ValidationFailed: a price in another currency, no tax rate, too many lines.
        OrderNotEditable: the channel began or ceased to include tax in its prices.
    """
    _check(order, wishes, offers)
    by_id = {line.id: line for line in order.lines}
    added: dict[OrderLineId, int] = {}
    promoted: dict[OrderLineId, tuple[PromotionId, ...]] = {}
    for wish in wishes:
        fresh = _new_line(order, wish, offers[wish.sku], len(by_id) + 1)
        home = _home(list(by_id.values()), wish, fresh) or fresh
        if home is fresh and wish.unit_price is None:
            promoted[fresh.id] = _about(order, offers[wish.sku])
        by_id[home.id] = home
        added[home.id] = added.get(home.id, 0) + wish.quantity
    if len(by_id) > MAX_LINES:
        raise ValidationFailed("changes", f"an order has at most {MAX_LINES} lines")
    return Lines(by_id, added, promoted)


def grown(line: Line, units: int, *, tax_included: bool) -> Line:
    """The line with more units, its sums anew; what promotions take off is for `with_lines`."""
    quantity = line.ordered_quantity + units
    total = line.unit_price_minor * quantity
    tax = pricing.tax_of(total, line.tax_rate, included=tax_included)
    return replace(line, ordered_quantity=quantity, total_minor=total, tax_minor=tax)


def with_lines(order: Order, lines: Sequence[Line], promoted: Promoted | None = None) -> Order:
    """`order` with new or grown lines and the sums that follow: its promotions take off what they
    do of the lines as they are now. The shipping fee stays.
    """
    if not lines:
        return order
    by_id = {line.id: line for line in order.lines} | {line.id: line for line in lines}
    every = tuple(by_id.values())
    known = _with_promoted(order.pricing, promoted or {})
    if known is not None:
        items = [
            Item(ln.id, ln.sku, ln.unit_price_minor, ln.ordered_quantity, ln.tax_rate)
            for ln in every
        ]
        found = discounts_of(items, order.shipping_minor, known.promotions)
        known = replace(known, discounts=tuple(found))
    off = pricing.taken_off(known.discounts if known else ())
    parts = [
        pricing.PricedLine(ln.ordered_quantity, ln.unit_price_minor, ln.tax_rate, off.get(ln.id, 0))
        for ln in every
    ]
    sums = pricing.totals(
        parts,
        order.shipping_minor,
        tax_included=order.tax_included,
        shipping_discount_minor=off.get(None, 0),
    )
    taxed = zip(every, sums.line_taxes, strict=True)
    return replace(
        order,
        lines=tuple(replace(line, tax_minor=tax) for line, tax in taxed),
        items_minor=sums.items_minor,
        discount_minor=sums.discount_minor,
        tax_minor=sums.tax_minor,
        total_minor=sums.total_minor,
        pricing=known,
    )


def _with_promoted(known: Pricing | None, promoted: Promoted) -> Pricing | None:
    """Promotions that are about the new lines too."""
    if known is None or not promoted:
        return known
    return replace(
        known,
        promotions=tuple(
            replace(
                each,
                line_ids=(
                    *each.line_ids,
                    *(line_id for line_id, ids in promoted.items() if each.promotion_id in ids),
                ),
            )
            for each in known.promotions
        ),
    )


def _about(order: Order, offer: Offer) -> tuple[PromotionId, ...]:
    """The promotions of the order that are about what is offered."""
    return tuple(
        each.promotion_id
        for each in (order.pricing.promotions if order.pricing else ())
        if each.rules.is_about(offer.sku, offer.tags, offer.category)
    )


def _segments(order: Order) -> tuple[str, ...]:
    """Those of the customer when the order was placed."""
    return order.pricing.segments if order.pricing else ()


def _check(order: Order, wishes: Sequence[Added], offers: Mapping[Sku, Offer]) -> None:
    unknown = {wish.sku for wish in wishes} - offers.keys()
    if unknown:
        raise ProductNotFound(unknown)
    withdrawn = {wish.sku for wish in wishes if not offers[wish.sku].sellable}
    if withdrawn:
        raise ProductNotSellable(withdrawn, "withdrawn")
    unpriced = {
        wish.sku
        for wish in wishes
        if wish.unit_price is None and offers[wish.sku].price_for(_segments(order)) is None
    }
    if unpriced:
        raise ProductNotSellable(unpriced, "no price")
    if any(offers[wish.sku].tax_included != order.tax_included for wish in wishes):
        raise OrderNotEditable(order.id, "the channel's prices include tax differently now")


def _new_line(order: Order, wish: Added, offer: Offer, position: int) -> Line:
    rate = offer.rate_in(region_of(order.address))
    if rate is None:
        reason = f"no tax rate for {offer.tax_category} in {order.country}"
        raise ValidationFailed("changes", reason)
    if wish.unit_price is not None and wish.unit_price.currency != order.currency:
        raise ValidationFailed("changes.unitPrice", f"must be in {order.currency}")
    price = wish.unit_price or offer.price_for(_segments(order))
    assert price is not None  # _check refused the SKU otherwise
    return Line(
        id=OrderLineId(new_id()),
        position=position,
        sku=wish.sku,
        names=offer.names,
        ordered_quantity=0,
        unit_price_minor=price.amount_minor,
        tax_rate=rate,
        tax_minor=0,
        total_minor=0,
        components=offer.components,
    )


def _home(lines: Sequence[Line], wish: Added, fresh: Line) -> Line | None:
    fitting = [line for line in lines if _same_terms(line, fresh)]
    named = [line for line in fitting if line.id == wish.line_id]
    return next(iter(named or fitting), None)


def _same_terms(line: Line, other: Line) -> bool:
    return (
        line.sku == other.sku
        and line.unit_price_minor == other.unit_price_minor
        and line.tax_rate == other.tax_rate
        and dict(line.components) == dict(other.components)
    )
