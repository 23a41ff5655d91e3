"""Parts of an order that are the same for everybody who sees it."""

from datetime import datetime

import strawberry

from domain.orders import model as domain
from domain.orders.history import HistoryEntry as DomainHistory
from domain.payments import model as payments
from schema.access import access
from schema.money import Money
from schema.orders.enums import PaymentState, Tender


@access()
@strawberry.type(description="One payment of an order. Never holds a card number.")
class Payment:
    """Twin of domain Payment, without its token."""

    id: strawberry.ID = strawberry.field(description="Id of the payment within its order.")
    tender: Tender = strawberry.field(description="How the customer pays.")
    state: PaymentState = strawberry.field(description="Where the payment stands.")
    amount: Money = strawberry.field(description="What was asked for.")
    authorised: Money = strawberry.field(description="What was put aside.")
    captured: Money = strawberry.field(description="What was taken.")
    refunded: Money = strawberry.field(description="What was given back.")
    refund_due: Money = strawberry.field(
        description="What staff must give back since no payment service can, such as cash."
    )
    decline_reason: str | None = strawberry.field(
        description="Why it was refused, if it was; CREDIT_LIMIT when it is beyond the limit of "
        "the account and finance must agree."
    )

    @staticmethod
    def of(payment: payments.Payment) -> "Payment":
        """The twin."""
        return Payment(
            id=strawberry.ID(str(payment.id)),
            tender=payment.tender,
            state=payment.state,
            amount=Money.of(payment.amount_minor, payment.currency),
            authorised=Money.of(payment.authorised_minor, payment.currency),
            captured=Money.of(payment.captured_minor, payment.currency),
            refunded=Money.of(payment.refunded_minor, payment.currency),
            refund_due=Money.of(payment.refund_due_minor, payment.currency),
            decline_reason=payment.decline_reason,
        )


@access()
@strawberry.type(description="Where the order is shipped to, as it was when it was placed.")
class OrderAddress:
    """Twin of domain Address."""

    recipient: str = strawberry.field(description="Who receives the parcel.")
    street: str = strawberry.field(description="Street and house number.")
    city: str = strawberry.field(description="City.")
    region: str = strawberry.field(description="Province or region; empty when not given.")
    postal_code: str = strawberry.field(description="Postal code.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code.")
    phone: str | None = strawberry.field(description="Phone for the carrier.")
    pickup_point_id: str | None = strawberry.field(
        description="The carrier's id of the pickup point or locker that it is, for PICKUP_POINT."
    )
    pickup_point_name: str | None = strawberry.field(description="The point's name.")

    @staticmethod
    def of(address: domain.Address) -> "OrderAddress":
        """The twin."""
        return OrderAddress(
            recipient=address.recipient,
            street=address.street,
            city=address.city,
            region=address.region,
            postal_code=address.postal_code,
            country=address.country,
            phone=address.phone,
            pickup_point_id=address.pickup_point_id,
            pickup_point_name=address.pickup_point_name,
        )


@access()
@strawberry.type(description="One change of the order: who, what, when, why.")
class OrderHistoryEntry:
    """Twin of domain HistoryEntry."""

    version: int = strawberry.field(description="The version that the change gave the order.")
    action: str = strawberry.field(description="What was done, such as PLACE or SHIP.")
    actor: str = strawberry.field(
        description="Role and subject of who did it; only the role when a customer asks."
    )
    reason: str | None = strawberry.field(description="Why, if a reason was given.")
    at: datetime = strawberry.field(description="When (UTC).")

    @staticmethod
    def of(entry: DomainHistory, *, names: bool) -> "OrderHistoryEntry":
        """The twin; without `names` the actor is reduced to the role."""
        actor = entry.actor if names else entry.actor.split(":", 1)[0]
        return OrderHistoryEntry(
            version=entry.version,
            action=entry.action,
            actor=actor,
            reason=entry.reason,
            at=entry.at,
        )


@access()
@strawberry.type(description="How goods are collected in a store.")
class OrderPickup:
    """Twin of domain Pickup, without its code."""

    proxy_name: str | None = strawberry.field(description="Who else may collect.")
    ready_at: datetime | None = strawberry.field(
        description="When the newest of the goods were ready (UTC)."
    )
    collect_until: datetime | None = strawberry.field(
        description="When the store gives them up (UTC)."
    )

    @staticmethod
    def of(pickup: domain.Pickup) -> "OrderPickup":
        """The twin."""
        return OrderPickup(
            proxy_name=pickup.proxy_name,
            ready_at=pickup.ready_at,
            collect_until=pickup.collect_until,
        )
