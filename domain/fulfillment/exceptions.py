"""The exception queue: reports that contradict the order, kept for people to look at."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.errors import DomainError, NotFound
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId, LocationId, new_id
from domain.common.texts import needed_line
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.fulfillment.events import exception_changed
from domain.fulfillment.model import FulfillmentException, resolved
from domain.fulfillment.tables import fulfillment_exception
from domain.identity.model import Actor
from domain.orders.tables import fulfillment_order

T = TypeVar("T")
MAX_NOTE = 200
_COLUMNS = [fulfillment_exception.c[name] for name in FulfillmentException.__slots__]
_CHANGING = ("resolved_at", "resolved_by", "resolution", "version")
_EXCEPTIONS = sa.select(*_COLUMNS)


@dataclass(frozen=True, slots=True)
class Report:
    """A report on a location's work, by its idempotency key."""

    operation: str
    fulfillment_order_id: FulfillmentOrderId
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ResolveException:
    """Somebody looked at an exception and says what it was."""

    idempotency_key: str
    exception_id: UUID
    resolution: str


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


async def resolve_exception(
    tx: Tx, actor: Actor, command: ResolveException
) -> FulfillmentException:
    """The exception, resolved: somebody looked at it.

    Raises:
        NotFound: no such exception, or of a location out of the actor's scope.
        ValidationFailed: the note is empty or has more than 200 characters.
        ExceptionResolved: it is resolved already. IdempotencyConflict: see `once`.

    Locks: the exception.
    """
    note = needed_line("resolution", command.resolution, MAX_NOTE)

    async def work() -> FulfillmentException:
        query = _EXCEPTIONS.where(fulfillment_exception.c.id == command.exception_id)
        row = (await tx.connection.execute(query.with_for_update())).one_or_none()
        before = None if row is None else FulfillmentException(*row)
        if before is None or not actor.works_at(before.location_id):
            raise NotFound("fulfillment exception", str(command.exception_id))
        after = resolved(before, tx.actor_key, note, await tx.now())
        changes = {name: getattr(after, name) for name in _CHANGING}
        mine = fulfillment_exception.c.id == after.id
        await tx.connection.execute(sa.update(fulfillment_exception).where(mine).values(changes))
        await publish(tx, exception_changed(after))
        return after

    return await once(tx, "resolveFulfillmentException", command, FulfillmentException, work)


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
        "at": await tx.now(),
        "version": 1,
    }
    kept = insert(fulfillment_exception).values(row).on_conflict_do_nothing()
    found = (await tx.connection.execute(kept.returning(*_COLUMNS))).one_or_none()
    if found is not None:
        await publish(tx, exception_changed(FulfillmentException(*found)))


async def exceptions_at(
    connection: AsyncConnection, location_id: LocationId, limit: int, *, everything: bool = False
) -> Sequence[FulfillmentException]:
    """The newest exceptions of a location that nobody has resolved; with `everything`, all."""
    c = fulfillment_exception.c
    query = _EXCEPTIONS.where(c.location_id == location_id)
    if not everything:
        query = query.where(c.resolved_at.is_(None))
    rows = await connection.execute(query.order_by(c.at.desc(), c.id.desc()).limit(limit))
    return [FulfillmentException(*row) for row in rows]
