"""Importing stock levels, against `psql \\copy` of the same rows into the same table (bar B1).

On a PostgreSQL of its own, with fsync on, which nobody else uses: locations and SKUs are there, the
levels are not. Both sides take turns; between them the levels, the ledger and the outbox are
emptied. `\\copy` writes rows of `stock_level` as they are, with ids made before; the import reads
location, SKU and units, checks every row, and writes levels, movements and events.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from app.embedded import EmbeddedPostgres
from app.embedded.postgres import find_binaries
from app.migrate import upgrade_async
from bench.figures import Figure
from domain.common.database import Database, read_engine, write_engine
from domain.common.ids import new_id
from domain.identity.model import Actor, Role
from domain.imports.model import ImportJob, ImportKind, JobStatus
from domain.imports.receive import ImportFile, receive_file
from domain.imports.repository import job_by_id
from domain.imports.working import work_off

ROWS = 200_000
LOCATIONS = 20
ROUNDS = 3
PIECE = 1 << 16
BAR = 0.6

_WORLD = (
    """INSERT INTO product (id, code, names, descriptions, created_at, version)
       VALUES (gen_random_uuid(), 'P1', '{}', '{}', now(), 1)""",
    """INSERT INTO variant (sku, product_id, names, weight_g)
       SELECT 'SKU-' || lpad(n::text, 8, '0'), product.id, '{}', 100
       FROM product, generate_series(1, :skus) AS n""",
    """INSERT INTO location (id, code, name, kind, city, country, latitude, longitude, time_zone,
           opening_hours, can_ship, can_pickup, can_receive_returns, version)
       SELECT gen_random_uuid(), 'STORE-' || n, 'Store', 'STORE', 'Rome', 'IT', 41.9, 12.5,
           'Europe/Rome', '[]', true, true, true, 1 FROM generate_series(1, :locations) AS n""",
)
_COPY = r"\copy stock_level (id, sku, location_id, on_hand, updated_at, version) from '{}' csv"
_EMPTY = "TRUNCATE stock_level, stock_movement, outbox CASCADE"


async def measure(rows: int = ROWS, rounds: int = ROUNDS) -> list[Figure]:
    """Rows a second of both, and their ratio; also of the same file again, and with other units."""
    with tempfile.TemporaryDirectory(prefix="unico-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = await asyncio.to_thread(server.start)
        try:
            await upgrade_async(url)
            database = Database(write_engine(url), read_engine(url), after_commit=lambda: None)
            try:
                return await _measure(_Bench(database, url, Path(folder), rows), rounds)
            finally:
                await database.close()
        finally:
            server.stop()


class _Bench:
    """A world, and the same levels in two files."""

    def __init__(self, database: Database, url: str, folder: Path, rows: int) -> None:
        self.rows = rows
        self._database = database
        self._url = url.replace("+asyncpg", "")
        self._levels = folder / "levels.csv"
        self._file: list[bytes] = []

    async def build(self) -> None:
        """The world is there, and both files."""
        counts = {"skus": self.rows // LOCATIONS, "locations": LOCATIONS}
        async with self._database.writes.begin() as connection:
            for statement in _WORLD:
                needed = {name: n for name, n in counts.items() if f":{name}" in statement}
                await connection.execute(sa.text(statement), needed)
            places = await connection.execute(sa.text("SELECT id, code FROM location ORDER BY id"))
            skus = list(await connection.scalars(sa.text("SELECT sku FROM variant ORDER BY sku")))
            wanted = [(place.id, place.code, sku) for place in places for sku in skus]
        self._levels.write_text(
            "".join(
                f"{new_id()},{sku},{place},{n % 50},2026-01-01T00:00:00Z,1\n"
                for n, (place, _, sku) in enumerate(wanted)
            )
        )
        self._file = [f"{code},{sku},".encode() for _, code, sku in wanted]

    async def empty(self) -> None:
        """Nothing of the last turn is left, and nothing waits to be written out."""
        async with self._database.writes.begin() as connection:
            await connection.execute(sa.text(_EMPTY))
        async with self._database.reads.connect() as connection:
            await connection.execute(sa.text("CHECKPOINT"))

    async def copy(self) -> float:
        """Seconds of `psql \\copy`."""
        binaries = find_binaries()
        environment = {**os.environ, "LD_LIBRARY_PATH": str(binaries.parent / "lib")}
        command = [str(binaries / "psql"), "-qX", self._url, "-c", _COPY.format(self._levels)]
        started = time.perf_counter()
        await asyncio.to_thread(subprocess.run, command, env=environment, check=True)
        return time.perf_counter() - started

    async def load(self, more: int = 0) -> tuple[float, ImportJob]:
        """Seconds from the file's first byte to the end of its job, with `more` units a row."""
        lines = (b"%s%d\n" % (start, n % 50 + more) for n, start in enumerate(self._file))
        data = b"location,sku,on_hand\n" + b"".join(lines)
        clerk = Actor("bench", Role.OPERATIONS)
        started = time.perf_counter()
        stream = _pieces(data)
        job = await receive_file(self._database, clerk, ImportFile(ImportKind.STOCK), stream)
        await work_off(self._database)
        spent = time.perf_counter() - started
        after = await self._database.read_primary(lambda c: job_by_id(c, job.id))
        if after is None or after.status is not JobStatus.SUCCEEDED or after.quarantined:
            raise RuntimeError(f"the import did not succeed: {after}")
        return spent, after


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


async def _measure(bench: _Bench, rounds: int) -> list[Figure]:
    await bench.build()
    copies: list[float] = []
    loads: list[float] = []
    for _ in range(rounds + 1):  # the first one warms up
        await bench.empty()
        copies.append(bench.rows / await bench.copy())
        await bench.empty()
        spent, job = await bench.load()
        if job.applied != bench.rows:
            raise RuntimeError(f"{job.applied} rows were applied")
        loads.append(bench.rows / spent)
    again, _ = await bench.load()
    changed, job = await bench.load(more=1)
    if job.applied != bench.rows:
        raise RuntimeError(f"{job.applied} rows were applied")
    copy, load = median(copies[1:]), median(loads[1:])
    how = f"{bench.rows:,} rows, median of {rounds} turns, fsync on"
    return [
        Figure("psql \\copy into stock_level", copy, "rows/s", how),
        Figure("import of new levels", load, "rows/s", f"{how}; with movements and events"),
        Figure("import of the same again", bench.rows / again, "rows/s", "nothing changes"),
        Figure("import of other units", bench.rows / changed, "rows/s", "every level changes"),
        Figure(
            "import / psql \\copy",
            load / copy,
            "x",
            "against \\copy of the same rows into the same table, which does less: no staging, "
            "validation, upsert, ledger, events",
            code="B1",
            at_least=BAR,
        ),
    ]
