"""Parcels of which nothing is heard: their carriers are asked, since a message may be lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.carriers.port import Adapters
from domain.common.database import Database
from domain.common.errors import DomainError
from domain.common.ids import ParcelId, new_id
from domain.common.transaction import Tx
from domain.shipments.inbox import CarrierMessage, recorded, reporter
from domain.shipments.model import FINAL_RANK, RANK
from domain.shipments.tables import parcel, shipment, tracking_event

SILENCE = timedelta(hours=24)
"""How long nothing is heard of a parcel before its carrier is asked, and between two questions."""

GIVEN_UP = timedelta(days=60)
"""How long after shipping nobody asks any more."""

_OPEN = [status.value for status, rank in RANK.items() if rank < FINAL_RANK]


@dataclass(frozen=True, slots=True)
class _Silent:
    """A parcel to ask about."""

    id: ParcelId
    carrier: str
    tracking_number: str


async def ask_about_silent(database: Database, adapters: Adapters, *, limit: int = 100) -> int:
    """How many parcels were asked about: those under way, of carriers that can be asked, of which
    nothing was heard for a day (database time). What the carrier tells is recorded as if it had
    reported it; what is known already is not recorded again.

    Locks: the parcel's order, while the answer is recorded; none while the carrier is asked.
    """
    if not adapters:
        return 0
    found = await database.run(
        lambda tx: _taken(tx, sorted(adapters), limit), actor_key="SYSTEM:silent-parcels"
    )
    for each in found:
        reports = await adapters[each.carrier].track(each.tracking_number)
        mine = tuple(one for one in reports if one.tracking_number == each.tracking_number)
        message = CarrierMessage(each.carrier, f"asked-{new_id()}", mine)
        try:
            await database.run(
                lambda tx, told=message: recorded(tx, told), actor_key=reporter(each.carrier).key
            )
        except DomainError:
            continue  # what it tells cannot be true, such as a report from the future
    return len(found)


async def _taken(tx: Tx, carriers: Sequence[str], limit: int) -> list[_Silent]:
    """The parcels to ask about, marked as asked now: another worker leaves them alone."""
    c = parcel.c
    chosen = await _silent(tx.connection, carriers, limit)
    asked = (
        sa.update(parcel)
        .where(c.id.in_(chosen), sa.or_(c.asked_at.is_(None), c.asked_at < _since(SILENCE)))
        .values(asked_at=sa.func.now())
        .returning(c.id, c.carrier, c.tracking_number)
    )
    rows = await tx.connection.execute(asked)
    return [_Silent(ParcelId(row.id), row.carrier, row.tracking_number) for row in rows]


async def _silent(
    connection: AsyncConnection, carriers: Sequence[str], limit: int
) -> Sequence[ParcelId]:
    c = parcel.c
    heard = sa.exists().where(
        tracking_event.c.parcel_id == c.id, tracking_event.c.received_at > _since(SILENCE)
    )
    query = (
        sa.select(c.id)
        .join(shipment, shipment.c.id == c.shipment_id)
        .where(
            c.carrier.in_(list(carriers)),
            c.status.in_(_OPEN),
            shipment.c.shipped_at.between(_since(GIVEN_UP), _since(SILENCE)),
            sa.or_(c.asked_at.is_(None), c.asked_at < _since(SILENCE)),
            sa.not_(heard),
        )
        .order_by(c.id)
        .limit(limit)
    )
    return (await connection.scalars(query)).all()


def _since(age: timedelta) -> sa.ColumnElement[object]:
    return sa.func.now() - sa.literal(age, sa.Interval)
