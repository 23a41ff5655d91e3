"""Customers: reading them and keeping their records, each caller in its scope."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.catalog.repository import require_channel
from domain.common.database import DbConnection
from domain.common.ids import CustomerId, LocationId
from domain.common.paging import PageRequest
from domain.common.patch import Keep
from domain.common.transaction import Tx
from domain.customers import addresses, consents, model, notes, register, segments
from domain.customers.contact import normal_email, normal_phone
from domain.customers.repository import (
    count_of_customers,
    customer_by_email,
    customer_by_phone,
    customers_by_id,
    page_of_customers,
)
from domain.identity.model import HEAD_OFFICE, Actor, Role
from domain.locations.repository import require_location
from resolvers.answering import answer
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.customers.inputs import (
    AddCustomerAddressInput,
    AddCustomerNoteInput,
    CreateCustomerInput,
    RecordConsentInput,
    RemoveCustomerAddressInput,
    SetCustomerSegmentsInput,
    UpdateCustomerInput,
)
from schema.customers.payloads import (
    AddCustomerAddressPayload,
    AddCustomerAddressResult,
    AddCustomerNotePayload,
    AddCustomerNoteResult,
    CreateCustomerPayload,
    CreateCustomerResult,
    RecordConsentPayload,
    RecordConsentResult,
    RemoveCustomerAddressPayload,
    RemoveCustomerAddressResult,
    SetCustomerSegmentsPayload,
    SetCustomerSegmentsResult,
    UpdateCustomerPayload,
    UpdateCustomerResult,
)
from schema.customers.types import KNOWING, Customer
from schema.ids import id_of
from schema.inputs import INPUT, After, First
from schema.refusals import asked, checked, only_one

CLERKS = (Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN, Role.POS, Role.STORE_MANAGER)
KEEPERS = (*CLERKS, Role.CHANNEL)


@strawberry.type
class CustomersQuery:
    """Root fields that read customers."""

    @strawberry.field(
        description="A customer by id, whole e-mail address or whole phone number. A customer sees "
        "only itself, an integration the customers of its channels. Null when unknown or not "
        "visible.",
        extensions=[Allow(*KNOWING)],
    )
    async def customer(
        self,
        info: Info,
        customer_id: Annotated[
            relay.GlobalID | None, strawberry.argument(name="id", description="Its global id.")
        ] = None,
        email: Annotated[
            str | None, strawberry.argument(description="Its whole e-mail address.")
        ] = None,
        phone: Annotated[
            str | None, strawberry.argument(description="Its whole phone number.")
        ] = None,
        country: Annotated[
            str | None,
            strawberry.argument(description="The country whose national form `phone` is in."),
        ] = None,
    ) -> Customer | None:
        """The customer or null."""
        only_one(id=customer_id, email=email, phone=phone)
        actor = info.context.caller
        key = checked(lambda: id_of(customer_id, "Customer")) if customer_id is not None else None

        async def find(connection: DbConnection) -> model.Customer | None:
            if key is not None:
                found = await customers_by_id(connection, [key], seen_by=actor)
                return found.get(CustomerId(key))
            if email is not None:
                return await customer_by_email(connection, normal_email(email), seen_by=actor)
            number = normal_phone(phone or "", country)
            return await customer_by_phone(connection, number, seen_by=actor)

        found = await asked(info.context.read(find))
        return Customer.of(found, info) if found is not None else None

    @strawberry.field(
        description="The customer who is logged in; null before it has a record.",
        extensions=[Allow(Role.CUSTOMER)],
    )
    async def me(self, info: Info) -> Customer | None:
        """The caller's own record."""
        actor = info.context.caller
        if (key := actor.customer_id) is None:
            return None
        found = await info.context.read(lambda c: customers_by_id(c, [key], seen_by=actor))
        return Customer.of(found[key], info) if key in found else None

    @strawberry.field(
        description="Customers, newest first. Head office only.",
        extensions=[Allow(*HEAD_OFFICE)],
    )
    async def customers(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="A part of a name or e-mail address, at least four digits of a phone "
                "number, or a whole external reference; capitals do not count."
            ),
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Customer]:
        """A page of customers."""
        context, actor = info.context, info.context.caller
        request = checked(lambda: PageRequest.of(first, after))
        page = await context.read(lambda c: page_of_customers(c, search, request, seen_by=actor))

        async def count() -> int:
            return await context.read(lambda c: count_of_customers(c, search, seen_by=actor))

        return connection_of(page, lambda each: Customer.of(each, info), count)


@strawberry.type
class CustomersMutation:
    """Root fields that change customers."""

    @strawberry.mutation(
        description="Make a record of a customer. An integration gives one of its channels.",
        extensions=[Allow(*KEEPERS)],
    )
    async def create_customer(
        self, info: Info, given: Annotated[CreateCustomerInput, INPUT]
    ) -> CreateCustomerResult:
        """The new customer, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> CreateCustomerPayload:
            command = given.to_domain()
            await require_channel(tx.connection, command.channel)
            await _check_store(tx, command.preferred_location_id, actor)
            done = await register.create_customer(tx, command, actor=actor)
            return CreateCustomerPayload(customer=await _present(tx, info, done.id))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Change what is known of a customer. A customer can change its own name, "
        "language and store, not the contact data by which it is recognised.",
        extensions=[Allow(*KEEPERS, Role.CUSTOMER)],
    )
    async def update_customer(
        self, info: Info, given: Annotated[UpdateCustomerInput, INPUT]
    ) -> UpdateCustomerResult:
        """The changed customer, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> UpdateCustomerPayload:
            command = given.to_domain()
            if not isinstance(command.preferred_location_id, Keep):
                await _check_store(tx, command.preferred_location_id, actor)
            done = await register.update_customer(tx, command, actor=actor)
            return UpdateCustomerPayload(customer=await _present(tx, info, done.id))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Give a customer an address.", extensions=[Allow(*KEEPERS, Role.CUSTOMER)]
    )
    async def add_customer_address(
        self, info: Info, given: Annotated[AddCustomerAddressInput, INPUT]
    ) -> AddCustomerAddressResult:
        """The changed customer, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> AddCustomerAddressPayload:
            done = await addresses.add_customer_address(tx, given.to_domain(), actor=actor)
            return AddCustomerAddressPayload(
                customer=await _present(tx, info, done.customer_id),
                address_id=strawberry.ID(str(done.address_id)),
            )

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Take an address away. When it was the default, the newest other one is.",
        extensions=[Allow(*KEEPERS, Role.CUSTOMER)],
    )
    async def remove_customer_address(
        self, info: Info, given: Annotated[RemoveCustomerAddressInput, INPUT]
    ) -> RemoveCustomerAddressResult:
        """The changed customer, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> RemoveCustomerAddressPayload:
            done = await addresses.remove_customer_address(tx, given.to_domain(), actor=actor)
            return RemoveCustomerAddressPayload(customer=await _present(tx, info, done.id))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Record that a customer gave or took back consent. Records are kept.",
        extensions=[Allow(*KEEPERS, Role.CUSTOMER)],
    )
    async def record_consent(
        self, info: Info, given: Annotated[RecordConsentInput, INPUT]
    ) -> RecordConsentResult:
        """The changed customer, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> RecordConsentPayload:
            done = await consents.record_consent(tx, given.to_domain(), actor=actor)
            return RecordConsentPayload(customer=await _present(tx, info, done.id))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Say which segments a customer belongs to, for prices and promotions.",
        extensions=[Allow(Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN)],
    )
    async def set_customer_segments(
        self, info: Info, given: Annotated[SetCustomerSegmentsInput, INPUT]
    ) -> SetCustomerSegmentsResult:
        """The changed customer, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> SetCustomerSegmentsPayload:
            done = await segments.set_customer_segments(tx, given.to_domain(), actor=actor)
            return SetCustomerSegmentsPayload(customer=await _present(tx, info, done.id))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="Write a note on a customer. Head office can read it.",
        extensions=[Allow(*CLERKS)],
    )
    async def add_customer_note(
        self, info: Info, given: Annotated[AddCustomerNoteInput, INPUT]
    ) -> AddCustomerNoteResult:
        """The changed customer, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> AddCustomerNotePayload:
            done = await notes.add_customer_note(tx, given.to_domain(), actor=actor)
            return AddCustomerNotePayload(
                customer=await _present(tx, info, done.customer_id),
                note_id=strawberry.ID(str(done.note_id)),
            )

        return await answer(info.context.run(work))


async def _check_store(tx: Tx, location_id: LocationId | None, actor: Actor) -> None:
    if location_id is not None:
        await require_location(tx.connection, location_id, seen_by=actor)


async def _present(tx: Tx, info: Info, customer_id: CustomerId) -> Customer:
    found = await customers_by_id(tx.connection, [customer_id], seen_by=info.context.actor)
    return Customer.of(found[customer_id], info)
