"""Use cases: give a customer an address, and take one away."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import NotFound, check_version
from domain.common.idempotency import once
from domain.common.ids import CustomerId, new_id
from domain.common.sql import insert_many
from domain.common.transaction import Tx
from domain.customers.events import Part
from domain.customers.model import (
    Address,
    AddressId,
    checked_address,
    with_address,
    without_address,
)
from domain.customers.repository import locked_customer
from domain.customers.saving import CustomerDone, save
from domain.customers.tables import customer_address
from domain.identity.model import Actor

_ADDRESS = [column.name for column in customer_address.columns]


@dataclass(frozen=True, slots=True)
class AddCustomerAddress:
    """One more address of a customer; the first of all is the default in any case."""

    idempotency_key: str
    customer_id: CustomerId
    recipient: str
    street: str
    city: str
    postal_code: str
    country: str
    region: str = ""
    label: str = ""
    is_default: bool = False
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RemoveCustomerAddress:
    """An address that a customer has no longer."""

    idempotency_key: str
    customer_id: CustomerId
    address_id: AddressId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class AddressAdded:
    """The customer with the version it has since, and the id of the new address."""

    customer_id: CustomerId
    version: int
    address_id: AddressId


async def add_customer_address(
    tx: Tx, command: AddCustomerAddress, *, actor: Actor
) -> AddressAdded:
    """The customer's new address; publishes CustomerChanged. Locks the customer's row.

    Raises:
        NotFound: there is no such customer, or the actor may not see it.
        VersionConflict: it changed since it was read. ValidationFailed: see `checked_address`, or
            there are 50 addresses already. IdempotencyConflict: the key has another input.
    """

    async def work() -> AddressAdded:
        before = await locked_customer(tx.connection, command.customer_id, seen_by=actor)
        check_version(command.expected_version, before.version)
        given = checked_address(
            Address(
                id=AddressId(new_id()),
                label=command.label,
                recipient=command.recipient,
                street=command.street,
                city=command.city,
                region=command.region,
                postal_code=command.postal_code,
                country=command.country,
                is_default=command.is_default,
                created_at=await tx.now(),
            )
        )
        after = with_address(before.addresses, given)
        row = {**asdict(after[-1]), "customer_id": before.id}
        added = insert_many(customer_address, _ADDRESS, [row])
        done = await save(tx, before, Part.ADDRESS, added, *_flags(before.addresses, after))
        return AddressAdded(done.id, done.version, given.id)

    return await once(tx, "addCustomerAddress", command, AddressAdded, work)


async def remove_customer_address(
    tx: Tx, command: RemoveCustomerAddress, *, actor: Actor
) -> CustomerDone:
    """The customer without the address; publishes CustomerChanged. When it was the default, the
    newest of the others becomes it. Locks the customer's row.

    Raises:
        NotFound: there is no such customer or address of it, or the actor may not see it.
        VersionConflict: it changed since it was read. IdempotencyConflict: the key has another
            input.
    """

    async def work() -> CustomerDone:
        before = await locked_customer(tx.connection, command.customer_id, seen_by=actor)
        check_version(command.expected_version, before.version)
        if all(each.id != command.address_id for each in before.addresses):
            raise NotFound("address", str(command.address_id))
        after = without_address(before.addresses, command.address_id)
        removed = sa.delete(customer_address).where(customer_address.c.id == command.address_id)
        return await save(tx, before, Part.ADDRESS, removed, *_flags(before.addresses, after))

    return await once(tx, "removeCustomerAddress", command, CustomerDone, work)


def _flags(before: Sequence[Address], after: Sequence[Address]) -> list[UpdateBase]:
    """An UPDATE for each address that gains or loses the default."""
    was = {each.id: each.is_default for each in before}
    return [
        sa.update(customer_address)
        .where(customer_address.c.id == each.id)
        .values(is_default=each.is_default)
        for each in after
        if each.id in was and was[each.id] != each.is_default
    ]
