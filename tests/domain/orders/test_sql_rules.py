"""Rules that stand in Python and in SQL say the same."""

from itertools import product
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import LocationId
from domain.orders.candidates import eligible
from domain.orders.commands import Delivery
from domain.orders.promising import Reached
from domain.orders.sql_rules import may_serve
from domain.orders.states import DeliveryMode
from domain.stock.posting import free_text
from domain.stock.tables import stock_level
from tests.support import stock
from tests.support.shop import open_shop

HERE, ELSEWHERE = LocationId(UUID(int=1)), LocationId(UUID(int=2))


async def test_who_may_serve_an_order(engine: AsyncEngine) -> None:
    cases = list(
        product(DeliveryMode, (HERE, ELSEWHERE), (True, False), (True, False), (HERE, None))
    )
    expected = [
        eligible(Reached(place, ships, hosts), Delivery(mode, None, store))
        for mode, place, ships, hosts, store in cases
    ]
    columns = {
        "n": sa.Integer, "id": sa.Uuid, "can_ship": sa.Boolean, "can_pickup": sa.Boolean,
        "delivery_mode": sa.Text, "delivery_location_id": sa.Uuid,
    }  # fmt: skip
    rows = [
        (number, place, ships, hosts, mode.value, store)
        for number, (mode, place, ships, hosts, store) in enumerate(cases)
    ]
    given = sa.values(*[sa.column(name, kind) for name, kind in columns.items()], name="given")
    rule = sa.literal_column(may_serve("given", "given"), sa.Boolean)
    query = sa.select(sa.func.coalesce(rule, sa.false())).select_from(given.data(rows))
    async with engine.connect() as connection:
        found = (await connection.scalars(query.order_by(given.c.n))).all()
    assert list(found) == expected
    assert len(set(expected)) == 2


async def test_free_units_in_text(engine: AsyncEngine, clean_database: str) -> None:
    await open_shop(engine, {"HAT": {"ROME": 7}})
    change = sa.update(stock_level).values(allocated=1, damaged=2, display=1)
    query = sa.text(f"SELECT {free_text('s')} FROM stock_level AS s WHERE sku = 'HAT'")
    async with engine.begin() as connection:
        await connection.execute(change.where(stock_level.c.sku == "HAT"))
        found = await connection.scalar(query)
    assert found == (await stock.level_at(engine, "HAT")).free == 3
