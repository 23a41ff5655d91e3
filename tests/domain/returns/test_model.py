"""What a return is worth, whatever the policy and in whatever order units come back."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import LineGroupId, new_id
from domain.orders.model import Order
from domain.orders.states import NOT_DUE, RETURNED, RETURNING, GroupState
from domain.returns.model import (
    ItemCondition,
    ReturnDisposition,
    ReturnPolicy,
    ReturnReason,
    ReturnState,
    bucket_of,
    fee_of,
    shipping_within,
    state_of,
)
from domain.stock.model import Bucket
from tests.domain.orders.test_lifecycle import order_in

RATES = st.decimals(0, 1, places=4)
REASONS = st.sampled_from(ReturnReason)
CONDITIONS = st.sampled_from(ItemCondition)


def costing(total: int, shipping: int, *states: GroupState, currency: str = "EUR") -> Order:
    """An order of so many units that cost `total` in all, of which `shipping` is for shipping."""
    order = order_in(*states)
    line = replace(order.lines[0], total_minor=total - shipping, ordered_quantity=len(states))
    groups = tuple(
        replace(group, id=LineGroupId(new_id()), line_id=line.id, quantity=1)
        for group in order.groups
    )
    return replace(
        order,
        currency=currency,
        lines=(line,),
        groups=groups,
        items_minor=total - shipping,
        shipping_minor=shipping,
        total_minor=total,
    )


@given(st.integers(0, 10**9), st.integers(0, 10**6), RATES, RATES, st.booleans(), REASONS,
       CONDITIONS)  # fmt: skip
def test_a_fee_is_between_nothing_and_the_value(
    value: int,
    shipping: int,
    restocking: Decimal,
    damage: Decimal,
    refunds: bool,
    reason: ReturnReason,
    condition: ItemCondition,
) -> None:
    order = costing(max(value, shipping + 1), shipping, GroupState.DELIVERED)
    policy = ReturnPolicy(
        restocking_fee=restocking, damage_deduction=damage, refunds_shipping=refunds
    )
    fee = fee_of(policy, order, value, reason, condition)
    assert 0 <= fee <= value
    if reason is ReturnReason.DEFECTIVE:
        assert fee == 0
    assert 0 <= shipping_within(order, value) <= value + 1


@given(
    st.integers(1, 10**7),
    st.integers(0, 10**4),
    st.integers(1, 12),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.randoms(use_true_random=False),
)
def test_any_order_of_partial_returns_sums_to_what_was_paid(
    goods: int, shipping: int, units: int, currency: str, random: Random
) -> None:
    states = [GroupState.DELIVERED] * units
    order = costing(goods + shipping, shipping, *states, currency=currency)
    ids = [group.id for group in order.groups]
    random.shuffle(ids)
    given_back = 0
    for chosen in ids:
        groups = tuple(
            replace(group, state=GroupState.RESTOCKED) if group.id == chosen else group
            for group in order.groups
        )
        after = replace(order, groups=groups)
        part = order.payable_minor - after.payable_minor
        assert part >= 0
        given_back, order = given_back + part, after
    assert given_back == order.total_minor
    assert order.payable_minor == 0


@given(st.sets(st.sampled_from(sorted(RETURNING | RETURNED)), min_size=1))
def test_the_least_advanced_units_say_where_a_return_stands(states: set[GroupState]) -> None:
    state = state_of(states, ReturnState.CANCELLED)
    assert (state is ReturnState.COMPLETED) == (states <= RETURNED)
    assert (state is ReturnState.RECEIVED) == (
        GroupState.RETURN_RECEIVED in states and states <= RETURNED | {GroupState.RETURN_RECEIVED}
    )
    assert state_of(states, ReturnState.EXPIRED) is state


def test_without_units_a_return_is_as_it_ended() -> None:
    assert state_of([], ReturnState.EXPIRED) is ReturnState.EXPIRED
    assert RETURNED <= NOT_DUE
    assert not RETURNING & NOT_DUE


@pytest.mark.parametrize("condition", ItemCondition)
@pytest.mark.parametrize("disposition", ReturnDisposition)
def test_only_what_is_sold_again_is_free(
    disposition: ReturnDisposition, condition: ItemCondition
) -> None:
    sold_again = {ReturnDisposition.RESTOCK, ReturnDisposition.TRANSFER}
    assert (bucket_of(disposition, condition) is Bucket.FREE) == (disposition in sold_again)
