"""The state machine: legal moves do what the table says, all others change nothing."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import (
    ChannelCode,
    CustomerId,
    LineGroupId,
    OrderId,
    OrderLineId,
    Sku,
    new_id,
)
from domain.orders.errors import IllegalTransition, OrderOnHold
from domain.orders.lifecycle import (
    FINAL,
    TRANSITIONS,
    Action,
    move,
    reachable_states,
    require_no_hold,
    transition_of,
    with_hold,
    without_hold,
)
from domain.orders.model import Group, Line, Order
from domain.orders.states import (
    CALLED_OFF,
    CANCELLABLE,
    RETURNED,
    SERVED,
    WITH_CUSTOMER,
    DeliveryMode,
    FulfillmentStatus,
    GroupState,
    Hold,
    OrderStatus,
    UnfilledPolicy,
    fulfillment_order_status,
    fulfillment_status,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def order_in(*states: GroupState, mode: DeliveryMode = DeliveryMode.SHIP) -> Order:
    """A confirmed order of one line with one unit in each state."""
    line = Line(
        OrderLineId(new_id()), 1, Sku("HAT"), {"en": "Hat"}, len(states), 100, Decimal(0), 0,
        100 * len(states), {Sku("HAT"): 1},
    )  # fmt: skip
    groups = tuple(Group(LineGroupId(new_id()), line.id, 1, state) for state in states)
    return Order(
        id=OrderId(new_id()),
        number="U-0000-0000",
        tracking_token="t",
        channel=ChannelCode("WEB"),
        external_reference=None,
        source_code=None,
        customer_id=CustomerId(new_id()),
        status=OrderStatus.CONFIRMED,
        holds=frozenset(),
        delivery_mode=mode,
        delivery_location_id=None,
        unfilled_policy=UnfilledPolicy.REFUSE,
        language="en",
        country="IT",
        currency="EUR",
        items_minor=line.total_minor,
        shipping_minor=0,
        discount_minor=0,
        tax_minor=0,
        tax_included=True,
        total_minor=line.total_minor,
        placed_at=NOW,
        placed_by="TEST",
        pay_until=None,
        confirmed_at=NOW,
        closed_at=None,
        updated_at=NOW,
        version=1,
        lines=(line,),
        groups=groups,
    )


def test_every_action_from_every_state_in_every_mode() -> None:
    for action, state, mode in product(Action, GroupState, DeliveryMode):
        order, rule = order_in(state, state, mode=mode), transition_of(action, mode)
        before, first = deepcopy(order), order.groups[0].id
        if rule is not None and state in rule.sources:
            moved = move(order, action, lambda group, only=first: group.id == only)
            states = [group.state for group in moved.groups]
            assert states == [rule.target, state], (action, state, mode)
        else:
            with pytest.raises(IllegalTransition):
                move(order, action, lambda group, only=first: group.id == only)
        assert order == before, (action, state, mode)


def test_an_action_has_one_row_for_a_mode() -> None:
    for action, mode in product(Action, DeliveryMode):
        rows = [row for row in TRANSITIONS if row.action is action and mode in row.modes]
        assert len(rows) <= 1, (action, mode)


def test_every_state_can_be_reached_and_left() -> None:
    everywhere = frozenset[GroupState]().union(*map(reachable_states, DeliveryMode))
    assert everywhere == frozenset(GroupState)
    left = {state for row in TRANSITIONS for state in row.sources}
    assert frozenset(GroupState) - left == RETURNED | CALLED_OFF


def test_no_state_is_a_dead_end() -> None:
    for mode in DeliveryMode:
        ends = set[GroupState](WITH_CUSTOMER | CALLED_OFF | RETURNED)
        rows = [row for row in TRANSITIONS if mode in row.modes]
        while more := {s for row in rows if row.target in ends for s in row.sources} - ends:
            ends |= more
        assert reachable_states(mode) <= ends, mode
        arrive = set[GroupState](WITH_CUSTOMER)
        while more := {s for row in rows if row.target in arrive for s in row.sources} - arrive:
            arrive |= more
        assert reachable_states(mode) - CALLED_OFF - SERVED <= arrive, mode


def test_one_unit_in_the_wrong_state_stops_all() -> None:
    order = order_in(GroupState.PACKED, GroupState.PICKED)
    with pytest.raises(IllegalTransition):
        move(order, Action.SHIP, lambda _: True)


def test_cancelled_units_are_left_alone() -> None:
    order = order_in(GroupState.PACKED, GroupState.CANCELLED)
    moved = move(order, Action.SHIP, lambda _: True)
    assert [g.state for g in moved.groups] == [GroupState.SHIPPED, GroupState.CANCELLED]


def steps(order: Order) -> st.SearchStrategy[tuple[Action, set[int]]]:
    """An action and the numbers of groups to move: anything at all, or what the table allows."""
    anything = st.tuples(
        st.sampled_from(Action), st.sets(st.integers(0, len(order.groups) - 1), max_size=6)
    )
    legal: list[st.SearchStrategy[tuple[Action, set[int]]]] = []
    for row in TRANSITIONS:
        movable = [n for n, group in enumerate(order.groups) if group.state in row.sources]
        if movable and order.delivery_mode in row.modes:
            some = st.sets(st.sampled_from(movable), min_size=1)
            legal.append(st.tuples(st.just(row.action), some))
    return st.integers(0, 3).flatmap(lambda dice: st.one_of(legal) if dice and legal else anything)


@given(
    st.sampled_from(DeliveryMode),
    st.sampled_from(OrderStatus),
    st.lists(st.sampled_from(GroupState), min_size=1, max_size=6),
    st.integers(1, 20),
    st.data(),
)
def test_random_walk_from_any_mixture_of_states(
    mode: DeliveryMode,
    status: OrderStatus,
    states: list[GroupState],
    length: int,
    data: st.DataObject,
) -> None:
    order = replace(order_in(*states, mode=mode), status=status)
    for _ in range(length):
        action, numbers = data.draw(steps(order))
        chosen = {order.groups[number].id for number in numbers}
        live = [g for g in order.groups if g.id in chosen and g.state not in CALLED_OFF]
        rule, before = transition_of(action, mode), deepcopy(order)
        legal = rule is not None and live and all(g.state in rule.sources for g in live)
        try:
            moved = move(order, action, lambda group, few=chosen: group.id in few)
        except IllegalTransition:
            assert not legal, (action, states)
            assert order == before
            continue
        assert legal, (action, states)
        assert rule is not None
        expected = [replace(g, state=rule.target) if g in live else g for g in before.groups]
        assert list(moved.groups) == expected
        assert replace(moved, groups=before.groups, status=before.status) == before
        assert moved.status is status_after(before.status, expected)
        order = moved


def status_after(status: OrderStatus, groups: list[Group]) -> OrderStatus:
    """What becomes of an order of that status when its groups are these."""
    live = {group.state for group in groups} - CALLED_OFF
    if status in FINAL:
        return status
    if not live:
        return OrderStatus.CANCELLED
    done = status is OrderStatus.CONFIRMED and live <= SERVED
    return OrderStatus.CLOSED if done else status


def test_order_closes_when_everything_is_with_the_customer() -> None:
    order = order_in(GroupState.IN_TRANSIT, GroupState.CANCELLED)
    assert move(order, Action.DELIVER, lambda _: True).status is OrderStatus.CLOSED
    part = order_in(GroupState.IN_TRANSIT, GroupState.ALLOCATED)
    first = part.groups[0].id
    assert move(part, Action.DELIVER, lambda g: g.id == first).status is OrderStatus.CONFIRMED


def test_only_a_confirmed_order_closes() -> None:
    for status in OrderStatus:
        order = replace(order_in(GroupState.IN_TRANSIT), status=status)
        after = move(order, Action.DELIVER, lambda _: True).status
        confirmed = status is OrderStatus.CONFIRMED
        assert after is (OrderStatus.CLOSED if confirmed else status), status


def test_order_is_cancelled_with_its_last_unit() -> None:
    order = order_in(*CANCELLABLE)
    assert move(order, Action.CANCEL, lambda _: True).status is OrderStatus.CANCELLED


def test_holds_are_put_on_once_and_lifted_once() -> None:
    held = with_hold(order_in(GroupState.ALLOCATED), Hold.FRAUD)
    with pytest.raises(OrderOnHold):
        require_no_hold(held)
    with pytest.raises(IllegalTransition):
        with_hold(held, Hold.FRAUD)
    assert without_hold(held, Hold.FRAUD).holds == frozenset()
    with pytest.raises(IllegalTransition):
        without_hold(held, Hold.MANUAL)
    with pytest.raises(IllegalTransition):
        with_hold(replace(held, status=OrderStatus.CLOSED), Hold.MANUAL)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ("NEW", "UNFULFILLED"),
        ("BACKORDERED", "BACKORDERED"),
        ("ALLOCATED BACKORDERED", "UNFULFILLED"),
        ("RELEASED ALLOCATED", "IN_PROGRESS"),
        ("READY_FOR_PICKUP CANCELLED", "READY_FOR_PICKUP"),
        ("SHIPPED PACKED", "PARTIALLY_SHIPPED"),
        ("SHIPPED IN_TRANSIT CANCELLED", "SHIPPED"),
        ("DELIVERED SHIPPED", "PARTIALLY_DELIVERED"),
        ("DELIVERED COLLECTED", "DELIVERED"),
        ("CANCELLED", "CANCELLED"),
    ],
)
def test_goods_axis_follows_the_groups(states: str, status: str) -> None:
    found = fulfillment_status(GroupState(state) for state in states.split())
    assert found is FulfillmentStatus(status)


def test_work_is_as_far_as_its_least_advanced_units() -> None:
    states = [GroupState.PACKED, GroupState.PICKING, GroupState.CANCELLED]
    assert fulfillment_order_status(states).value == "PICKING"
    assert fulfillment_order_status([GroupState.CANCELLED]).value == "CANCELLED"
    assert fulfillment_order_status([GroupState.SHIPPED]).value == "COMPLETED"
