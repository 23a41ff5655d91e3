"""What the outside may ask of labels: frozen commands, one per use case."""

from dataclasses import dataclass, field

from domain.carriers.model import LabelFormat
from domain.common.ids import FulfillmentOrderId, LabelId, ParcelId
from domain.orders.model import Address
from domain.shipments.labelling.model import Direction


@dataclass(frozen=True, slots=True)
class CreateLabel:
    """A label for packed goods (`fulfillment_order_id`), or for a parcel that was shipped."""

    idempotency_key: str
    carrier: str
    service: str
    format: LabelFormat
    direction: Direction = Direction.OUTBOUND
    fulfillment_order_id: FulfillmentOrderId | None = None
    parcel_id: ParcelId | None = None
    weight_g: int | None = None


@dataclass(frozen=True, slots=True)
class EditLabel:
    """Another address of the customer or another service; what is None stays."""

    idempotency_key: str
    label_id: LabelId
    address: Address | None = field(default=None, repr=False)
    service: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class VoidLabel:
    """A label that nobody needs."""

    idempotency_key: str
    label_id: LabelId
    expected_version: int | None = None
