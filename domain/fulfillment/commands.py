"""What the outside may ask of a location's work: frozen commands, one per use case."""

from dataclasses import dataclass

from domain.common.ids import FulfillmentOrderId, OrderLineId
from domain.fulfillment.model import FailureReason


@dataclass(frozen=True, slots=True)
class LineUnits:
    """Units of an order line."""

    line_id: OrderLineId
    quantity: int


@dataclass(frozen=True, slots=True)
class RejectWork:
    """A location says that it does not serve a request, or some `lines` of it (none: all)."""

    idempotency_key: str
    fulfillment_order_id: FulfillmentOrderId
    reason: FailureReason
    lines: tuple[LineUnits, ...] = ()
    note: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ReportPick:
    """What a picker found: units per line; of what is missing, why."""

    idempotency_key: str
    fulfillment_order_id: FulfillmentOrderId
    lines: tuple[LineUnits, ...]
    shortage: FailureReason = FailureReason.NOT_IN_STOCK
    note: str | None = None
    expected_version: int | None = None
