"""Operations between `subscribe` and their first payload: admitted, refused, or given up."""

import contextlib
from collections.abc import AsyncGenerator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor, Role
from domain.orders.checkout import place_order
from domain.orders.model import Order
from tests.support.api import Api
from tests.support.locks import until_somebody_waits
from tests.support.packed_order import loaded
from tests.support.shared_live import (
    counts,
    goods_came,
    is_silent,
    payload_of,
    seating,
    token_of,
    until_nobody_is_left,
)
from tests.support.shop import ROME, ROME_TILL, Shop, order
from tests.support.stage import gid
from tests.support.waiting import until

STOCK = """subscription($places: [ID!]!) { stockChanged(locationIds: $places) {
  kind levels { sku version } } }"""
ORDER = "subscription($id: ID!) { orderChanged(orderId: $id) { kind changes { number } } }"
IN_ROME = {"places": [gid("Location", ROME)]}
OTHER_TILL = Actor("till-9", Role.POS, location_ids=frozenset({ROME}))


@contextlib.asynccontextmanager
async def locked(engine: AsyncEngine, table: str) -> AsyncGenerator[None]:
    """Inside, nobody can read the table."""
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield
        await connection.rollback()


async def sold_by(shop: Shop, actor: Actor) -> Order:
    """An order that the actor placed for goods in Milan."""
    done = await place_order(shop.till(actor), order(channel="POS", near="MILAN"))
    return await loaded(shop, done.order_id)


async def test_an_operation_completed_while_its_rights_are_read_never_starts(
    api: Api, engine: AsyncEngine, shop: Shop
) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        async with locked(engine, "location"):
            await socket.subscribe(STOCK, IN_ROME)
            await until_somebody_waits(engine)
            await socket.send({"type": "complete", "id": "1"})
            assert await is_silent(socket)
        await goods_came(shop)
        assert await is_silent(socket)
        assert counts(api) == (0, 0)
        await socket.subscribe(STOCK, IN_ROME)
        assert (await payload_of(socket))["kind"] == "SNAPSHOT"


async def test_an_operation_completed_while_its_snapshot_is_read_gets_none(
    api: Api, engine: AsyncEngine, shop: Shop
) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        async with locked(engine, "stock_level"):
            await socket.subscribe(STOCK, IN_ROME)
            await until_somebody_waits(engine)
            assert counts(api) == (1, 1)
            await socket.send({"type": "complete", "id": "1"})
            await until_nobody_is_left(api)
        await goods_came(shop)
        assert await is_silent(socket)
        await socket.subscribe(STOCK, IN_ROME)
        assert (await payload_of(socket))["kind"] == "SNAPSHOT"


async def test_an_id_is_free_again_while_the_first_operation_of_that_id_still_ends(
    api: Api, engine: AsyncEngine
) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        async with locked(engine, "location"):
            for _ in range(3):
                await socket.subscribe(STOCK, IN_ROME)
                await until_somebody_waits(engine)
                await socket.send({"type": "complete", "id": "1"})
            await socket.subscribe(STOCK, IN_ROME)
        assert (await payload_of(socket))["kind"] == "SNAPSHOT"
        assert await is_silent(socket)
        assert counts(api) == (1, 1)


async def test_an_operation_that_starts_counts_against_the_limit_and_its_id_is_taken(
    api: Api, engine: AsyncEngine
) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket, locked(engine, "location"):
        for name in "abc":
            await socket.subscribe(STOCK, IN_ROME, name=name)
        await socket.subscribe(STOCK, IN_ROME, name="d")
        answer = await socket.receive()
        assert (answer["type"], answer["id"]) == ("error", "d")
        await socket.send({"type": "complete", "id": "c"})
        await socket.subscribe(STOCK, IN_ROME, name="a")
        assert await socket.close_code() == 4409
    await until_nobody_is_left(api)


async def test_a_client_that_leaves_while_it_starts_leaves_nothing(
    api: Api, engine: AsyncEngine
) -> None:
    for table in ("location", "stock_level"):
        async with locked(engine, table):
            async with api.socket(token_of(api, ROME_TILL)) as socket:
                await socket.subscribe(STOCK, IN_ROME)
                await until_somebody_waits(engine)
                socket.connection.transport.abort()
            await until(lambda: not api.server.server_state.connections)
        await until_nobody_is_left(api)


async def test_clients_that_start_at_once_share_reads_and_a_cohort(
    api: Api, engine: AsyncEngine, shop: Shop
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(api.socket(token_of(api, ROME_TILL))) for _ in range(12)
        ]
        async with locked(engine, "location"):
            for name, socket in enumerate(sockets):
                await socket.subscribe(STOCK, IN_ROME, name=str(name))
            await until_somebody_waits(engine)
        for name, socket in enumerate(sockets):
            assert (await payload_of(socket, str(name)))["kind"] == "SNAPSHOT"
        await until(lambda: seating(api) == [{str(name) for name in range(12)}])
        await goods_came(shop)
        for name, socket in enumerate(sockets):
            assert (await payload_of(socket, str(name)))["kind"] == "CHANGES"


async def test_a_right_of_one_till_alone_is_not_shared_with_another_that_asks_meanwhile(
    api: Api, engine: AsyncEngine, shop: Shop
) -> None:
    sold = await sold_by(shop, ROME_TILL)
    variables = {"id": gid("Order", sold.id)}
    async with (
        api.socket(token_of(api, ROME_TILL)) as seller,
        api.socket(token_of(api, OTHER_TILL)) as other,
    ):
        async with locked(engine, "sales_order"):
            await seller.subscribe(ORDER, variables, name="seller")
            await until_somebody_waits(engine)
            await other.subscribe(ORDER, variables, name="other")
            assert await is_silent(other)
        assert (await payload_of(seller, "seller"))["changes"] == [{"number": sold.number}]
        answer = await other.receive()
        assert answer["type"] == "error", answer
        assert answer["payload"][0]["extensions"]["code"] == "NOT_FOUND"
        assert counts(api) == (1, 1)


async def test_a_failure_while_the_snapshot_is_read_ends_the_operation_masked(
    api: Api, engine: AsyncEngine
) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        async with engine.begin() as connection:
            await connection.execute(sa.text("ALTER TABLE stock_level RENAME TO away"))
        try:
            await socket.subscribe(STOCK, IN_ROME)
            answer = await socket.receive()
        finally:
            async with engine.begin() as connection:
                await connection.execute(sa.text("ALTER TABLE away RENAME TO stock_level"))
        assert answer["payload"]["data"] is None
        (error,) = answer["payload"]["errors"]
        assert error["extensions"]["code"] == "INTERNAL"
        assert "away" not in str(error)
        assert "stock_level" not in str(error)
        assert await socket.receive() == {"id": "1", "type": "complete"}
        await until_nobody_is_left(api)
        await socket.subscribe(STOCK, IN_ROME)
        assert (await payload_of(socket))["kind"] == "SNAPSHOT"
