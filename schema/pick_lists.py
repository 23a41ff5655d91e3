"""Pick lists as clients see them."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import FulfillmentOrderId, LocationId
from domain.fulfillment import errors, model
from domain.fulfillment.pick_lists import CreatePickList
from domain.identity.model import STAFF
from schema.access import access
from schema.errors import CommonError, Error, twin_of
from schema.ids import global_id, id_of
from schema.inputs import KEY
from schema.orders.errors import IllegalTransitionError, OrderOnHoldError
from schema.work_queue import WorkQueueFilterInput, filter_of

PICK_LIST_PATH = "/pick-lists"
"""Where printed pick lists are served: `/pick-lists/<id>.html` and `.pdf`."""


@access(*STAFF)
@strawberry.type(description="Units of a pick line that are for one order.")
class PickShare:
    """Twin of domain PickShare."""

    order_number: str = strawberry.field(description="The order's number, for people.")
    fulfillment_order_id: relay.GlobalID = strawberry.field(description="Id of the work.")
    quantity: int = strawberry.field(description="Units.")

    @staticmethod
    def of(share: model.PickShare) -> "PickShare":
        """The twin."""
        return PickShare(
            order_number=share.order_number,
            fulfillment_order_id=global_id("FulfillmentOrder", share.fulfillment_order_id),
            quantity=share.quantity,
        )


@access(*STAFF)
@strawberry.type(description="Units of a SKU to take from its place.")
class PickLine:
    """Twin of domain PickLine."""

    zone: str = strawberry.field(description="Zone; may be empty.")
    bin: str = strawberry.field(description="Bin; empty when nobody has said where it stands.")
    sku: str = strawberry.field(description="SKU of the variant; a kit is its components.")
    title: str = strawberry.field(description="What it is called.")
    quantity: int = strawberry.field(description="Units to take, for all orders.")
    orders: list[PickShare] = strawberry.field(description="For which orders they are.")

    @staticmethod
    def of(line: model.PickLine) -> "PickLine":
        """The twin."""
        return PickLine(
            zone=line.zone,
            bin=line.bin,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            orders=[PickShare.of(share) for share in line.shares],
        )


@access(*STAFF)
@strawberry.type(
    description="What was to be picked at a location at one moment, in the order of the walk: by "
    "zone, then by bin. It never changes."
)
class PickList:
    """Twin of domain PickList."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    number: str = strawberry.field(description="Number for people, such as P-7K3F-92QX.")
    location_id: relay.GlobalID = strawberry.field(description="Where to pick.")
    wave_number: str | None = strawberry.field(
        description="Number of the wave that it was printed for; null for none."
    )
    created_at: datetime = strawberry.field(description="When it was made (UTC).")
    quantity: int = strawberry.field(description="Units to take.")
    order_count: int = strawberry.field(description="Number of orders that they are for.")
    lines: list[PickLine] = strawberry.field(description="One line per SKU.")
    html_url: str = strawberry.field(
        description="Path of the page to print, at the address of this API. It needs the same "
        "bearer token."
    )
    pdf_url: str = strawberry.field(description="As `htmlUrl`, of the PDF.")

    @staticmethod
    def of(printed: model.PickList) -> "PickList":
        """The twin."""
        return PickList(
            id=global_id("PickList", printed.id),
            number=printed.number,
            location_id=global_id("Location", printed.location_id),
            wave_number=printed.wave_number,
            created_at=printed.created_at,
            quantity=printed.quantity,
            order_count=len(printed.order_numbers),
            lines=[PickLine.of(line) for line in printed.lines],
            html_url=f"{PICK_LIST_PATH}/{printed.id}.html",
            pdf_url=f"{PICK_LIST_PATH}/{printed.id}.pdf",
        )


@strawberry.input(description="Which work a pick list is for.")
class CreatePickListInput:
    """Twin of CreatePickList."""

    idempotency_key: str = strawberry.field(description=KEY)
    location_id: relay.GlobalID = strawberry.field(description="Where to pick.")
    fulfillment_order_ids: list[relay.GlobalID] | None = strawberry.field(
        default=None,
        description="These, 1 to 100, released or in picking. Else the most urgent that fit "
        "`filter`.",
    )
    wanted: WorkQueueFilterInput | None = strawberry.field(
        name="filter", default=None, description="Which work, unless it is named."
    )
    most: int = strawberry.field(
        name="max", default=20, description="Fulfillment orders at most, 1 to 100."
    )
    language: str = strawberry.field(
        default="en", description="Language of the titles, such as `it`."
    )

    def to_domain(self) -> CreatePickList:
        """The command. Raises ValidationFailed for a malformed id or moment."""
        return CreatePickList(
            idempotency_key=self.idempotency_key,
            location_id=LocationId(id_of(self.location_id, "Location", "locationId")),
            fulfillment_order_ids=work_ids(self.fulfillment_order_ids),
            wanted=filter_of(self.wanted),
            most=self.most,
            language=self.language,
        )


def work_ids(given: list[relay.GlobalID] | None) -> tuple[FulfillmentOrderId, ...] | None:
    """The fulfillment orders that are named; None when none are.

    Raises:
        ValidationFailed: one is the id of something else.
    """
    if given is None:
        return None
    field = "fulfillmentOrderIds"
    return tuple(FulfillmentOrderId(id_of(each, "FulfillmentOrder", field)) for each in given)


@twin_of(errors.NothingToPick)
@access()
@strawberry.type(description="No work fits the wish: there is nothing to pick.")
class NothingToPickError(Error):
    """Twin of NothingToPick."""

    @staticmethod
    def of(error: errors.NothingToPick) -> "NothingToPickError":
        """The twin."""
        return NothingToPickError(code=error.code, message=error.message)


@access(*STAFF)
@strawberry.type(description="The new pick list.")
class CreatePickListPayload:
    """Answer of createPickList."""

    pick_list: PickList = strawberry.field(description="The pick list.")


CreatePickListResult = Annotated[
    CreatePickListPayload
    | NothingToPickError
    | IllegalTransitionError
    | OrderOnHoldError
    | CommonError,
    strawberry.union("CreatePickListResult", description="Answer of createPickList."),
]
