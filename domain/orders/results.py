"""What order use cases hand back, and what is stored under their idempotency keys."""

from dataclasses import dataclass
from enum import StrEnum

from domain.common.ids import FulfillmentOrderId, OrderId
from domain.orders.model import Order


class PlacementOutcome(StrEnum):
    """How placing or paying ended."""

    CONFIRMED = "CONFIRMED"
    DECLINED = "DECLINED"
    UNKNOWN = "UNKNOWN"
    WAITING = "WAITING"
    """For a cheque to clear, or a bank transfer to arrive."""
    OUT_OF_STOCK = "OUT_OF_STOCK"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Placed:
    """A placed order and how its payment ended; `reason` when it is not confirmed."""

    order_id: OrderId
    number: str
    outcome: PlacementOutcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A placed order and, when it was stored just now and nothing came after, the order itself as a
    read would find it. It spares the read; None means that it has to be read.
    """

    placed: Placed
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed order with the version that the change gave it."""

    order_id: OrderId
    version: int


@dataclass(frozen=True, slots=True)
class WorkChanged:
    """A changed fulfillment order with the version that the change gave it."""

    fulfillment_order_id: FulfillmentOrderId
    order_id: OrderId
    version: int
