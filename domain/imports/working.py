"""Jobs are worked off: one after the other, in the order in which they came, chunk by chunk.

A chunk is one transaction: all of it happened, or nothing. Whoever works locks the chunk it is at,
so that several tasks and processes may work on one job, and a process that dies leaves a chunk that
the next one takes. Afterwards the job is told what its chunks came to, in a transaction of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

from sqlalchemy.exc import DBAPIError

from domain.common.database import Database
from domain.common.errors import DomainError
from domain.common.faults import FaultClass, classify, sqlstate_of
from domain.common.transaction import Tx
from domain.imports.chunks import Chunk, Disturbed, Unfit, end_chunk, part_with, take_chunk
from domain.imports.customers import apply_customers
from domain.imports.jobs import begin, delete_older, fail, tally
from domain.imports.model import ImportJob, ImportJobId, ImportKind, Tally
from domain.imports.orders import apply_orders
from domain.imports.prices import apply_prices
from domain.imports.products import apply_products
from domain.imports.repository import next_job, unfinished_ids
from domain.imports.staging import abandoned, drop_stage
from domain.imports.stock import apply_stock

Applying = Callable[[Tx, ImportJob, Chunk], Awaitable[Tally]]
Progress = Callable[[ImportJob], None]
ACTOR = "SYSTEM:imports"
TASKS = 2
MOST_ATTEMPTS = 20

APPLYING: Mapping[ImportKind, Applying] = {
    ImportKind.STOCK: apply_stock,
    ImportKind.PRODUCTS: apply_products,
    ImportKind.PRICES: apply_prices,
    ImportKind.CUSTOMERS: apply_customers,
    ImportKind.ORDERS: apply_orders,
}


def unheard(_: ImportJob) -> None:
    """For work that nobody watches."""


async def work_off(database: Database, *, tasks: int = TASKS, progress: Progress = unheard) -> int:
    """The number of jobs that ended, until none is left that this process can work on.

    A job whose rows cannot be applied ends as FAILED. What may pass, such as a lost connection,
    ends the work: the next call goes on.

    Raises:
        DBAPIError: the database failed.
    """
    ended = 0
    while (job := await database.read_primary(next_job)) is not None:
        after = await work_on(database, job, tasks=tasks, progress=progress)
        if not after.is_finished:
            break
        ended += 1
    return ended


async def work_on(
    database: Database, job: ImportJob, *, tasks: int = TASKS, progress: Progress = unheard
) -> ImportJob:
    """The job after what could be done for it: finished, unless another process is still at it.

    Raises:
        DBAPIError: see `work_off`.
    """
    key = job.requested_by
    try:
        begun = await database.run(lambda tx: begin(tx, job.id), actor_key=key)
        if begun is None or begun.is_finished:
            return begun or job
        progress(begun)
        await _together([_work(database, begun, progress) for _ in range(tasks)])
        return await database.run(lambda tx: tally(tx, job.id), actor_key=key)
    except DomainError as error:
        return await _failed(database, job, f"{error.code}: {error.message}")
    except DBAPIError as error:
        if classify(error) is FaultClass.DEFECT:
            await _failed(database, job, f"INTERNAL: {sqlstate_of(error)}")
        raise
    except Exception as error:
        # The queue must not stop for good at a job that meets a defect of ours.
        await _failed(database, job, f"INTERNAL: {type(error).__name__}")
        raise


async def _failed(database: Database, job: ImportJob, why: str) -> ImportJob:
    return await database.run(lambda tx: fail(tx, job.id, why), actor_key=job.requested_by)


async def _together(works: Sequence[Coroutine[None, None, None]]) -> None:
    """All are done. When one fails the others are stopped, each chunk of theirs rolled back."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _work(database: Database, job: ImportJob, progress: Progress) -> None:
    while await _one_chunk(database, job):
        progress(await database.run(lambda tx: tally(tx, job.id), actor_key=job.requested_by))


async def _one_chunk(database: Database, job: ImportJob) -> bool:
    """Whether there was a chunk; it is done, or cut in two since a part of it cannot be applied.

    Raises:
        Disturbed: what it writes never stood still.
    """

    async def work(tx: Tx) -> bool:
        chunk = await take_chunk(tx, job)
        if chunk is None:
            return False
        await end_chunk(tx, job, chunk, await APPLYING[job.kind](tx, job, chunk))
        return True

    key = job.requested_by
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            return await database.run(work, actor_key=key)
        except Disturbed:
            if attempt == MOST_ATTEMPTS:
                raise
        except Unfit as error:
            await database.run(lambda tx, e=error: part_with(tx, job, e), actor_key=key)
            return True
    raise AssertionError("unreachable")


async def clear_up(database: Database, *, days: int) -> int:
    """The number of tables of broken uploads and ended jobs that were dropped, and of jobs that
    were forgotten since they ended more than so many days ago.
    """

    async def find(tx: Tx) -> list[ImportJobId]:
        return await abandoned(tx.connection, await unfinished_ids(tx.connection), await tx.now())

    left = await database.run(find, actor_key=ACTOR)
    for job_id in left:
        await database.run(lambda tx, one=job_id: drop_stage(tx, one), actor_key=ACTOR)
    return len(left) + await database.run(lambda tx: delete_older(tx, days), actor_key=ACTOR)
