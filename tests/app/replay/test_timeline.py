from datetime import UTC, datetime, timedelta

import pytest

from app.replay.timeline import Act, Cue, starts, timeline
from domain.common.ids import ChannelCode
from domain.customers.model import GivenCustomer
from domain.integrations.model import HistoricOrder, HistoricState
from domain.orders.commands import Delivery, GivenPayment, PlaceOrder
from domain.orders.states import DeliveryMode
from domain.payments.model import Tender

NOON = datetime(2018, 1, 1, 12, tzinfo=UTC)


def told(state: HistoricState, *hours: int | None, reference: str = "o1") -> HistoricOrder:
    """An order placed at noon; approved, shipped and delivered so many hours later."""
    at = [None if each is None else NOON + timedelta(hours=each) for each in (*hours, None, None)]
    command = PlaceOrder(
        idempotency_key="k",
        channel=ChannelCode("olist"),
        customer=GivenCustomer(),
        lines=(),
        delivery=Delivery(DeliveryMode.SHIP),
        payment=GivenPayment(Tender.EXTERNAL),
        external_reference=reference,
    )
    at += [None]
    return HistoricOrder(command, (), state, NOON, at[0], at[1], at[2])


def acts(cues: list[Cue]) -> list[tuple[str, str, float]]:
    """Act, order and hours after noon."""
    hour = timedelta(hours=1)
    return [(cue.act.value, cue.order.reference, (cue.at - NOON) / hour) for cue in cues]


def test_acts_on_all_orders_come_by_time() -> None:
    first = told(HistoricState.DELIVERED, 1, 10, 30, reference="a")
    second = told(HistoricState.SHIPPED, 2, 9, reference="b")

    assert acts(timeline([first, second])) == [
        ("place", "a", 0),
        ("place", "b", 0),
        ("release", "a", 1),
        ("release", "b", 2),
        ("ship", "b", 9),
        ("ship", "a", 10),
        ("deliver", "a", 30),
    ]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (HistoricState.HELD, [Act.PLACE, Act.HOLD]),
        (HistoricState.CONFIRMED, [Act.PLACE]),
        (HistoricState.RELEASED, [Act.PLACE, Act.RELEASE]),
        (HistoricState.PICKING, [Act.PLACE, Act.RELEASE, Act.START_PICKING]),
        (HistoricState.CANCELLED, [Act.PLACE, Act.CANCEL]),
    ],
)
def test_every_state_has_its_acts(state: HistoricState, expected: list[Act]) -> None:
    assert [cue.act for cue in timeline([told(state, 1)])] == expected


def test_acts_on_one_order_keep_their_order() -> None:
    cues = timeline([told(HistoricState.DELIVERED, 20, 10, 5)])

    assert acts(cues) == [
        ("place", "o1", 0),
        ("release", "o1", 20),
        ("ship", "o1", 20),
        ("deliver", "o1", 20),
    ]


def test_time_runs_faster_and_pauses_are_cut() -> None:
    cues = timeline([told(HistoricState.DELIVERED, 1, 2, 50)])

    assert starts(cues, speed=3600, longest_pause_s=10) == [0, 1, 2, 12]
    assert starts(cues, speed=3600, longest_pause_s=1000) == [0, 1, 2, 50]
    assert starts([], speed=1, longest_pause_s=1) == []
