"""Customers as clients see them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.ids import CustomerId
from domain.common.paging import PageRequest
from domain.customers import model
from domain.customers.repository import customers_by_id, notes_by_customer
from domain.identity.model import HEAD_OFFICE, STAFF, Role
from domain.payments.credit import accounts_of
from domain.payments.model import CreditAccount as DomainCreditAccount
from domain.vouchers.model import Voucher
from domain.vouchers.repository import credits_of
from schema.access import Allow, access
from schema.connections import Connection
from schema.context import Info
from schema.customers.enums import ConsentPurpose
from schema.customers.policy import KNOWING
from schema.ids import uuids_of
from schema.inputs import After, First
from schema.locations.types import Location, load_location
from schema.money import Money
from schema.orders.connections import load_orders
from schema.orders.types import Order
from schema.payments import CreditAccount
from schema.refusals import checked


@access(*KNOWING)
@strawberry.type(description="A postal address of a customer.")
class CustomerAddress:
    """Twin of domain Address."""

    id: strawberry.ID = strawberry.field(description="Id of the address within its customer.")
    label: str = strawberry.field(description="What the customer calls it; may be empty.")
    recipient: str = strawberry.field(description="Who receives parcels there.")
    street: str = strawberry.field(description="Street and house number.")
    city: str = strawberry.field(description="Town.")
    region: str = strawberry.field(description="Province or state; may be empty.")
    postal_code: str = strawberry.field(description="Postal code; may be empty.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code, such as IT.")
    is_default: bool = strawberry.field(description="Whether it is used unless told otherwise.")

    @classmethod
    def of(cls, address: model.Address) -> Self:
        """The twin."""
        return cls(
            id=strawberry.ID(str(address.id)),
            label=address.label,
            recipient=address.recipient,
            street=address.street,
            city=address.city,
            region=address.region,
            postal_code=address.postal_code,
            country=address.country,
            is_default=address.is_default,
        )


@access(*KNOWING)
@strawberry.type(description="What a customer agreed or did not agree to, most recently.")
class Consent:
    purpose: ConsentPurpose = strawberry.field(description="What it is about.")
    granted: bool = strawberry.field(description="Whether the customer agrees.")
    recorded_at: datetime = strawberry.field(description="Since when (UTC).")


@access(*HEAD_OFFICE)
@strawberry.type(description="One act of giving or taking back consent.")
class ConsentRecord:
    """Twin of domain ConsentRecord."""

    purpose: ConsentPurpose = strawberry.field(description="What it was about.")
    granted: bool = strawberry.field(description="Whether the customer agreed.")
    source: str = strawberry.field(description="Where, such as a form or the checkout.")
    recorded_at: datetime = strawberry.field(description="When (UTC).")
    recorded_by: str = strawberry.field(description="Role and name of who recorded it.")

    @classmethod
    def of(cls, record: model.ConsentRecord) -> Self:
        """The twin."""
        return cls(
            purpose=record.purpose,
            granted=record.granted,
            source=record.source,
            recorded_at=record.recorded_at,
            recorded_by=record.recorded_by,
        )


@access(*HEAD_OFFICE)
@strawberry.type(description="What a member of staff wrote about a customer.")
class CustomerNote:
    """Twin of domain Note."""

    id: strawberry.ID = strawberry.field(description="Id of the note within its customer.")
    text: str = strawberry.field(description="The note.")
    author: str = strawberry.field(description="Role and name of who wrote it.")
    created_at: datetime = strawberry.field(description="When it was written (UTC).")

    @classmethod
    def of(cls, note: model.Note) -> Self:
        """The twin."""
        return cls(
            id=strawberry.ID(str(note.id)),
            text=note.text,
            author=note.author,
            created_at=note.created_at,
        )


@access(*STAFF, Role.CHANNEL)
@strawberry.type(description="The name that another system has for a customer.")
class CustomerReference:
    source: str = strawberry.field(description="The channel or system.")
    reference: str = strawberry.field(description="Its name for the customer.")


@access(*KNOWING)
@strawberry.type(description="One person over all channels.")
class Customer(relay.Node):
    """Twin of domain Customer."""

    id: relay.NodeID[str]
    email: str | None = strawberry.field(description="E-mail address in normal form, if known.")
    phone: str | None = strawberry.field(description="Phone number (E.164), if known.")
    first_name: str = strawberry.field(description="First name; may be empty.")
    last_name: str = strawberry.field(description="Last name; may be empty.")
    language: str = strawberry.field(description="Preferred language, such as it.")
    first_channel: str = strawberry.field(description="Code of the channel that met them first.")
    created_at: datetime = strawberry.field(description="When the record was made (UTC).")
    version: int = strawberry.field(description="Number of its changes so far.")
    segments: list[str] | None = strawberry.field(
        description="Segments that they belong to, for prices and promotions. Staff and "
        "integrations only.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    addresses: list[CustomerAddress] = strawberry.field(description="Addresses, oldest first.")
    consents: list[Consent] = strawberry.field(
        description="What holds now, by purpose; a purpose that never came up is absent."
    )
    references: list[CustomerReference] | None = strawberry.field(
        description="Names that other systems have for them. Staff and integrations only; an "
        "integration sees those of its channels.",
        extensions=[Allow(*STAFF, Role.CHANNEL)],
    )
    consent_history: list[ConsentRecord] | None = strawberry.field(
        description="All acts of consent, oldest first. Head office only.",
        extensions=[Allow(*HEAD_OFFICE)],
    )
    preferred_location_id: relay.GlobalID | None = strawberry.field(
        description="Id of the preferred store, if there is one."
    )
    key: strawberry.Private[CustomerId]
    preferred_key: strawberry.Private[UUID | None]

    @strawberry.field(description="The preferred store, if there is one.")
    async def preferred_location(self, info: Info) -> Location | None:
        if self.preferred_key is None:
            return None
        return await load_location(info.context, self.preferred_key)

    @strawberry.field(
        description="What staff wrote about them, newest first. Head office only.",
        extensions=[Allow(*HEAD_OFFICE)],
    )
    async def notes(self, info: Info) -> list[CustomerNote] | None:
        async def load(keys: list[Any]) -> list[Any]:
            found = await info.context.read(lambda c: notes_by_customer(c, keys))
            return [found[CustomerId(key)] for key in keys]

        notes = await info.context.loader("notes_by_customer", load).load(self.key)
        return [CustomerNote.of(note) for note in notes]

    @strawberry.field(description="Money that they can spend with the retailer, by currency.")
    async def store_credit(self, info: Info) -> list[Money]:
        """The balances, loaded for all customers of the operation at once."""

        async def load(keys: list[CustomerId]) -> list[list[Voucher]]:
            found = await info.context.read(lambda c: credits_of(c, keys))
            return [found.get(key, []) for key in keys]

        found = await info.context.loader("store_credit_by_customer", load).load(self.key)
        return [Money.of(each.balance_minor, each.currency) for each in found]

    @strawberry.field(description="What they may buy on account, by currency.")
    async def credit_accounts(self, info: Info) -> list[CreditAccount]:
        """The accounts, loaded for all customers of the operation at once."""

        async def load(keys: list[CustomerId]) -> list[list[DomainCreditAccount]]:
            found = await info.context.read(lambda c: accounts_of(c, keys))
            return [found.get(key, []) for key in keys]

        found = await info.context.loader("credit_accounts_by_customer", load).load(self.key)
        return [CreditAccount.of(each) for each in found]

    @strawberry.field(
        description="Their orders over all channels in the caller's scope, newest first."
    )
    async def orders(self, info: Info, first: First = 20, after: After = None) -> Connection[Order]:
        """A page of orders, loaded for all customers of the operation at once."""
        request = checked(lambda: PageRequest.of(first, after))
        return await load_orders(info.context, self.key, request)

    @classmethod
    async def resolve_nodes(
        cls, *, info: Info, node_ids: Iterable[str], required: bool = False
    ) -> list[Any]:
        """The customers in the caller's scope; null for all others."""
        keys, actor = list(node_ids), info.context.actor
        found = await info.context.read(lambda c: customers_by_id(c, uuids_of(keys), seen_by=actor))
        nodes = {str(key): cls.of(each, info) for key, each in found.items()}
        return [nodes.get(key.lower()) for key in keys]

    @classmethod
    def of(cls, customer: model.Customer, info: Info) -> Self:
        """The twin, as far as the caller may see it."""
        place = customer.preferred_location_id
        return cls(
            id=str(customer.id),
            email=customer.email,
            phone=customer.phone,
            first_name=customer.first_name,
            last_name=customer.last_name,
            language=customer.language,
            first_channel=customer.first_channel,
            created_at=customer.created_at,
            version=customer.version,
            segments=list(customer.segments),
            addresses=[CustomerAddress.of(each) for each in customer.addresses],
            consents=[
                Consent(purpose=each.purpose, granted=each.granted, recorded_at=each.recorded_at)
                for each in model.current_consents(customer.consents)
            ],
            references=_references(customer, info),
            consent_history=[ConsentRecord.of(each) for each in customer.consents],
            preferred_location_id=relay.GlobalID("Location", str(place)) if place else None,
            key=customer.id,
            preferred_key=place,
        )


async def load_customer(info: Info, customer_id: UUID) -> Customer | None:
    """The customer, if the caller may see it; one statement for all of the operation."""
    actor = info.context.actor

    async def load(keys: list[UUID]) -> list[Any]:
        found = await info.context.read(lambda c: customers_by_id(c, keys, seen_by=actor))
        return [found.get(CustomerId(key)) for key in keys]

    customer = await info.context.loader("customers_by_id", load).load(customer_id)
    return Customer.of(customer, info) if customer else None


def _references(customer: model.Customer, info: Info) -> list[CustomerReference]:
    actor = info.context.actor
    return [
        CustomerReference(source=each.source, reference=each.reference)
        for each in customer.references
        if actor is None or actor.role is not Role.CHANNEL or each.source in actor.channel_codes
    ]
