"""Random operations on real rows: whatever happens, the books agree."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import DomainError
from domain.common.ids import Sku, new_id
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.stock.adjust import AdjustStock, Count, Move, adjust_stock
from domain.stock.allocation import allocate, deallocate, issue, release, reserve
from domain.stock.audit import violations
from domain.stock.expiry import expire_due
from domain.stock.model import AdjustmentReason, Bucket, Demand, MovementReason
from domain.stock.receive import receive
from domain.stock.safety import SetSafetyStock, set_safety_stock
from tests.support.stock import database_of, level_at, place, stock_up

ADMIN = Actor("ada", Role.ADMIN)
SKUS, PLACES, OWNERS = ("HAT", "SCARF"), ("ROME", "MILAN"), ("order:1", "order:2", "cart:1")
SHELF = [Bucket.FREE, Bucket.DAMAGED, Bucket.DISPLAY, Bucket.QUALITY_HOLD, Bucket.EXTERNAL]
Work = Callable[[Tx], Awaitable[object]]


def demands(dice: random.Random) -> list[Demand]:
    return [
        Demand(Sku(dice.choice(SKUS)), place(dice.choice(PLACES)), dice.randint(1, 4))
        for _ in range(dice.randint(1, 3))
    ]


def claim(dice: random.Random) -> Work:
    """Something that carts and orders do."""
    wanted, owner = demands(dice), dice.choice(OWNERS)
    ttl = timedelta(seconds=dice.choice([-1, 0, 3600]))
    return dice.choice(
        [
            lambda tx: reserve(tx, wanted, owner=owner, ttl=ttl),
            lambda tx: reserve(tx, wanted, owner=owner, ttl=ttl),
            lambda tx: allocate(tx, wanted, owner=owner, reference=owner),
            lambda tx: allocate(tx, wanted, owner=owner, reference=owner),
            lambda tx: release(tx, owner=owner),
            lambda tx: deallocate(tx, wanted, reason=MovementReason.CANCELLED, reference=owner),
            lambda tx: issue(tx, wanted, reason=MovementReason.SHIPPED, reference=owner),
        ]
    )


def correct(dice: random.Random) -> Work:
    """Something that staff or the sweeper do."""
    wanted, key = demands(dice), str(new_id())
    sku, here = wanted[0].sku, wanted[0].location_id
    source, target = dice.sample(SHELF, 2)
    move, count = Move(source, target, dice.randint(1, 3)), Count(dice.randint(0, 12))
    why = AdjustmentReason.CORRECTION
    safety = SetSafetyStock(key, sku, here, dice.randint(0, 3))
    return dice.choice(
        [
            lambda tx: receive(tx, wanted, "PO"),
            lambda tx: adjust_stock(tx, ADMIN, AdjustStock(key, sku, here, why, move, "")),
            lambda tx: adjust_stock(tx, ADMIN, AdjustStock(key, sku, here, why, count, "")),
            lambda tx: set_safety_stock(tx, ADMIN, safety),
            lambda tx: expire_due(tx, dice.randint(1, 3)),
        ]
    )


async def attempt(engine: AsyncEngine, work: Work) -> bool:
    """Whether the work was done; a refusal of the domain is the only other way to end."""
    try:
        await database_of(engine).run(work, actor_key="TEST")
    except DomainError:
        return False
    return True


async def assert_sound(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await violations(connection) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_books_agree_after_any_walk(world: AsyncEngine, seed: int) -> None:
    dice = random.Random(seed)
    for code in PLACES:
        await stock_up(world, 10, *SKUS, code=code)

    done = 0
    for step in range(150):
        work = claim(dice) if dice.random() < 0.7 else correct(dice)
        done += await attempt(world, work)
        if step % 10 == 0:
            await assert_sound(world)

    assert 30 < done < 150
    await assert_sound(world)


async def test_the_books_agree_after_walks_at_the_same_time(world: AsyncEngine) -> None:
    for code in PLACES:
        await stock_up(world, 10, *SKUS, code=code)

    async def walk(seed: int) -> int:
        dice = random.Random(seed)
        works = [claim(dice) if dice.random() < 0.8 else correct(dice) for _ in range(40)]
        return sum([await attempt(world, work) for work in works])

    done = await asyncio.gather(*[walk(seed) for seed in range(8)])

    assert sum(done) > 60
    await assert_sound(world)
    for sku in SKUS:
        for code in PLACES:
            level = await level_at(world, sku, code)
            assert level.free >= 0
