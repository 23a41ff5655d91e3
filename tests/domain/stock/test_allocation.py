from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import permutations
from typing import TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import VersionConflict
from domain.common.ids import Sku
from domain.common.transaction import Tx
from domain.stock.allocation import allocate, deallocate, issue, move, release, reserve
from domain.stock.audit import violations
from domain.stock.errors import InsufficientStock
from domain.stock.events import payload_of
from domain.stock.expiry import expire_due
from domain.stock.model import Bucket, Demand, Level, MovementReason
from domain.stock.tables import reservation, stock_level
from tests.support.stock import database_of, events, level_at, movements, place, stock_up

T = TypeVar("T")
HOUR, OVER = timedelta(hours=1), timedelta(0)


def demand(quantity: int = 1, sku: str = "HAT", code: str = "ROME") -> Demand:
    return Demand(Sku(sku), place(code), quantity)


async def run(engine: AsyncEngine, work: Callable[[Tx], Awaitable[T]]) -> T:
    return await database_of(engine).run(work, actor_key="TEST")


async def keep(engine: AsyncEngine, owner: str, *demands: Demand, ttl: timedelta = HOUR) -> None:
    await run(engine, lambda tx: reserve(tx, demands, owner=owner, ttl=ttl))


async def raise_safety(engine: AsyncEngine, units: int) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.update(stock_level).values(safety=units))


async def reservations(engine: AsyncEngine) -> list[tuple[str, int, str]]:
    c = reservation.c
    query = sa.select(c.owner, c.quantity, c.state).order_by(c.created_at, c.owner)
    async with engine.connect() as connection:
        return [(row.owner, row.quantity, row.state) for row in await connection.execute(query)]


async def refused(
    engine: AsyncEngine, work: Callable[[Tx], Awaitable[object]]
) -> InsufficientStock:
    """The refusal of `work`, which must have changed nothing, even if the transaction goes on."""
    before = await everything(engine)
    caught: list[InsufficientStock] = []

    async def swallow(tx: Tx) -> None:
        try:
            await work(tx)
        except InsufficientStock as refusal:
            caught.append(refusal)

    await run(engine, swallow)
    assert await everything(engine) == before
    return caught[0]


async def everything(engine: AsyncEngine) -> list[object]:
    async with engine.connect() as connection:
        levels = await connection.execute(sa.select(stock_level).order_by(stock_level.c.id))
        kept = await connection.execute(sa.select(reservation).order_by(reservation.c.id))
        found = [*map(tuple, levels), *map(tuple, kept)]
        assert await violations(connection) == []
    return [found, await movements(engine), await events(engine)]


async def test_reserved_units_are_kept_with_their_books_and_news(world: AsyncEngine) -> None:
    await stock_up(world, 10, "HAT")

    (level,) = await run(world, lambda tx: reserve(tx, [demand(3)], owner="order:1", ttl=HOUR))

    assert level == await level_at(world, "HAT")
    assert (level.on_hand, level.reserved, level.available, level.version) == (10, 3, 7, 2)
    assert await reservations(world) == [("order:1", 3, "ACTIVE")]
    assert (await movements(world))[-1] == ("HAT", "FREE", "RESERVED", 3, "RESERVED")
    event = (await events(world))[-1]
    assert event["type"] == "StockChanged"
    assert (event["aggregate"], event["aggregate_id"]) == ("stock_level", str(level.id))
    assert (event["version"], event["topics"]) == (2, [f"stock:{level.location_id}"])
    assert event["payload"] == payload_of(level)
    assert event["payload"]["available"] == 7


async def test_a_reservation_expires_by_the_clock_of_the_database(world: AsyncEngine) -> None:
    await stock_up(world, 1, "HAT")
    await keep(world, "order:1", demand(), ttl=timedelta(minutes=5))

    async with world.connect() as connection:
        lives = await connection.scalar(
            sa.select(reservation.c.expires_at - reservation.c.created_at)
        )
    assert lives == timedelta(minutes=5)


async def test_no_demand_changes_nothing(world: AsyncEngine) -> None:
    async def nothing(tx: Tx) -> list[Level]:
        return [
            *await reserve(tx, [], owner="order:1", ttl=HOUR),
            *await allocate(tx, [], owner="order:1", reference="order:1"),
            *await move(tx, Bucket.FREE, Bucket.DAMAGED, [], MovementReason.DAMAGE, ""),
            *await release(tx, owner="order:1"),
        ]

    assert await run(world, nothing) == []
    assert await events(world) == []


async def test_a_shortage_says_what_was_wanted_and_what_there_is(world: AsyncEngine) -> None:
    await stock_up(world, 5, "HAT")
    await stock_up(world, 1, "SCARF")
    wanted = [demand(2, "HAT"), demand(1, "SCARF"), demand(2, "SCARF")]

    refusal = await refused(world, lambda tx: reserve(tx, wanted, owner="order:1", ttl=HOUR))

    assert (refusal.sku, refusal.location_id) == ("SCARF", place("ROME"))
    assert (refusal.requested, refusal.available) == (3, 1)


async def test_a_place_without_a_level_has_nothing(world: AsyncEngine) -> None:
    await stock_up(world, 5, "HAT")
    wanted = [demand(1, "HAT", "ROME"), demand(1, "HAT", "MILAN")]

    refusal = await refused(world, lambda tx: reserve(tx, wanted, owner="order:1", ttl=HOUR))

    assert (refusal.location_id, refusal.requested, refusal.available) == (place("MILAN"), 1, 0)


async def test_safety_stock_is_not_promised(world: AsyncEngine) -> None:
    await stock_up(world, 5, "HAT")
    await raise_safety(world, 4)

    refusal = await refused(
        world, lambda tx: allocate(tx, [demand(2)], owner="order:1", reference="order:1")
    )

    assert refusal.available == 1


async def test_less_than_safety_stock_is_nothing_and_not_less(world: AsyncEngine) -> None:
    await stock_up(world, 5, "HAT")
    await raise_safety(world, 9)

    refusal = await refused(world, lambda tx: reserve(tx, [demand(1)], owner="order:1", ttl=HOUR))

    assert refusal.available == 0


async def test_expired_reservations_of_the_levels_are_reaped_first(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT", "SCARF")
    await keep(world, "cart:1", demand(2, "HAT"), demand(2, "SCARF"), ttl=OVER)

    await keep(world, "order:1", demand(3, "HAT"))

    level = await level_at(world, "HAT")
    assert (level.reserved, level.version) == (3, 3)
    untouched = await level_at(world, "SCARF")
    assert (untouched.reserved, untouched.version) == (2, 2)
    assert sorted(await reservations(world)) == [
        ("cart:1", 2, "ACTIVE"), ("cart:1", 2, "EXPIRED"), ("order:1", 3, "ACTIVE"),
    ]  # fmt: skip
    assert (await movements(world))[-2:] == [
        ("HAT", "RESERVED", "FREE", 2, "EXPIRED"), ("HAT", "FREE", "RESERVED", 3, "RESERVED"),
    ]  # fmt: skip


async def test_a_refusal_reaps_nothing(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT")
    await keep(world, "cart:1", demand(2), ttl=OVER)

    refusal = await refused(world, lambda tx: reserve(tx, [demand(4)], owner="order:1", ttl=HOUR))

    assert refusal.available == 3
    assert await reservations(world) == [("cart:1", 2, "ACTIVE")]


async def test_allocation_consumes_what_its_owner_reserved(world: AsyncEngine) -> None:
    await stock_up(world, 10, "HAT")
    await keep(world, "order:1", demand(3))
    await keep(world, "order:2", demand(4))

    await run(world, lambda tx: allocate(tx, [demand(3)], owner="order:1", reference="order:1"))

    level = await level_at(world, "HAT")
    assert (level.allocated, level.reserved, level.available) == (3, 4, 3)
    assert sorted(await reservations(world)) == [
        ("order:1", 3, "CONSUMED"),
        ("order:2", 4, "ACTIVE"),
    ]
    assert (await movements(world))[-1] == ("HAT", "RESERVED", "ALLOCATED", 3, "ALLOCATED")


async def test_a_reserved_unit_can_be_allocated_below_safety_stock(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT")
    await keep(world, "order:1", demand(3))
    await raise_safety(world, 3)

    await run(world, lambda tx: allocate(tx, [demand(3)], owner="order:1", reference="order:1"))

    assert (await level_at(world, "HAT")).allocated == 3


async def test_allocation_takes_the_rest_from_free_stock(world: AsyncEngine) -> None:
    await stock_up(world, 10, "HAT")
    await keep(world, "order:1", demand(3))

    await run(world, lambda tx: allocate(tx, [demand(5)], owner="order:1", reference="order:1"))

    level = await level_at(world, "HAT")
    assert (level.allocated, level.reserved, level.available) == (5, 0, 5)
    assert (await movements(world))[-2:] == [
        ("HAT", "RESERVED", "ALLOCATED", 3, "ALLOCATED"),
        ("HAT", "FREE", "ALLOCATED", 2, "ALLOCATED"),
    ]


async def test_allocation_gives_back_what_was_reserved_beyond_it(world: AsyncEngine) -> None:
    await stock_up(world, 10, "HAT")
    await keep(world, "order:1", demand(3))

    await run(world, lambda tx: allocate(tx, [demand(1)], owner="order:1", reference="order:1"))

    level = await level_at(world, "HAT")
    assert (level.allocated, level.reserved, level.available) == (1, 0, 9)
    assert (await movements(world))[-2:] == [
        ("HAT", "RESERVED", "ALLOCATED", 1, "ALLOCATED"),
        ("HAT", "RESERVED", "FREE", 2, "RELEASED"),
    ]


async def test_an_expired_reservation_is_taken_anew_while_there_is_stock(
    world: AsyncEngine,
) -> None:
    await stock_up(world, 3, "HAT")
    await keep(world, "order:1", demand(3), ttl=OVER)

    await run(world, lambda tx: allocate(tx, [demand(3)], owner="order:1", reference="order:1"))

    assert (await level_at(world, "HAT")).allocated == 3
    assert await reservations(world) == [("order:1", 3, "EXPIRED")]


async def test_an_expired_reservation_whose_stock_is_sold_is_a_shortage(
    world: AsyncEngine,
) -> None:
    await stock_up(world, 3, "HAT")
    await keep(world, "order:1", demand(3), ttl=OVER)
    await keep(world, "order:2", demand(2))

    refusal = await refused(
        world, lambda tx: allocate(tx, [demand(3)], owner="order:1", reference="order:1")
    )

    assert (refusal.requested, refusal.available) == (3, 1)


async def test_reserved_and_allocated_in_one_transaction(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT")

    async def work(tx: Tx) -> None:
        await reserve(tx, [demand(2)], owner="order:1", ttl=HOUR)
        await allocate(tx, [demand(2)], owner="order:1", reference="order:1")

    await run(world, work)

    level = await level_at(world, "HAT")
    assert (level.allocated, level.reserved, level.version) == (2, 0, 3)
    assert [event["version"] for event in await events(world)] == [1, 2, 3]


async def test_released_units_are_free_and_a_second_release_does_nothing(
    world: AsyncEngine,
) -> None:
    await stock_up(world, 3, "HAT", "SCARF")
    await keep(world, "order:1", demand(2, "HAT"), demand(1, "SCARF"))
    await keep(world, "order:2", demand(1, "HAT"))

    levels = await run(world, lambda tx: release(tx, owner="order:1"))

    assert [(level.sku, level.reserved, level.version) for level in levels] == [
        ("HAT", 1, 4), ("SCARF", 0, 3),
    ]  # fmt: skip
    before = await everything(world)
    assert await run(world, lambda tx: release(tx, owner="order:1")) == []
    assert await everything(world) == before


async def test_deallocated_units_are_free(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT")
    await run(world, lambda tx: allocate(tx, [demand(3)], owner="order:1", reference="order:1"))

    await run(
        world,
        lambda tx: deallocate(
            tx, [demand(2)], reason=MovementReason.CANCELLED, reference="order:1"
        ),
    )

    level = await level_at(world, "HAT")
    assert (level.on_hand, level.allocated, level.available) == (3, 1, 2)
    assert (await movements(world))[-1] == ("HAT", "ALLOCATED", "FREE", 2, "CANCELLED")


async def test_issued_units_are_gone(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT")
    await run(world, lambda tx: allocate(tx, [demand(3)], owner="order:1", reference="order:1"))

    await run(
        world,
        lambda tx: issue(tx, [demand(2)], reason=MovementReason.SHIPPED, reference="order:1"),
    )

    level = await level_at(world, "HAT")
    assert (level.on_hand, level.allocated, level.available) == (1, 1, 0)
    assert (await movements(world))[-1] == ("HAT", "ALLOCATED", "EXTERNAL", 2, "SHIPPED")


@pytest.mark.parametrize("give_back", [deallocate, issue])
async def test_no_more_than_was_allocated_is_given_back_or_issued(
    world: AsyncEngine, give_back: Callable[..., Awaitable[list[Level]]]
) -> None:
    await stock_up(world, 3, "HAT")
    await run(world, lambda tx: allocate(tx, [demand(1)], owner="order:1", reference="order:1"))

    refusal = await refused(
        world,
        lambda tx: give_back(tx, [demand(2)], reason=MovementReason.SHIPPED, reference="order:1"),
    )

    assert (refusal.requested, refusal.available) == (2, 1)


async def test_a_level_of_another_version_refuses_the_whole_demand(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT", "SCARF")
    stale = Demand(Sku("SCARF"), place("ROME"), 1, expected_version=7)
    before = await everything(world)

    with pytest.raises(VersionConflict) as conflict:
        await run(world, lambda tx: reserve(tx, [demand(), stale], owner="order:1", ttl=HOUR))

    assert (conflict.value.expected, conflict.value.actual) == (7, 1)
    assert await everything(world) == before


async def test_a_level_of_the_expected_version_is_changed(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT")
    fresh = Demand(Sku("HAT"), place("ROME"), 1, expected_version=1)

    (level,) = await run(world, lambda tx: reserve(tx, [fresh], owner="order:1", ttl=HOUR))

    assert level.version == 2


async def test_the_sweep_gives_back_what_expired_oldest_first(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT", "SCARF")
    await keep(world, "cart:1", demand(1, "SCARF"), ttl=-HOUR)
    await keep(world, "cart:3", demand(1, "HAT"), ttl=HOUR)
    await keep(world, "cart:2", demand(2, "HAT"), ttl=OVER)

    assert await run(world, lambda tx: expire_due(tx, 1)) == 1
    assert (await level_at(world, "SCARF")).reserved == 0
    assert (await level_at(world, "HAT")).reserved == 3

    assert await run(world, lambda tx: expire_due(tx, 1)) == 1
    assert (await level_at(world, "HAT")).reserved == 1
    assert await run(world, lambda tx: expire_due(tx, 1)) == 0
    assert [state for _, _, state in sorted(await reservations(world))] == [
        "EXPIRED", "EXPIRED", "ACTIVE",
    ]  # fmt: skip
    async with world.connect() as connection:
        assert await violations(connection) == []


async def test_every_move_keeps_the_books(world: AsyncEngine) -> None:
    def moving(source: Bucket, target: Bucket, units: int) -> Callable[[Tx], Awaitable[object]]:
        why = MovementReason.CORRECTION
        return lambda tx: move(tx, source, target, [demand(units)], why, "")

    buckets = [bucket for bucket in Bucket if bucket is not Bucket.RESERVED]
    await stock_up(world, 500, "HAT")
    for bucket in buckets[2:]:
        await run(world, moving(Bucket.FREE, bucket, 50))

    for source, target in permutations(buckets, 2):
        await run(world, moving(source, target, 3))
        assert (await movements(world))[-1] == ("HAT", source, target, 3, "CORRECTION")
        async with world.connect() as connection:
            assert await violations(connection) == []
