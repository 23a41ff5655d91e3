"""Returns, their lines and inspections, and the rules for them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import relay

from domain.common.ids import OrderId
from domain.identity.model import STAFF, Role
from domain.orders.model import Order as DomainOrder
from domain.orders.repository import orders_by_id
from domain.returns import model as domain
from domain.returns.repository import returns_of
from schema.access import Allow, access
from schema.context import Context, Info
from schema.ids import global_id
from schema.money import Money
from schema.orders.enums import GroupState
from schema.returns.enums import (
    ItemCondition,
    ReturnDisposition,
    ReturnMethod,
    ReturnReason,
    ReturnState,
)


@access()
@strawberry.type(description="Units of a return in one state.")
class ReturnUnits:
    """Units of a line group."""

    state: GroupState = strawberry.field(description="Where they are.")
    quantity: int = strawberry.field(description="Units.")


@access()
@strawberry.type(description="Units of an order line that were asked to come back.")
class ReturnLine:
    """Twin of domain ReturnLine."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the order line.")
    sku: str = strawberry.field(description="SKU of the variant.")
    quantity: int = strawberry.field(description="Units asked for.")
    reason: ReturnReason = strawberry.field(description="Why.")
    units: list[ReturnUnits] = strawberry.field(
        description="Where the units are; those that the customer keeps are left out."
    )

    @staticmethod
    def of(line: domain.ReturnLine, given: domain.Return, order: DomainOrder) -> "ReturnLine":
        """The twin."""
        counts: dict[GroupState, int] = {}
        for group in domain.groups_of(order, given.id):
            if group.line_id == line.line_id:
                counts[group.state] = counts.get(group.state, 0) + group.quantity
        return ReturnLine(
            order_line_id=strawberry.ID(str(line.line_id)),
            sku=order.line(line.line_id).sku,
            quantity=line.quantity,
            reason=line.reason,
            units=[ReturnUnits(state=state, quantity=n) for state, n in sorted(counts.items())],
        )


@access()
@strawberry.type(description="What somebody found who looked at returned units.")
class ReturnInspection:
    """Twin of domain Inspection."""

    order_line_id: strawberry.ID = strawberry.field(description="Id of the order line.")
    quantity: int = strawberry.field(description="Units.")
    condition: ItemCondition = strawberry.field(description="What they are like.")
    disposition: ReturnDisposition = strawberry.field(description="Where they went.")
    transfer_id: relay.GlobalID | None = strawberry.field(
        description="The transfer that was proposed for them; null without one."
    )
    value: Money = strawberry.field(description="What the order costs less without them.")
    fee: Money = strawberry.field(description="What is kept of the value, by policy.")
    inspected_at: datetime = strawberry.field(description="When (UTC).")

    @staticmethod
    def of(found: domain.Inspection, currency: str) -> "ReturnInspection":
        """The twin."""
        transfer = found.transfer_id
        return ReturnInspection(
            order_line_id=strawberry.ID(str(found.line_id)),
            quantity=found.quantity,
            condition=found.condition,
            disposition=found.disposition,
            transfer_id=global_id("Transfer", transfer) if transfer else None,
            value=Money.of(found.value_minor, currency),
            fee=Money.of(found.fee_minor, currency),
            inspected_at=found.inspected_at,
        )


@access()
@strawberry.type(description="Units of one order that come back.")
class Return:
    """Twin of domain Return."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    number: str = strawberry.field(
        description="Number for people, such as R-7K3F-92QX; the ledger's reference."
    )
    order_id: relay.GlobalID = strawberry.field(description="The order.")
    visit_id: strawberry.ID | None = strawberry.field(
        description="The same for returns that were brought together; null for a single one."
    )
    method: ReturnMethod = strawberry.field(description="How the goods come back.")
    state: ReturnState = strawberry.field(description="Where it stands.")
    carrier: str | None = strawberry.field(description="Code of the carrier, once it was sent.")
    tracking_number: str | None = strawberry.field(description="The carrier's number.")
    location_id: relay.GlobalID | None = strawberry.field(
        description="Where it was received; null before."
    )
    reason: str | None = strawberry.field(description="Why it was cancelled or rejected, if said.")
    fee: Money = strawberry.field(description="What is kept of the value of inspected units.")
    credited: Money = strawberry.field(
        description="The value of inspected units less the fee: given back, as far as it was paid."
    )
    exchange_order_id: relay.GlobalID | None = strawberry.field(
        description="The order that the customer gets instead; null without an exchange."
    )
    requested_at: datetime = strawberry.field(description="When it was asked for (UTC).")
    expires_at: datetime | None = strawberry.field(
        description="When it ends if the goods did not arrive (UTC); null once they did."
    )
    received_at: datetime | None = strawberry.field(description="When goods arrived first (UTC).")
    ended_at: datetime | None = strawberry.field(description="When it was over (UTC).")
    updated_at: datetime = strawberry.field(description="Last change (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    inspections: list[ReturnInspection] = strawberry.field(
        description="What was found, oldest first."
    )
    twin: strawberry.Private[domain.Return]

    @strawberry.field(
        description="What to show in the store that gets the goods; null unless they are brought "
        "to one. For the customer only.",
        extensions=[Allow(Role.CUSTOMER, anonymous=True)],
    )
    def code(self) -> str | None:
        """The code, for the customer or a guest who holds number and token of the order."""
        return self.twin.code

    @strawberry.field(description="What was asked to come back.")
    async def lines(self, info: Info) -> list[ReturnLine]:
        """The lines, with where their units are; orders are loaded once for the operation."""
        order = await _order(info.context, self.twin.order_id)
        return [ReturnLine.of(line, self.twin, order) for line in self.twin.lines]

    @staticmethod
    def of(given: domain.Return) -> "Return":
        """The twin."""
        place, other = given.location_id, given.exchange_order_id
        return Return(
            id=global_id("Return", given.id),
            number=given.number,
            order_id=global_id("Order", given.order_id),
            visit_id=strawberry.ID(str(given.visit_id)) if given.visit_id else None,
            method=given.method,
            state=given.state,
            carrier=given.carrier,
            tracking_number=given.tracking_number,
            location_id=global_id("Location", place) if place else None,
            reason=given.reason,
            fee=Money.of(given.fee_minor, given.currency),
            credited=Money.of(given.credited_minor, given.currency),
            exchange_order_id=global_id("Order", other) if other else None,
            requested_at=given.requested_at,
            expires_at=given.expires_at,
            received_at=given.received_at,
            ended_at=given.ended_at,
            updated_at=given.updated_at,
            version=given.version,
            inspections=[ReturnInspection.of(each, given.currency) for each in given.inspections],
            twin=given,
        )


async def _order(context: Context, order_id: OrderId) -> DomainOrder:
    async def load(keys: list[OrderId]) -> list[Any]:
        found = await context.read_primary(lambda c: orders_by_id(c, keys))
        return [found[key] for key in keys]

    return await context.loader("orders_of_returns", load).load(order_id)


async def load_returns(context: Context, order_id: OrderId) -> list[Return]:
    """The order's returns, oldest first; one statement for all orders of the operation."""

    async def load(keys: list[OrderId]) -> list[Any]:
        found = await context.read(lambda c: returns_of(c, keys))
        return [found.get(key, []) for key in keys]

    found = await context.loader("returns_by_order", load).load(order_id)
    return [Return.of(each) for each in found]


@access(*STAFF)
@strawberry.type(description="What a customer may get in all for goods without a receipt.")
class NoReceiptLimit:
    """An entry of a policy's limits."""

    limit: Money = strawberry.field(description="The amount, in store credit.")


@access(*STAFF)
@strawberry.type(description="What a channel allows of returns.")
class ReturnPolicy:
    """Twin of domain ReturnPolicy."""

    channel: str | None = strawberry.field(
        description="Code of the channel; null for all channels without a policy of their own."
    )
    window_days: int = strawberry.field(
        description="Days after the order's last delivery in which units can be given back."
    )
    days_to_send: int = strawberry.field(description="Days in which the goods have to arrive.")
    authorises: bool = strawberry.field(description="Whether requests need no answer of staff.")
    final_sale_tags: list[str] = strawberry.field(
        description="Products with one of these tags are not taken back."
    )
    restocking_fee: Decimal = strawberry.field(
        description="Kept of the value of goods: 0.1 is 10 %. Not if the retailer stands for it."
    )
    damage_deduction: Decimal = strawberry.field(
        description="Kept instead of goods that came back damaged or unsellable."
    )
    refunds_shipping: bool = strawberry.field(
        description="Whether the units' part of the shipping fee is given back."
    )
    no_receipt_limits: list[NoReceiptLimit] = strawberry.field(
        description="What a customer may get without receipts; nothing in other currencies."
    )
    no_receipt_days: int = strawberry.field(
        description="Days over which this is summed, and in which the lowest price is looked for."
    )
    version: int = strawberry.field(description="Raised by one with every change; 0 as delivered.")

    @staticmethod
    def of(policy: domain.ReturnPolicy) -> "ReturnPolicy":
        """The twin."""
        return ReturnPolicy(
            channel=policy.channel or None,
            window_days=policy.window_days,
            days_to_send=policy.days_to_send,
            authorises=policy.authorises,
            final_sale_tags=list(policy.final_sale_tags),
            restocking_fee=policy.restocking_fee,
            damage_deduction=policy.damage_deduction,
            refunds_shipping=policy.refunds_shipping,
            no_receipt_limits=[
                NoReceiptLimit(limit=Money.of(amount, currency))
                for currency, amount in sorted(policy.no_receipt_limit.items())
            ],
            no_receipt_days=policy.no_receipt_days,
            version=policy.version,
        )


@access(*STAFF)
@strawberry.type(description="What is done with returned goods in one condition.")
class DispositionRule:
    """One entry of a location's rules."""

    condition: ItemCondition = strawberry.field(description="What the goods are like.")
    disposition: ReturnDisposition = strawberry.field(description="Where they go.")


@access(*STAFF)
@strawberry.type(description="What a location does with returned goods.")
class DispositionRules:
    """Twin of domain DispositionRules."""

    location_id: relay.GlobalID = strawberry.field(description="The location.")
    rules: list[DispositionRule] = strawberry.field(description="One for every condition.")
    transfer_to_short: bool = strawberry.field(
        description="Whether what would be restocked goes to a store that ran out of it, if there "
        "is one."
    )
    version: int = strawberry.field(description="Raised by one with every change; 0 as delivered.")

    @staticmethod
    def of(rules: domain.DispositionRules) -> "DispositionRules":
        """The twin."""
        return DispositionRules(
            location_id=global_id("Location", rules.location_id),
            rules=[
                DispositionRule(condition=each, disposition=rules.disposition(each))
                for each in ItemCondition
            ],
            transfer_to_short=rules.transfer_to_short,
            version=rules.version,
        )
