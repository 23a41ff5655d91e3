"""Importing a directory into a clean database, and looking at what it did."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.importing import ImportSummary, import_orders
from domain.common.database import Database
from domain.orders import audit as orders_audit
from domain.orders.invariants import invariant_violations
from tests.support.mutations import everything
from tests.support.probe import opened


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
    del step, done, total


@dataclass
class Importer:
    """Imports into the test's database, and reads from it."""

    database: Database
    report: Path

    async def run(self, directory: Path, *, tasks: int = 2) -> ImportSummary:
        return await import_orders(
            self.database, directory, report=self.report, progress=silent, tasks=tasks
        )

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.database.reads.connect() as connection:
            return [tuple(row) for row in await connection.execute(sa.text(query))]

    async def one(self, query: str) -> Any:
        (row,) = await self.rows(query)
        return row[0] if len(row) == 1 else row

    async def fingerprint(self) -> Mapping[str, str]:
        """A digest of each table's whole content."""
        return await everything(self.database.writes)

    async def violations(self) -> list[Any]:
        """What the audits find wrong."""
        async with self.database.writes.connect() as connection:
            return [
                *await invariant_violations(connection),
                *await orders_audit.status_violations(connection),
            ]


@pytest.fixture
async def importer(clean_database: str, tmp_path: Path) -> AsyncGenerator[Importer]:
    async with opened(clean_database) as database:
        yield Importer(database, tmp_path / "refused.csv")
