"""Inbound stock, supplier feeds and available to promise over time, as clients see them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import LocationId, Sku
from domain.identity.model import STAFF, Role
from domain.supply import feed, model, outlook
from domain.supply.model import InboundSource
from domain.supply.repository import Promised
from schema.access import access
from schema.enums import described
from schema.errors import CommonError
from schema.ids import global_id, id_of
from schema.inputs import KEY, utc_moment

described(
    InboundSource,
    "Where inbound stock comes from.",
    {
        "PURCHASE_ORDER": "Ordered from a supplier.",
        "TRANSFER": "Sent by another location, and on the way.",
        "SUPPLIER_FEED": "Reported by a supplier.",
        "RETURN": "Sent back by customers.",
    },
)


@access(*STAFF)
@strawberry.type(description="Units of a SKU that a location expects.")
class InboundStock:
    """Twin of domain Inbound."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    source: InboundSource = strawberry.field(description="Where it comes from.")
    reference: str = strawberry.field(
        description="Number of the purchase order or transfer, or the supplier's reference."
    )
    sku: str = strawberry.field(description="What comes.")
    location_id: relay.GlobalID = strawberry.field(description="Where it comes in.")
    quantity: int = strawberry.field(description="Units ordered or sent.")
    received: int = strawberry.field(description="Units that came already.")
    open: int = strawberry.field(description="Units that are still to come.")
    promised: int = strawberry.field(description="Units of these that customers are promised.")
    eta: datetime = strawberry.field(description="When they are expected (UTC).")
    confidence: Decimal = strawberry.field(
        description="How sure it is, 0 to 1: this part of what is to come may be promised."
    )
    version: int = strawberry.field(description="Raised by one with every change.")

    @staticmethod
    def of(found: Promised) -> "InboundStock":
        """The twin."""
        inbound = found.inbound
        return InboundStock(
            id=global_id("InboundStock", inbound.id),
            source=inbound.source,
            reference=inbound.reference,
            sku=inbound.sku,
            location_id=global_id("Location", inbound.location_id),
            quantity=inbound.quantity,
            received=inbound.received,
            open=inbound.open,
            promised=found.promised,
            eta=inbound.eta,
            confidence=inbound.confidence,
            version=inbound.version,
        )


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="Units that can be promised from a moment on.")
class PromisableUnits:
    """Twin of domain Dated."""

    at: datetime = strawberry.field(description="From when on (UTC).")
    available: int = strawberry.field(description="Units, up to the next moment of the list.")

    @staticmethod
    def of(step: model.Dated) -> "PromisableUnits":
        """The twin."""
        return PromisableUnits(at=step.at, available=step.quantity)


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="What can be promised of a SKU or kit, now and later.")
class AvailableToPromise:
    """Twin of domain Outlook."""

    sku: str = strawberry.field(description="The SKU asked for.")
    at: datetime = strawberry.field(description="The moment asked for (UTC).")
    available: int = strawberry.field(description="Units that can be promised for that moment.")
    curve: list[PromisableUnits] = strawberry.field(
        description="From now on: one entry for each moment at which more can be promised."
    )

    @staticmethod
    def of(found: outlook.Outlook) -> "AvailableToPromise":
        """The twin."""
        return AvailableToPromise(
            sku=found.sku,
            at=found.at,
            available=found.available,
            curve=[PromisableUnits.of(step) for step in found.curve],
        )


@strawberry.input(description="Units of a SKU that are still to come.")
class SupplierFeedRowInput:
    """Twin of FeedRow."""

    reference: str = strawberry.field(
        description="The supplier's reference, 1 to 128 characters: with the SKU it names the row."
    )
    sku: str = strawberry.field(description="SKU of a variant that is no kit.")
    location_id: relay.GlobalID = strawberry.field(description="Where they come in.")
    quantity: int = strawberry.field(description="Units still to come; 0 when no more will.")
    eta: datetime = strawberry.field(description="When they are expected.")
    confidence: Decimal = strawberry.field(
        default=Decimal(1), description="How sure it is, 0 to 1, two decimals."
    )

    def to_domain(self) -> feed.FeedRow:
        """The row."""
        eta = utc_moment("rows.eta", self.eta)
        assert eta is not None  # None only for None
        return feed.FeedRow(
            reference=self.reference,
            sku=Sku(self.sku),
            location_id=LocationId(id_of(self.location_id, "Location", "rows.locationId")),
            quantity=self.quantity,
            eta=eta,
            confidence=self.confidence,
        )


@strawberry.input(description="What a supplier reports that it will send.")
class LoadSupplierFeedInput:
    """Twin of LoadSupplierFeed."""

    idempotency_key: str = strawberry.field(description=KEY)
    supplier_id: relay.GlobalID = strawberry.field(description="A location of kind SUPPLIER.")
    rows: list[SupplierFeedRowInput] = strawberry.field(
        description="1 to 1000, each reference and SKU once; others stay as they are."
    )

    def to_domain(self) -> feed.LoadSupplierFeed:
        """The command."""
        return feed.LoadSupplierFeed(
            idempotency_key=self.idempotency_key,
            supplier_id=LocationId(id_of(self.supplier_id, "Location", "supplierId")),
            rows=tuple(row.to_domain() for row in self.rows),
        )


@access(*STAFF)
@strawberry.type(description="How a supplier feed was taken in.")
class LoadSupplierFeedPayload:
    """Answer of loadSupplierFeed."""

    rows: int = strawberry.field(description="Rows given.")
    changed: int = strawberry.field(description="Rows that were new, or said something new.")


LoadSupplierFeedResult = Annotated[
    LoadSupplierFeedPayload | CommonError,
    strawberry.union("LoadSupplierFeedResult", description="What was taken in, or why not."),
]
