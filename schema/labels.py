"""Labels of parcels as clients see them."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.carriers.model import LabelFormat
from domain.common.ids import FulfillmentOrderId, LabelId, ParcelId
from domain.identity.model import STAFF
from domain.shipments.labelling import commands
from domain.shipments.labelling import model as domain
from domain.shipments.labelling.model import Direction, LabelState
from schema.access import access
from schema.carriers import CarrierRefusedError
from schema.enums import described
from schema.errors import CommonError
from schema.ids import global_id, id_of
from schema.inputs import KEY, VERSION
from schema.money import Money
from schema.orders.errors import IllegalTransitionError, OrderOnHoldError
from schema.orders.inputs import OrderAddressInput
from schema.shipments.errors import IllegalLabelStepError

described(
    LabelState,
    "What is known of a label.",
    {
        "BUYING": "The carrier is being asked for it; the scheduler goes on if it does not answer.",
        "BOUGHT": "It can be printed.",
        "VOIDING": "The carrier is being asked to take it back.",
        "VOIDED": "The carrier took it back: it must not be used.",
        "FAILED": "The carrier did not sell it.",
    },
)
described(
    LabelFormat,
    "The language in which a label is printed.",
    {"PDF": "A page of 4 by 6 inches.", "ZPL": "For label printers, 203 dots per inch."},
)
described(
    Direction,
    "Which way a label is for.",
    {"OUTBOUND": "To the customer.", "RETURN": "Back from the customer."},
    name="LabelDirection",
)


@access(*STAFF)
@strawberry.type(description="A label that a carrier sold, or is asked for.")
class Label:
    """Twin of domain Label."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="The work it is for.")
    parcel_id: relay.GlobalID | None = strawberry.field(
        description="The parcel that it is on or for; null before shipping."
    )
    replaces_id: relay.GlobalID | None = strawberry.field(
        description="The label in whose place it was bought."
    )
    direction: Direction = strawberry.field(description="Which way it is for.")
    format: LabelFormat = strawberry.field(description="The language of its document.")
    carrier: str = strawberry.field(description="Code of the carrier.")
    service: str = strawberry.field(description="The carrier's product.")
    state: LabelState = strawberry.field(description="What is known of it.")
    weight_g: int = strawberry.field(description="Weight of the parcel, grams.")
    recipient: str = strawberry.field(description="Name that it is addressed to.")
    tracking_number: str | None = strawberry.field(
        description="The carrier's number, for shipFulfillmentOrder; null until it is bought."
    )
    price: Money | None = strawberry.field(description="What the carrier asks for it.")
    reason: str | None = strawberry.field(
        description="Why the carrier did not sell it, or did not take it back."
    )
    url: str | None = strawberry.field(
        description="Path of its document on this server. Whoever has it can open it: it holds a "
        "secret. Null unless the label is BOUGHT."
    )
    created_at: datetime = strawberry.field(description="When it was asked for (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")

    @staticmethod
    def of(label: domain.Label) -> "Label":
        """The twin."""
        return Label(
            id=global_id("Label", label.id),
            order_id=global_id("Order", label.order_id),
            fulfillment_order_id=global_id("FulfillmentOrder", label.fulfillment_order_id),
            parcel_id=global_id("Parcel", label.parcel_id) if label.parcel_id else None,
            replaces_id=global_id("Label", label.replaces_id) if label.replaces_id else None,
            direction=label.direction,
            format=label.format,
            carrier=label.carrier,
            service=label.service,
            state=label.state,
            weight_g=label.weight_g,
            recipient=label.recipient.name,
            tracking_number=label.tracking_number,
            price=_price(label),
            reason=label.reason,
            url=label_path(label) if label.state is LabelState.BOUGHT else None,
            created_at=label.created_at,
            version=label.version,
        )


def _price(label: domain.Label) -> Money | None:
    if label.price_minor is None or label.currency is None:
        return None
    return Money.of(label.price_minor, label.currency)


def label_path(label: domain.Label) -> str:
    """The path of a label's document, with the token that opens it."""
    return f"/labels/{label.id}.{label.format.value.lower()}?token={label.token}"


@strawberry.input(description="A label to buy: for packed goods, or for a parcel.")
class CreateLabelInput:
    """Twin of CreateLabel."""

    idempotency_key: str = strawberry.field(description=KEY)
    carrier: str = strawberry.field(description="Code of the carrier, as in shippingRates.")
    service: str = strawberry.field(description="The carrier's product, as in shippingRates.")
    format: LabelFormat = strawberry.field(
        default=LabelFormat.PDF, description="The language of the document."
    )
    direction: Direction = strawberry.field(
        default=Direction.OUTBOUND, description="Which way; RETURN needs `parcelId`."
    )
    fulfillment_order_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The packed fulfillment order; or give `parcelId`."
    )
    parcel_id: relay.GlobalID | None = strawberry.field(
        default=None,
        description="The parcel; or give `fulfillmentOrderId`. With OUTBOUND it must not have left "
        "yet: the label's number becomes its tracking number.",
    )
    weight_g: int | None = strawberry.field(
        default=None,
        description="Weight of the parcel, 1 to 1,000,000 grams; what the catalogue says of its "
        "contents if left out.",
    )

    def to_domain(self) -> commands.CreateLabel:
        """The command.

        Raises:
            ValidationFailed: an id is malformed.
        """
        work, parcel = self.fulfillment_order_id, self.parcel_id
        work_key = id_of(work, "FulfillmentOrder", "fulfillmentOrderId") if work else None
        parcel_key = id_of(parcel, "Parcel", "parcelId") if parcel else None
        return commands.CreateLabel(
            idempotency_key=self.idempotency_key,
            carrier=self.carrier,
            service=self.service,
            format=self.format,
            direction=self.direction,
            fulfillment_order_id=FulfillmentOrderId(work_key) if work_key else None,
            parcel_id=ParcelId(parcel_key) if parcel_key else None,
            weight_g=self.weight_g,
        )


@strawberry.input(description="What is to be different on a label.")
class EditLabelInput:
    """Twin of EditLabel."""

    idempotency_key: str = strawberry.field(description=KEY)
    label_id: relay.GlobalID = strawberry.field(description="The label.")
    address: OrderAddressInput | None = strawberry.field(
        default=None, description="Another address of the customer, in the same country."
    )
    service: str | None = strawberry.field(default=None, description="Another product.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.EditLabel:
        """The command.

        Raises:
            ValidationFailed: the id is malformed.
        """
        return commands.EditLabel(
            idempotency_key=self.idempotency_key,
            label_id=LabelId(id_of(self.label_id, "Label", "labelId")),
            address=self.address.to_domain() if self.address else None,
            service=self.service,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Which label nobody needs.")
class VoidLabelInput:
    """Twin of VoidLabel."""

    idempotency_key: str = strawberry.field(description=KEY)
    label_id: relay.GlobalID = strawberry.field(description="The label.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.VoidLabel:
        """The command.

        Raises:
            ValidationFailed: the id is malformed.
        """
        label_id = LabelId(id_of(self.label_id, "Label", "labelId"))
        return commands.VoidLabel(self.idempotency_key, label_id, self.expected_version)


@access(*STAFF)
@strawberry.type(description="The label, bought, changed or voided.")
class LabelPayload:
    """Answer of createLabel, editLabel and voidLabel."""

    label: Label = strawberry.field(
        description="The label; of editLabel the new one. In BUYING or VOIDING the carrier has not "
        "answered yet."
    )


LabelResult = Annotated[
    LabelPayload
    | CarrierRefusedError
    | IllegalLabelStepError
    | IllegalTransitionError
    | OrderOnHoldError
    | CommonError,
    strawberry.union("LabelResult", description="What changes of labels answer."),
]
