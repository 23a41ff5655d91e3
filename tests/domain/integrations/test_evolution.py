from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.common.ids import (
    ChannelCode,
    CustomerId,
    LineGroupId,
    LocationId,
    OrderId,
    OrderLineId,
    PaymentId,
    Sku,
    new_id,
)
from domain.customers.model import GivenCustomer
from domain.integrations.evolution import Past, past_of
from domain.integrations.model import HistoricOrder, HistoricState
from domain.locations.model import LocationCode
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PlaceOrder
from domain.orders.model import Group, Line, Order
from domain.orders.states import (
    DeliveryMode,
    FulfillmentStatus,
    GroupState,
    Hold,
    OrderStatus,
    UnfilledPolicy,
)
from domain.payments.model import Tender, intent
from domain.shipments.model import ShipmentStatus

PLACED = datetime(2018, 1, 1, 12, tzinfo=UTC)
SELLERS = (LocationId(new_id()), LocationId(new_id()))


def placed() -> Order:
    """An order of one unit from each of two sellers, just built."""
    order_id = OrderId(new_id())
    lines = tuple(
        Line(
            id=OrderLineId(new_id()),
            position=position,
            sku=Sku(f"P{position}"),
            names={},
            ordered_quantity=1,
            unit_price_minor=1000,
            tax_rate=Decimal(0),
            tax_minor=0,
            total_minor=1000,
            components={Sku(f"P{position}"): 1},
        )
        for position in (1, 2)
    )
    groups = tuple(
        Group(LineGroupId(new_id()), line.id, 1, GroupState.NEW, seller)
        for line, seller in zip(lines, SELLERS, strict=True)
    )
    paid = intent(PaymentId(new_id()), order_id, Tender.EXTERNAL, None, 2000, "BRL", PLACED)
    return Order(
        id=order_id,
        number="U-1",
        tracking_token="t",
        channel=ChannelCode("olist"),
        external_reference="o1",
        source_code=None,
        customer_id=CustomerId(new_id()),
        status=OrderStatus.PENDING_PAYMENT,
        holds=frozenset(),
        delivery_mode=DeliveryMode.SHIP,
        delivery_location_id=None,
        unfilled_policy=UnfilledPolicy.REFUSE,
        language="pt",
        country="BR",
        currency="BRL",
        items_minor=2000,
        shipping_minor=0,
        discount_minor=0,
        tax_minor=0,
        tax_included=True,
        total_minor=2000,
        placed_at=PLACED,
        placed_by="TEST",
        pay_until=PLACED,
        confirmed_at=None,
        closed_at=None,
        updated_at=PLACED,
        version=0,
        lines=lines,
        groups=groups,
        payments=(paid,),
    )


def told(state: HistoricState, *hours: int | None) -> HistoricOrder:
    """The order as told: approved, shipped and delivered so many hours after it was placed."""
    at = [
        None if each is None else PLACED + timedelta(hours=each) for each in (*hours, *[None] * 3)
    ]
    command = PlaceOrder(
        idempotency_key="k",
        channel=ChannelCode("olist"),
        customer=GivenCustomer(),
        lines=(OrderedLine(Sku("P1"), 1), OrderedLine(Sku("P2"), 1)),
        delivery=Delivery(DeliveryMode.SHIP),
        payment=GivenPayment(Tender.EXTERNAL),
        external_reference="o1",
    )
    sellers = (LocationCode("s1"), LocationCode("s2"))
    return HistoricOrder(command, sellers, state, PLACED, at[0], at[1], at[2], reason="because")


def steps(past: Past) -> list[tuple[str, int, float]]:
    """What was done, with the order's version and the hours since it was placed."""
    return [
        (each.action, each.order.version, (each.order.updated_at - PLACED) / timedelta(hours=1))
        for each in past.versions
    ]


def test_a_delivered_order_has_a_version_for_each_known_moment() -> None:
    past = past_of(placed(), told(HistoricState.DELIVERED, 1, 24, 72), "OLIST")

    assert steps(past) == [("PLACE", 1, 0), ("CONFIRM", 2, 1), ("SHIP", 3, 24), ("DELIVER", 4, 72)]
    order = past.order
    assert (order.status, order.fulfillment_status) == (
        OrderStatus.CLOSED,
        FulfillmentStatus.DELIVERED,
    )
    assert order.confirmed_at == PLACED + timedelta(hours=1)
    assert order.closed_at == PLACED + timedelta(hours=72)
    assert [work.version for work in order.fulfillment_orders] == [3, 3]
    shipments = [(sent.version, sent.status, len(sent.parcels)) for sent in past.shipments]
    shipped, done = ShipmentStatus.SHIPPED, ShipmentStatus.DELIVERED
    assert shipments == [(1, shipped, 1), (1, shipped, 1), (2, done, 1), (2, done, 1)]
    assert {event.occurred_at for event in past.events} == {order.closed_at}


@pytest.mark.parametrize(
    ("state", "actions", "group", "status"),
    [
        (HistoricState.CONFIRMED, ["PLACE", "CONFIRM"], GroupState.ALLOCATED, "CONFIRMED"),
        (HistoricState.HELD, ["PLACE", "CONFIRM", "HOLD"], GroupState.ALLOCATED, "CONFIRMED"),
        (HistoricState.RELEASED, ["PLACE", "CONFIRM", "RELEASE"], GroupState.RELEASED, "CONFIRMED"),
        (
            HistoricState.PICKING,
            ["PLACE", "CONFIRM", "START_PICKING"],
            GroupState.PICKING,
            "CONFIRMED",
        ),
        (HistoricState.SHIPPED, ["PLACE", "CONFIRM", "SHIP"], GroupState.SHIPPED, "CONFIRMED"),
        (
            HistoricState.CANCELLED,
            ["PLACE", "CONFIRM", "CANCEL"],
            GroupState.CANCELLED,
            "CANCELLED",
        ),
    ],
)
def test_every_state_is_reached_by_legal_steps(
    state: HistoricState, actions: list[str], group: GroupState, status: str
) -> None:
    past = past_of(placed(), told(state, 1, 24), "OLIST")

    assert [each.action for each in past.versions] == actions
    assert {each.state for each in past.order.groups} == {group}
    assert past.order.status == status
    assert past.order.holds == ({Hold.PAYMENT} if state is HistoricState.HELD else frozenset())
    assert (past.order.closed_at is None) == (status != "CANCELLED")


def test_what_was_cancelled_unpaid_never_took_stock() -> None:
    unpaid = told(HistoricState.CANCELLED)
    past = past_of(placed(), unpaid, "OLIST")

    assert not unpaid.takes_stock
    assert [(each.action, each.reason) for each in past.versions] == [
        ("PLACE", None),
        ("CANCEL", "because"),
    ]
    assert past.order.fulfillment_orders == ()
    assert past.order.pay_until is None


def test_time_does_not_run_backwards() -> None:
    past = past_of(placed(), told(HistoricState.DELIVERED, 30, 24, 10), "OLIST")

    assert [hours for _, _, hours in steps(past)] == [0, 30, 30, 30]


def test_moments_that_nobody_told_are_the_ones_before() -> None:
    past = past_of(placed(), told(HistoricState.DELIVERED, None, None, 10), "OLIST")

    assert [hours for _, _, hours in steps(past)] == [0, 0, 0, 10]
    past = past_of(placed(), told(HistoricState.DELIVERED, 5), "OLIST")
    assert [hours for _, _, hours in steps(past)] == [0, 5, 5, 5]
