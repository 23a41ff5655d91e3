"""Who is it? The customer of an order, found over all channels or created."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.common.errors import NotFound, ValidationFailed
from domain.common.ids import ChannelCode, CustomerId, new_id
from domain.common.sql import together
from domain.common.texts import DEFAULT_LANGUAGE, checked_language
from domain.common.transaction import Tx
from domain.customers.contact import normal_email, normal_phone
from domain.customers.events import Part, customer_changed, customer_created
from domain.customers.model import GivenCustomer, Reference, checked_name, checked_reference
from domain.customers.repository import visible_to
from domain.customers.tables import customer, customer_channel, customer_reference
from domain.events.outbox import publish
from domain.identity.model import Actor


@dataclass(frozen=True, slots=True)
class ResolvedCustomer:
    """A stored customer, its preferred language, whether it was created just now, and the segments
    that it belongs to.
    """

    id: CustomerId
    language: str
    created: bool
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NormalForm:
    """What was given, in normal form."""

    reference: Reference | None
    email: str | None
    phone: str | None
    first_name: str
    last_name: str
    language: str


@dataclass(frozen=True, slots=True)
class _Found:
    id: CustomerId
    language: str
    has_reference: bool
    segments: tuple[str, ...]


async def resolve_customer(
    tx: Tx, given: GivenCustomer, channel: ChannelCode, *, seen_by: Actor | None = None
) -> ResolvedCustomer:
    """The customer that is meant, found by id, else by (source, reference), else by e-mail, else by
    phone; created when nobody is found, with a CustomerCreated.

    When e-mail and phone belong to two customers, the one of the e-mail is meant: phones are shared
    in families and offices, addresses seldom. Nothing that is stored about a found customer is
    overwritten; only a new (source, reference) is added to it, with a CustomerChanged. With nothing
    given at all a nameless customer is created, for the anonymous sale. With `seen_by`, an id names
    only a customer that this actor may see.

    One statement for a known customer and two for a new one or a new reference; two more when
    another transaction creates the same customer at the same moment. Locks at most the customer's
    row, FOR NO KEY UPDATE.

    Raises:
        NotFound: there is no customer of that id, or the actor may not see it.
        ValidationFailed: a value is malformed; the message does not repeat it.
    """
    if given.id is not None:
        scope = sa.true() if seen_by is None else visible_to(seen_by)
        return await _by_id(tx, given.id, channel, scope)
    wanted = normal_form(given)
    found = await _find(tx, wanted, channel)
    if found is None:
        created_id = await _create(tx, wanted, channel)
        if created_id is not None:
            await publish(tx, customer_created(created_id))
            return ResolvedCustomer(created_id, wanted.language, created=True)
        found = await _find(tx, wanted, channel)
        if found is None:
            raise AssertionError("a customer that was in the way is not there")
    if wanted.reference is not None and not found.has_reference:
        await _add_reference(tx, found.id, wanted.reference)
    return ResolvedCustomer(found.id, found.language, created=False, segments=found.segments)


def normal_form(given: GivenCustomer) -> NormalForm:
    """What is known of a customer who is not given by id, in the form that is stored.

    Raises:
        ValidationFailed: a value is malformed; the message does not repeat it.
    """
    if (given.source is None) != (given.reference is None):
        raise ValidationFailed("reference", "goes together with its source")
    reference = None
    if given.source is not None and given.reference is not None:
        reference = checked_reference(Reference(given.source, given.reference))
    return NormalForm(
        reference=reference,
        email=normal_email(given.email) if given.email else None,
        phone=normal_phone(given.phone, given.country) if given.phone else None,
        first_name=checked_name("firstName", given.first_name),
        last_name=checked_name("lastName", given.last_name),
        language=checked_language("language", given.language or DEFAULT_LANGUAGE),
    )


async def _by_id(
    tx: Tx, customer_id: CustomerId, channel: ChannelCode, scope: sa.ColumnElement[bool]
) -> ResolvedCustomer:
    found = sa.select(
        customer.c.id, customer.c.language, customer.c.segments, sa.true().label("known")
    ).where(customer.c.id == customer_id, scope)
    row = await _one_and_link(tx, found, channel)
    if row is None:
        raise NotFound("customer", str(customer_id))
    return ResolvedCustomer(
        CustomerId(row.id), row.language, created=False, segments=tuple(row.segments)
    )


async def _find(tx: Tx, wanted: NormalForm, channel: ChannelCode) -> _Found | None:
    """The customer with the strongest likeness. One statement, none when nothing is known."""
    ways: list[sa.Select[Any]] = []
    if wanted.reference is not None:
        ways.append(
            _way(
                1,
                customer_reference.c.customer_id,
                customer_reference.c.source == wanted.reference.source,
                customer_reference.c.reference == wanted.reference.reference,
            )
        )
    if wanted.email is not None:
        ways.append(_way(2, customer.c.id, customer.c.email == wanted.email))
    if wanted.phone is not None:
        ways.append(_way(3, customer.c.id, customer.c.phone == wanted.phone))
    if not ways:
        return None
    way = sa.union_all(*ways).subquery()
    best = (
        sa.select(
            customer.c.id,
            customer.c.language,
            customer.c.segments,
            (way.c.rank == 1).label("known"),
        )
        .join(way, way.c.id == customer.c.id)
        .order_by(way.c.rank)
        .limit(1)
    )
    row = await _one_and_link(tx, best, channel)
    if row is None:
        return None
    return _Found(CustomerId(row.id), row.language, row.known, tuple(row.segments))


def _way(rank: int, key: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]) -> Any:
    return sa.select(sa.literal(rank).label("rank"), key.label("id")).where(*conditions)


async def _one_and_link(tx: Tx, query: sa.SelectBase, channel: ChannelCode) -> sa.Row[Any] | None:
    """The row of `query`, its customer linked to the channel in the same statement."""
    found = query.cte("found")
    link = (
        insert(customer_channel)
        .from_select(
            ["customer_id", "channel"], sa.select(found.c.id, sa.literal(channel, sa.Text))
        )
        .on_conflict_do_nothing()
        .cte("link")
    )
    return (await tx.connection.execute(sa.select(found).add_cte(link))).one_or_none()


async def _create(tx: Tx, wanted: NormalForm, channel: ChannelCode) -> CustomerId | None:
    """The id of the new customer; None when another transaction was first."""
    customer_id, now = CustomerId(new_id()), await tx.now()
    created = _insertion(customer_id, wanted, channel, now).cte("created")
    link = (
        insert(customer_channel)
        .from_select(
            ["customer_id", "channel"], sa.select(created.c.id, sa.literal(channel, sa.Text))
        )
        .cte("link")
    )
    query = sa.select(created.c.id).add_cte(link)
    if wanted.reference is None:
        return await tx.connection.scalar(query)
    named = (
        insert(customer_reference)
        .from_select(
            ["source", "reference", "customer_id"],
            sa.select(
                sa.literal(wanted.reference.source, sa.Text),
                sa.literal(wanted.reference.reference, sa.Text),
                created.c.id,
            ),
        )
        .on_conflict_do_nothing()
        .returning(customer_reference.c.customer_id)
        .cte("named")
    )
    row = (
        await tx.connection.execute(query.add_columns(sa.exists(sa.select(named)).label("named")))
    ).one_or_none()
    if row is None or row.named:
        return CustomerId(row.id) if row is not None else None
    await _forget(tx, customer_id)
    return None


def _insertion(
    customer_id: CustomerId, wanted: NormalForm, channel: ChannelCode, now: datetime
) -> Any:
    return (
        insert(customer)
        .values(
            id=customer_id,
            email=wanted.email,
            phone=wanted.phone,
            first_name=wanted.first_name,
            last_name=wanted.last_name,
            language=wanted.language,
            first_channel=channel,
            created_at=now,
            version=1,
        )
        .on_conflict_do_nothing()
        .returning(customer.c.id)
    )


async def _forget(tx: Tx, customer_id: CustomerId) -> None:
    """Undo the customer that this transaction inserted: another has its reference since."""
    await tx.connection.execute(
        together(
            sa.delete(customer_channel).where(customer_channel.c.customer_id == customer_id),
            sa.delete(customer).where(customer.c.id == customer_id),
        )
    )


async def _add_reference(tx: Tx, customer_id: CustomerId, reference: Reference) -> None:
    """The customer has the reference too, and its next version. One statement."""
    named = (
        insert(customer_reference)
        .values(source=reference.source, reference=reference.reference, customer_id=customer_id)
        .on_conflict_do_nothing()
        .returning(customer_reference.c.customer_id)
        .cte("named")
    )
    version = await tx.connection.scalar(
        sa.update(customer)
        .where(customer.c.id == sa.select(named.c.customer_id).scalar_subquery())
        .values(version=customer.c.version + 1)
        .returning(customer.c.version)
        .add_cte(named)
    )
    if version is not None:
        await publish(tx, customer_changed(customer_id, version, Part.REFERENCE))
