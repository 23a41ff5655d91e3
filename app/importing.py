"""Importing the orders of a marketplace: read, check, join, load, and account for every row."""

import asyncio
import csv
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from app.batches import batches
from app.olist import (
    ACTOR,
    DataSet,
    Progress,
    analyse,
    load_master_data,
    load_stock,
    read_directory,
)
from domain.common.database import Database
from domain.common.errors import DomainError
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.integrations.assembly import ORDERS, Assembled
from domain.integrations.loading import known_references, load_orders
from domain.integrations.olist import CARRIER, CHANNEL, SOURCE
from domain.integrations.reading import Rejected
from domain.integrations.runs import (
    begin_run,
    end_run,
    known_refusals,
    lock_out_others,
    quarantine,
    unlock,
)
from domain.integrations.stocking import needs_of

KIND = "orders"
TASKS = 4
ORDERS_AT_ONCE = 50
REFUSALS_AT_ONCE = 1_000
IMPORTER = Actor(f"import-{SOURCE}", Role.CHANNEL, channel_codes=frozenset({CHANNEL}))


class ImportRunning(DomainError):
    """Another import of the same kind runs in this database."""

    code = "IMPORT_RUNNING"


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did: rows read, what is new by kind, what was known, what was refused."""

    rows: int
    added: Mapping[str, int]
    known_orders: int
    refused: int
    newly_refused: int
    report: Path | None
    seconds: float
    orders_seconds: float

    @property
    def changes(self) -> int:
        """All that the import changed in the database."""
        return sum(self.added.values()) + self.newly_refused


async def import_orders(
    database: Database, directory: Path, *, report: Path, progress: Progress, tasks: int = TASKS
) -> ImportSummary:
    """What was imported from the directory. Importing it again changes nothing; after an
    interruption, the rest is imported.

    Refused rows are kept in the quarantine of the database, once each, and are all in the CSV file
    `report`, with file, line, reason and what they say; no file is written when none is refused.

    Raises:
        DirectoryUnfit, WrongColumns: see `read_directory`. ImportRunning: another import runs.
    """
    started = time.monotonic()
    async with _alone(database):
        data = read_directory(directory, progress)
        added = dict(await load_master_data(database, data.master(), progress))
        todo = await _unknown(database, data.orders)
        needs = needs_of(each.order for each in todo if each.order.takes_stock)
        reference = f"import {data.name}"
        added["stock levels"] = await load_stock(database, needs, reference, progress)
        if sum(added.values()):
            await analyse(database)
        loading = time.monotonic()
        added["orders"] = await _load(database, data, todo, reference, progress, tasks)
        orders_seconds = time.monotonic() - loading
        newly_refused = await _account(database, data, added)
        if added["orders"]:
            await analyse(database)
    return ImportSummary(
        rows=data.rows,
        added=added,
        known_orders=len(data.orders) - len(todo),
        refused=len(data.refused),
        newly_refused=newly_refused,
        report=_write_report(report, data.refused),
        seconds=time.monotonic() - started,
        orders_seconds=orders_seconds,
    )


@asynccontextmanager
async def _alone(database: Database) -> AsyncGenerator[None]:
    async with database.writes.connect() as connection:
        if not await lock_out_others(connection, KIND):
            raise ImportRunning("another import of orders is running: wait until it has ended.")
        await connection.commit()
        try:
            yield
        finally:
            await unlock(connection, KIND)
            await connection.commit()


async def _unknown(database: Database, orders: Sequence[Assembled]) -> list[Assembled]:
    references = [each.order.reference for each in orders]
    known = await database.read_primary(lambda c: known_references(c, CHANNEL, references))
    return [each for each in orders if each.order.reference not in known]


async def _load(
    database: Database,
    data: DataSet,
    todo: Sequence[Assembled],
    reference: str,
    progress: Progress,
    tasks: int,
) -> int:
    """The number of orders loaded, several batches at a time, the oldest first."""
    waiting = batches(todo, ORDERS_AT_ONCE)
    loaded = done = 0

    async def work() -> None:
        nonlocal loaded, done
        for part in waiting:
            new = await _load_part(database, data, part, reference)
            loaded += new
            done += len(part)
            progress("orders", done, len(todo))

    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(work())
    return loaded


async def _load_part(
    database: Database, data: DataSet, part: Sequence[Assembled], reference: str
) -> int:
    """The number of orders loaded. A refused one does not hold up the others: the part is halved
    until it stands alone.
    """

    async def work(tx: Tx) -> int:
        told = [each.order for each in part]
        return await load_orders(tx, IMPORTER, told, carrier=CARRIER, reference=reference)

    try:
        return await database.run(work, actor_key=IMPORTER.key)
    except DomainError as error:
        if len(part) == 1:
            row = {"order_id": part[0].order.reference}
            reason = f"{error.code}: {error.message}"
            data.refused.append(Rejected(ORDERS, part[0].line, reason, row))
            return 0
    middle = len(part) // 2
    halves = (part[:middle], part[middle:])
    return sum([await _load_part(database, data, half, reference) for half in halves])


async def _account(database: Database, data: DataSet, added: Mapping[str, int]) -> int:
    """The number of refused rows that are new to the quarantine. A run that changed nothing leaves
    no trace.
    """
    known = await database.read_primary(lambda c: known_refusals(c, KIND, data.name))
    news = [row for row in data.refused if (row.file, row.line, row.reason) not in known]
    if not news and not sum(added.values()):
        return 0
    run_id = await database.run(lambda tx: begin_run(tx, KIND, data.name), actor_key=ACTOR)
    for part in batches(news, REFUSALS_AT_ONCE):
        await database.run(lambda tx, rows=part: quarantine(tx, run_id, rows), actor_key=ACTOR)
    counts = {**added, "rows": data.rows, "refused": len(data.refused)}
    await database.run(lambda tx: end_run(tx, run_id, counts), actor_key=ACTOR)
    return len(news)


def _write_report(path: Path, refused: Sequence[Rejected]) -> Path | None:
    """The CSV file with all refused rows, sorted as they stand in the files."""
    if not refused:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "line", "reason", "row"])
        for row in sorted(refused, key=lambda each: (each.file, each.line)):
            said = orjson.dumps(dict(row.row)).decode()
            writer.writerow([row.file, row.line, row.reason, said])
    return path
