"""All that a batch of orders has to know before it is decided, read in few statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from domain.catalog.quote import Offer, quote
from domain.common.errors import DomainError, NotFound
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.common.sql import few_given
from domain.common.transaction import Tx
from domain.customers.directory import Directory, ReferenceIsNew, look_up
from domain.customers.resolve import ResolvedCustomer
from domain.orders.baskets import Draft, priced_lines, region_of
from domain.orders.batching.jobs import Acceptance
from domain.orders.candidates import Found, candidates_among, limited
from domain.orders.capacity import works_today
from domain.orders.commands import PlaceOrder
from domain.orders.model import Line
from domain.orders.place import store_countries, tax_country
from domain.orders.postal_points import Points, point_in, points_near
from domain.orders.tables import sales_order
from domain.promotions.repository import promotions_of
from domain.sourcing.model import SourcingPolicy
from domain.stock.repository import CandidateLevel, candidates
from domain.stock.shelves import Place

Reference = tuple[ChannelCode, str]
_Market = tuple[ChannelCode, str | None, str]
"""What offers depend on: channel, wanted currency, country."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An order that only stock can refuse now: priced, with the places that may serve it.

    `places` have the units that were there when they were read; `Ready.candidates` are the same
    with what is there now.
    """

    job: Acceptance
    draft: Draft
    lines: Sequence[Line]
    places: Found

    def candidates(self, now: Mapping[Place, int]) -> Found:
        """The places with what `now` says of their units."""
        return Found(
            [
                replace(each, available={sku: now[each.location_id, sku] for sku in each.available})
                for each in self.places.candidates
            ],
            self.places.order_type,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What was read: the orders that are ready, by job, or why a job is refused or not for a batch;
    who the customers are; which external references are taken; units available by place.
    """

    ready: Mapping[Acceptance, Ready | DomainError | ReferenceIsNew]
    directory: Directory
    taken: set[Reference]
    available: dict[Place, int]
    policy: SourcingPolicy


async def known_of(tx: Tx, jobs: Sequence[Acceptance]) -> Known:
    """All that is to know of the jobs, as it is committed now. Nothing is locked.

    At most one statement for the stores, for the customers, for the references, for the rules of
    sourcing, for the rates that these go by, for the capacities, for postal codes, and for
    promotions that changed; one for each market (channel, currency and country) and one for each
    channel.
    """
    now = await tx.now()
    commands = [job.command for job in jobs]
    countries = await store_countries(tx, commands)
    offers = await _offers(tx, commands, countries, now)
    promotions = await promotions_of(tx.connection, _stamp(offers))
    directory = await look_up(tx.connection, [command.customer for command in commands])
    points = await points_near(tx.connection, [command.delivery.address for command in commands])
    priced: dict[Acceptance, tuple[Draft, list[Line]] | DomainError | ReferenceIsNew] = {}
    for job in jobs:
        try:
            draft = _draft(job, countries, offers, directory, points, now)
            draft = replace(draft, promotions=promotions) if promotions else draft
            priced[job] = (draft, priced_lines(job.command, draft))
        except (DomainError, ReferenceIsNew) as refusal:
            priced[job] = refusal
    levels = await _levels(tx, priced)
    works = await works_today(
        tx.connection, limited(level for found in levels.values() for level in found)
    )
    available = {
        (level.location_id, level.sku): level.available
        for found in levels.values()
        for level in found
    }
    ready = {
        job: Ready(job, *found, _places(job.command, found[1], levels[job.command.channel], works))
        if isinstance(found, tuple)
        else found
        for job, found in priced.items()
    }
    policy = await jobs[0].terms.sourcing.policy(tx.connection, now)
    return Known(ready, directory, await _taken(tx, commands), available, policy)


def _draft(
    job: Acceptance,
    countries: Mapping[LocationId | None, str],
    offers: Mapping[_Market, Mapping[Sku, Offer] | NotFound],
    directory: Directory,
    points: Points,
    now: datetime,
) -> Draft:
    """The refusals come in the order in which `accept` meets them."""
    command = job.command
    country = tax_country(command, countries)
    offered = offers[command.channel, command.currency, country]
    if isinstance(offered, NotFound):
        raise offered
    return Draft(
        offers=offered,
        customer=_customer(job, directory),
        country=country,
        placed_by=job.actor.key,
        placed_at=now,
        updated_at=now,
        pay_until=now + job.terms.payment_window,
        near=point_in(points, command.delivery.address),
        region=region_of(command.delivery.address),
    )


def _customer(job: Acceptance, directory: Directory) -> ResolvedCustomer:
    return directory.recognise(job.command.customer, seen_by=job.actor).customer


async def _offers(
    tx: Tx,
    commands: Sequence[PlaceOrder],
    countries: Mapping[LocationId | None, str],
    now: datetime,
) -> Mapping[_Market, Mapping[Sku, Offer] | NotFound]:
    wanted: defaultdict[_Market, set[Sku]] = defaultdict(set)
    regions: defaultdict[_Market, set[str]] = defaultdict(set)
    for command in commands:
        try:
            country = tax_country(command, countries)
        except NotFound:
            continue  # it is refused when its turn comes
        market = (command.channel, command.currency, country)
        wanted[market] |= {line.sku for line in command.lines}
        regions[market].add(region_of(command.delivery.address))
    found: dict[_Market, Mapping[Sku, Offer] | NotFound] = {}
    for market, skus in wanted.items():
        channel, currency, country = market
        try:
            found[market] = await quote(
                tx.connection, skus, channel, currency, country, now, regions[market]
            )
        except NotFound as unknown:
            found[market] = unknown
    return found


def _stamp(offers: Mapping[_Market, Mapping[Sku, Offer] | NotFound]) -> UUID | None:
    """That of the newest promotions that the offers were read with."""
    stamps = [
        offer.stamp
        for found in offers.values()
        if not isinstance(found, NotFound)
        for offer in list(found.values())[:1]
        if offer.stamp is not None
    ]
    return max(stamps, default=None)


async def _levels(
    tx: Tx, priced: Mapping[Acceptance, object]
) -> Mapping[ChannelCode, Sequence[CandidateLevel]]:
    wanted: defaultdict[ChannelCode, set[Sku]] = defaultdict(set)
    for job, found in priced.items():
        if isinstance(found, tuple):
            wanted[job.command.channel] |= _components(found[1])
    return {
        channel: await candidates(tx.connection, skus, channel) for channel, skus in wanted.items()
    }


def _components(lines: Sequence[Line]) -> set[Sku]:
    return {sku for line in lines for sku in line.components}


def _places(
    command: PlaceOrder,
    lines: Sequence[Line],
    levels: Sequence[CandidateLevel],
    works: Mapping[LocationId, int],
) -> Found:
    skus = _components(lines)
    return candidates_among([each for each in levels if each.sku in skus], works, command.delivery)


async def _taken(tx: Tx, commands: Sequence[PlaceOrder]) -> set[Reference]:
    c = sales_order.c
    rows = [
        {"channel": command.channel, "external_reference": command.external_reference}
        for command in commands
        if command.external_reference is not None
    ]
    if not rows:
        return set()
    wanted = few_given([c.channel, c.external_reference], "references", "wanted")
    query = sa.select(c.channel, c.external_reference).join(
        wanted,
        sa.and_(c.channel == wanted.c.channel, c.external_reference == wanted.c.external_reference),
    )
    found = await tx.connection.execute(query, {"references": rows})
    return {(row.channel, row.external_reference) for row in found}
