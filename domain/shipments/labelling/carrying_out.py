"""Intents of labels, carried out: the carrier is asked between two transactions, under no lock.

An intent is a row. Whoever finds it may carry it out, again and again: the carrier is asked with
the label's id as key, and an answer that was recorded before changes nothing (ADR 0023).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy.sql.dml import UpdateBase

from domain.carriers.model import LabelAnswer, Outcome, VoidAnswer
from domain.carriers.port import Adapters
from domain.carriers.table_rate import carrier_named
from domain.common.database import Database
from domain.common.idempotency import Command, begun, claim, finished, load
from domain.common.ids import LabelId
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.orders.model import Order
from domain.orders.saving import save
from domain.shipments.labelling.model import (
    Direction,
    Label,
    LabelState,
    bought,
    request_of,
    voided,
    voiding,
    waiting,
)
from domain.shipments.labelling.repository import (
    due_labels,
    label_by_id,
    locked_label,
    updated,
    useless_labels,
    with_document,
)
from domain.shipments.labelling.results import LabelDone
from domain.shipments.model import AT_SENDER
from domain.shipments.repository import shipment_of_parcel
from domain.shipments.saving import changed

T = TypeVar("T")
ACTOR = "SYSTEM:labels"
GONE = "the parcel has left with its old label"


@dataclass(frozen=True, slots=True)
class Office:
    """Who asks carriers, in whose name."""

    database: Database
    adapters: Adapters
    actor_key: str = ACTOR
    correlation_id: str = ""


@dataclass(frozen=True, slots=True)
class _Swap:
    """What a new label does to the label and the parcel that it is for."""

    label: Label
    writes: list[UpdateBase]
    to_void: LabelId | None = None
    refusal: str | None = None


async def ask(
    office: Office, operation: str, command: Command, intend: Callable[[Tx], Awaitable[LabelId]]
) -> LabelDone:
    """What came of a request: `intend` stores what the carrier shall be asked for, in a transaction
    of its own, and is then carried out. A used key goes on where its first use stopped.

    Raises:
        IdempotencyConflict: see `claim`. What `intend` raises; nothing is stored then.
    """

    async def first(tx: Tx) -> LabelId | LabelDone:
        known = await claim(tx, operation, command)
        if known.result is not None:
            return load(LabelDone, known.result)
        if known.subject_id is not None:
            return LabelId(known.subject_id)
        label_id = await intend(tx)
        await tx.connection.execute(begun(tx, command, label_id))
        return label_id

    started = await _run(office, first)
    return started if isinstance(started, LabelDone) else await carry_out(office, started, command)


async def carry_out(office: Office, label_id: LabelId, command: Command | None = None) -> LabelDone:
    """What came of a label's intent; the answer is stored under the command's key with it.

    Locks: the label's order, while an answer is recorded; none while the carrier is asked.
    """
    label = await office.database.read_primary(lambda c: label_by_id(c, label_id))
    assert label is not None  # labels are never deleted
    carrier = carrier_named(office.database, office.adapters, label.carrier)
    if label.state is LabelState.VOIDING:
        void = await carrier.cancel_label(label.reference or "")
        return await _run(office, lambda tx: _record_void(tx, label_id, void, command))
    sold = LabelAnswer(Outcome.UNKNOWN)
    if label.state is LabelState.BUYING:
        sold = await carrier.buy_label(request_of(label))
    done, to_void = await _run(office, lambda tx: _record_sale(tx, label_id, sold, command))
    if to_void is not None:
        await carry_out(office, to_void)
    return done


async def _run(office: Office, work: Callable[[Tx], Awaitable[T]]) -> T:
    return await office.database.run(
        work, actor_key=office.actor_key, correlation_id=office.correlation_id
    )


async def _record_sale(
    tx: Tx, label_id: LabelId, answer: LabelAnswer, command: Command | None
) -> tuple[LabelDone, LabelId | None]:
    order, label = await locked_label(tx.connection, label_id)
    done = LabelDone(label_id)
    if label.state is not LabelState.BUYING:
        done = LabelDone(label_id, label.reason if label.state is LabelState.FAILED else None)
        await _finish(tx, command, done)
        return done, None
    after = bought(label, answer, await tx.now())
    if after.state is LabelState.BUYING:
        await tx.connection.execute(updated(after))
        return done, None
    if after.state is LabelState.FAILED:
        done = LabelDone(label_id, after.reason)
        writes = [updated(after), *_finishing(tx, command, done)]
        await save(tx, order, order, "LABEL_FAILED", *writes, detail=_told(after))
        return done, None
    swap = await _swapped(tx, order, after)
    done = LabelDone(label_id, swap.refusal)
    writes = [updated(swap.label), *swap.writes, *_finishing(tx, command, done)]
    if answer.document is not None:
        writes.append(with_document(label_id, answer.document))
    action = "EDIT_LABEL" if label.replaces_id else "CREATE_LABEL"
    await save(tx, order, order, action, *writes, detail=_told(swap.label))
    return done, swap.to_void


async def _swapped(tx: Tx, order: Order, new: Label) -> _Swap:
    """The bought label in the place of the one that it replaces, and its number on the parcel; if
    the parcel has left meanwhile, the new label is to be voided instead.
    """
    old = await label_by_id(tx.connection, new.replaces_id) if new.replaces_id else None
    parcel_id = old.parcel_id if old is not None else new.parcel_id
    now, writes = await tx.now(), list[UpdateBase]()
    if parcel_id is not None and new.direction is Direction.OUTBOUND:
        shipment = await shipment_of_parcel(tx.connection, parcel_id)
        if shipment.parcel(parcel_id).status not in AT_SENDER:
            return _Swap(voiding(new, now), writes, to_void=new.id, refusal=GONE)
        number = new.tracking_number or ""
        parcels = tuple(
            replace(each, tracking_number=number) if each.id == parcel_id else each
            for each in shipment.parcels
        )
        after = replace(shipment, parcels=parcels, version=shipment.version + 1)
        writes += await changed(tx, after, order.customer_id, [])
    label = replace(new, parcel_id=parcel_id)
    if old is None or old.state is not LabelState.BOUGHT:
        return _Swap(label, writes)
    return _Swap(label, [*writes, updated(voiding(old, now))], to_void=old.id)


async def _record_void(
    tx: Tx, label_id: LabelId, answer: VoidAnswer, command: Command | None
) -> LabelDone:
    order, label = await locked_label(tx.connection, label_id)
    if label.state is not LabelState.VOIDING:
        done = LabelDone(label_id, label.reason if label.void_refused_at else None)
        await _finish(tx, command, done)
        return done
    after = voided(label, answer, await tx.now())
    if after.state is LabelState.VOIDING:
        await tx.connection.execute(updated(after))
        return LabelDone(label_id)
    refused = after.state is LabelState.BOUGHT
    done = LabelDone(label_id, after.reason if refused else None)
    action = "VOID_LABEL_REFUSED" if refused else "VOID_LABEL"
    writes = [updated(after), *_finishing(tx, command, done)]
    await save(tx, order, order, action, *writes, detail=_told(after))
    return done


def _finishing(tx: Tx, command: Command | None, done: LabelDone) -> list[UpdateBase]:
    return [finished(tx, command, done)] if command is not None else []


async def _finish(tx: Tx, command: Command | None, done: LabelDone) -> None:
    if writes := _finishing(tx, command, done):
        await tx.connection.execute(together(*writes))


def _told(label: Label) -> dict[str, str | None]:
    """What the order's history says of a label."""
    return {
        "label_id": str(label.id),
        "direction": label.direction.value,
        "carrier": label.carrier,
        "service": label.service,
        "tracking_number": label.tracking_number,
        "parcel_id": str(label.parcel_id) if label.parcel_id else None,
        "reason": label.reason,
    }


async def finish_labels(office: Office, *, limit: int = 100) -> int:
    """How many labels were gone on with: intents whose carrier did not answer, or whose worker died
    before it did, and labels that are not needed any more, which are voided.
    """
    useless = await office.database.read(lambda connection: useless_labels(connection, limit))
    for label_id in useless:
        await _run(office, lambda tx, one=label_id: _give_up(tx, one))
        await carry_out(office, label_id)
    due = await office.database.read(lambda connection: due_labels(connection, limit))
    tried = 0
    for label_id in due:
        if await _run(office, lambda tx, one=label_id: _taken(tx, one)):
            await carry_out(office, label_id)
            tried += 1
    return len(useless) + tried


async def _taken(tx: Tx, label_id: LabelId) -> bool:
    """Whether the intent is still due; its next try is put off, so that one worker at a time asks,
    and a label on which asking breaks does not stand in the way of the others.
    """
    _, label = await locked_label(tx.connection, label_id)
    now = await tx.now()
    if label.next_try_at is None or label.next_try_at > now:
        return False
    await tx.connection.execute(updated(waiting(label, now)))
    return True


async def _give_up(tx: Tx, label_id: LabelId) -> None:
    _, label = await locked_label(tx.connection, label_id)
    if label.state is LabelState.BOUGHT and label.parcel_id is None:
        await tx.connection.execute(updated(voiding(label, await tx.now())))
