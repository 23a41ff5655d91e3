"""What an order costs, and what is due when parts of it leave."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.orders.pricing import PricedLine, due_for_units, tax_of, totals

LINES = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 10**6)), min_size=1, max_size=4)


def test_tax_inside_and_on_top() -> None:
    rate = Decimal("0.22")
    assert tax_of(1990, rate, included=True) == 359
    assert tax_of(1990, rate, included=False) == 438


def test_shipping_is_taxed_at_the_highest_rate() -> None:
    lines = [PricedLine(1, 1000, Decimal("0.04")), PricedLine(2, 500, Decimal("0.22"))]
    sums = totals(lines, 500, tax_included=False)
    assert sums.line_taxes == (40, 220)
    assert (sums.items_minor, sums.tax_minor, sums.total_minor) == (2000, 370, 2870)


@given(LINES, st.integers(0, 5000), st.booleans())
def test_total_is_items_plus_shipping_plus_tax_on_top(
    lines: list[tuple[int, int]], shipping: int, included: bool
) -> None:
    priced = [PricedLine(quantity, price, Decimal("0.22")) for quantity, price in lines]
    sums = totals(priced, shipping, tax_included=included)
    extra = 0 if included else sums.tax_minor
    assert sums.total_minor == sum(line.total_minor for line in priced) + shipping + extra


@given(LINES, st.integers(0, 5000), st.data())
def test_any_sequence_of_parts_sums_to_the_total(
    lines: list[tuple[int, int]], extra: int, data: st.DataObject
) -> None:
    ordered = [quantity for quantity, _ in lines]
    values = [quantity * price for quantity, price in lines]
    total = sum(values) + extra
    sent, paid = [0] * len(lines), 0
    for _ in range(data.draw(st.integers(0, 3))):
        sent = [
            data.draw(st.integers(done, quantity))
            for done, quantity in zip(sent, ordered, strict=True)
        ]
        due = due_for_units(total, values, ordered, sent)
        assert paid <= due <= total
        paid = due
    assert due_for_units(total, values, ordered, ordered) == total
