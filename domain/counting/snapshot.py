"""Absolute stock of a warehouse system: true as of its moment, not as of its arrival."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from domain.common.errors import Forbidden, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.counting.correcting import corrected
from domain.counting.model import MAX_LINES, LineOutcome
from domain.counting.repository import (
    ALL_REASONS,
    CORRECTIONS,
    locked_levels,
    net_since,
    stocked,
)
from domain.counting.tables import stock_snapshot
from domain.identity.model import Actor
from domain.stock.model import MAX_REFERENCE, Demand
from domain.stock.receive import open_levels


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """What another system says is on hand of a SKU."""

    sku: Sku
    on_hand: int


@dataclass(frozen=True, slots=True)
class ApplySnapshot:
    """What was on hand at a location at `taken_at`."""

    idempotency_key: str
    location_id: LocationId
    taken_at: datetime
    lines: tuple[SnapshotLine, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class AppliedLine:
    """What came of a line: by how many units it changed the level, or why it did not."""

    sku: Sku
    outcome: LineOutcome
    variance: int = 0


@dataclass(frozen=True, slots=True)
class AppliedSnapshot:
    """What came of a snapshot, one entry per line, same order."""

    lines: tuple[AppliedLine, ...]


async def apply_snapshot(tx: Tx, actor: Actor, command: ApplySnapshot) -> AppliedSnapshot:
    """What came of each line: the level is what the snapshot says plus the goods that moved since
    it was taken; counts that corrected the books meanwhile moved none. A line is left out, the
    others applied, when a newer snapshot was applied before, the SKU is unknown or a kit, the
    quantity is negative, or orders have a claim on what is missing. In the last case nobody is
    promised the free units and a count task is open.

    Raises:
        Forbidden: the actor does not work there.
        ValidationFailed: no lines or too many, a SKU twice, or a moment in the future.
        IdempotencyConflict: see `once`.

    Locks: the levels in SKU order.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")
    _check(command)
    reference = one_line("reference", command.reference, MAX_REFERENCE) or "snapshot"

    async def work() -> AppliedSnapshot:
        if command.taken_at > await tx.now():
            raise ValidationFailed("takenAt", "is in the future")
        return await _apply(tx, command, reference)

    return await once(tx, "applyStockSnapshot", command, AppliedSnapshot, work)


async def _apply(tx: Tx, command: ApplySnapshot, reference: str) -> AppliedSnapshot:
    place = command.location_id
    known = await stocked(tx.connection, {line.sku for line in command.lines})
    refused = {
        line.sku: LineOutcome.NEGATIVE if line.sku in known else LineOutcome.UNKNOWN
        for line in command.lines
        if line.sku not in known or line.on_hand < 0
    }
    wanted = {line.sku: line.on_hand for line in command.lines if line.sku not in refused}
    levels = await locked_levels(tx.connection, place, wanted.keys())
    newest = await _newest(tx, command, wanted)
    refused |= dict.fromkeys(wanted.keys() - newest, LineOutcome.OLDER)
    goods = ALL_REASONS - CORRECTIONS
    since = await net_since(tx.connection, place, newest, command.taken_at, goods)
    variances = {
        sku: wanted[sku] + since.get(sku, 0) - (levels[sku].on_hand if sku in levels else 0)
        for sku in sorted(newest)
    }
    new = [Demand(s, place, 1) for s, units in variances.items() if units > 0 and s not in levels]
    await open_levels(tx, new)
    outcomes = refused | await corrected(tx, place, variances, reference)
    return AppliedSnapshot(
        tuple(
            AppliedLine(
                line.sku,
                outcomes[line.sku],
                variances.get(line.sku, 0) if outcomes[line.sku] is LineOutcome.APPLIED else 0,
            )
            for line in command.lines
        )
    )


async def _newest(tx: Tx, command: ApplySnapshot, wanted: dict[Sku, int]) -> set[Sku]:
    """The SKUs for which no snapshot of that moment or later was applied; this one is noted."""
    rows = [
        {
            "location_id": command.location_id,
            "sku": sku,
            "taken_at": command.taken_at,
            "on_hand": on_hand,
        }
        for sku, on_hand in sorted(wanted.items())
    ]
    if not rows:
        return set()
    noting = insert(stock_snapshot).values(rows)
    noted = noting.on_conflict_do_update(
        index_elements=[stock_snapshot.c.location_id, stock_snapshot.c.sku],
        set_={"taken_at": noting.excluded.taken_at, "on_hand": noting.excluded.on_hand},
        where=stock_snapshot.c.taken_at < noting.excluded.taken_at,
    ).returning(stock_snapshot.c.sku)
    return {Sku(sku) for sku in await tx.connection.scalars(noted)}


def _check(command: ApplySnapshot) -> None:
    if command.taken_at.tzinfo is None:
        raise ValidationFailed("takenAt", "must have an offset from UTC")
    if not 1 <= len(command.lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    if len({line.sku for line in command.lines}) < len(command.lines):
        raise ValidationFailed("lines", "name a SKU twice")
