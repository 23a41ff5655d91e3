"""What the outside may ask of a location's work: frozen commands, one per use case."""

from dataclasses import dataclass

from domain.common.ids import FulfillmentOrderId
from domain.fulfillment.model import FailureReason
from domain.orders.units import LineUnits


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


@dataclass(frozen=True, slots=True)
class AnswerCancel:
    """A location says whether its work can still be cancelled."""

    idempotency_key: str
    fulfillment_order_id: FulfillmentOrderId
    expected_version: int | None = None
    reason: str | None = None
