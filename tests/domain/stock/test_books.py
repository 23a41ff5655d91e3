"""The row scope of levels and ledger, beneath the policies of the root fields."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import CustomerId, Sku, new_id
from domain.identity.model import Actor, Role
from domain.stock.books import level_at, levels_by_id, page_of_levels, page_of_movements
from tests.support.stock import level_at as committed
from tests.support.stock import place, stock_up

HAT, ROME = Sku("HAT"), place("ROME")
BLIND = [
    None,
    Actor("c", Role.CUSTOMER, customer_id=CustomerId(new_id())),
    Actor("till", Role.POS, location_ids=frozenset({place("MILAN")})),
    Actor("hub", Role.CHANNEL),
]


@pytest.mark.parametrize("actor", BLIND)
async def test_who_has_no_scope_here_sees_no_row(world: AsyncEngine, actor: Actor | None) -> None:
    await stock_up(world, 5, "HAT")
    level = await committed(world, "HAT")

    async with world.connect() as connection:
        assert await level_at(connection, HAT, ROME, seen_by=actor) is None
        assert await levels_by_id(connection, [level.id], seen_by=actor) == {}
        levels = await page_of_levels(connection, ROME, None, first=10, after=None, seen_by=actor)
        moves = await page_of_movements(connection, HAT, ROME, first=10, after=None, seen_by=actor)
    assert (list(levels.items), list(moves.items)) == ([], [])


async def test_head_office_sees_every_row(world: AsyncEngine) -> None:
    await stock_up(world, 5, "HAT")
    level = await committed(world, "HAT")
    agent = Actor("carla", Role.CALL_CENTER)

    async with world.connect() as connection:
        assert await levels_by_id(connection, [level.id], seen_by=agent) == {level.id: level}
