"""An aggregate of the tests' own: rows with nothing but a version, changed as the domain does."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database, read_engine, write_engine
from domain.common.ids import new_id
from domain.common.transaction import Tx
from domain.events.model import Aggregate, Event
from domain.events.outbox import publish

TOPIC = "probe:all"

_things = sa.Table(
    "thing",
    sa.MetaData(schema="probe"),
    sa.Column("id", PG_UUID(as_uuid=True), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)
_TABLE = """
CREATE SCHEMA IF NOT EXISTS probe;
DROP TABLE IF EXISTS probe.thing;
CREATE TABLE probe.thing (id uuid PRIMARY KEY, version bigint NOT NULL) WITH (fillfactor = 40)
"""


async def create_things(database: Database, count: int) -> list[UUID]:
    """Ids of new things, sorted, at version 0; those of earlier tests are gone."""
    ids = sorted(new_id() for _ in range(count))
    async with database.writes.begin() as connection:
        for statement in _TABLE.split(";"):
            await connection.execute(sa.text(statement))
        if ids:
            rows = [{"id": each, "version": 0} for each in ids]
            await connection.execute(sa.insert(_things), rows)
    return ids


_PILE = sa.text(
    """
    WITH raised AS (
        UPDATE probe.thing SET version = version + :count WHERE id = :id RETURNING version - :count
    )
    INSERT INTO outbox (events)
    SELECT jsonb_build_array(jsonb_build_object(
        'type', 'ThingChanged', 'aggregate', 'product', 'aggregate_id', :id,
        'version', (SELECT * FROM raised) + number, 'topics', jsonb_build_array(:topic),
        'payload', '{}'::jsonb, 'actor', 'TEST:probe', 'at', now(), 'correlation_id', ''))
    FROM generate_series(1, :count) AS number ORDER BY number
    """
).bindparams(
    sa.bindparam("id", type_=PG_UUID(as_uuid=True)),
    sa.bindparam("count", type_=sa.BigInteger),
    sa.bindparam("topic", type_=sa.Text),
)


async def pile_up(database: Database, thing: UUID, count: int) -> None:
    """As if the thing had been changed in `count` commits, one by one; wakes nobody."""
    async with database.writes.begin() as connection:
        await connection.execute(_PILE, {"id": thing, "count": count, "topic": TOPIC})


async def change(tx: Tx, ids: Sequence[UUID], topics: Sequence[str] = (TOPIC,)) -> None:
    """Lock the things in order, raise their versions, publish one event for each."""
    wanted = sa.bindparam("ids", sorted(ids), type_=ARRAY(PG_UUID(as_uuid=True)))
    locked = (
        sa.select(_things.c.id)
        .where(_things.c.id == sa.any_(wanted))
        .order_by(_things.c.id)
        .with_for_update(key_share=True)
    )
    await tx.connection.execute(locked)
    raised = await tx.connection.execute(
        sa.update(_things)
        .where(_things.c.id == sa.any_(wanted))
        .values(version=_things.c.version + 1)
        .returning(_things.c.id, _things.c.version)
    )
    await publish(tx, *(thing_changed(row.id, row.version, topics) for row in raised))


def thing_changed(thing: UUID, version: int, topics: Sequence[str] = (TOPIC,)) -> Event:
    payload = {"thing_id": str(thing), "version": version}
    return Event("ThingChanged", Aggregate.PRODUCT, thing, version, topics, payload)


async def change_now(
    database: Database, ids: Sequence[UUID], topics: Sequence[str] = (TOPIC,)
) -> None:
    """`change`, committed."""
    await database.run(partial(change, ids=ids, topics=topics), actor_key="TEST:probe")


async def versions(connection: AsyncConnection) -> dict[UUID, int]:
    """All things and their versions."""
    rows = await connection.execute(sa.select(_things))
    return {row.id: row.version for row in rows}


def no_wake() -> None:
    """For a database whose commits wake nobody."""


@asynccontextmanager
async def opened(url: str, after_commit: Callable[[], None] = no_wake) -> AsyncGenerator[Database]:
    """A database, closed at the end."""
    database = Database(write_engine(url, pool_size=12), read_engine(url), after_commit)
    try:
        yield database
    finally:
        await database.close()
