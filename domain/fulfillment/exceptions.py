"""The exception queue: reports that contradict the order, kept for people to look at."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.errors import DomainError
from domain.common.ids import FulfillmentOrderId, LocationId, new_id
from domain.common.transaction import Tx
from domain.fulfillment.tables import fulfillment_exception
from domain.identity.model import Actor
from domain.orders.tables import fulfillment_order

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FulfillmentException:
    """A refused report: what was reported of which work, by whom, and why it was refused."""

    id: UUID
    fulfillment_order_id: FulfillmentOrderId
    location_id: LocationId
    operation: str
    message: str
    reported_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """A report on a location's work, by its idempotency key."""

    operation: str
    fulfillment_order_id: FulfillmentOrderId
    idempotency_key: str


async def keeping(
    database: Database,
    actor: Actor,
    report: Report,
    contradictions: type[DomainError],
    work: Callable[[], Awaitable[T]],
) -> T:
    """What `work` returns. If it is refused because it contradicts the order, the refusal is kept
    in the exception queue, once per report, and raised.

    Raises:
        DomainError: whatever `work` raises.
    """
    try:
        return await work()
    except contradictions as refusal:
        message = refusal.message

        async def keep(tx: Tx) -> None:
            await _keep(tx, actor, report, message)

        await database.run(keep, actor_key=actor.key)
        raise


async def _keep(tx: Tx, actor: Actor, report: Report, message: str) -> None:
    c = fulfillment_order.c
    place = sa.select(c.location_id).where(c.id == report.fulfillment_order_id).scalar_subquery()
    row = {
        "id": new_id(),
        "fulfillment_order_id": report.fulfillment_order_id,
        "location_id": place,
        "operation": report.operation,
        "idempotency_key": report.idempotency_key,
        "message": message,
        "reported_by": actor.key,
        "at": sa.func.now(),
    }
    await tx.connection.execute(insert(fulfillment_exception).values(row).on_conflict_do_nothing())


async def exceptions_at(
    connection: AsyncConnection, location_id: LocationId, limit: int
) -> Sequence[FulfillmentException]:
    """The newest exceptions of a location."""
    c = fulfillment_exception.c
    query = (
        sa.select(
            c.id, c.fulfillment_order_id, c.location_id, c.operation, c.message, c.reported_by, c.at
        )
        .where(c.location_id == location_id)
        .order_by(c.at.desc(), c.id.desc())
        .limit(limit)
    )
    return [FulfillmentException(*row) for row in await connection.execute(query)]
