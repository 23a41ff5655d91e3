"""What an order costs: line totals, discounts, tax, grand total. Pure; minor units; half-even.

The rules are stated in `docs/pricing.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.common.ids import OrderLineId
from domain.common.money import rounded, split_by_weight
from domain.promotions.engine import Item, discounts_of
from domain.promotions.model import AppliedPromotion, Discount


@dataclass(frozen=True, slots=True)
class PricedLine:
    """Quantity and unit price of a line with its tax rate (0.22 is 22 %), and what promotions took
    off it.
    """

    quantity: int
    unit_price_minor: int
    tax_rate: Decimal
    discount_minor: int = 0

    @property
    def total_minor(self) -> int:
        """Unit price times quantity."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of an order; `line_taxes` in line order, `tax_minor` with the tax on shipping."""

    items_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    line_taxes: tuple[int, ...]
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The part of an order that bears one rate: what it costs without tax, and the tax."""

    rate: Decimal
    net_minor: int
    tax_minor: int


def tax_of(amount_minor: int, rate: Decimal, *, included: bool) -> int:
    """The tax inside (`included`) or on top of an amount."""
    amount = Decimal(amount_minor)
    return rounded(amount - amount / (1 + rate)) if included else rounded(amount * rate)


def totals(
    lines: Sequence[PricedLine],
    shipping_minor: int,
    *,
    tax_included: bool,
    shipping_discount_minor: int = 0,
) -> Totals:
    """Totals of an order: tax is rounded per line, on what promotions left of it, and then summed.

    Shipping is an ancillary supply: it is taxed at the highest rate among the lines.
    """
    taxes = tuple(
        tax_of(ln.total_minor - ln.discount_minor, ln.tax_rate, included=tax_included)
        for ln in lines
    )
    shipped = shipping_minor - shipping_discount_minor
    tax = sum(taxes) + tax_of(shipped, shipping_rate(lines), included=tax_included)
    items = sum(line.total_minor for line in lines)
    discount = shipping_discount_minor + sum(line.discount_minor for line in lines)
    total = items - discount + shipping_minor + (0 if tax_included else tax)
    return Totals(items, shipping_minor, tax, total, taxes, discount)


def shipping_rate(lines: Sequence[PricedLine]) -> Decimal:
    """The tax rate of shipping: the highest among the lines."""
    return max((line.tax_rate for line in lines), default=Decimal(0))


def tax_lines(
    lines: Sequence[PricedLine],
    shipping_minor: int,
    *,
    tax_included: bool,
    shipping_discount_minor: int = 0,
) -> list[TaxLine]:
    """The break-down of the order's tax by rate, the highest first; its sums are those of `totals`.

    A rate of zero is listed too, if something bears it.
    """
    parts = [(ln.total_minor - ln.discount_minor, ln.tax_rate) for ln in lines]
    if shipped := shipping_minor - shipping_discount_minor:
        parts.append((shipped, shipping_rate(lines)))
    sums: dict[Decimal, TaxLine] = {}
    for amount, rate in parts:
        tax = tax_of(amount, rate, included=tax_included)
        net = amount - tax if tax_included else amount
        known = sums.get(rate, TaxLine(rate, 0, 0))
        sums[rate] = TaxLine(rate, known.net_minor + net, known.tax_minor + tax)
    return [sums[rate] for rate in sorted(sums, reverse=True)]


def due_for_units(
    total_minor: int, line_totals: Sequence[int], ordered: Sequence[int], units: Sequence[int]
) -> int:
    """What is due of an order total once `units` of each line have left (all: the whole total).

    The total is shared over the lines by value (largest remainder) and within a line by units, so
    that any sequence of partial shipments sums to the total without a cent of error.
    """
    shares = split_by_weight(total_minor, line_totals)
    return sum(
        share * sent // quantity
        for share, sent, quantity in zip(shares, units, ordered, strict=True)
    )


def taken_off(discounts: Sequence[Discount]) -> dict[OrderLineId | None, int]:
    """What promotions took off each line, and off shipping (None); nothing is left out."""
    found: dict[OrderLineId | None, int] = {}
    for each in discounts:
        found[each.line_id] = found.get(each.line_id, 0) + each.amount_minor
    return found


def price_again(
    ordered: Sequence[Item],
    units: Mapping[OrderLineId, int],
    shipping_minor: int,
    promotions: Sequence[AppliedPromotion],
    *,
    tax_included: bool,
) -> int:
    """What `units` of the ordered lines cost with the promotions that the order has: all of them
    its total, none of them nothing.

    They bear the part of the shipping fee that their list prices are of those of all lines, taxed
    at the rate at which the order's shipping is.
    """
    items = [
        Item(item.line_id, item.sku, item.unit_price_minor, kept, item.tax_rate)
        for item in ordered
        if (kept := units.get(item.line_id, 0))
    ]
    if not items:
        return 0
    shipping = _shipping_of(items, ordered, shipping_minor)
    off = taken_off(discounts_of(items, shipping, promotions))
    nets = [
        (item.quantity * item.unit_price_minor - off.get(item.line_id, 0), item.tax_rate)
        for item in items
    ]
    nets.append((shipping - off.get(None, 0), max(item.tax_rate for item in ordered)))
    total = sum(amount for amount, _ in nets)
    if tax_included:
        return total
    return total + sum(tax_of(amount, rate, included=False) for amount, rate in nets)


def _shipping_of(items: Sequence[Item], ordered: Sequence[Item], shipping_minor: int) -> int:
    value = sum(item.quantity * item.unit_price_minor for item in items)
    whole = sum(item.quantity * item.unit_price_minor for item in ordered)
    if not whole:
        value = sum(item.quantity for item in items)
        whole = sum(item.quantity for item in ordered)
    return shipping_minor * value // whole
