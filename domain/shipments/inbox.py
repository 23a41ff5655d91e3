"""Messages of carriers: each is taken in once; reports of parcels that are not known yet wait."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.carriers.model import CarrierReport
from domain.common.database import Database
from domain.common.errors import NotFound
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.shipments.commands import RecordTrackingEvent
from domain.shipments.tables import carrier_message, parcel
from domain.shipments.track import record_tracking_event

WAITS = timedelta(days=30)
"""How long reports of an unknown parcel are kept; carriers reuse their numbers later."""

_REPORTS = TypeAdapter(list[CarrierReport])


class MessageState(StrEnum):
    """What came of a message."""

    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    PARKED = "PARKED"
    """Some of its parcels are not known yet: it waits for them."""
    DROPPED = "DROPPED"
    """Its parcels never came."""


@dataclass(frozen=True, slots=True)
class CarrierMessage:
    """What a carrier sent; `id` is its own and the same when it sends it again."""

    carrier: str
    id: str
    reports: tuple[CarrierReport, ...]


async def take_in(
    database: Database, message: CarrierMessage, correlation_id: str = ""
) -> MessageState:
    """What came of the message: its reports are recorded as by `record_tracking_event`, those of
    unknown parcels are parked; DUPLICATE when it was taken in before, and nothing is changed.

    Raises:
        ValidationFailed: a report is malformed or from the future; nothing is changed.

    Locks: the orders of its parcels.
    """
    return await database.run(
        lambda tx: _take_in(tx, message),
        actor_key=reporter(message.carrier).key,
        correlation_id=correlation_id,
    )


async def _take_in(tx: Tx, message: CarrierMessage) -> MessageState:
    row = {"carrier": message.carrier, "message_id": message.id, "received_at": await tx.now()}
    fresh = insert(carrier_message).values(**row, state=MessageState.APPLIED.value, reports=[])
    first = await tx.connection.execute(
        fresh.on_conflict_do_nothing().returning(carrier_message.c.message_id)
    )
    if first.scalar_one_or_none() is None:
        return MessageState.DUPLICATE
    return await _apply(tx, message)


async def _apply(tx: Tx, message: CarrierMessage) -> MessageState:
    unknown = await recorded(tx, message)
    state = MessageState.PARKED if unknown else MessageState.APPLIED
    c = carrier_message.c
    await tx.connection.execute(
        sa.update(carrier_message)
        .where(c.carrier == message.carrier, c.message_id == message.id)
        .values(state=state.value, reports=[asdict(report) for report in unknown])
    )
    return state


async def recorded(tx: Tx, message: CarrierMessage) -> list[CarrierReport]:
    """The reports whose parcels are not known; the others are recorded, parcel by parcel."""
    unknown: list[CarrierReport] = []
    for report in _in_order(message.reports):
        try:
            async with tx.connection.begin_nested():
                await record_tracking_event(
                    tx, reporter(message.carrier), _command(message, report)
                )
        except NotFound:
            unknown.append(report)
    return unknown


def _in_order(reports: Iterable[CarrierReport]) -> Sequence[CarrierReport]:
    return sorted(reports, key=lambda each: (each.tracking_number, each.occurred_at))


def reporter(carrier: str) -> Actor:
    """Who records what a carrier says."""
    return Actor(f"carrier-{carrier}", Role.OPERATIONS)


def _command(message: CarrierMessage, report: CarrierReport) -> RecordTrackingEvent:
    name = f"{message.id}\n{report.tracking_number}\n{report.external_id}"
    return RecordTrackingEvent(
        idempotency_key=hashlib.sha256(name.encode()).hexdigest(),
        carrier=message.carrier,
        tracking_number=report.tracking_number,
        external_id=report.external_id,
        status=report.status,
        occurred_at=report.occurred_at,
        place=report.place,
        expected_at=report.expected_at,
    )


async def apply_parked(database: Database, *, limit: int = 100) -> int:
    """How many parked messages were gone on with, since a parcel of theirs is known by now, or
    dropped, since none came in time (database time).
    """
    found = await database.read(lambda connection: _appeared(connection, limit))
    for carrier, message_id in found:
        await database.run(
            lambda tx, one=carrier, key=message_id: _again(tx, one, key),
            actor_key=reporter(carrier).key,
        )
    return len(found) + await database.run(_drop_old, actor_key="SYSTEM:inbox")


async def _appeared(connection: AsyncConnection, limit: int) -> list[tuple[str, str]]:
    c = carrier_message.c
    numbers = sa.func.jsonb_array_elements(c.reports).table_valued("value").render_derived()
    number = sa.cast(numbers.c.value, c.reports.type)["tracking_number"].astext
    known = sa.exists(
        sa.select(sa.literal(1))
        .select_from(numbers)
        .join(parcel, sa.and_(parcel.c.carrier == c.carrier, parcel.c.tracking_number == number))
    )
    query = (
        sa.select(c.carrier, c.message_id)
        .where(c.state == MessageState.PARKED.value, known)
        .order_by(c.received_at)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await connection.execute(query)]


async def _again(tx: Tx, carrier: str, message_id: str) -> None:
    c = carrier_message.c
    mine = sa.and_(c.carrier == carrier, c.message_id == message_id)
    parked = sa.select(c.reports).where(mine, c.state == MessageState.PARKED.value)
    reports = await tx.connection.scalar(parked.with_for_update())
    if reports is not None:
        given = tuple(_REPORTS.validate_python(reports))
        await _apply(tx, CarrierMessage(carrier, message_id, given))


async def _drop_old(tx: Tx) -> int:
    c = carrier_message.c
    old = sa.and_(c.state == MessageState.PARKED.value, c.received_at < sa.func.now() - WAITS)
    dropped = sa.update(carrier_message).where(old)
    done = await tx.connection.execute(dropped.values(state=MessageState.DROPPED.value, reports=[]))
    return done.rowcount
