"""Use cases: create a transfer, ship it, receive it with what was counted, cancel it."""

from dataclasses import dataclass
from datetime import datetime

from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku, new_id
from domain.common.numbers import number_for_people
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.stock.allocation import allocate, deallocate, issue, move
from domain.stock.model import MAX_QUANTITY, MAX_REFERENCE, Bucket, MovementReason
from domain.stock.receive import open_levels
from domain.supply.expecting import Expected, expect, loosen
from domain.supply.model import CERTAIN, Inbound, InboundSource
from domain.transfers.model import (
    MAX_LINES,
    Transfer,
    TransferId,
    TransferLine,
    TransferState,
    cancelled,
    received,
    shipped,
)
from domain.transfers.repository import locked_transfer, may_see, store


@dataclass(frozen=True, slots=True)
class SkuUnits:
    """Units of a SKU."""

    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class CreateTransfer:
    """Goods shall go from one location to another."""

    idempotency_key: str
    source_id: LocationId
    destination_id: LocationId
    lines: tuple[SkuUnits, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ChangeTransfer:
    """Ship or cancel a transfer. `expected_at`: when what is shipped should arrive."""

    idempotency_key: str
    transfer_id: TransferId
    expected_version: int | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceiveTransfer:
    """A transfer arrived; `counted` where it differs from what was sent."""

    idempotency_key: str
    transfer_id: TransferId
    counted: tuple[SkuUnits, ...] = ()
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class TransferChange:
    """A transfer with the version that a change gave it."""

    transfer_id: TransferId
    version: int


async def create_transfer(tx: Tx, actor: Actor, command: CreateTransfer) -> TransferChange:
    """The new transfer, its units allocated at the source.

    Raises:
        Forbidden: the actor works at neither end. ValidationFailed: see `_check`.
        InsufficientStock: the source has fewer units available to promise.
        IdempotencyConflict: see `once`.

    Locks: stock levels of the source in (location, sku) order.
    """
    if not (actor.works_at(command.source_id) or actor.works_at(command.destination_id)):
        raise Forbidden("you work at neither location")
    _check(command)
    reference = one_line("reference", command.reference, MAX_REFERENCE)

    async def work() -> TransferChange:
        new = Transfer(
            id=TransferId(new_id()),
            number=number_for_people("T"),
            source_id=command.source_id,
            destination_id=command.destination_id,
            state=TransferState.CREATED,
            reference=reference,
            created_by=tx.actor_key,
            created_at=await tx.now(),
            shipped_at=None,
            received_at=None,
            version=1,
            lines=tuple(TransferLine(line.sku, line.quantity) for line in command.lines),
        )
        demands = new.demands(new.source_id)
        await allocate(tx, demands, owner=f"transfer:{new.id}", reference=new.number)
        saved = await store(tx, new)
        return TransferChange(saved.id, saved.version)

    return await once(tx, "createTransfer", command, TransferChange, work)


async def ship_transfer(tx: Tx, actor: Actor, command: ChangeTransfer) -> TransferChange:
    """The transfer, on the way: its units left the source's stock and are inbound stock of the
    destination.

    Raises:
        NotFound: no such transfer, or the actor does not work at its source.
        ValidationFailed: it is expected in the past.
        IllegalTransferStep, VersionConflict, IdempotencyConflict: see there.

    Locks: the transfer, then stock levels of the source in (location, sku) order.
    """

    async def work() -> TransferChange:
        before = await _locked(tx, actor, command)
        if not actor.works_at(before.source_id):
            raise NotFound("transfer", str(before.id))
        now = await tx.now()
        if command.expected_at is not None and command.expected_at <= now:
            raise ValidationFailed("expectedAt", "must be in the future")
        after = shipped(before, now, command.expected_at)
        await _expected(tx, after)
        demands = before.demands(before.source_id)
        await issue(tx, demands, reason=MovementReason.TRANSFER_OUT, reference=before.number)
        saved = await store(tx, after)
        return TransferChange(saved.id, saved.version)

    return await once(tx, "shipTransfer", command, TransferChange, work)


async def receive_transfer(tx: Tx, actor: Actor, command: ReceiveTransfer) -> TransferChange:
    """The transfer, received: what was counted is in the destination's stock, the difference to
    what was sent is its variance.

    Raises:
        NotFound: no such transfer, or the actor does not work at its destination.
        ValidationFailed: a SKU twice or not of the transfer, or a quantity out of range.
        IllegalTransferStep, VersionConflict, IdempotencyConflict: see there.

    Locks: the transfer, its inbound stock, stock levels of the destination in (location, sku)
    order, promises against it.
    """
    counted = _counted(command)

    async def work() -> TransferChange:
        before = await _locked(tx, actor, command)
        if not actor.works_at(before.destination_id):
            raise NotFound("transfer", str(before.id))
        if unknown := counted.keys() - {line.sku for line in before.lines}:
            raise ValidationFailed("counted", f"{min(unknown)} is not in the transfer")
        after = received(before, counted, await tx.now())
        demands = after.demands(after.destination_id)
        changed = await _expected(tx, after)
        await open_levels(tx, demands)
        await move(
            tx,
            Bucket.EXTERNAL,
            Bucket.FREE,
            demands,
            MovementReason.TRANSFER_IN,
            before.number,
        )
        await loosen(tx, changed, arrived=True)
        saved = await store(tx, after)
        return TransferChange(saved.id, saved.version)

    return await once(tx, "receiveTransfer", command, TransferChange, work)


async def cancel_transfer(tx: Tx, actor: Actor, command: ChangeTransfer) -> TransferChange:
    """The transfer, cancelled before it left: its units are free again.

    Raises:
        NotFound, IllegalTransferStep, VersionConflict, IdempotencyConflict: see there.

    Locks: the transfer, then stock levels of the source in (location, sku) order.
    """

    async def work() -> TransferChange:
        before = await _locked(tx, actor, command)
        after = cancelled(before)
        demands = before.demands(before.source_id)
        await deallocate(tx, demands, reason=MovementReason.CANCELLED, reference=before.number)
        saved = await store(tx, after)
        return TransferChange(saved.id, saved.version)

    return await once(tx, "cancelTransfer", command, TransferChange, work)


async def _locked(tx: Tx, actor: Actor, command: ChangeTransfer | ReceiveTransfer) -> Transfer:
    found = await locked_transfer(tx.connection, command.transfer_id)
    if not may_see(actor, found):
        raise NotFound("transfer", str(command.transfer_id))
    check_version(command.expected_version, found.version)
    return found


async def _expected(tx: Tx, transfer: Transfer) -> list[Inbound]:
    """The inbound stock of the transfer's destination that changed."""
    assert transfer.expected_at is not None  # it was shipped
    wanted = [
        Expected(
            reference=transfer.number,
            sku=line.sku,
            location_id=transfer.destination_id,
            quantity=line.quantity,
            received=line.received or 0,
            eta=transfer.expected_at,
            confidence=CERTAIN,
            over=transfer.state is TransferState.RECEIVED,
        )
        for line in transfer.lines
    ]
    return await expect(tx, InboundSource.TRANSFER, transfer.id, wanted)


def _check(command: CreateTransfer) -> None:
    if command.source_id == command.destination_id:
        raise ValidationFailed("destinationId", "must be another location")
    if not 1 <= len(command.lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    if len({line.sku for line in command.lines}) < len(command.lines):
        raise ValidationFailed("lines", "name a SKU twice")
    for line in command.lines:
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise ValidationFailed("lines.quantity", f"must be 1 to {MAX_QUANTITY}")


def _counted(command: ReceiveTransfer) -> dict[Sku, int]:
    counted = {line.sku: line.quantity for line in command.counted}
    if len(counted) < len(command.counted):
        raise ValidationFailed("counted", "names a SKU twice")
    for units in counted.values():
        if not 0 <= units <= MAX_QUANTITY:
            raise ValidationFailed("counted.quantity", f"must be 0 to {MAX_QUANTITY}")
    return counted
