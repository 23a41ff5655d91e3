"""Reading tables of rates: each function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.carriers.rating import RateRow
from domain.carriers.tables import carrier_rate, carrier_tariff

_ROW = [carrier_rate.c[field.name] for field in fields(RateRow)]


@dataclass(frozen=True, slots=True)
class Tariff:
    """All rates of a carrier, sorted by service, zone and weight. `version` counts the changes."""

    id: UUID
    carrier: str
    updated_at: datetime
    version: int
    rates: tuple[RateRow, ...]


async def tariff_of(connection: AsyncConnection, carrier: str) -> Tariff | None:
    """The carrier's rates; None if nobody ever set any."""
    found = await _tariffs(connection, carrier_tariff.c.carrier == carrier)
    return found[0] if found else None


async def all_tariffs(connection: AsyncConnection) -> Sequence[Tariff]:
    """The rates of every carrier that has some, by code."""
    return await _tariffs(connection, sa.true())


async def _tariffs(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> list[Tariff]:
    query = (
        sa.select(carrier_tariff, *_ROW)
        .outerjoin(carrier_rate)
        .where(condition)
        .order_by(carrier_tariff.c.carrier, *carrier_rate.primary_key.columns)
    )
    found: dict[UUID, Tariff] = {}
    rows: dict[UUID, list[RateRow]] = {}
    for row in (await connection.execute(query)).mappings():
        key = row["id"]
        found.setdefault(
            key, Tariff(key, row["carrier"], row["updated_at"], row["version"], rates=())
        )
        if row["service"] is not None:
            rows.setdefault(key, []).append(
                RateRow(**{field.name: row[field.name] for field in fields(RateRow)})
            )
    return [
        Tariff(one.id, one.carrier, one.updated_at, one.version, tuple(rows.get(key, ())))
        for key, one in found.items()
    ]


async def locked_tariff(connection: AsyncConnection, carrier: str) -> Tariff | None:
    """As `tariff_of`, its row locked FOR UPDATE; two statements."""
    row = sa.select(carrier_tariff.c.id).where(carrier_tariff.c.carrier == carrier)
    if await connection.scalar(row.with_for_update()) is None:
        return None
    return await tariff_of(connection, carrier)
