"""Customers out of a file, each known by the reference that a system has for them.

Whoever is not known by the reference but by the e-mail address gets the reference; whoever is known
by neither is new. What a row leaves empty stays as it is. Nothing that a row says is in an event or
in a reason; it stands in the quarantine alone, which is forgotten in time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from domain.catalog.repository import channel_codes
from domain.common.ids import ChannelCode, CustomerId, new_id
from domain.common.sql import among, insert_many, together, upsert_many
from domain.common.texts import DEFAULT_LANGUAGE, checked_language
from domain.common.transaction import Tx
from domain.customers.bulk import customer_writes
from domain.customers.contact import normal_email, normal_phone
from domain.customers.errors import CustomerExists
from domain.customers.events import Part, customer_changed, customer_created
from domain.customers.model import Customer, Reference, checked_name, checked_reference
from domain.customers.repository import locked_customers
from domain.customers.saving import meaning_of
from domain.customers.tables import customer, customer_reference
from domain.events.outbox import publish
from domain.imports.chunks import Chunk, Disturbed, Refused, StagedRow, refuse, rows_of_chunk
from domain.imports.model import ImportJob, Tally
from domain.imports.values import parsed

_CUSTOMER = [column.name for column in customer.columns]
_REFERENCE = [column.name for column in customer_reference.columns]
_CHANGING = ["email", "phone", "first_name", "last_name", "language", "version"]


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A row in normal form; None is what it does not say."""

    reference: Reference
    channel: ChannelCode
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    language: str | None


@dataclass
class Directory:
    """Who is known by what; rows of the chunk add what they say."""

    people: dict[CustomerId, Customer]
    channels: frozenset[str]
    references: dict[Reference, CustomerId]
    emails: dict[str, CustomerId]
    phones: dict[str, CustomerId]

    def clash(self, line: CustomerLine) -> str | None:
        """Why the row does not fit what is known; None when it does."""
        if line.channel not in self.channels:
            return "channel: is not known"
        owner = self.owner(line)
        if line.email is not None and self.emails.get(line.email, owner) != owner:
            return "email: belongs to another customer"
        if line.phone is not None and self.phones.get(line.phone, owner) != owner:
            return "phone: belongs to another customer"
        return None

    def owner(self, line: CustomerLine) -> CustomerId | None:
        """Whom the row is about. An address that a row of the chunk took from somebody leads to
        nobody.
        """
        by_email = None if line.email is None else self.emails.get(line.email)
        if by_email is not None and self.people[by_email].email != line.email:
            by_email = None
        return self.references.get(line.reference, by_email)

    def put(self, line: CustomerLine, now: datetime) -> bool:
        """Whether the row, which must not clash, says anything new; it is taken over."""
        owner = self.owner(line)
        old = _stranger(line, now) if owner is None else self.people[owner]
        new = merged(old, line)
        self.people[new.id] = new
        self.references[line.reference] = new.id
        if line.email is not None:
            self.emails[line.email] = new.id
        if line.phone is not None:
            self.phones[line.phone] = new.id
        return owner is None or new != old


async def apply_customers(tx: Tx, job: ImportJob, chunk: Chunk) -> Tally:
    """What became of the rows of the chunk. Publishes one CustomerCreated or CustomerChanged for
    each customer that is new or changed.

    Locks: the customers, in order of their ids.

    Raises:
        Disturbed: somebody took an address, number or reference meanwhile: run the chunk again.
    """
    rows = await rows_of_chunk(tx, job, chunk)
    read, refused = await asyncio.to_thread(parsed, rows, customer_line)
    known = await _directory(tx, [line for _, line in read])
    before = dict(known.people)
    now = await tx.now()
    unchanged = 0
    for row, line in read:
        clash = known.clash(line)
        if clash is not None:
            refused.append(Refused(row, clash))
        elif not known.put(line, now):
            unchanged += 1
    await _save(tx, before, known.people)
    await refuse(tx, job, refused)
    return Tally(len(rows) - unchanged - len(refused), unchanged, len(refused))


def customer_line(row: StagedRow) -> CustomerLine:
    """The row in normal form.

    Raises:
        ValidationFailed: a value is missing or malformed; the message does not repeat it.
    """
    country = row["phone_country"].strip() or None
    language = row["language"].strip()
    return CustomerLine(
        reference=checked_reference(Reference(row["source"], row["reference"])),
        channel=ChannelCode(row["channel"].strip()),
        email=normal_email(row["email"]) if row["email"] else None,
        phone=normal_phone(row["phone"].strip(), country) if row["phone"] else None,
        first_name=checked_name("first_name", row["first_name"]) or None,
        last_name=checked_name("last_name", row["last_name"]) or None,
        language=checked_language("language", language) if language else None,
    )


def merged(before: Customer, line: CustomerLine) -> Customer:
    """The customer with what the row says; equal to `before` when it says nothing new. The version
    stays.
    """
    references = set(before.references) | {line.reference}
    return replace(
        before,
        email=line.email or before.email,
        phone=line.phone or before.phone,
        first_name=line.first_name or before.first_name,
        last_name=line.last_name or before.last_name,
        language=line.language or before.language,
        references=tuple(sorted(references, key=lambda each: (each.source, each.reference))),
    )


def _stranger(line: CustomerLine, now: datetime) -> Customer:
    return Customer(
        id=CustomerId(new_id()),
        email=None,
        phone=None,
        first_name="",
        last_name="",
        language=DEFAULT_LANGUAGE,
        preferred_location_id=None,
        first_channel=line.channel,
        created_at=now,
        version=0,
    )


async def _directory(tx: Tx, lines: Sequence[CustomerLine]) -> Directory:
    """Who may be meant by the lines, locked; and who has their addresses and numbers.

    Addresses are read after the locks, since a customer may have changed them meanwhile.
    """
    references = await _references(tx, lines)
    emails = [line.email for line in lines if line.email is not None]
    phones = [line.phone for line in lines if line.phone is not None]
    c = customer.c
    by_email = await tx.connection.scalars(sa.select(c.id).where(among(c.email, emails)))
    ids = {*references.values(), *(CustomerId(found) for found in by_email)}
    people = await locked_customers(tx.connection, ids)
    owners = await tx.connection.execute(
        sa.select(c.id, c.email, c.phone).where(among(c.email, emails) | among(c.phone, phones))
    )
    known = Directory(
        people,
        await channel_codes(tx.connection),
        references,
        {},
        {},
    )
    for row in owners:
        if row.email is not None:
            known.emails[row.email] = row.id
        if row.phone is not None:
            known.phones[row.phone] = row.id
    if not known.people.keys() >= {known.emails[e] for e in emails if e in known.emails}:
        raise Disturbed
    return known


async def _references(tx: Tx, lines: Sequence[CustomerLine]) -> dict[Reference, CustomerId]:
    wanted = {line.reference for line in lines}
    c = customer_reference.c
    found = await tx.connection.execute(
        sa.select(c.source, c.reference, c.customer_id).where(
            among(c.source, sorted({each.source for each in wanted})),
            among(c.reference, sorted({each.reference for each in wanted})),
        )
    )
    named = {Reference(row.source, row.reference): CustomerId(row.customer_id) for row in found}
    return {name: owner for name, owner in named.items() if name in wanted}


async def _save(
    tx: Tx, before: Mapping[CustomerId, Customer], after: Mapping[CustomerId, Customer]
) -> None:
    """Whoever is new or differs is written with the next version, and published."""
    saved = [
        replace(new, version=new.version + 1) for new in after.values() if new != before.get(new.id)
    ]
    if not saved:
        return
    fresh = [each for each in saved if each.id not in before]
    old = [each for each in saved if each.id in before]
    added = [
        {"source": name.source, "reference": name.reference, "customer_id": each.id}
        for each in old
        for name in each.references
        if name not in before[each.id].references
    ]
    rows = [{name: getattr(each, name) for name in _CUSTOMER} for each in old]
    try:
        await tx.connection.execute(
            together(
                upsert_many(customer, _CUSTOMER, _CHANGING, rows),
                insert_many(customer_reference, _REFERENCE, added),
            )
        )
        await tx.connection.execute(together(*customer_writes(fresh)))
    except IntegrityError as error:
        if isinstance(meaning_of(error), CustomerExists):
            raise Disturbed from None
        raise
    events = [
        customer_created(each.id)
        if each.id not in before
        else customer_changed(each.id, each.version, _part(before[each.id], each))
        for each in saved
    ]
    await publish(tx, *events)


def _part(old: Customer, new: Customer) -> Part:
    same = replace(new, references=old.references, version=old.version) == old
    return Part.REFERENCE if same else Part.PROFILE
