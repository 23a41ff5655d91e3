"""The customers of many orders at once: looked up by one statement, recognised in memory."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import NotFound, ValidationFailed
from domain.common.fixed import Fixed
from domain.common.ids import ChannelCode, CustomerId, new_id
from domain.common.reading import any_of
from domain.common.sql import few_given, insert_given
from domain.common.transaction import Tx
from domain.customers.events import customer_created
from domain.customers.model import GivenCustomer, Reference
from domain.customers.repository import may_see
from domain.customers.resolve import NormalForm, ResolvedCustomer, normal_form
from domain.customers.tables import customer, customer_channel, customer_reference
from domain.events.outbox import publish
from domain.identity.model import Actor

Written = dict[str, list[dict[str, Any]]]
"""Rows by the parameter that `customer_writes` wants them as."""

_CUSTOMER = [
    "id", "email", "phone", "first_name", "last_name", "language", "first_channel", "created_at",
    "version",
]  # fmt: skip
_LINK = ["customer_id", "channel"]
_REFERENCE = ["source", "reference", "customer_id"]
_ORDER = {
    "customers": ("email", "phone"),
    "links": ("customer_id", "channel"),
    "references": ("source", "reference"),
}
_CHANNELS = TypeAdapter(frozenset[ChannelCode])


class ReferenceIsNew(Exception):
    """A stored customer gets another reference: a change of its row, which no order of a batch may
    lock. `resolve_customer` does it.
    """


@dataclass(frozen=True, slots=True)
class _Known:
    """A customer that is stored, or will be."""

    id: CustomerId
    language: str
    channels: frozenset[ChannelCode]
    segments: tuple[str, ...] = ()

    @property
    def resolved(self) -> ResolvedCustomer:
        """It, as an order wants it."""
        return ResolvedCustomer(self.id, self.language, created=False, segments=self.segments)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who is meant, and in what form it was given; `customer.created` when nobody was found."""

    customer: ResolvedCustomer
    given: NormalForm | None


class Directory:
    """All stored customers that some orders may mean, and the new ones among them."""

    def __init__(self) -> None:
        self._by_id: dict[CustomerId, _Known] = {}
        self._by_reference: dict[Reference, CustomerId] = {}
        self._by_email: dict[str, CustomerId] = {}
        self._by_phone: dict[str, CustomerId] = {}
        self._rows: Written = {"customers": [], "links": [], "references": []}
        self._forms: dict[GivenCustomer, NormalForm] = {}

    def recognise(self, given: GivenCustomer, *, seen_by: Actor | None) -> Recognised:
        """Who is meant, by the rules of `resolve_customer`. It is kept by `admit` only.

        Raises:
            NotFound, ValidationFailed: see `resolve_customer`.
            ReferenceIsNew: the customer is known and has another reference.
        """
        if given.id is not None:
            return Recognised(self._with_id(given.id, seen_by), None)
        wanted = self._form(given)
        named = self._by_reference.get(wanted.reference) if wanted.reference else None
        found = named or self._alike(wanted)
        if found is None:
            fresh = ResolvedCustomer(CustomerId(new_id()), wanted.language, created=True)
            return Recognised(fresh, wanted)
        if wanted.reference is not None and named is None:
            raise ReferenceIsNew
        known = self._by_id[found]
        return Recognised(known.resolved, wanted)

    async def admit(self, tx: Tx, recognised: Recognised, channel: ChannelCode) -> None:
        """The customer is one of the channel; a new one is found from now on, with its event."""
        one = recognised.customer
        known = self._by_id.get(one.id) or _Known(one.id, one.language, frozenset())
        if channel not in known.channels:
            self._rows["links"].append({"customer_id": one.id, "channel": channel})
        channels = known.channels | {channel}
        self._by_id[one.id] = _Known(one.id, one.language, channels, one.segments)
        if one.created and recognised.given is not None:
            self._keep(one.id, recognised.given, channel, await tx.now())
            await publish(tx, customer_created(one.id))

    def asked(self, wanted: Sequence[GivenCustomer]) -> Mapping[str, list[Any]]:
        """What `look_up` has to look for, in normal form; what is malformed is left out."""
        ids = {given.id for given in wanted if given.id is not None}
        forms: list[NormalForm] = []
        for given in wanted:
            if given.id is None:
                with contextlib.suppress(ValidationFailed):
                    forms.append(self._form(given))
        references = {form.reference for form in forms if form.reference is not None}
        return {
            "ids": sorted(ids),
            "emails": sorted({form.email for form in forms if form.email is not None}),
            "phones": sorted({form.phone for form in forms if form.phone is not None}),
            "named": [
                {"source": each.source, "reference": each.reference}
                for each in sorted(references, key=lambda r: (r.source, r.reference))
            ],
        }

    def written(self) -> Written:
        """The rows that store what was admitted, for `customer_writes`: sorted, so that two
        transactions with the same new customers do not wait for each other crosswise.
        """
        return {name: _sorted(rows, by=_ORDER[name]) for name, rows in self._rows.items()}

    def fill(self, rows: Iterable[sa.Row[Any]]) -> None:
        """The customers that `look_up` found are known."""
        for row in rows:
            channels = _CHANNELS.validate_python(row.channels)
            known = _Known(CustomerId(row.id), row.language, channels, tuple(row.segments))
            self._by_id[known.id] = known
            if row.email is not None:
                self._by_email[row.email] = known.id
            if row.phone is not None:
                self._by_phone[row.phone] = known.id
            for source, reference in row.named:
                self._by_reference[Reference(source, reference)] = known.id

    def _form(self, given: GivenCustomer) -> NormalForm:
        if given not in self._forms:
            self._forms[given] = normal_form(given)
        return self._forms[given]

    def _with_id(self, customer_id: CustomerId, seen_by: Actor | None) -> ResolvedCustomer:
        known = self._by_id.get(customer_id)
        visible = known is not None and (
            seen_by is None or may_see(seen_by, customer_id, known.channels)
        )
        if known is None or not visible:
            raise NotFound("customer", str(customer_id))
        return known.resolved

    def _alike(self, wanted: NormalForm) -> CustomerId | None:
        by_email = self._by_email.get(wanted.email) if wanted.email else None
        return by_email or (self._by_phone.get(wanted.phone) if wanted.phone else None)

    def _keep(
        self, customer_id: CustomerId, given: NormalForm, channel: ChannelCode, now: datetime
    ) -> None:
        row = (
            customer_id, given.email, given.phone, given.first_name, given.last_name,
            given.language, channel, now, 1,
        )  # fmt: skip
        self._rows["customers"].append(dict(zip(_CUSTOMER, row, strict=True)))
        if given.email is not None:
            self._by_email[given.email] = customer_id
        if given.phone is not None:
            self._by_phone[given.phone] = customer_id
        if given.reference is not None:
            self._by_reference[given.reference] = customer_id
            named = (given.reference.source, given.reference.reference, customer_id)
            self._rows["references"].append(dict(zip(_REFERENCE, named, strict=True)))


async def look_up(connection: AsyncConnection, wanted: Sequence[GivenCustomer]) -> Directory:
    """Everybody who may be meant. One statement, none when nothing is known of them; nothing is
    locked. Values that are malformed find nobody (`recognise` refuses them).
    """
    directory = Directory()
    given = directory.asked(wanted)
    if any(given.values()):
        directory.fill((await _FINDING.run(connection, given)).all())
    return directory


def customer_writes() -> list[UpdateBase]:
    """The parts of a statement, built once, that store what `Directory.written` gives. It violates
    a unique constraint when another transaction made the same customer meanwhile.
    """
    links = insert_given(customer_channel, _LINK, "links").on_conflict_do_nothing()
    return [
        insert_given(customer, _CUSTOMER, "customers"),
        links,
        insert_given(customer_reference, _REFERENCE, "references"),
    ]


def _sorted(rows: list[dict[str, Any]], by: Sequence[str]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(row[column]) for column in by])


def _finding() -> sa.Select[*tuple[Any, ...]]:
    names = customer_reference.c
    wanted = few_given([names.source, names.reference], "named", "wanted")
    same = sa.and_(names.source == wanted.c.source, names.reference == wanted.c.reference)
    found = sa.select(names.customer_id, names.source, names.reference).join(wanted, same)
    named = found.cte("named_customers")
    ids = sa.union(
        sa.select(customer.c.id).where(any_of(customer.c.id, "ids")),
        sa.select(customer.c.id).where(any_of(customer.c.email, "emails")),
        sa.select(customer.c.id).where(any_of(customer.c.phone, "phones")),
        sa.select(named.c.customer_id),
    ).subquery("ids")
    pair = sa.func.jsonb_build_array(named.c.source, named.c.reference)
    nothing = sa.text("'[]'::jsonb")
    return sa.select(
        customer.c.id,
        customer.c.email,
        customer.c.phone,
        customer.c.language,
        customer.c.segments,
        sa.select(sa.func.coalesce(sa.func.jsonb_agg(customer_channel.c.channel), nothing))
        .where(customer_channel.c.customer_id == customer.c.id)
        .scalar_subquery()
        .label("channels"),
        sa.select(sa.func.coalesce(sa.func.jsonb_agg(pair), nothing))
        .where(named.c.customer_id == customer.c.id)
        .scalar_subquery()
        .label("named"),
    ).join(ids, ids.c[0] == customer.c.id)


_FINDING = Fixed(_finding)
