"""Orders that were placed elsewhere in the past, with what became of them. Pure values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.locations.model import LocationCode
from domain.orders.commands import PlaceOrder


class HistoricState(StrEnum):
    """How far an order of the past had come when the data were written."""

    HELD = "HELD"
    """Placed, but its payment was not approved."""
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"
    PICKING = "PICKING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class HistoricOrder:
    """An order as its channel tells it. `sellers` are the locations that served its lines, in the
    order of the lines. Times that the data do not tell are None.
    """

    command: PlaceOrder
    sellers: tuple[LocationCode, ...]
    state: HistoricState
    placed_at: datetime
    approved_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    reason: str | None = None
    tracking: str | None = None
    """What the numbers of its parcels begin with, which nobody tells; None: its reference."""

    @property
    def reference(self) -> str:
        """The channel's own number of the order."""
        return self.command.external_reference or ""

    @property
    def takes_stock(self) -> bool:
        """Whether units were ever set aside for it: not if it ended before its payment was."""
        return self.state is not HistoricState.CANCELLED or self.approved_at is not None
