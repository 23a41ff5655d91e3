"""The order engine on a real PostgreSQL: who gets the last units, and what one bad order does."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.common.errors import Forbidden, IdempotencyConflict
from domain.common.ids import Sku
from domain.common.tables import idempotency_key
from domain.common.transaction import Tx
from domain.customers.model import GivenCustomer
from domain.customers.tables import customer, customer_reference
from domain.orders.batching import accepting
from domain.orders.batching.engine import OrderEngine
from domain.orders.checkout import place_order
from domain.orders.commands import Delivery, PlaceOrder
from domain.orders.errors import DuplicateExternalReference
from domain.orders.repository import orders_by_id
from domain.orders.results import Placed
from domain.orders.singly import accept_singly
from domain.orders.states import DeliveryMode
from domain.orders.tables import sales_order
from domain.stock.errors import InsufficientStock
from domain.stock.locking import lock_levels
from domain.stock.model import Demand
from domain.stock.tables import stock_movement
from tests.support import stock
from tests.support.engines import PAID, audit, engine_of, kinds, place_all, wishes
from tests.support.locks import until_somebody_waits
from tests.support.shop import ROME_TILL, Shop, open_shop, order
from tests.support.statements import counted_statements

UNITS = 20


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": UNITS}, "SCARF": {"ROME": 500, "MILAN": 500}})


@pytest.fixture
async def engine_a(shop: Shop) -> AsyncGenerator[OrderEngine]:
    async with engine_of(shop) as opened:
        yield opened


@pytest.fixture
async def engine_b(shop: Shop) -> AsyncGenerator[OrderEngine]:
    async with engine_of(shop) as opened:
        yield opened


async def until_locked(engine: AsyncEngine) -> None:
    """Returns once a transaction has locked a level."""
    probe = sa.text("select 1 from stock_level where sku = 'HAT' for update nowait")
    async with asyncio.timeout(10):
        while True:
            async with engine.connect() as connection:
                try:
                    await connection.execute(probe)
                except DBAPIError:
                    return


async def test_the_first_get_the_units_and_the_others_are_refused(
    shop: Shop, engine_a: OrderEngine
) -> None:
    answers = await place_all(shop, wishes(60), engine_a)
    assert [isinstance(answer, Placed) for answer in answers] == [True] * UNITS + [False] * 40
    assert kinds(answers[UNITS:]) == {"InsufficientStock": 40}
    await audit(shop, orders=UNITS)
    assert engine_a.acceptances.counts.batches == 1


async def test_a_smaller_order_may_still_fit_where_a_larger_one_did_not(
    shop: Shop, engine_a: OrderEngine
) -> None:
    wanted = [order(f"o-{n}", lines={"HAT": n}, payment=PAID) for n in (15, 6, 5, 1)]
    answers = await place_all(shop, wanted, engine_a)
    assert [isinstance(answer, Placed) for answer in answers] == [True, False, True, False]
    short = answers[1]
    assert isinstance(short, InsufficientStock)
    assert (short.sku, short.requested, short.available) == ("HAT", 6, 5)
    await audit(shop, orders=2, sold=20)


async def test_two_engines_on_one_database_sell_exactly_what_is_there(
    shop: Shop, engine_a: OrderEngine, engine_b: OrderEngine
) -> None:
    halves = await asyncio.gather(
        place_all(shop, wishes(80, name="a"), engine_a),
        place_all(shop, wishes(80, name="b"), engine_b),
        place_all(shop, wishes(10, name="single"), None),
    )
    answers = [answer for half in halves for answer in half]
    assert kinds(answers) == {"Placed": UNITS, "InsufficientStock": 150}
    await audit(shop, orders=UNITS)


async def test_engines_that_take_crosswise_do_not_stop_each_other(
    shop: Shop, engine_a: OrderEngine, engine_b: OrderEngine
) -> None:
    there = [order(f"a{n}", lines={"HAT": 1, "SCARF": 1}, payment=PAID) for n in range(30)]
    back = [order(f"b{n}", lines={"SCARF": 1, "HAT": 1}, payment=PAID) for n in range(30)]
    halves = await asyncio.gather(
        *[place_all(shop, there[n::3], engine_a) for n in range(3)],
        *[place_all(shop, back[n::3], engine_b) for n in range(3)],
    )
    answers = [answer for half in halves for answer in half]
    assert kinds(answers) == {"Placed": UNITS, "InsufficientStock": 40}
    await audit(shop, orders=UNITS)


async def test_an_order_that_cannot_be_stored_fails_alone(
    shop: Shop, engine_a: OrderEngine
) -> None:
    wanted = wishes(11)
    address = wanted[5].delivery.address
    assert address is not None
    poisoned = replace(address, recipient="Ada\x00")
    wanted[5] = replace(wanted[5], delivery=Delivery(DeliveryMode.SHIP, address=poisoned))
    answers = await place_all(shop, wanted, engine_a)
    assert kinds(answers[:5] + answers[6:]) == {"Placed": 10}
    assert isinstance(answers[5], DBAPIError)
    assert engine_a.acceptances.counts.failed > 1  # by halves
    keys = await shop.rows(sa.select(idempotency_key.c.key))
    assert sorted(key for (key,) in keys) == sorted(f"o-{n}" for n in range(11) if n != 5)
    await audit(shop, orders=10)


async def test_a_request_that_was_cancelled_is_decided_and_stands_under_its_key(
    shop: Shop, engine_a: OrderEngine
) -> None:
    wanted = wishes(4)
    till = replace(shop.till(), engine=engine_a)
    asked = [asyncio.create_task(place_order(till, each)) for each in wanted]
    await asyncio.sleep(0)  # all of them are in the queue
    asked[1].cancel()
    await asyncio.wait(asked)
    assert asked[1].cancelled()
    await engine_a.drained()
    begun = sa.select(idempotency_key.c.subject_id).where(idempotency_key.c.key == "o-1")
    subject = await shop.scalar(begun)
    assert subject is not None
    repeated = await place_order(till, wanted[1])
    assert repeated.order_id == subject
    await audit(shop, orders=4)


async def test_one_key_in_one_batch_is_one_order(shop: Shop, engine_a: OrderEngine) -> None:
    wanted = [wishes(1)[0]] * 5 + wishes(3, name="other")
    answers = await place_all(shop, wanted, engine_a)
    placed = [answer for answer in answers if isinstance(answer, Placed)]
    assert len(placed) == 8
    assert len({each.order_id for each in placed}) == 4
    await audit(shop, orders=4)


async def test_one_key_with_two_inputs_in_one_batch_is_a_conflict(
    shop: Shop, engine_a: OrderEngine
) -> None:
    same = order("o-0", lines={"HAT": 2}, payment=PAID)
    answers = await place_all(shop, [*wishes(3), same], engine_a)
    assert kinds(answers[:3]) == {"Placed": 3}
    assert isinstance(answers[3], IdempotencyConflict)
    await audit(shop, orders=3)


async def test_a_key_of_a_refused_order_is_free_again(shop: Shop, engine_a: OrderEngine) -> None:
    first = await place_all(shop, [order("k", lines={"HAT": 99}), *wishes(2)], engine_a)
    assert isinstance(first[0], InsufficientStock)
    again = await place_all(shop, [order("k", lines={"HAT": 1}), *wishes(2)], engine_a)
    assert kinds(again) == {"Placed": 3}
    assert again[1:] == first[1:]  # and those of placed orders are not
    await audit(shop, orders=3)


async def test_the_same_keys_at_two_engines_at_once_are_one_order_each(
    shop: Shop, engine_a: OrderEngine, engine_b: OrderEngine
) -> None:
    new = [
        replace(each, customer=GivenCustomer(email=f"new{n % 3}@example.com"))
        for n, each in enumerate(wishes(12))
    ]
    halves = await asyncio.gather(
        place_all(shop, new, engine_a), place_all(shop, new[::-1], engine_b)
    )
    assert kinds([*halves[0], *halves[1]]) == {"Placed": 24}
    assert halves[0] == halves[1][::-1]
    assert await shop.scalar(sa.select(sa.func.count()).select_from(customer)) == 3
    await audit(shop, orders=12)


async def test_one_external_reference_at_two_engines_at_once_is_one_order(
    shop: Shop, engine_a: OrderEngine, engine_b: OrderEngine
) -> None:
    def named(name: str) -> list[PlaceOrder]:
        return [
            replace(each, external_reference=f"E-{n}")
            for n, each in enumerate(wishes(6, name=name))
        ]

    halves = await asyncio.gather(
        place_all(shop, named("a"), engine_a), place_all(shop, named("b"), engine_b)
    )
    for pair in zip(*halves, strict=True):
        assert kinds(pair) == {"Placed": 1, DuplicateExternalReference.__name__: 1}
    await audit(shop, orders=6)


async def test_a_level_that_somebody_keeps_locked_holds_only_those_who_need_it(
    shop: Shop, engine: AsyncEngine
) -> None:
    await place_all(shop, wishes(1, name="known"), None)  # so that the customer is stored
    released = asyncio.Event()

    async def keep(tx: Tx) -> None:
        await lock_levels(tx, [Demand(Sku("HAT"), stock.place("ROME"), 1)])
        await released.wait()

    keeper = asyncio.create_task(shop.database.run(keep, actor_key="TEST"))
    await until_locked(engine)
    async with engine_of(shop, lock_timeout="200ms") as orders:
        waiting = asyncio.create_task(place_all(shop, wishes(2), orders))
        await asyncio.sleep(0)
        async with asyncio.timeout(4):
            answers = await place_all(shop, wishes(4, sku="SCARF", name="s"), orders)
        assert kinds(answers) == {"Placed": 4}
        assert not waiting.done()
        released.set()
        assert kinds(await waiting) == {"Placed": 2}
    await keeper
    assert await shop.broken_rules() == []


async def test_stock_that_moves_while_a_batch_waits_is_planned_again(
    shop: Shop, engine: AsyncEngine, engine_a: OrderEngine
) -> None:
    """Rome is empty when the lock is granted; Milan, which nobody locked, serves the rest."""
    await stock.stock_up(engine, 40, "HAT", code="MILAN")
    taken = asyncio.Event()

    async def empty_rome(tx: Tx) -> None:
        demands = [Demand(Sku("HAT"), stock.place("ROME"), UNITS)]
        await lock_levels(tx, demands)
        await taken.wait()
        await tx.connection.execute(
            sa.text(
                "update stock_level set safety = on_hand where sku = 'HAT' and location_id = :p"
            ),
            {"p": stock.place("ROME")},
        )

    thief = asyncio.create_task(shop.database.run(empty_rome, actor_key="TEST"))
    await until_locked(engine)
    asked = asyncio.create_task(place_all(shop, wishes(10), engine_a))
    await until_somebody_waits(engine)
    taken.set()
    assert kinds(await asked) == {"Placed": 10}
    await thief
    assert engine_a.acceptances.counts.again == 10
    assert (await stock.level_at(engine, "HAT", "MILAN")).allocated == 10
    assert await shop.broken_rules() == []


async def test_a_known_customer_with_a_new_reference_is_decided_singly(
    shop: Shop, engine_a: OrderEngine
) -> None:
    named = replace(
        wishes(1)[0],
        customer=GivenCustomer(email="ada@example.com", source="WEB", reference="r-9"),
    )
    await place_all(shop, wishes(2, name="before"), engine_a)
    answers = await place_all(shop, [*wishes(3, name="x"), named], engine_a)
    assert kinds(answers) == {"Placed": 4}
    assert await shop.scalar(sa.select(customer_reference.c.reference)) == "r-9"
    await audit(shop, orders=6)


async def test_who_may_not_order_changes_nothing_and_holds_nobody(
    shop: Shop, engine_a: OrderEngine
) -> None:
    stranger = replace(ROME_TILL, subject="other")
    answers = await place_all(shop, [*wishes(3), (stranger, wishes(1, name="no")[0])], engine_a)
    assert kinds(answers[:3]) == {"Placed": 3}
    assert isinstance(answers[3], Forbidden)
    assert await shop.rows(sa.select(idempotency_key).where(idempotency_key.c.key == "no-0")) == []
    await audit(shop, orders=3)


async def test_an_order_that_is_alone_is_a_batch(shop: Shop, engine_a: OrderEngine) -> None:
    assert kinds(await place_all(shop, wishes(1), engine_a)) == {"Placed": 1}
    counts = engine_a.acceptances.counts, engine_a.settlements.counts
    assert [(each.single, each.batches) for each in counts] == [(0, 1), (0, 1)]


async def test_a_large_batch_has_as_few_statements_as_a_small_one(
    shop: Shop, engine: AsyncEngine
) -> None:
    orders = OrderEngine.over(shop.database, shop.database)
    seen: list[int] = []
    for size in (5, 100):
        wanted = wishes(size, sku="SCARF", name=f"s{size}")
        with counted_statements(engine) as statements:
            await place_all(shop, wanted, orders)
        seen.append(len(statements))
    assert seen == [10, 10], statements


async def test_the_ledger_names_each_order(shop: Shop, engine_a: OrderEngine) -> None:
    await place_all(shop, wishes(5), engine_a)
    c = stock_movement.c
    rows = await shop.rows(sa.select(c.reference, c.quantity).where(c.reason == "RESERVED"))
    owners = {f"order:{key}" for (key,) in await shop.rows(sa.select(sales_order.c.id))}
    assert {row.reference for row in rows} == owners
    assert all(row.quantity == 1 for row in rows)


async def test_a_known_key_with_another_input_is_a_conflict(
    shop: Shop, engine_a: OrderEngine
) -> None:
    await place_all(shop, wishes(3), engine_a)
    other = [order(f"o-{n}", lines={"HAT": 2}, payment=PAID) for n in range(2)]
    answers = await place_all(shop, [*other, *wishes(2, name="new")], engine_a)
    assert kinds(answers) == {IdempotencyConflict.__name__: 2, "Placed": 2}
    await audit(shop, orders=5)


async def test_a_twin_that_begins_while_known_keys_are_looked_up_is_found(
    shop: Shop, engine_a: OrderEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, fresh = wishes(2)
    till = shop.till()

    async def accept_elsewhere(wish: PlaceOrder) -> None:
        await accept_singly(shop.database, till.actor, wish, shop.terms, "")

    async def meanwhile(connection: AsyncConnection, ids: Collection[UUID]) -> Any:
        if await shop.scalar(sa.select(sa.func.count()).select_from(idempotency_key)) == 1:
            await accept_elsewhere(fresh)
        return await orders_by_id(connection, ids)

    await accept_elsewhere(begun)
    monkeypatch.setattr(accepting, "orders_by_id", meanwhile)
    assert kinds(await place_all(shop, [begun, fresh], engine_a)) == {"Placed": 2}
    assert engine_a.acceptances.counts.failed == 0
    await audit(shop, orders=2)
