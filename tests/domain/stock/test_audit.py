from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import Sku
from domain.stock.allocation import reserve
from domain.stock.audit import Violation, violations
from domain.stock.model import Demand
from tests.support.stock import database_of, place, stock_up


async def found_after(engine: AsyncEngine, *changes: str) -> Sequence[Violation]:
    """What the audit finds after somebody tampered with the books of a sound level."""
    await stock_up(engine, 5, "HAT")
    await stock_up(engine, 5, "SCARF")
    wanted = [Demand(Sku("HAT"), place("ROME"), 2)]
    await database_of(engine).run(
        lambda tx: reserve(tx, wanted, owner="cart:1", ttl=timedelta(hours=1)), actor_key="TEST"
    )
    async with engine.begin() as connection:
        assert await violations(connection) == []
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for change in changes:
            await connection.execute(sa.text(change))
    async with engine.connect() as connection:
        return await violations(connection)


def kinds(found: Sequence[Violation]) -> list[tuple[str, str, str]]:
    return [(violation.kind, violation.sku, violation.detail) for violation in found]


async def test_a_level_that_the_ledger_does_not_explain(world: AsyncEngine) -> None:
    found = await found_after(world, "UPDATE stock_level SET on_hand = 6 WHERE sku = 'HAT'")

    assert kinds(found) == [
        ("LEDGER", "HAT", "EXTERNAL: ledger -5, level -6"),
        ("LEDGER", "HAT", "FREE: ledger 3, level 4"),
    ]
    assert {violation.location_id for violation in found} == {place("ROME")}


async def test_a_movement_of_a_level_that_is_gone(world: AsyncEngine) -> None:
    found = await found_after(world, "DELETE FROM stock_level WHERE sku = 'SCARF'")

    assert kinds(found) == [
        ("LEDGER", "SCARF", "EXTERNAL: ledger -5, level 0"),
        ("LEDGER", "SCARF", "FREE: ledger 5, level 0"),
    ]


async def test_an_active_reservation_that_the_level_does_not_hold(world: AsyncEngine) -> None:
    found = await found_after(world, "UPDATE reservation SET quantity = 3")

    assert kinds(found) == [("RESERVATIONS", "HAT", "active 3, reserved 2")]


async def test_reserved_units_that_nobody_reserved(world: AsyncEngine) -> None:
    found = await found_after(world, "UPDATE reservation SET state = 'EXPIRED'")

    assert kinds(found) == [("RESERVATIONS", "HAT", "active 0, reserved 2")]


async def test_a_change_without_an_event(world: AsyncEngine) -> None:
    found = await found_after(world, "UPDATE stock_level SET version = 3 WHERE sku = 'HAT'")

    assert kinds(found) == [("EVENTS", "HAT", "version 3, events 2 of versions 1 to 2")]


@pytest.mark.parametrize(
    ("lost", "detail"),
    [
        ("true", "version 2, events 0 of versions 0 to 0"),
        ("pos = (SELECT min(pos) FROM outbox)", "version 2, events 1 of versions 2 to 2"),
        ("pos = (SELECT max(pos) FROM outbox)", "version 2, events 1 of versions 1 to 1"),
    ],
)
async def test_a_lost_event(world: AsyncEngine, lost: str, detail: str) -> None:
    found = await found_after(world, f"DELETE FROM outbox WHERE {lost}")

    assert ("EVENTS", "HAT", detail) in kinds(found)


async def test_an_event_that_was_published_twice(world: AsyncEngine) -> None:
    again = "INSERT INTO outbox (events) SELECT events FROM outbox ORDER BY pos LIMIT 1"

    assert kinds(await found_after(world, again)) == [
        ("EVENTS", "HAT", "version 2, events 3 of versions 1 to 2")
    ]


async def test_events_may_have_moved_on_to_the_log_and_be_trimmed_there(
    world: AsyncEngine,
) -> None:
    found = await found_after(
        world,
        "DELETE FROM outbox WHERE pos < (SELECT max(pos) FROM outbox)",
        "UPDATE sequencer_state SET oldest_seq = 3, last_seq = 2",
    )

    assert kinds(found) == []


async def test_a_gap_in_the_middle_is_found_in_a_trimmed_log_too(world: AsyncEngine) -> None:
    found = await found_after(
        world,
        "DELETE FROM outbox WHERE pos = (SELECT max(pos) FROM outbox)",
        "UPDATE sequencer_state SET oldest_seq = 3, last_seq = 2",
    )

    assert kinds(found) == [("EVENTS", "HAT", "version 2, events 1 of versions 1 to 1")]
