"""An edit that is cut off anywhere is finished by the same request, or ended by the sweep."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.editing.commands import EditLines, SetUnits
from domain.editing.edit_lines import edit_order_lines
from domain.editing.errors import EditExpired, StaleOrder
from domain.editing.letting_go import end_unfinished
from domain.editing.proposing import propose
from domain.editing.tables import order_edit
from domain.orders.checkout import place_order
from domain.orders.commands import ChangeHold
from domain.orders.holding import hold_order
from domain.orders.invariants import invariant_violations
from domain.orders.model import Order
from domain.orders.states import Hold
from domain.payments.gateway import GatewayAnswer, Outcome
from domain.payments.sandbox import SandboxGateway
from domain.payments.tables import sandbox_charge
from domain.stock.errors import InsufficientStock
from tests.support import stock
from tests.support.packed_order import loaded, placed
from tests.support.shop import ADMIN, AGENT, Shop, open_shop, order


class Crash(Exception):
    """The process dies."""


class Dying(SandboxGateway):
    """A PSP after whose answer, or instead of it, the process dies; it may refuse to void."""

    charges = True
    voids = True
    dies = True

    async def authorise(
        self, psp_key: str, token: str, amount_minor: int, currency: str
    ) -> GatewayAnswer:
        answer = GatewayAnswer(Outcome.UNKNOWN)
        if self.charges:
            answer = await super().authorise(psp_key, token, amount_minor, currency)
        if self.dies:
            raise Crash
        return answer

    async def void(self, psp_key: str, reference: str) -> GatewayAnswer:
        if self.voids:
            return await super().void(psp_key, reference)
        return GatewayAnswer(Outcome.UNKNOWN)


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 6}})


async def wanting(shop: Shop, quantity: int = 4) -> tuple[Order, EditLines]:
    """An order of two and an edit of it."""
    found = await placed(shop, {"HAT": 2})
    changes = (SetUnits(found.lines[0].id, quantity),)
    return found, EditLines("k", found.id, found.version, changes)


async def charged(shop: Shop) -> list[tuple[int, bool]]:
    c = sandbox_charge.c
    rows = await shop.rows(sa.select(c.authorised_minor, c.voided).order_by(c.voided))
    return [(row[0], row[1]) for row in rows]


async def states(shop: Shop) -> list[str]:
    return [row.state for row in await shop.rows(sa.select(order_edit.c.state))]


async def pass_time(shop: Shop, what: str) -> None:
    async with shop.database.writes.begin() as connection:
        await connection.execute(sa.text(f"update {what} - interval '1 hour'"))


@pytest.mark.parametrize("charges", [False, True], ids=["before the call", "after the call"])
async def test_the_same_request_goes_on_after_a_crash(
    shop: Shop, engine: AsyncEngine, charges: bool
) -> None:
    before, command = await wanting(shop)
    dying = Dying(engine)
    dying.charges = charges
    sound, shop.gateway = shop.gateway, dying
    with pytest.raises(Crash):
        await edit_order_lines(shop.till(AGENT), command)
    assert await loaded(shop, before.id) == before
    assert (await stock.level_at(engine, "HAT")).reserved == 2
    shop.gateway = sound
    done = await edit_order_lines(shop.till(AGENT), command)
    assert await edit_order_lines(shop.till(AGENT), command) == done
    after = await loaded(shop, before.id)
    assert (after.version, after.lines[0].ordered_quantity) == (before.version + 1, 4)
    assert await charged(shop) == [(3980, False), (3980, False)]
    assert await states(shop) == ["APPLIED"]
    assert await shop.broken_rules() == []


@pytest.mark.parametrize("charges", [False, True], ids=["before the call", "after the call"])
async def test_the_sweep_ends_what_nobody_repeats(
    shop: Shop, engine: AsyncEngine, charges: bool
) -> None:
    before, command = await wanting(shop)
    dying = Dying(engine)
    dying.charges = charges
    sound, shop.gateway = shop.gateway, dying
    with pytest.raises(Crash):
        await edit_order_lines(shop.till(AGENT), command)
    assert await end_unfinished(shop.database, sound) == 0
    await pass_time(shop, "order_edit set apply_until = now()")
    broken = await shop.database.read(invariant_violations)
    assert [(each.kind, each.subject) for each in broken] == [("MONEY", before.number)]
    dying.dies, dying.charges = False, False
    assert await end_unfinished(shop.database, dying) == 0
    assert await end_unfinished(shop.database, sound) == 1
    assert await end_unfinished(shop.database, sound) == 0
    assert await loaded(shop, before.id) == before
    assert await charged(shop) == [(3980, False), (3980, True)]
    assert await states(shop) == ["ENDED"]
    assert (await stock.level_at(engine, "HAT")).available == 4
    shop.gateway = sound
    with pytest.raises(EditExpired):
        await edit_order_lines(shop.till(AGENT), command)
    assert await shop.broken_rules() == []


async def test_an_order_that_moved_on_keeps_its_lines_and_the_money_is_let_go(
    shop: Shop, engine: AsyncEngine
) -> None:
    before, command = await wanting(shop)
    await shop.database.run(lambda tx: propose(tx, AGENT, command, shop.terms), actor_key=AGENT.key)
    held = ChangeHold("h", before.id, Hold.MANUAL)
    await shop.database.run(lambda tx: hold_order(tx, ADMIN, held), actor_key=ADMIN.key)
    refusing = Dying(engine)
    refusing.dies = refusing.voids = False
    sound, shop.gateway = shop.gateway, refusing
    for _ in range(2):
        with pytest.raises(StaleOrder) as stale:
            await edit_order_lines(shop.till(AGENT), command)
        assert stale.value.order.holds == {Hold.MANUAL}
        assert await states(shop) == ["LETTING_GO"]
    await pass_time(shop, "order_edit set updated_at = now()")
    assert len(await shop.broken_rules()) == 1
    assert await end_unfinished(shop.database, sound) == 1
    assert await charged(shop) == [(3980, False), (3980, True)]
    assert (await stock.level_at(engine, "HAT")).available == 4
    assert (await loaded(shop, before.id)).lines == before.lines
    assert await shop.broken_rules() == []


async def test_stock_that_was_sold_after_the_reservation_ended(
    shop: Shop, engine: AsyncEngine
) -> None:
    before, command = await wanting(shop, 6)
    await shop.database.run(lambda tx: propose(tx, AGENT, command, shop.terms), actor_key=AGENT.key)
    with pytest.raises(InsufficientStock):
        await place_order(shop.till(), order(lines={"HAT": 1}))
    await pass_time(shop, "reservation set expires_at = now()")
    await place_order(shop.till(), order(lines={"HAT": 1}))
    for _ in range(2):
        with pytest.raises(InsufficientStock) as gone:
            await edit_order_lines(shop.till(AGENT), command)
        assert (gone.value.requested, gone.value.available) == (4, 3)
    assert await loaded(shop, before.id) == before
    assert (7960, True) in await charged(shop)
    assert await states(shop) == ["ENDED"]
    assert await shop.broken_rules() == []
