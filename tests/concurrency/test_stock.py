"""Stock under contention: real PostgreSQL, many connections, no sleeping and hoping."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.database import write_engine
from domain.common.ids import Sku
from domain.common.transaction import Tx
from domain.stock.allocation import allocate, issue, release, reserve
from domain.stock.audit import violations
from domain.stock.errors import InsufficientStock
from domain.stock.expiry import expire_due
from domain.stock.model import Demand, MovementReason
from domain.stock.posting import given_demand, ground
from domain.stock.receive import receive
from domain.stock.tables import reservation, stock_level
from tests.support.stock import (
    World,
    build,
    database_of,
    events,
    level_at,
    movements,
    place,
    stock_up,
)

HOUR, OVER = timedelta(hours=1), timedelta(0)
Work = Callable[[Tx], Awaitable[object]]


@pytest.fixture
async def crowd(clean_database: str) -> AsyncGenerator[AsyncEngine]:
    """An engine with a connection for each of 60 contenders."""
    engine = write_engine(clean_database, pool_size=60)
    yield engine
    await engine.dispose()


def demand(quantity: int = 1, sku: str = "HAT", code: str = "ROME") -> Demand:
    return Demand(Sku(sku), place(code), quantity)


def reserving(owner: str, *demands: Demand, ttl: timedelta = HOUR) -> Work:
    return lambda tx: reserve(tx, demands, owner=owner, ttl=ttl)


async def outcome(engine: AsyncEngine, work: Work) -> str:
    """What became of one attempt: OK or the code of the refusal."""
    try:
        await database_of(engine).run(work, actor_key="TEST")
    except InsufficientStock as refusal:
        return refusal.code
    return "OK"


async def race(engine: AsyncEngine, works: Sequence[Work]) -> tuple[int, int]:
    """How many of the works, all begun together, were done and how many were refused."""
    results = await asyncio.gather(*[outcome(engine, work) for work in works])
    assert set(results) <= {"OK", "INSUFFICIENT_STOCK"}
    return results.count("OK"), results.count("INSUFFICIENT_STOCK")


async def assert_sound(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await violations(connection) == []


async def states(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Owner and state of all reservations, sorted by owner."""
    query = sa.select(reservation.c.owner, reservation.c.state).order_by(reservation.c.owner)
    async with engine.connect() as connection:
        return [(owner, state) for owner, state in await connection.execute(query)]


async def wait_for_lock(engine: AsyncEngine) -> None:
    """Some other session waits for a row lock now."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    for _ in range(500):
        async with engine.connect() as connection:
            if await connection.scalar(waiting):
                return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


async def behind(engine: AsyncEngine, first: Work, second: Work, *, commit: bool) -> str:
    """What became of `second`, which waited for the lock of `first` until that one ended."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        tx = Tx(connection, "TEST", "")
        await first(tx)
        waiting = asyncio.create_task(outcome(engine, second))
        await wait_for_lock(engine)
        if commit:
            pending = tx.drain_events()
            assert pending is not None
            await connection.execute(pending)
            await transaction.commit()
        else:
            await transaction.rollback()
        return await waiting


async def test_sixty_buyers_of_ten_units_get_exactly_ten(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")

    done = await race(crowd, [reserving(f"order:{n}", demand()) for n in range(60)])

    assert done == (10, 50)
    level = await level_at(crowd, "HAT")
    assert (level.on_hand, level.reserved, level.available, level.version) == (10, 10, 0, 11)
    assert [event["version"] for event in await events(crowd)] == list(range(1, 12))
    await assert_sound(crowd)


async def test_sixty_allocations_without_reservation_take_exactly_what_is_there(
    crowd: AsyncEngine,
) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")

    def work(number: int) -> Work:
        owner = f"order:{number}"
        return lambda tx: allocate(tx, [demand()], owner=owner, reference=owner)

    done = await race(crowd, [work(number) for number in range(60)])

    assert done == (10, 50)
    assert (await level_at(crowd, "HAT")).allocated == 10
    await assert_sound(crowd)


async def test_two_lines_of_one_sku_are_one_demand(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 11, "HAT")

    works = [reserving(f"order:{n}", demand(), demand()) for n in range(20)]
    done = await race(crowd, works)

    assert done == (5, 15)
    assert (await level_at(crowd, "HAT")).reserved == 10
    await assert_sound(crowd)


async def test_opposite_orders_of_the_same_levels_never_deadlock(crowd: AsyncEngine) -> None:
    skus = ("HAT", "SCARF", "SHOE")
    await build(crowd, World(skus=skus, locations=("ROME", "MILAN")))
    for code in ("ROME", "MILAN"):
        await stock_up(crowd, 100, *skus, code=code)
    wanted = [demand(1, sku, code) for sku in skus for code in ("ROME", "MILAN")]

    async def once_only(number: int) -> None:
        # Without the unit of work, which would run a deadlocked attempt again and hide it.
        ordered = wanted if number % 2 else wanted[::-1]
        async with crowd.begin() as connection:
            tx = Tx(connection, "TEST", "")
            await reserve(tx, ordered, owner=f"order:{number}", ttl=HOUR)
            pending = tx.drain_events()
            assert pending is not None
            await connection.execute(pending)

    await asyncio.gather(*[once_only(number) for number in range(40)])

    for sku in skus:
        for code in ("ROME", "MILAN"):
            assert (await level_at(crowd, sku, code)).reserved == 40
    await assert_sound(crowd)


async def test_levels_are_locked_in_order_of_place_and_sku(crowd: AsyncEngine) -> None:
    await build(crowd, World(skus=("HAT", "SCARF")))
    await stock_up(crowd, 1, "SCARF")  # The first row of the table is the last in order.
    await stock_up(crowd, 1, "HAT")
    wanted = [{"location_id": str(place("ROME")), "sku": sku} for sku in ("SCARF", "HAT")]
    locked = sa.select(ground(given_demand()).locked.c.sku)
    row = sa.select(stock_level.c.id).with_for_update(nowait=True)

    async with crowd.connect() as blocker, crowd.connect() as waiter, crowd.connect() as other:
        await blocker.execute(row.where(stock_level.c.sku == "HAT"))
        waiting = asyncio.create_task(waiter.execute(locked, {"given_demand": wanted}))
        await wait_for_lock(crowd)
        await other.execute(row.where(stock_level.c.sku == "SCARF"))  # Not locked before HAT.
        await other.rollback()
        await blocker.rollback()
        assert (await waiting).scalars().all() == ["HAT", "SCARF"]


async def test_who_waits_for_the_lock_decides_on_what_the_other_left(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")
    eight, five = reserving("order:1", demand(8)), reserving("order:2", demand(5))

    assert await behind(crowd, eight, five, commit=True) == "INSUFFICIENT_STOCK"

    level = await level_at(crowd, "HAT")
    assert (level.reserved, level.version) == (8, 2)
    await assert_sound(crowd)


async def test_who_waits_for_the_lock_adds_to_what_the_other_left(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")
    four, five = reserving("order:1", demand(4)), reserving("order:2", demand(5))

    assert await behind(crowd, four, five, commit=True) == "OK"

    level = await level_at(crowd, "HAT")
    assert (level.reserved, level.version) == (9, 3)
    await assert_sound(crowd)


async def test_who_waits_for_the_lock_gets_what_the_other_gave_up(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")
    eight, five = reserving("order:1", demand(8)), reserving("order:2", demand(5))

    assert await behind(crowd, eight, five, commit=False) == "OK"

    assert await states(crowd) == [("order:2", "ACTIVE")]
    await assert_sound(crowd)


async def test_who_waits_sees_units_that_came_in_meanwhile(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 1, "HAT")

    def delivery(tx: Tx) -> Awaitable[object]:
        return receive(tx, [demand(5)], "PO-2")

    assert await behind(crowd, delivery, reserving("order:1", demand(6)), commit=True) == "OK"

    assert (await level_at(crowd, "HAT")).reserved == 6
    await assert_sound(crowd)


async def test_an_expired_reservation_is_given_back_once_to_one_of_two(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 1, "HAT")
    assert await outcome(crowd, reserving("cart:1", demand(), ttl=OVER)) == "OK"

    first, second = reserving("order:1", demand()), reserving("order:2", demand())
    assert await behind(crowd, first, second, commit=True) == "INSUFFICIENT_STOCK"

    assert await states(crowd) == [("cart:1", "EXPIRED"), ("order:1", "ACTIVE")]
    moved = [entry[1:] for entry in await movements(crowd)]
    assert moved.count(("RESERVED", "FREE", 1, "EXPIRED")) == 1
    assert (await level_at(crowd, "HAT")).reserved == 1
    await assert_sound(crowd)


async def test_expired_reservations_contested_by_buyers_and_sweepers_end_once(
    crowd: AsyncEngine,
) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")
    for number in range(10):
        assert await outcome(crowd, reserving(f"cart:{number}", demand(), ttl=OVER)) == "OK"

    buyers: list[Work] = [reserving(f"order:{n}", demand()) for n in range(30)]
    sweepers: list[Work] = [lambda tx: expire_due(tx, 100) for _ in range(8)]
    done = await race(crowd, [*sweepers[:4], *buyers, *sweepers[4:]])

    assert done == (18, 20)
    ended = [state for owner, state in await states(crowd) if owner.startswith("cart:")]
    assert ended == ["EXPIRED"] * 10
    assert (await level_at(crowd, "HAT")).reserved == 10
    await assert_sound(crowd)


async def test_two_sweepers_expire_each_reservation_once(crowd: AsyncEngine) -> None:
    skus = [f"SKU-{number}" for number in range(20)]
    await build(crowd, World(skus=skus))
    await stock_up(crowd, 5, *skus)
    for sku in skus:
        assert await outcome(crowd, reserving("cart:1", demand(2, sku), ttl=OVER)) == "OK"

    database = database_of(crowd)

    async def sweep() -> int:
        return await database.run(lambda tx: expire_due(tx, 100), actor_key="SWEEPER")

    ended = await asyncio.gather(sweep(), sweep(), sweep())

    assert sum(ended) == 20
    given_back = [entry for entry in await movements(crowd) if entry[4] == "EXPIRED"]
    assert len(given_back) == 20
    await assert_sound(crowd)


async def test_a_reservation_ends_once_whoever_gets_it(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")
    assert await outcome(crowd, reserving("order:1", demand(4))) == "OK"

    def take(tx: Tx) -> Awaitable[object]:
        return allocate(tx, [demand(4)], owner="order:1", reference="order:1")

    def give_up(tx: Tx) -> Awaitable[object]:
        return release(tx, owner="order:1")

    assert await behind(crowd, take, give_up, commit=True) == "OK"

    assert await states(crowd) == [("order:1", "CONSUMED")]
    level = await level_at(crowd, "HAT")
    assert (level.allocated, level.reserved, level.version) == (4, 0, 3)
    await assert_sound(crowd)


async def test_units_allocated_once_are_issued_once(crowd: AsyncEngine) -> None:
    await build(crowd, World())
    await stock_up(crowd, 10, "HAT")

    def take(tx: Tx) -> Awaitable[object]:
        return allocate(tx, [demand(3)], owner="order:1", reference="order:1")

    def ship(tx: Tx) -> Awaitable[object]:
        return issue(tx, [demand(3)], reason=MovementReason.SHIPPED, reference="order:1")

    assert await outcome(crowd, take) == "OK"
    assert await race(crowd, [ship] * 10) == (1, 9)

    level = await level_at(crowd, "HAT")
    assert (level.on_hand, level.allocated) == (7, 0)
    await assert_sound(crowd)


async def test_a_level_is_opened_once_by_many_first_receipts(crowd: AsyncEngine) -> None:
    await build(crowd, World())

    await asyncio.gather(*[stock_up(crowd, 2, "HAT") for _ in range(20)])

    level = await level_at(crowd, "HAT")
    assert (level.on_hand, level.version) == (40, 20)
    await assert_sound(crowd)
