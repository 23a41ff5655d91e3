"""Units of an order with promotions are captured, called off and returned: the money ends right."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders.model import Order
from domain.orders.money_due import due_for
from domain.orders.pricing import TaxLine
from domain.orders.states import NOT_DUE, GroupState
from domain.promotions.model import BundlePart, PromotionKind, Reward
from tests.domain.promotions.test_engine import (
    BUNDLE,
    SHIPPING,
    TENTH,
    THREE_FOR_TWO,
    carts,
    chains,
)
from tests.support.priced import an_order, moved, paying

S = GroupState
RATES = ["0.22", "0.1", "0.04", "0"]


def shipped(order: Order, *positions: int) -> Order:
    """These units leave, and what is due for them is captured."""
    ids = {order.groups[n].id for n in positions}
    order = paying(order, captured=due_for(order, chosen=lambda group: group.id in ids))
    return moved(order, positions, S.SHIPPED)


def called_off(order: Order, *positions: int, state: GroupState = S.CANCELLED) -> tuple[Order, int]:
    """These units are not due any more, and what is in excess is refunded: the order, and how much
    that was.
    """
    order = moved(order, positions, state)
    back = order.excess_minor
    return paying(order, refunded=back), back


def test_one_of_three_for_two_comes_back() -> None:
    """S46: what was paid less the price of what is kept."""
    order = shipped(an_order([("A", 3, 1000, "0.22")], [(THREE_FOR_TWO, 0)]), 0, 1, 2)
    assert order.payments[0].captured_minor == 2000
    order, first = called_off(order, 0, state=S.RESTOCKED)
    order, second = called_off(order, 1, state=S.RESTOCKED)
    order, third = called_off(order, 2, state=S.RESTOCKED)
    assert (first, second, third) == (0, 1000, 1000)


def test_what_the_rest_would_cost_more_is_waived() -> None:
    order = an_order([("A", 1, 9500, "0.22"), ("C", 1, 500, "0.22"), ("B", 1, 5000, "0.22")],
                     [(TENTH, 10_000)])  # fmt: skip
    order = shipped(order, 0, 1, 2)
    assert order.total_minor == 13_500
    order, first = called_off(order, 2)
    assert (first, order.payable_minor) == (4500, 9000)
    order, second = called_off(order, 1)
    assert (second, order.payable_minor, order.waived_minor) == (0, 9000, 500)
    order, third = called_off(order, 0)
    assert third == 9000


def test_shipping_in_parts_ends_at_the_total() -> None:
    order = shipped(an_order([("A", 3, 1000, "0.22")], [(THREE_FOR_TWO, 0)], shipping=500), 0)
    assert order.payments[0].captured_minor == 1166
    order = shipped(order, 1)
    assert order.payments[0].captured_minor == 2333
    order = shipped(order, 2)
    assert order.payments[0].captured_minor == order.total_minor == 2500


def test_a_cancelled_third_does_not_leave_the_others_unpaid() -> None:
    order = shipped(an_order([("A", 3, 1000, "0.22")], [(THREE_FOR_TWO, 0)]), 0, 1)
    order, back = called_off(order, 2)
    assert (order.payments[0].captured_minor, back, order.payable_minor) == (2000, 0, 2000)


def test_a_broken_bundle_costs_its_parts_but_no_more_than_before() -> None:
    dear = Reward(
        PromotionKind.BUNDLE_PRICE,
        amount_minor=900,
        bundle=(BundlePart(BUNDLE.bundle[0].sku, 1), BundlePart(BUNDLE.bundle[1].sku, 1)),
    )
    order = shipped(an_order([("A", 1, 1000, "0.22"), ("B", 1, 300, "0.22")], [(dear, 0)]), 0, 1)
    assert order.total_minor == 900
    kept, back = called_off(order, 1)
    assert (back, kept.payable_minor) == (0, 900)
    kept, back = called_off(order, 0)
    assert (back, kept.payable_minor) == (600, 300)


def test_free_shipping_is_lost_with_its_minimum() -> None:
    order = an_order([("A", 2, 1000, "0.22")], [(SHIPPING, 2000)], shipping=600)
    assert (order.total_minor, order.discount_minor) == (2000, 600)
    order = shipped(order, 0, 1)
    order, back = called_off(order, 0)
    assert back == 2000 - (1000 + 300)


@pytest.mark.parametrize("included", [True, False])
def test_tax_lines_sum_to_the_tax(included: bool) -> None:
    order = an_order(
        [("A", 3, 999, "0.22"), ("B", 1, 500, "0.04"), ("C", 2, 10, "0")],
        [(TENTH, 0)],
        shipping=490,
        tax_included=included,
    )
    found = order.tax_lines
    assert [line.rate for line in found] == [Decimal("0.22"), Decimal("0.04"), Decimal(0)]
    assert sum(line.tax_minor for line in found) == order.tax_minor
    assert sum(line.net_minor + line.tax_minor for line in found) == order.total_minor
    assert found[2] == TaxLine(Decimal(0), 18, 0)


steps = st.lists(
    st.tuples(
        st.sampled_from([S.SHIPPED, S.CANCELLED, S.RESTOCKED]),
        st.sets(st.integers(0, 30), min_size=1, max_size=6),
    ),
    max_size=8,
)


@given(
    carts,
    chains,
    st.integers(0, 2_000),
    st.booleans(),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    steps,
    st.lists(st.sampled_from(RATES), min_size=6, max_size=6),
)
def test_any_sequence_ends_at_what_is_kept(
    cart: list[tuple[str, int, int]],
    chain: list[tuple[Reward, int]],
    shipping: int,
    included: bool,
    currency: str,
    walk: list[tuple[GroupState, set[int]]],
    rates: list[str],
) -> None:
    lines = [(*each, rate) for each, rate in zip(cart, rates, strict=False)]
    order = an_order(lines, chain, shipping=shipping, tax_included=included, currency=currency)
    assert order.payable_minor == order.total_minor >= 0
    assert order.value_of(lambda group: False) == 0
    taxed = order.tax_lines
    assert sum(line.tax_minor for line in taxed) == order.tax_minor
    assert sum(line.net_minor + line.tax_minor for line in taxed) == order.total_minor
    assert all(line.net_minor >= 0 and line.tax_minor >= 0 for line in taxed)
    for state, positions in walk:
        sources = {S.SHIPPED: {S.ALLOCATED}, S.CANCELLED: {S.ALLOCATED}, S.RESTOCKED: {S.SHIPPED}}
        chosen = [n for n in positions if n < len(order.groups)
                  and order.groups[n].state in sources[state]]  # fmt: skip
        before = order.payable_minor
        if state is S.SHIPPED:
            order = shipped(order, *chosen)
            assert order.payable_minor == before
        else:
            order, back = called_off(order, *chosen, state=state)
            assert back >= 0
            assert order.payable_minor <= before
        (paid,) = order.payments
        assert 0 <= paid.refunded_minor <= paid.captured_minor <= order.total_minor
        assert paid.refundable_minor <= order.payable_minor
    rest = [n for n, group in enumerate(order.groups) if group.state is S.ALLOCATED]
    order = shipped(order, *rest)
    assert order.payments[0].refundable_minor == order.payable_minor
    kept = [n for n, group in enumerate(order.groups) if group.state not in NOT_DUE]
    order, _ = called_off(order, *kept, state=S.RESTOCKED)
    assert order.payments[0].refundable_minor == order.payable_minor == 0
