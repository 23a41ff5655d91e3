"""Cycle counts: opened, scanned while business goes on, approved where needed, posted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LocationId, Sku, new_id
from domain.common.transaction import Tx
from domain.counting.correcting import corrected, trusted_again
from domain.counting.errors import CountClosed, CountNeedsApproval
from domain.counting.model import (
    MAX_LINES,
    Count,
    CountId,
    CountLine,
    CountState,
    LineOutcome,
)
from domain.counting.repository import (
    CORRECTIONS,
    locked_count,
    locked_levels,
    net_since,
    require_stocked,
    store,
)
from domain.identity.model import Actor, Role
from domain.stock.model import MAX_QUANTITY, Demand
from domain.stock.receive import open_levels

APPROVERS = frozenset({Role.STORE_MANAGER, Role.OPERATIONS, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class OpenCount:
    """Somebody begins to count a location."""

    idempotency_key: str
    location_id: LocationId


@dataclass(frozen=True, slots=True)
class ScannedLine:
    """Units of a SKU that were seen, now or at `scanned_at` (a scanner that was offline)."""

    sku: Sku
    counted: int
    scanned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordCount:
    """What was seen; a SKU that is scanned again replaces what was said of it."""

    idempotency_key: str
    count_id: CountId
    lines: tuple[ScannedLine, ...]


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """Approve, post or cancel a count."""

    idempotency_key: str
    count_id: CountId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class CountDone:
    """A count with the version that a change gave it."""

    count_id: CountId
    version: int


async def open_count(tx: Tx, actor: Actor, command: OpenCount) -> CountDone:
    """The new count, open.

    Raises:
        Forbidden: the actor does not work there. NotFound: no such location.
        IdempotencyConflict: see `once`.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")

    async def work() -> CountDone:
        new = Count(
            CountId(new_id()),
            command.location_id,
            CountState.OPEN,
            tx.actor_key,
            await tx.now(),
            None,
            1,
            (),
        )
        saved = await store(tx, new)
        return CountDone(saved.id, saved.version)

    return await once(tx, "openCount", command, CountDone, work)


async def record_count(tx: Tx, actor: Actor, command: RecordCount) -> CountDone:
    """The count with what was seen, and what the books said at the moment of each scan.

    Raises:
        NotFound: no such count in the actor's scope, or no such SKU.
        ValidationFailed: no lines or too many, a SKU twice, a quantity out of range, a kit, a scan
            in the future. CountClosed, IdempotencyConflict: see there.

    Locks: the count, then the levels in SKU order.
    """
    _check(command)

    async def work() -> CountDone:
        before = await _open(tx, actor, command.count_id, None)
        place, now = before.location_id, await tx.now()
        await require_stocked(tx.connection, {line.sku for line in command.lines})
        levels = await locked_levels(tx.connection, place, {line.sku for line in command.lines})
        scanned: dict[Sku, CountLine] = {}
        for line in command.lines:
            moment = line.scanned_at or now
            if moment > now:
                raise ValidationFailed("lines.scannedAt", "is in the future")
            on_hand = levels[line.sku].on_hand if line.sku in levels else 0
            since = await net_since(tx.connection, place, [line.sku], moment)
            books = on_hand - since.get(line.sku, 0)
            scanned[line.sku] = CountLine(line.sku, line.counted, books, moment, tx.actor_key)
        kept = [line for line in before.lines if line.sku not in scanned]
        after = replace(before, version=before.version + 1, lines=(*kept, *scanned.values()))
        saved = await store(tx, after)
        return CountDone(saved.id, saved.version)

    return await once(tx, "recordCount", command, CountDone, work)


async def approve_count(tx: Tx, actor: Actor, command: ChangeCount) -> CountDone:
    """The count, its large variances approved by somebody who did not count them.

    Raises:
        Forbidden: the role may not, or the actor counted one of them.
        NotFound, VersionConflict, CountClosed, IdempotencyConflict: see there.

    Locks: the count.
    """
    if actor.role not in APPROVERS:
        raise Forbidden("this role does not approve counts")

    def approved(line: CountLine) -> CountLine:
        if not line.needs_approval:
            return line
        if line.counted_by == actor.key:
            raise Forbidden("somebody else must approve what you counted")
        return replace(line, approved_by=actor.key)

    async def work() -> CountDone:
        before = await _open(tx, actor, command.count_id, command.expected_version)
        return await _saved(tx, before, approved, before.state)

    return await once(tx, "approveCount", command, CountDone, work)


async def post_count(tx: Tx, actor: Actor, command: ChangeCount) -> CountDone:
    """The count, posted: each level changed by its variance, that is by what was counted less what
    the books said when it was scanned; what was sold or received since stays, and what another
    count or snapshot has corrected since is not corrected again. Levels that orders have a claim
    on keep their units (outcome CLAIMED) and a count task; other count tasks of its SKUs are
    closed.

    Raises:
        CountNeedsApproval: a variance is large and nobody approved it.
        NotFound, VersionConflict, CountClosed, IdempotencyConflict: see there.
        ValidationFailed: nothing was counted.

    Locks: the count, then the levels in SKU order.
    """

    async def work() -> CountDone:
        before = await _open(tx, actor, command.count_id, command.expected_version)
        if not before.lines:
            raise ValidationFailed("countId", "nothing was counted")
        if large := {line.sku for line in before.lines if line.needs_approval}:
            raise CountNeedsApproval(large)
        outcomes = await _posted(tx, before)
        after = replace(before, posted_at=await tx.now())
        return await _saved(
            tx,
            after,
            lambda line: replace(line, outcome=outcomes[line.sku]),
            CountState.POSTED,
        )

    return await once(tx, "postCount", command, CountDone, work)


async def cancel_count(tx: Tx, actor: Actor, command: ChangeCount) -> CountDone:
    """The count, thrown away. Raises and locks as `approve_count`."""

    async def work() -> CountDone:
        before = await _open(tx, actor, command.count_id, command.expected_version)
        return await _saved(tx, before, lambda line: line, CountState.CANCELLED)

    return await once(tx, "cancelCount", command, CountDone, work)


async def _posted(tx: Tx, count: Count) -> dict[Sku, LineOutcome]:
    reference = f"count:{count.id}"
    levels = await locked_levels(tx.connection, count.location_id, {li.sku for li in count.lines})
    variances = {line.sku: await _still_missing(tx, count, line) for line in count.lines}
    new = [Demand(sku, count.location_id, 1) for sku, units in variances.items() if units > 0]
    await open_levels(tx, [demand for demand in new if demand.sku not in levels])
    counted = sorted(levels.keys() | {demand.sku for demand in new})
    await trusted_again(tx, count.location_id, counted, reference)
    return await corrected(tx, count.location_id, variances, reference)


async def _still_missing(tx: Tx, count: Count, line: CountLine) -> int:
    """The line's variance less what another count or snapshot has corrected since its scan."""
    since = await net_since(
        tx.connection, count.location_id, [line.sku], line.scanned_at, CORRECTIONS
    )
    return line.variance - since.get(line.sku, 0)


async def _saved(
    tx: Tx, before: Count, change: Callable[[CountLine], CountLine], state: CountState
) -> CountDone:
    lines = tuple(change(line) for line in before.lines)
    after = replace(before, state=state, version=before.version + 1, lines=lines)
    saved = await store(tx, after)
    return CountDone(saved.id, saved.version)


async def _open(tx: Tx, actor: Actor, count_id: CountId, expected: int | None) -> Count:
    found = await locked_count(tx.connection, count_id)
    if not actor.works_at(found.location_id):
        raise NotFound("count", str(count_id))
    check_version(expected, found.version)
    if found.state is not CountState.OPEN:
        raise CountClosed(found.state.value)
    return found


def _check(command: RecordCount) -> None:
    if not 1 <= len(command.lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    if len({line.sku for line in command.lines}) < len(command.lines):
        raise ValidationFailed("lines", "name a SKU twice")
    for line in command.lines:
        if not 0 <= line.counted <= MAX_QUANTITY:
            raise ValidationFailed("lines.counted", f"must be 0 to {MAX_QUANTITY}")
        if line.scanned_at is not None and line.scanned_at.tzinfo is None:
            raise ValidationFailed("lines.scannedAt", "must have an offset from UTC")
