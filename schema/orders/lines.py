"""What stands on an order, line by line, and where its units are."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import relay

from domain.common.ids import LineGroupId
from domain.identity.model import STAFF
from domain.orders import model as domain
from domain.orders.states import CALLED_OFF
from schema.access import Allow, access
from schema.bins import StockBin, load_bin
from schema.context import Info
from schema.ids import global_id
from schema.money import Money
from schema.orders.enums import GroupState


@access()
@strawberry.type(description="Some units of a line that share one fate.")
class LineGroup:
    """Twin of domain Group."""

    quantity: int = strawberry.field(description="Units.")
    state: GroupState = strawberry.field(description="Where they are.")
    location_id: relay.GlobalID | None = strawberry.field(
        description="The location that serves them; null while backordered."
    )
    reason: str | None = strawberry.field(description="Why they are where they are, if not usual.")
    promised_at: datetime | None = strawberry.field(
        description="When all of them should be in stock (UTC), while they wait; null unless goods "
        "for all of them are on order."
    )

    @staticmethod
    def of(group: domain.Group, promised_at: datetime | None) -> "LineGroup":
        """The twin."""
        place = global_id("Location", group.location_id) if group.location_id else None
        return LineGroup(
            quantity=group.quantity,
            state=group.state,
            location_id=place,
            reason=group.reason,
            promised_at=promised_at,
        )


@access()
@strawberry.type(description="What was ordered, at which price. Prices do not change afterwards.")
class OrderLine:
    """Twin of domain Line."""

    id: strawberry.ID = strawberry.field(description="Id of the line within its order.")
    position: int = strawberry.field(description="1 for the first line.")
    sku: str = strawberry.field(description="SKU of the variant.")
    ordered_quantity: int = strawberry.field(
        description="Units ordered, at placing and by edits; those that are called off count too."
    )
    unit_price: Money = strawberry.field(description="Price of one unit when ordered.")
    total: Money = strawberry.field(description="Unit price times quantity.")
    discount: Money = strawberry.field(description="What promotions took off the total.")
    tax: Money = strawberry.field(
        description="Tax in or on what promotions left of the total, rounded per line."
    )
    tax_rate: str = strawberry.field(description="Rate as a decimal fraction: 0.2200 is 22 %.")
    groups: list[LineGroup] = strawberry.field(description="Where the units are; they sum up.")
    names: strawberry.Private[Any]

    @strawberry.field(description="Name when ordered: in the language asked for, else English.")
    def name(
        self,
        language: Annotated[
            str, strawberry.argument(description="Language code, such as `it`.")
        ] = "en",
    ) -> str:
        """The name in a language, with fallback to English and then any."""
        return self.names.get(language) or self.names.get("en") or next(iter(self.names.values()))

    @strawberry.field(description="Units that are not called off; what `editOrderLines` sets.")
    def present_quantity(self) -> int:
        """The units, only summed when asked for."""
        return sum(g.quantity for g in self.groups if g.state not in CALLED_OFF)

    @staticmethod
    def of(
        line: domain.Line,
        order: domain.Order,
        groups: Iterable[domain.Group],
        dates: Mapping[LineGroupId, datetime],
    ) -> "OrderLine":
        """The twin; `groups` are the line's own, `dates` those for which they are promised."""
        return OrderLine(
            id=strawberry.ID(str(line.id)),
            position=line.position,
            sku=line.sku,
            ordered_quantity=line.ordered_quantity,
            unit_price=Money.of(line.unit_price_minor, order.currency),
            total=Money.of(line.total_minor, order.currency),
            discount=Money.of(order.discount_of(line.id), order.currency),
            tax=Money.of(line.tax_minor, order.currency),
            tax_rate=str(line.tax_rate),
            groups=[LineGroup.of(group, dates.get(group.id)) for group in groups],
            names=line.names,
        )


@access()
@strawberry.type(description="Units that a fulfillment order works on.")
class FulfillmentOrderLine:
    """A line group as seen by the location."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the order line.")
    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units.")
    state: GroupState = strawberry.field(description="Where they are.")
    location_id: strawberry.Private[relay.GlobalID]

    @strawberry.field(
        description="Where the SKU stands at the location; null when nobody has said, or for a "
        "kit. Staff only.",
        extensions=[Allow(*STAFF)],
    )
    async def bin(self, info: Info) -> StockBin | None:
        """The bin, loaded for all lines at once."""
        return await load_bin(info.context, self.location_id, self.sku)
