"""An edit and something else at once: one of them wins, and the other leaves no trace."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import IdempotencyConflict
from domain.common.ids import Sku
from domain.editing.commands import AddUnits, EditLines, SetUnits
from domain.editing.edit_lines import edit_order_lines
from domain.editing.errors import StaleOrder
from domain.editing.model import EditState
from domain.editing.proposing import propose
from domain.orders.commands import ChangeOrder
from domain.orders.model import Order
from domain.orders.repository import locked_order
from domain.orders.states import GroupState
from domain.orders.tables import sales_order
from domain.orders.work import release_order
from domain.payments.tables import sandbox_charge
from tests.support import stock
from tests.support.locks import until_somebody_waits
from tests.support.packed_order import loaded, placed
from tests.support.shop import ADMIN, AGENT, Shop, open_shop


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 9}})


def raising(before: Order, quantity: int, key: str) -> EditLines:
    changes = (SetUnits(before.lines[0].id, quantity),)
    return EditLines(key, before.id, before.version, changes)


async def proposed(shop: Shop, command: EditLines) -> None:
    """The edit waits for the PSP."""
    stored = await shop.database.run(
        lambda tx: propose(tx, AGENT, command, shop.terms), actor_key=AGENT.key
    )
    assert stored.state is EditState.PENDING


async def released(shop: Shop, before: Order) -> None:
    given = ChangeOrder("r", before.id)
    await shop.database.run(lambda tx: release_order(tx, ADMIN, given), actor_key=ADMIN.key)


async def voided(shop: Shop) -> list[bool]:
    query = sa.select(sandbox_charge.c.voided).order_by(sandbox_charge.c.authorised_minor)
    return [row[0] for row in await shop.rows(query)]


async def test_a_release_while_the_psp_is_asked_wins(shop: Shop, engine: AsyncEngine) -> None:
    before = await placed(shop, {"HAT": 2})
    command = raising(before, 5, "k")
    await proposed(shop, command)
    await released(shop, before)
    for _ in range(2):
        with pytest.raises(StaleOrder) as stale:
            await edit_order_lines(shop.till(AGENT), command)
        assert [group.state for group in stale.value.order.groups] == [GroupState.RELEASED]
    assert (await loaded(shop, before.id)).lines == before.lines
    assert await voided(shop) == [False, True]
    assert (await stock.level_at(engine, "HAT")).available == 7
    assert await shop.broken_rules() == []


async def test_an_edit_that_waits_for_the_order_sees_it_as_it_became(
    shop: Shop, engine: AsyncEngine
) -> None:
    before = await placed(shop, {"HAT": 2})
    async with engine.connect() as other:
        await locked_order(other, before.id)
        waiting = asyncio.create_task(
            edit_order_lines(shop.till(AGENT), raising(before, 1, "lower"))
        )
        await until_somebody_waits(engine)
        await other.execute(sa.update(sales_order).values(version=before.version + 1))
        await other.commit()
    with pytest.raises(StaleOrder) as stale:
        await waiting
    assert stale.value.actual == before.version + 1
    assert (await loaded(shop, before.id)).groups == before.groups


async def test_of_two_edits_that_wait_for_the_psp_the_first_answered_wins(
    shop: Shop, engine: AsyncEngine
) -> None:
    before = await placed(shop, {"HAT": 2})
    small, large = raising(before, 3, "small"), raising(before, 5, "large")
    await proposed(shop, small)
    await proposed(shop, large)
    assert (await stock.level_at(engine, "HAT")).reserved == 4
    await edit_order_lines(shop.till(AGENT), large)
    with pytest.raises(StaleOrder):
        await edit_order_lines(shop.till(AGENT), small)
    after = await loaded(shop, before.id)
    assert (after.version, after.lines[0].ordered_quantity) == (before.version + 1, 5)
    assert await voided(shop) == [True, False, False]
    level = await stock.level_at(engine, "HAT")
    assert (level.allocated, level.reserved) == (5, 0)
    assert await shop.broken_rules() == []


async def test_twenty_times_one_key_is_one_edit_and_one_charge(shop: Shop) -> None:
    before = await placed(shop, {"HAT": 2})
    command = raising(before, 3, "k")
    done = await asyncio.gather(*[edit_order_lines(shop.till(AGENT), command) for _ in range(20)])
    assert len(set(done)) == 1
    assert await voided(shop) == [False, False]
    other = EditLines("k", before.id, before.version, (AddUnits(before.lines[0].sku, 1),))
    with pytest.raises(IdempotencyConflict):
        await edit_order_lines(shop.till(AGENT), other)
    assert (await loaded(shop, before.id)).version == before.version + 1
    assert await shop.broken_rules() == []


async def test_edits_that_take_and_free_the_same_stock_crosswise_all_succeed(
    engine: AsyncEngine, clean_database: str
) -> None:
    shop = await open_shop(engine, {"HAT": {"ROME": 20}, "SCARF": {"ROME": 20}})

    async def swap(number: int) -> None:
        old, new = ("HAT", "SCARF") if number % 2 else ("SCARF", "HAT")
        before = await placed(shop, {old: 2})
        changes = (SetUnits(before.lines[0].id, 0), AddUnits(Sku(new), 1))
        await edit_order_lines(
            shop.till(AGENT), EditLines(f"k{number}", before.id, before.version, changes)
        )

    await asyncio.gather(*[swap(number) for number in range(8)])
    levels = [await stock.level_at(engine, sku) for sku in ("HAT", "SCARF")]
    assert [(level.allocated, level.reserved) for level in levels] == [(4, 0), (4, 0)]
    assert await shop.broken_rules() == []
