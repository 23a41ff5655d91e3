from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.identity.model import Actor, Role
from domain.locations.model import Coordinates
from domain.locations.tables import channel_location, location
from domain.stock.allocation import reserve
from domain.stock.availability import Availability, Nearest, Promise, Question, availability
from domain.stock.model import Demand
from domain.stock.repository import candidates
from domain.stock.tables import stock_level
from tests.support.stock import database_of, place, stock_up

WEB = ChannelCode("WEB")
ADMIN = Actor("ada", Role.ADMIN)


def skus(*names: str) -> tuple[Sku, ...]:
    return tuple(Sku(name) for name in names)


async def ask(
    engine: AsyncEngine, question: Question, actor: Actor | None = None
) -> list[Availability]:
    async with engine.connect() as connection:
        return await availability(connection, question, seen_by=actor)


async def hat(engine: AsyncEngine, actor: Actor | None = None) -> tuple[int, dict[LocationId, int]]:
    """What the whole channel can promise of HAT, in total and by location."""
    (answer,) = await ask(engine, Question(skus("HAT"), WEB), actor)
    return answer.available, {each.location_id: each.available for each in answer.promises}


async def change(engine: AsyncEngine, statement: sa.Update | sa.Delete) -> None:
    async with engine.begin() as connection:
        await connection.execute(statement)


async def reserved(engine: AsyncEngine, quantity: int, ttl: timedelta) -> None:
    wanted = [Demand(Sku("HAT"), place("ROME"), quantity)]
    await database_of(engine).run(
        lambda tx: reserve(tx, wanted, owner="cart:1", ttl=ttl), actor_key="TEST"
    )


async def test_all_locations_of_the_channel_add_up_most_first(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT", code="ROME")
    await stock_up(world, 5, "HAT", code="MILAN")

    answer = await ask(world, Question(skus("HAT", "NONE", "SCARF", "HAT"), WEB))

    assert answer == [
        Availability(
            Sku("HAT"), 8, (Promise(place("MILAN"), 5, None), Promise(place("ROME"), 3, None))
        ),
        Availability(Sku("NONE"), 0, ()),
        Availability(Sku("SCARF"), 0, ()),
    ]


async def test_a_location_below_its_safety_stock_hides_nothing_of_another(
    world: AsyncEngine,
) -> None:
    await stock_up(world, 3, "HAT", code="ROME")
    await stock_up(world, 5, "HAT", code="MILAN")
    here = stock_level.c.location_id == place("ROME")
    await change(world, sa.update(stock_level).where(here).values(safety=100))

    assert await hat(world) == (5, {place("MILAN"): 5})


async def test_another_channel_s_locations_do_not_count(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT", code="ROME")
    await stock_up(world, 5, "HAT", code="MILAN")
    away = channel_location.c.location_id == place("MILAN")
    await change(world, sa.delete(channel_location).where(away))

    assert await hat(world) == (3, {place("ROME"): 3})
    (other,) = await ask(world, Question(skus("HAT"), ChannelCode("POS")))
    assert (other.available, other.promises) == (0, ())


async def test_a_closed_location_promises_nothing(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT", code="ROME")
    await change(world, sa.update(location).values(active=False))

    assert await hat(world) == (0, {})


async def test_reserved_units_are_not_available_until_they_expire(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT")
    await reserved(world, 2, timedelta(hours=1))

    assert (await hat(world))[0] == 1


async def test_expired_units_are_available_before_anybody_reaps_them(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT")
    await reserved(world, 2, timedelta(0))

    assert (await hat(world))[0] == 3
    async with world.connect() as connection:
        (candidate,) = await candidates(connection, skus("HAT"), WEB)
    assert candidate.available == 3


async def test_kits_are_whole_at_each_location(world: AsyncEngine) -> None:
    await stock_up(world, 4, "HAT", code="ROME")
    await stock_up(world, 5, "SCARF", code="ROME")
    await stock_up(world, 9, "HAT", code="MILAN")
    await stock_up(world, 1, "SCARF", code="MILAN")

    (kit,) = await ask(world, Question(skus("SET"), WEB))

    assert (kit.available, kit.promises) == (2, (Promise(place("ROME"), 2, None),))


async def test_a_kit_with_a_component_that_was_never_there_is_not_available(
    world: AsyncEngine,
) -> None:
    await stock_up(world, 4, "HAT", code="ROME")

    (kit,) = await ask(world, Question(skus("SET"), WEB))

    assert (kit.available, kit.promises) == (0, ())


async def test_only_the_named_locations_count(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT", code="ROME")
    await stock_up(world, 5, "HAT", code="MILAN")

    (answer,) = await ask(world, Question(skus("HAT"), WEB, location_ids=(place("ROME"),)))

    assert (answer.available, answer.promises) == (3, (Promise(place("ROME"), 3, None),))


async def test_the_nearest_locations_come_first_with_their_distance(world: AsyncEngine) -> None:
    await stock_up(world, 3, "HAT", code="ROME")
    await stock_up(world, 5, "HAT", code="MILAN")  # One degree of latitude north of ROME.
    center = Coordinates(41.9, 12.5)

    (both,) = await ask(world, Question(skus("HAT"), WEB, near=Nearest(center, 200, 5)))
    (close,) = await ask(world, Question(skus("HAT"), WEB, near=Nearest(center, 50, 5)))
    (first,) = await ask(world, Question(skus("HAT"), WEB, near=Nearest(center, 200, 1)))

    assert both.available == 8
    assert [each.location_id for each in both.promises] == [place("ROME"), place("MILAN")]
    assert both.promises[0].distance_km == pytest.approx(0)
    assert both.promises[1].distance_km == pytest.approx(111.195, abs=0.01)
    assert (close.available, first.available) == (3, 3)


async def test_a_supplier_counts_for_the_channel_but_only_staff_see_it(
    world: AsyncEngine,
) -> None:
    await stock_up(world, 3, "HAT", code="ROME")
    await stock_up(world, 5, "HAT", code="MILAN")
    supplier = location.c.id == place("MILAN")
    await change(world, sa.update(location).where(supplier).values(kind="SUPPLIER"))

    assert await hat(world) == (8, {place("ROME"): 3})
    assert await hat(world, ADMIN) == (8, {place("ROME"): 3, place("MILAN"): 5})
    named = Question(skus("HAT"), WEB, location_ids=(place("MILAN"),))
    assert [answer.available for answer in await ask(world, named)] == [0]


CENTER = Coordinates(41.9, 12.5)
BAD = [
    Question((), WEB),
    Question(tuple(Sku(str(n)) for n in range(101)), WEB),
    Question(skus("HAT"), WEB, location_ids=()),
    Question(skus("HAT"), WEB, location_ids=(place("ROME"),), near=Nearest(CENTER, 1, 1)),
    Question(skus("HAT"), WEB, near=Nearest(CENTER, 0, 1)),
    Question(skus("HAT"), WEB, near=Nearest(CENTER, 10, 0)),
    Question(skus("HAT"), WEB, near=Nearest(Coordinates(91, 0), 10, 1)),
]


@pytest.mark.parametrize("question", BAD)
async def test_a_question_out_of_range_is_refused(world: AsyncEngine, question: Question) -> None:
    with pytest.raises(ValidationFailed):
        await ask(world, question)


async def test_candidates_are_active_locations_of_the_channel_with_their_facts(
    world: AsyncEngine,
) -> None:
    await stock_up(world, 3, "HAT", "SCARF", code="ROME")
    await stock_up(world, 5, "HAT", code="MILAN")
    first = location.c.id == place("MILAN")
    await change(world, sa.update(location).where(first).values(priority=1, can_pickup=False))

    async with world.connect() as connection:
        found = await candidates(connection, skus("SCARF", "HAT", "NONE"), WEB)

    assert [(each.sku, each.code, each.available) for each in found] == [
        ("HAT", "MILAN", 5), ("HAT", "ROME", 3), ("SCARF", "ROME", 3),
    ]  # fmt: skip
    milan = found[0]
    assert (milan.location_id, milan.kind, milan.country) == (place("MILAN"), "STORE", "IT")
    assert (milan.latitude, milan.longitude, milan.priority) == (42.9, 12.5, 1)
    assert (milan.can_ship, milan.can_pickup, milan.time_zone) == (True, False, "Europe/Rome")
    assert (milan.cut_off, milan.daily_capacity, milan.opening_hours) == (None, None, [])
    assert milan.trust == 1
