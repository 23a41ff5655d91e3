"""What an order costs: line totals, tax, grand total. Pure; minor units; half-even rounding."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.common.money import rounded, split_by_weight


@dataclass(frozen=True, slots=True)
class PricedLine:
    """Quantity and unit price of a line with its tax rate (0.22 is 22 %)."""

    quantity: int
    unit_price_minor: int
    tax_rate: Decimal

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


def tax_of(amount_minor: int, rate: Decimal, *, included: bool) -> int:
    """The tax inside (`included`) or on top of an amount."""
    amount = Decimal(amount_minor)
    return rounded(amount - amount / (1 + rate)) if included else rounded(amount * rate)


def totals(lines: Sequence[PricedLine], shipping_minor: int, *, tax_included: bool) -> Totals:
    """Totals of an order: tax is rounded per line and then summed.

    Shipping is an ancillary supply: it is taxed at the highest rate among the lines.
    """
    taxes = tuple(tax_of(ln.total_minor, ln.tax_rate, included=tax_included) for ln in lines)
    top_rate = max((line.tax_rate for line in lines), default=Decimal(0))
    tax = sum(taxes) + tax_of(shipping_minor, top_rate, included=tax_included)
    items = sum(line.total_minor for line in lines)
    total = items + shipping_minor + (0 if tax_included else tax)
    return Totals(items, shipping_minor, tax, total, taxes)


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
