"""Use cases: create a customer and change what is known of it.

Contact data is how customers are recognised over channels, so that whoever can set it can take over
the guest orders of others. A customer cannot change its own: that is for staff, who ask for proof,
and for integrations, which confirm addresses.
"""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import Forbidden, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import ChannelCode, CustomerId, LocationId, new_id
from domain.common.patch import KEEP, Keep, kept
from domain.common.sql import insert_many, together
from domain.common.texts import DEFAULT_LANGUAGE, checked_language
from domain.common.transaction import Tx
from domain.customers.contact import normal_email, normal_phone
from domain.customers.events import Part, customer_created
from domain.customers.model import Customer, Reference, checked_name, checked_reference
from domain.customers.repository import locked_customer, owner_of
from domain.customers.saving import CustomerDone, exists, meaning_of, save
from domain.customers.tables import customer, customer_channel, customer_reference
from domain.events.outbox import publish
from domain.identity.model import Actor, Role

MAX_REFERENCES = 20
_REFERENCE = ["source", "reference", "customer_id"]


@dataclass(frozen=True, slots=True)
class CreateCustomer:
    """A new customer, met on `channel`. `country` reads a phone number in national form."""

    idempotency_key: str
    channel: ChannelCode
    email: str | None = None
    phone: str | None = None
    country: str | None = None
    first_name: str = ""
    last_name: str = ""
    language: str = DEFAULT_LANGUAGE
    preferred_location_id: LocationId | None = None
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class UpdateCustomer:
    """Other values for a customer, and more references; KEEP leaves a field as it is."""

    idempotency_key: str
    customer_id: CustomerId
    expected_version: int | None = None
    email: str | Keep | None = KEEP
    phone: str | Keep | None = KEEP
    country: str | None = None
    first_name: str | Keep = KEEP
    last_name: str | Keep = KEEP
    language: str | Keep = KEEP
    preferred_location_id: LocationId | Keep | None = KEEP
    add_references: tuple[Reference, ...] = ()


async def create_customer(tx: Tx, command: CreateCustomer, *, actor: Actor) -> CustomerDone:
    """The new customer, version 1; publishes CustomerCreated.

    The caller makes sure that the channel and the preferred location exist.

    Raises:
        CustomerExists: e-mail, phone or a reference belong to another customer.
        Forbidden: the channel, or the source of a reference, is not the integration's own.
        ValidationFailed: a value is malformed, or nothing is given to know the customer by.
        IdempotencyConflict: the key was used with another input.
    """

    async def work() -> CustomerDone:
        if not actor.sells_on(command.channel):
            raise Forbidden
        references = _checked_references(command.references, actor)
        email = normal_email(command.email) if command.email else None
        phone = normal_phone(command.phone, command.country) if command.phone else None
        first_name = checked_name("firstName", command.first_name)
        last_name = checked_name("lastName", command.last_name)
        if not (email or phone or references or first_name or last_name):
            raise ValidationFailed("email", "give an e-mail, phone, name or reference")
        customer_id = CustomerId(new_id())
        await _check_free(tx, customer_id, email, phone, references, actor)
        own = insert(customer).values(
            id=customer_id,
            email=email,
            phone=phone,
            first_name=first_name,
            last_name=last_name,
            language=checked_language("language", command.language),
            preferred_location_id=command.preferred_location_id,
            first_channel=command.channel,
            created_at=await tx.now(),
            version=1,
        )
        met = insert(customer_channel).values(customer_id=customer_id, channel=command.channel)
        try:
            await tx.connection.execute(together(own, met, *_named(customer_id, references)))
        except IntegrityError as error:
            raise meaning_of(error) from None
        await publish(tx, customer_created(customer_id))
        return CustomerDone(customer_id, 1)

    return await once(tx, "createCustomer", command, CustomerDone, work)


async def update_customer(tx: Tx, command: UpdateCustomer, *, actor: Actor) -> CustomerDone:
    """The changed customer; publishes CustomerChanged unless every value is as it was.

    The caller makes sure that the preferred location exists. Locks the customer's row.

    Raises:
        NotFound: there is no such customer, or the actor may not see it.
        VersionConflict: it changed since it was read. CustomerExists: see `create_customer`.
        Forbidden: a customer changes its own contact data or references.
        ValidationFailed: a value is malformed. IdempotencyConflict: the key has another input.
    """

    async def work() -> CustomerDone:
        before = await locked_customer(tx.connection, command.customer_id, seen_by=actor)
        check_version(command.expected_version, before.version)
        email, phone = _contact(command, before)
        if actor.role is Role.CUSTOMER and (email, phone) != (before.email, before.phone):
            raise Forbidden("contact data is changed by staff or by the shop")
        given = _checked_references(command.add_references, actor)
        added = tuple(each for each in given if each not in before.references)
        values = {
            "email": email,
            "phone": phone,
            "first_name": checked_name("firstName", kept(command.first_name, before.first_name)),
            "last_name": checked_name("lastName", kept(command.last_name, before.last_name)),
            "language": checked_language("language", kept(command.language, before.language)),
            "preferred_location_id": kept(
                command.preferred_location_id, before.preferred_location_id
            ),
        }
        if not added and all(getattr(before, name) == value for name, value in values.items()):
            return CustomerDone(before.id, before.version)
        await _check_free(tx, before.id, email, phone, added, actor)
        writes = _named(before.id, added)
        return await save(tx, before, Part.PROFILE, *writes, **values)

    return await once(tx, "updateCustomer", command, CustomerDone, work)


def _contact(command: UpdateCustomer, before: Customer) -> tuple[str | None, str | None]:
    """E-mail and phone after the change, in normal form."""
    email, phone = before.email, before.phone
    if not isinstance(command.email, Keep):
        email = normal_email(command.email) if command.email is not None else None
    if not isinstance(command.phone, Keep):
        given = command.phone
        phone = normal_phone(given, command.country) if given is not None else None
    return email, phone


def _checked_references(given: tuple[Reference, ...], actor: Actor) -> tuple[Reference, ...]:
    """The references, sorted and each once.

    Raises:
        Forbidden: a customer names itself, or an integration speaks for another source.
        ValidationFailed: more than 20, or one is malformed.
    """
    if len(given) > MAX_REFERENCES:
        raise ValidationFailed("references", f"more than {MAX_REFERENCES}")
    references = {checked_reference(each) for each in given}
    if references and actor.role is Role.CUSTOMER:
        raise Forbidden("references are set by staff or by the shop")
    if actor.role is Role.CHANNEL and not {e.source for e in references} <= actor.channel_codes:
        raise Forbidden("the source of a reference must be an own channel")
    return tuple(sorted(references, key=lambda each: (each.source, each.reference)))


async def _check_free(
    tx: Tx,
    customer_id: CustomerId,
    email: str | None,
    phone: str | None,
    references: tuple[Reference, ...],
    actor: Actor,
) -> None:
    """Nothing, when e-mail, phone and references belong to nobody else.

    Raises:
        CustomerExists: otherwise.
    """
    taken = await owner_of(tx.connection, email=email, phone=phone, other_than=customer_id)
    if taken is not None:
        raise exists(*taken, actor)
    if not references:
        return
    c = customer_reference.c
    pairs = [(each.source, each.reference) for each in references]
    owner: UUID | None = await tx.connection.scalar(
        sa.select(c.customer_id).where(sa.tuple_(c.source, c.reference).in_(pairs)).limit(1)
    )
    if owner is not None:
        raise exists("references", CustomerId(owner), actor)


def _named(customer_id: CustomerId, references: tuple[Reference, ...]) -> list[UpdateBase]:
    if not references:
        return []
    rows = [
        {"source": each.source, "reference": each.reference, "customer_id": customer_id}
        for each in references
    ]
    return [insert_many(customer_reference, _REFERENCE, rows)]
