"""Many customers at once, for imports and demo data: one statement writes them all."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, CustomerId
from domain.common.sql import insert_many, together
from domain.common.texts import checked_language
from domain.common.transaction import Tx
from domain.customers.contact import normal_email, normal_phone
from domain.customers.events import customer_created
from domain.customers.model import (
    Customer,
    checked_address,
    checked_name,
    checked_reference,
)
from domain.customers.tables import (
    customer,
    customer_address,
    customer_channel,
    customer_consent,
    customer_reference,
)
from domain.events.outbox import publish

MAX_CUSTOMERS = 2_000
_CUSTOMER = [column.name for column in customer.columns]
_REFERENCE = [column.name for column in customer_reference.columns]
_CHANNEL = [column.name for column in customer_channel.columns]
_ADDRESS = [column.name for column in customer_address.columns]
_CONSENT = [column.name for column in customer_consent.columns]


async def add_customers(tx: Tx, given: Sequence[Customer]) -> int:
    """The number of customers that are new. Who is known already, by a reference, e-mail address or
    phone number, is left as they are.

    At most 2,000, each of version 1 and with no reference, address or number twice. A new customer
    comes with addresses, consents and references, is known to its first channel, and publishes one
    CustomerCreated.

    Raises:
        ValidationFailed: a value is malformed; the message does not repeat it.
    """
    if len(given) > MAX_CUSTOMERS:
        raise ValidationFailed("customers", f"more than {MAX_CUSTOMERS}")
    wanted = [_checked(each) for each in given]
    known = await _known(tx.connection, wanted)
    fresh = [each for each in wanted if not _marks(each) & known]
    if not fresh:
        return 0
    await tx.connection.execute(together(*customer_writes(fresh)))
    await publish(tx, *[customer_created(each.id) for each in fresh])
    return len(fresh)


async def customer_ids(
    connection: AsyncConnection, source: str, references: Collection[str]
) -> dict[str, CustomerId]:
    """The customers that `source` knows by those references; unknown ones are absent."""
    c = customer_reference.c
    wanted = sa.literal(list(references), ARRAY(sa.Text))
    found = await connection.execute(
        sa.select(c.reference, c.customer_id).where(
            c.source == source, c.reference == sa.any_(wanted)
        )
    )
    return {row.reference: CustomerId(row.customer_id) for row in found}


def _checked(given: Customer) -> Customer:
    return replace(
        given,
        email=normal_email(given.email) if given.email else None,
        phone=normal_phone(given.phone, None) if given.phone else None,
        first_name=checked_name("firstName", given.first_name),
        last_name=checked_name("lastName", given.last_name),
        language=checked_language("language", given.language),
        addresses=tuple(checked_address(each) for each in given.addresses),
        references=tuple(checked_reference(each) for each in given.references),
        version=1,
    )


def _marks(given: Customer) -> set[tuple[str, str]]:
    """All by which a customer can be recognised."""
    marks = {(each.source, each.reference) for each in given.references}
    if given.email is not None:
        marks.add(("", given.email))
    if given.phone is not None:
        marks.add(("", given.phone))
    return marks


async def _known(connection: AsyncConnection, given: Sequence[Customer]) -> set[tuple[str, str]]:
    """The marks of `given` that are in use. One statement."""
    marks = set[tuple[str, str]]().union(*(_marks(each) for each in given))
    values = sa.literal([value for _, value in marks], ARRAY(sa.Text))
    c, r = customer.c, customer_reference.c
    none = sa.literal("", sa.Text)
    found = await connection.execute(
        sa.union_all(
            sa.select(r.source, r.reference.label("mark")).where(r.reference == sa.any_(values)),
            sa.select(none, c.email).where(c.email == sa.any_(values)),
            sa.select(none, c.phone).where(c.phone == sa.any_(values)),
        )
    )
    return {(source, mark) for source, mark in found} & marks


def customer_writes(fresh: Sequence[Customer]) -> list[UpdateBase]:
    """The statements that add customers with their parts, which must be checked."""
    references = [
        {"customer_id": each.id, **asdict(name)} for each in fresh for name in each.references
    ]
    addresses = [
        {"customer_id": each.id, **asdict(place)} for each in fresh for place in each.addresses
    ]
    consents = [
        {"customer_id": each.id, **asdict(record)} for each in fresh for record in each.consents
    ]
    return [
        insert_many(customer, _CUSTOMER, [_row(each) for each in fresh]),
        insert_many(
            customer_channel, _CHANNEL, [_met(each.id, each.first_channel) for each in fresh]
        ),
        insert_many(customer_reference, _REFERENCE, references),
        insert_many(customer_address, _ADDRESS, addresses),
        insert_many(customer_consent, _CONSENT, consents),
    ]


def _row(given: Customer) -> dict[str, Any]:
    return {name: getattr(given, name) for name in _CUSTOMER}


def _met(customer_id: CustomerId, channel: ChannelCode) -> dict[str, Any]:
    return {"customer_id": customer_id, "channel": channel}
