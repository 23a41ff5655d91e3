"""Simulations are worked off: one after the other, in the order in which they were asked for.

Who works has claimed the simulation with a token of its own, and every change it makes is made only
if the token still stands there. Place and sums are stored together, at most twice a second; when
nothing was heard of a worker for a while another one claims the simulation and goes on from there.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from time import monotonic
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from domain.common.database import Database
from domain.common.faults import FaultClass, classify, sqlstate_of
from domain.common.transaction import Tx
from domain.sourcing.rules.bodies import body_of
from domain.sourcing.rules.model import RuleSetStatus, RuleSetVersion, Scope
from domain.trials.comparing import compared
from domain.trials.model import LEASE, Simulation, SimulationStatus
from domain.trials.past_orders import Replayed, decisions_in, next_portion
from domain.trials.saving import changed
from domain.trials.sums import Sums
from domain.trials.tables import sourcing_simulation

Progress = Callable[[Simulation], None]
SAVE_EVERY_S = 0.5
SLICE_S = 0.005
"""So long orders are decided before others on the event loop have their turn."""
_C = sourcing_simulation.c


def unheard(_: Simulation) -> None:
    """For work that nobody watches."""


async def work_off(
    database: Database, *, progress: Progress = unheard, save_every_s: float = SAVE_EVERY_S
) -> int:
    """The number of simulations that ended here, until none is left that nobody works on.

    One that meets a defect ends as FAILED. What may pass, such as a lost connection, ends the work:
    a later call goes on.

    Raises:
        DBAPIError: the database failed.
    """
    ended = 0
    while (claimed := await claim(database)) is not None:
        progress(claimed)
        ended += await work_on(database, claimed, progress=progress, save_every_s=save_every_s)
    return ended


async def claim(database: Database) -> Simulation | None:
    """The oldest simulation that nobody works on, RUNNING and claimed by a new token; None when
    there is none. Locks it.
    """

    async def work(tx: Tx) -> Simulation | None:
        silent = _C.heartbeat_at < sa.func.now() - LEASE
        waits = _C.status == SimulationStatus.QUEUED.value
        left = sa.and_(_C.status == SimulationStatus.RUNNING.value, silent)
        query = (
            sa.select(_C.id, _C.since, _C.until, _C.requested_by)
            .where(sa.or_(waits, left))
            .order_by(_C.created_at, _C.id)
            .limit(1)
            .with_for_update(key_share=True, skip_locked=True)
        )
        row = (await tx.connection.execute(query)).one_or_none()
        if row is None:
            return None
        total = await decisions_in(tx.connection, row.since, row.until)
        return await changed(
            tx,
            _C.id == row.id,
            status=SimulationStatus.RUNNING.value,
            worker=uuid4(),
            heartbeat_at=sa.func.now(),
            started_at=sa.func.coalesce(_C.started_at, sa.func.now()),
            total=total,
        )

    return await database.run(work, actor_key="SYSTEM:simulations")


async def work_on(
    database: Database,
    claimed: Simulation,
    *,
    progress: Progress = unheard,
    save_every_s: float = SAVE_EVERY_S,
) -> bool:
    """Whether the claimed simulation ended here: not when it was cancelled or taken over meanwhile.

    Raises:
        DBAPIError: see `work_off`.
    """
    try:
        return await _Work(database, claimed, progress, save_every_s).run()
    except DBAPIError as error:
        if classify(error) is FaultClass.DEFECT:
            await _fail(database, claimed, f"INTERNAL: {sqlstate_of(error)}")
        raise
    except Exception as error:
        # The queue must not stop for good at a simulation that meets a defect of ours.
        await _fail(database, claimed, f"INTERNAL: {type(error).__name__}")
        raise


async def _fail(database: Database, claimed: Simulation, why: str) -> None:
    status = SimulationStatus.FAILED
    await _save(database, claimed, failure=why, **_ended(status))


async def _save(database: Database, claimed: Simulation, **values: object) -> Simulation | None:
    """The simulation after the change; None when it is not the worker's any more."""
    condition = sa.and_(_C.id == claimed.id, _C.worker == claimed.worker)
    return await database.run(
        lambda tx: changed(tx, condition, **values), actor_key=claimed.requested_by
    )


def _ended(status: SimulationStatus) -> dict[str, Any]:
    return {"status": status.value, "worker": None, "finished_at": sa.func.now()}


class _Work:
    """One worker at one simulation that it has claimed."""

    def __init__(
        self, database: Database, claimed: Simulation, progress: Progress, save_every_s: float
    ) -> None:
        self._database = database
        self._claimed = claimed
        self._progress = progress
        self._save_every_s = save_every_s
        self._version = version_of(claimed)
        self._sums = Sums.of(claimed.sums)
        self._position = claimed.position
        self._done = claimed.done
        self._saved_at = monotonic()

    async def run(self) -> bool:
        """Whether it ended here."""
        async for portion in self._portions():
            if not await self._replay(portion):
                return False
        return await self._stored(total=self._done, **_ended(SimulationStatus.DONE))

    async def _portions(self) -> AsyncGenerator[Sequence[Replayed]]:
        while self._sums.orders < self._claimed.limit:
            after = self._position
            portion = await self._database.snapshot(
                lambda c, after=after: next_portion(c, self._claimed, after)
            )
            if not portion:
                return
            yield portion

    async def _replay(self, portion: Sequence[Replayed]) -> bool:
        """Whether the simulation is still the worker's; the portion is done as far as the limit
        goes.
        """
        turn_ends = monotonic() + SLICE_S
        for each in portion:
            if self._sums.orders >= self._claimed.limit:
                break
            if each.is_in_scope:
                self._sums.add(compared(each.past_order(), self._version))
            self._position = each.position
            self._done += 1
            now = monotonic()
            if now >= self._saved_at + self._save_every_s and not await self._stored():
                return False
            if now >= turn_ends:
                await asyncio.sleep(0)
                turn_ends = monotonic() + SLICE_S
        return True

    async def _stored(self, **more: object) -> bool:
        """Whether place and sums could be stored, since the simulation is still the worker's."""
        position = self._position
        saved = await _save(
            self._database,
            self._claimed,
            done=self._done,
            done_at=position.at if position else None,
            done_id=position.id if position else None,
            sums=self._sums.record(),
            heartbeat_at=sa.func.now(),
            **more,
        )
        self._saved_at = monotonic()
        if saved is not None:
            self._progress(saved)
        return saved is not None


def version_of(simulation: Simulation) -> RuleSetVersion:
    """The rules that are tried, as they were when the simulation was asked for."""
    body = body_of(simulation.body)
    return RuleSetVersion(
        id=simulation.version_id,
        rule_set_id=simulation.rule_set_id,
        name=simulation.name,
        scope=Scope(**simulation.scope),
        number=simulation.number,
        rules=body.rules,
        costs=body.costs,
        status=RuleSetStatus.DRAFT,
        valid_from=None,
        valid_until=None,
        author=simulation.requested_by,
        note="",
        created_at=simulation.created_at,
        time_zone=body.time_zone,
    )
