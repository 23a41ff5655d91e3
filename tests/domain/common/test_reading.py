"""Reads that are compiled once: same rows, parameters by name, constants kept."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.reading import Reading, any_of


def numbered() -> sa.Select[int]:
    made = sa.func.generate_series(1, sa.bindparam("most", type_=sa.Integer))
    n = made.table_valued("n").render_derived()
    return sa.select(n.c.n * sa.literal(10)).order_by(n.c.n)


async def test_it_gives_the_first_column(engine: AsyncEngine) -> None:
    built: list[int] = []

    def build() -> sa.Select[int]:
        built.append(1)
        return numbered()

    reading = Reading(build)
    async with engine.connect() as connection:
        assert await reading.column(connection, most=3) == [10, 20, 30]
        assert await reading.column(connection, most=1) == [10]
    assert built == [1]


async def test_json_comes_parsed(engine: AsyncEngine) -> None:
    reading = Reading(
        lambda: sa.select(sa.func.jsonb_build_object("a", sa.bindparam("a", type_=sa.Text)))
    )
    async with engine.connect() as connection:
        assert await reading.column(connection, a="b") == [{"a": "b"}]


async def test_any_number_of_values_is_one_parameter(engine: AsyncEngine) -> None:
    ids = [UUID(int=n) for n in range(3)]
    rows = sa.values(sa.column("id", sa.UUID), name="rows").data([(each,) for each in ids])
    reading = Reading(lambda: sa.select(rows.c.id).where(any_of(rows.c.id, "ids")))
    async with engine.connect() as connection:
        assert await reading.column(connection, ids=ids[:2]) == ids[:2]
        assert await reading.column(connection, ids=[]) == []
