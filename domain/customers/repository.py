"""Reading and locking customers, always in the scope of who asks. Each read is one statement."""

import re
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import ChannelCode, CustomerId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.sql import among, children
from domain.customers.model import Customer, Note
from domain.customers.tables import (
    customer,
    customer_address,
    customer_channel,
    customer_consent,
    customer_note,
    customer_reference,
)
from domain.identity.model import HEAD_OFFICE, Actor, Role

_CUSTOMERS = TypeAdapter(list[Customer])
_EVERY_CUSTOMER = HEAD_OFFICE | {Role.POS, Role.STORE_MANAGER}
"""Roles that may look up any customer, if they know whom. Only head office can search."""
_FEWEST_DIGITS = 4


def visible_to(actor: Actor | None) -> sa.ColumnElement[bool]:
    """The row scope over `customer`: a customer sees itself, an integration the customers that its
    channels met, the warehouse and strangers nobody.
    """
    if actor is None:
        return sa.false()
    if actor.role in _EVERY_CUSTOMER:
        return sa.true()
    if actor.role is Role.CUSTOMER and actor.customer_id is not None:
        return customer.c.id == actor.customer_id
    if actor.role is Role.CHANNEL:
        return sa.exists().where(
            customer_channel.c.customer_id == customer.c.id,
            customer_channel.c.channel.in_(sorted(actor.channel_codes)),
        )
    return sa.false()


def may_see(actor: Actor, customer_id: CustomerId, channels: AbstractSet[ChannelCode]) -> bool:
    """What `visible_to` says of one customer, whose channels are these. Pure."""
    if actor.role in _EVERY_CUSTOMER:
        return True
    if actor.role is Role.CUSTOMER:
        return actor.customer_id == customer_id
    return actor.role is Role.CHANNEL and not channels.isdisjoint(actor.channel_codes)


def customer_document() -> sa.ColumnElement[object]:
    """An expression over `customer`: the customer without notes as one JSON object."""
    mine = customer.c.id
    address, consent, reference = customer_address.c, customer_consent.c, customer_reference.c
    parts = sa.func.jsonb_build_object(
        "addresses",
        children(customer_address, address.customer_id == mine, address.created_at, address.id),
        "consents",
        children(customer_consent, consent.customer_id == mine, consent.recorded_at, consent.id),
        "references",
        children(
            customer_reference,
            reference.customer_id == mine,
            reference.source,
            reference.reference,
        ),
    )
    return sa.func.to_jsonb(customer.table_valued()).op("||")(parts)


async def customers_by_id(
    connection: AsyncConnection, ids: Collection[UUID], *, seen_by: Actor | None
) -> dict[CustomerId, Customer]:
    """The customers of those ids that the actor may see; others are absent."""
    found = await _read(connection, customer.c.id.in_(list(ids)), visible_to(seen_by))
    return {each.id: each for each in found}


async def customer_by_email(
    connection: AsyncConnection, email: str, *, seen_by: Actor | None
) -> Customer | None:
    """The customer of that e-mail address (in normal form), if the actor may see it."""
    found = await _read(connection, customer.c.email == email, visible_to(seen_by))
    return found[0] if found else None


async def customer_by_phone(
    connection: AsyncConnection, phone: str, *, seen_by: Actor | None
) -> Customer | None:
    """The customer of that phone number (E.164), if the actor may see it."""
    found = await _read(connection, customer.c.phone == phone, visible_to(seen_by))
    return found[0] if found else None


async def _read(connection: AsyncConnection, *conditions: sa.ColumnElement[bool]) -> list[Customer]:
    documents = await connection.scalars(sa.select(customer_document()).where(*conditions))
    return _CUSTOMERS.validate_python(documents.all())


async def locked_customer(
    connection: AsyncConnection, customer_id: CustomerId, *, seen_by: Actor
) -> Customer:
    """The customer with all its parts, its row locked FOR NO KEY UPDATE.

    Two statements, so that the parts are read after the lock was obtained.

    Raises:
        NotFound: there is no such customer, or the actor may not see it.
    """
    row = sa.select(customer.c.id).where(customer.c.id == customer_id, visible_to(seen_by))
    if await connection.scalar(row.with_for_update(key_share=True)) is None:
        raise NotFound("customer", str(customer_id))
    return (await _read(connection, customer.c.id == customer_id))[0]


async def locked_customers(
    connection: AsyncConnection, ids: Collection[CustomerId]
) -> dict[CustomerId, Customer]:
    """The customers of those ids, whoever asks, their rows locked FOR NO KEY UPDATE in order of
    their ids; others are absent.
    """
    rows = sa.select(customer.c.id).where(among(customer.c.id, ids)).order_by(customer.c.id)
    locked = (await connection.scalars(rows.with_for_update(key_share=True))).all()
    return {each.id: each for each in await _read(connection, among(customer.c.id, locked))}


async def page_of_customers(
    connection: AsyncConnection, search: str | None, request: PageRequest, *, seen_by: Actor
) -> Page[Customer]:
    """A page of the customers that the actor may see, the newest first. `search` is a part of a
    name, e-mail address or phone number, or a whole external reference.
    """
    query = sa.select(customer_document()).where(visible_to(seen_by), *_matches(search))
    if request.after is not None:
        place = sa.tuple_(customer.c.created_at, customer.c.id)
        query = query.where(place < sa.tuple_(request.after.at, request.after.id))
    query = query.order_by(customer.c.created_at.desc(), customer.c.id.desc())
    found = await connection.scalars(query.limit(request.first + 1))
    return page_of(
        _CUSTOMERS.validate_python(found.all()),
        request,
        lambda each: Keyset(each.created_at, each.id),
    )


async def count_of_customers(
    connection: AsyncConnection, search: str | None, *, seen_by: Actor
) -> int:
    """The number of customers in the whole list."""
    query = sa.select(sa.func.count()).select_from(customer)
    return await connection.scalar(query.where(visible_to(seen_by), *_matches(search))) or 0


def _matches(search: str | None) -> list[sa.ColumnElement[bool]]:
    text = " ".join((search or "").split())
    if not text:
        return []
    full_name = customer.c.first_name + " " + customer.c.last_name
    ways: list[sa.ColumnElement[bool]] = [
        full_name.icontains(text, autoescape=True),
        customer.c.email.contains(text.lower(), autoescape=True),
        customer.c.id.in_(
            sa.select(customer_reference.c.customer_id).where(
                customer_reference.c.reference == text
            )
        ),
    ]
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) >= _FEWEST_DIGITS:
        ways.append(customer.c.phone.contains(digits))
    return [sa.or_(*ways)]


async def notes_by_customer(
    connection: AsyncConnection, ids: Collection[UUID]
) -> dict[CustomerId, list[Note]]:
    """The notes on each of those customers, the newest first.

    The caller makes sure that the actor may read notes.
    """
    note = customer_note.c
    rows = await connection.execute(
        sa.select(customer_note)
        .where(note.customer_id.in_(list(ids)))
        .order_by(note.created_at.desc(), note.id.desc())
    )
    found: dict[CustomerId, list[Note]] = {CustomerId(key): [] for key in ids}
    for row in rows:
        found[row.customer_id].append(_note(row))
    return found


def _note(row: sa.Row[*tuple[Any, ...]]) -> Note:
    return Note(id=row.id, text=row.text, author=row.author, created_at=row.created_at)


async def owner_of(
    connection: AsyncConnection, *, email: str | None, phone: str | None, other_than: CustomerId
) -> tuple[str, CustomerId] | None:
    """The field (`email` or `phone`) that another customer has already, and that customer."""
    same: list[sa.ColumnElement[bool]] = []
    if email is not None:
        same.append(customer.c.email == email)
    if phone is not None:
        same.append(customer.c.phone == phone)
    if not same:
        return None
    rows = await connection.execute(
        sa.select(customer.c.id, customer.c.email).where(sa.or_(*same), customer.c.id != other_than)
    )
    owners = {("email" if email and row.email == email else "phone"): row.id for row in rows}
    field = min(owners, default=None)
    return (field, CustomerId(owners[field])) if field is not None else None
