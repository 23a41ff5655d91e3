"""What happened to orders of the past: in the same order, at a faster pace. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.integrations.model import HistoricOrder, HistoricState


class Act(StrEnum):
    """Something that is done to an order."""

    PLACE = "place"
    HOLD = "hold"
    RELEASE = "release"
    START_PICKING = "start picking"
    SHIP = "ship"
    DELIVER = "deliver"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Cue:
    """An act on an order, and when it was done."""

    at: datetime
    act: Act
    order: HistoricOrder


def timeline(orders: Sequence[HistoricOrder]) -> list[Cue]:
    """All acts on the orders by time; acts on one order stay in their order."""
    return sorted((cue for order in orders for cue in _cues(order)), key=lambda cue: cue.at)


def _cues(order: HistoricOrder) -> Iterator[Cue]:
    at = order.placed_at
    for act, told in _acts(order):
        at = max(at, told or at)
        yield Cue(at, act, order)


def _acts(order: HistoricOrder) -> Iterable[tuple[Act, datetime | None]]:
    placed, released = (Act.PLACE, order.placed_at), (Act.RELEASE, order.approved_at)
    shipped = (Act.SHIP, order.shipped_at)
    match order.state:
        case HistoricState.CONFIRMED:
            return [placed]
        case HistoricState.HELD:
            return [placed, (Act.HOLD, None)]
        case HistoricState.CANCELLED:
            return [placed, (Act.CANCEL, order.approved_at)]
        case HistoricState.RELEASED:
            return [placed, released]
        case HistoricState.PICKING:
            return [placed, released, (Act.START_PICKING, None)]
        case HistoricState.SHIPPED:
            return [placed, released, shipped]
        case HistoricState.DELIVERED:
            return [placed, released, shipped, (Act.DELIVER, order.delivered_at)]


def starts(cues: Sequence[Cue], *, speed: float, longest_pause_s: float) -> list[float]:
    """When each act is due, in seconds after the beginning: time runs `speed` times as fast as it
    did, and no pause is longer than `longest_pause_s`.
    """
    due: list[float] = []
    for place, cue in enumerate(cues):
        if place == 0:
            due.append(0.0)
            continue
        passed = (cue.at - cues[place - 1].at).total_seconds() / speed
        due.append(due[-1] + min(passed, longest_pause_s))
    return due
