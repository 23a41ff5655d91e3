"""Pick lists: what several orders need from a location, for one walk, kept as it was printed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.model import name_texts
from domain.catalog.tables import product, variant
from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId, LocationId, Sku, new_id
from domain.common.numbers import number_for_people
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.sql import among
from domain.common.texts import checked_language, text_in
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.fulfillment.errors import NothingToPick
from domain.fulfillment.events import pick_list_created
from domain.fulfillment.model import PickLine, PickList, PickListId
from domain.fulfillment.tables import pick_list
from domain.fulfillment.walk import TO_PICK, walk, wanted_of
from domain.identity.model import Actor
from domain.identity.scope import at_work
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import require_no_hold
from domain.orders.queue import EVERY_WORK, OrderAndWork, WorkFilter, work_queue, works_by_id
from domain.orders.states import FulfillmentOrderStatus
from domain.stock.bins import bins_of

MAX_WORKS = 100
"""Fulfillment orders on one pick list."""
PICKABLE = (FulfillmentOrderStatus.RELEASED, FulfillmentOrderStatus.PICKING)
_LINES = TypeAdapter(tuple[PickLine, ...])
_LISTS = TypeAdapter(list[PickList])
_COLUMNS = list(pick_list.columns)


@dataclass(frozen=True, slots=True)
class CreatePickList:
    """A list of what those works still need, or else of the most urgent that fit the filter."""

    idempotency_key: str
    location_id: LocationId
    fulfillment_order_ids: tuple[FulfillmentOrderId, ...] | None = None
    wanted: WorkFilter = EVERY_WORK
    most: int = 20
    language: str = "en"


@dataclass(frozen=True, slots=True)
class PickListCreated:
    """A new pick list."""

    pick_list_id: PickListId


async def create_pick_list(tx: Tx, actor: Actor, command: CreatePickList) -> PickListCreated:
    """The new pick list. The works are left as they are.

    Raises:
        Forbidden: the actor does not work there.
        ValidationFailed: no works are named, more than 100 or one twice; or no such language.
        NotFound: a work is unknown, or at another location.
        OrderOnHold, IllegalTransition: a named work is on hold, or nothing of it is to be picked.
        NothingToPick: no work fits the filter. IdempotencyConflict: see `once`.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")
    check_choice(command.fulfillment_order_ids, command.most)
    checked_language("language", command.language)

    async def work() -> PickListCreated:
        works = await _chosen(tx.connection, command)
        place, language = command.location_id, command.language
        lines = await compose(tx.connection, place, works, language=language)
        printed = await store(tx, place, lines)
        return PickListCreated(printed.id)

    return await once(tx, "createPickList", command, PickListCreated, work)


def check_choice(ids: Collection[FulfillmentOrderId] | None, most: int) -> None:
    """Nothing, when 1 to 100 works are named, none twice, or as many are wanted.

    Raises:
        ValidationFailed: otherwise.
    """
    if not 1 <= most <= MAX_WORKS:
        raise ValidationFailed("max", f"must be 1 to {MAX_WORKS}")
    if ids is None:
        return
    if not 1 <= len(ids) <= MAX_WORKS:
        raise ValidationFailed("fulfillmentOrderIds", f"must be 1 to {MAX_WORKS}")
    if len(set(ids)) < len(ids):
        raise ValidationFailed("fulfillmentOrderIds", "names one twice")


async def named_works(
    connection: AsyncConnection, ids: Collection[FulfillmentOrderId], location_id: LocationId
) -> list[OrderAndWork]:
    """The works of those ids at that location, in the order of the queue.

    Raises:
        NotFound: one is unknown, or at another location.
    """
    found = await works_by_id(connection, ids)
    known = {work.id for _, work in found if work.location_id == location_id}
    if missing := set(ids) - known:
        raise NotFound("fulfillment order", str(min(missing)))
    return found


async def compose(
    connection: AsyncConnection,
    location_id: LocationId,
    works: Sequence[OrderAndWork],
    *,
    language: str,
) -> tuple[PickLine, ...]:
    """The walk for what those works still need; two statements.

    Raises:
        NothingToPick: they need nothing.
    """
    wanted = wanted_of(works)
    if not wanted:
        raise NothingToPick
    skus = {each.sku for each in wanted}
    found = await bins_of(connection, {(location_id, sku) for sku in skus})
    bins = {sku: each for (_, sku), each in found.items()}
    return walk(wanted, bins, await _titles(connection, skus, language))


async def store(
    tx: Tx, location_id: LocationId, lines: tuple[PickLine, ...], wave_number: str | None = None
) -> PickList:
    """The new pick list of those lines; its event is published."""
    printed = PickList(
        id=PickListId(new_id()),
        number=number_for_people("P"),
        location_id=location_id,
        wave_number=wave_number,
        created_by=tx.actor_key,
        created_at=await tx.now(),
        lines=lines,
    )
    row = {column.name: getattr(printed, column.name) for column in _COLUMNS}
    row["lines"] = _LINES.dump_python(lines, mode="json")
    await tx.connection.execute(sa.insert(pick_list).values(row))
    await publish(tx, pick_list_created(printed))
    return printed


async def pick_list_by_id(
    connection: AsyncConnection, actor: Actor, pick_list_id: UUID
) -> PickList | None:
    """The pick list, if the actor works at its location."""
    found = await pick_lists_by_id(connection, actor, [pick_list_id])
    return found.get(PickListId(pick_list_id))


async def pick_lists_by_id(
    connection: AsyncConnection, actor: Actor, ids: Collection[UUID]
) -> dict[PickListId, PickList]:
    """Those of the pick lists at whose locations the actor works, by id. One statement."""
    found = await _read(connection, _lists(actor).where(among(pick_list.c.id, ids)))
    return {each.id: each for each in found}


async def pick_lists_at(
    connection: AsyncConnection, actor: Actor, location_id: LocationId, request: PageRequest
) -> Page[PickList]:
    """A page of the location's pick lists, the newest first."""
    c = pick_list.c
    query = _lists(actor).where(c.location_id == location_id)
    if request.after is not None:
        query = query.where(
            sa.tuple_(c.created_at, c.id) < sa.tuple_(request.after.at, request.after.id)
        )
    query = query.order_by(c.created_at.desc(), c.id.desc()).limit(request.first + 1)
    found = await _read(connection, query)
    return page_of(found, request, lambda each: Keyset(each.created_at, each.id))


async def count_pick_lists(
    connection: AsyncConnection, actor: Actor, location_id: LocationId
) -> int:
    """How many entries the whole list of `pick_lists_at` has."""
    query = sa.select(sa.func.count()).select_from(pick_list)
    mine = query.where(pick_list.c.location_id == location_id, _visible_to(actor))
    return await connection.scalar(mine) or 0


def _visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    return at_work(actor, pick_list.c.location_id)


def _lists(actor: Actor) -> sa.Select[Any]:
    return sa.select(sa.func.to_jsonb(pick_list.table_valued())).where(_visible_to(actor))


async def _read(connection: AsyncConnection, query: sa.Select[Any]) -> list[PickList]:
    return _LISTS.validate_python((await connection.scalars(query)).all())


async def _chosen(connection: AsyncConnection, command: CreatePickList) -> list[OrderAndWork]:
    if command.fulfillment_order_ids is None:
        wanted = pickable(command.wanted)
        return await work_queue(connection, command.location_id, command.most, wanted)
    named = await named_works(connection, command.fulfillment_order_ids, command.location_id)
    for order, work in named:
        require_no_hold(order)
        if not any(group.state in TO_PICK for group in order.groups_of(work.id)):
            raise IllegalTransition("CREATE_PICK_LIST", order.work_status(work).value)
    return named


def pickable(wanted: WorkFilter) -> WorkFilter:
    """The filter, narrowed to work that can be picked now."""
    asked = PICKABLE if wanted.statuses is None else wanted.statuses
    statuses = tuple(status for status in PICKABLE if status in asked)
    return replace(wanted, statuses=statuses, on_hold=False)


async def _titles(
    connection: AsyncConnection, skus: Collection[Sku], language: str
) -> dict[Sku, str]:
    query = (
        sa.select(variant.c.sku, product.c.names, variant.c.names.label("own"))
        .join(product, product.c.id == variant.c.product_id)
        .where(among(variant.c.sku, skus))
    )
    rows = await connection.execute(query)
    return {Sku(row.sku): text_in(name_texts(row.names, row.own), language) for row in rows}
