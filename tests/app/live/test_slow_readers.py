"""Clients that stop reading: what they get when they read again, and that nobody waits for them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

import jwt
from websockets.exceptions import ConnectionClosed

from domain.identity.model import Role
from tests.support.api import Api, LiveSocket
from tests.support.packed_order import placed
from tests.support.road import counted
from tests.support.shared_live import (
    NarrowSocket,
    counts,
    goods_came,
    hold_changed,
    is_silent,
    live_metrics,
    narrow_socket,
    payload_of,
    seating,
    token_of,
    until_nobody_is_left,
)
from tests.support.shop import ADMIN, ROME, ROME_TILL, Shop
from tests.support.stage import gid
from tests.support.waiting import until

COPIES = 25
FAT_STOCK = f"""subscription($places: [ID!]!, $skus: [String!]) {{
  stockChanged(locationIds: $places, skus: $skus) {{ kind levels {{ ...L }}
    {" ".join(f"a{n}: levels {{ ...L }}" for n in range(COPIES))} }} }}
fragment L on StockLevel {{ id sku locationId onHand allocated reserved available version
  updatedAt }}"""
FAT_ORDER = f"""subscription($id: ID!) {{ orderChanged(orderId: $id) {{ kind changes {{ ...O }}
    {" ".join(f"a{n}: changes {{ ...O }}" for n in range(COPIES))} }} }}
fragment O on OrderState {{ orderId number version action channel status holds placedAt
  updatedAt }}"""
HATS = {"places": [gid("Location", ROME)], "skus": ["HAT"]}
REVOKE = """mutation($input: RevokeSessionInput!) { revokeSession(input: $input) {
  __typename } }"""


def versions(payload: Mapping[str, Any]) -> list[int]:
    return [each["version"] for each in payload.get("levels") or payload["changes"]]


async def watch(socket: LiveSocket, name: str, document: str, variables: Mapping[str, Any]) -> int:
    """The version in the snapshot."""
    await socket.subscribe(document, variables, name=name)
    (version,) = versions(await payload_of(socket, name))
    return version


async def changed_until_full(
    slow: NarrowSocket, change: Callable[[int], Awaitable[None]], more: int
) -> int:
    """How many changes were made: until the server held back, and so many more."""
    slow.stop_reading()
    made = 0
    while not slow.is_full:
        await change(made)
        made += 1
        assert made < 500
    for _ in range(more):
        await change(made)
        made += 1
    return made


async def test_a_slow_reader_of_stock_gets_the_newest_and_others_get_all(
    api: Api, shop: Shop
) -> None:
    token = token_of(api, ROME_TILL)
    async with api.socket(token) as fast, narrow_socket(api, token) as slow:
        start = await watch(fast, "fast", FAT_STOCK, HATS)
        assert await watch(slow.client, "slow", FAT_STOCK, HATS) == start
        made = await changed_until_full(slow, lambda _: goods_came(shop), 20)
        told = [versions(await payload_of(fast, "fast")) for _ in range(made)]
        assert told == [[start + n] for n in range(1, made + 1)]
        assert slow.is_full
        assert seating(api) == [{"fast"}]

        slow.read_again()
        seen: list[int] = []
        while not seen or seen[-1] < start + made:
            seen += versions(await payload_of(slow.client, "slow"))
        assert seen == sorted(set(seen))
        assert len(seen) < made
        assert counted(live_metrics(api).coalesced)() == made - len(seen)
        assert counted(live_metrics(api).lagging)() == 1

        await until(lambda: seating(api) == [{"fast", "slow"}])
        await goods_came(shop)
        for socket, name in ((fast, "fast"), (slow.client, "slow")):
            assert versions(await payload_of(socket, name)) == [start + made + 1]
            assert await is_silent(socket)
    await until_nobody_is_left(api)


async def test_a_slow_reader_of_an_order_gets_every_version(api: Api, shop: Shop) -> None:
    sold = await placed(shop, {"HAT": 1})
    variables = {"id": gid("Order", sold.id)}
    token = token_of(api, ADMIN)

    async def change(number: int) -> None:
        await hold_changed(shop, sold.id, on=number % 2 == 0)

    async with api.socket(token) as fast, narrow_socket(api, token) as slow:
        start = await watch(fast, "fast", FAT_ORDER, variables)
        assert await watch(slow.client, "slow", FAT_ORDER, variables) == start
        made = await changed_until_full(slow, change, 20)
        expected = [[start + n] for n in range(1, made + 1)]
        assert [versions(await payload_of(fast, "fast")) for _ in range(made)] == expected

        slow.read_again()
        assert [versions(await payload_of(slow.client, "slow")) for _ in range(made)] == expected
        await until(lambda: seating(api) == [{"fast", "slow"}])
        await change(made)
        for socket, name in ((fast, "fast"), (slow.client, "slow")):
            assert versions(await payload_of(socket, name)) == [start + made + 1]
            assert await is_silent(socket)


async def test_a_slow_reader_is_slow_in_all_its_operations_and_gets_each_whole(
    api: Api, shop: Shop
) -> None:
    async with narrow_socket(api, token_of(api, ROME_TILL)) as slow:
        start = await watch(slow.client, "a", FAT_STOCK, HATS)
        assert await watch(slow.client, "b", FAT_STOCK, HATS) == start
        made = await changed_until_full(slow, lambda _: goods_came(shop), 5)
        slow.read_again()
        seen: dict[str, list[int]] = {"a": [], "b": []}
        while any(not each or each[-1] < start + made for each in seen.values()):
            message = await slow.client.receive()
            seen[message["id"]] += versions(message["payload"]["data"]["stockChanged"])
        for told in seen.values():
            assert told == sorted(set(told))
        await until(lambda: seating(api) == [{"a", "b"}])


async def test_an_operation_completed_while_its_client_does_not_read_is_over(
    api: Api, shop: Shop
) -> None:
    async with narrow_socket(api, token_of(api, ROME_TILL)) as slow:
        start = await watch(slow.client, "1", FAT_STOCK, HATS)
        made = await changed_until_full(slow, lambda _: goods_came(shop), 5)
        await slow.client.send({"type": "complete", "id": "1"})
        await until_nobody_is_left(api)
        for _ in range(5):
            await goods_came(shop)
        await slow.client.send({"type": "ping"})
        slow.read_again()
        seen: list[int] = []
        while (message := await slow.client.receive()) != {"type": "pong"}:
            seen += versions(message["payload"]["data"]["stockChanged"])
        assert seen == list(range(start + 1, start + 1 + len(seen)))
        assert len(seen) < made


async def test_a_slow_reader_that_goes_away_frees_its_seat(api: Api, shop: Shop) -> None:
    token = token_of(api, ROME_TILL)
    async with api.socket(token) as fast, narrow_socket(api, token) as slow:
        start = await watch(fast, "fast", FAT_STOCK, HATS)
        await watch(slow.client, "slow", FAT_STOCK, HATS)
        made = await changed_until_full(slow, lambda _: goods_came(shop), 1)
        slow.client.connection.transport.abort()
        await until(lambda: counts(api) == (1, 1))
        told = [versions(await payload_of(fast, "fast")) for _ in range(made)]
        assert told[-1] == [start + made]


async def test_a_revoked_session_that_does_not_read_cannot_start_anything_more(
    api: Api, shop: Shop
) -> None:
    token = token_of(api, ROME_TILL)
    session = jwt.decode(token, options={"verify_signature": False})["jti"]
    given = {"idempotencyKey": uuid4().hex, "sessionId": session}
    async with narrow_socket(api, token) as slow:
        await watch(slow.client, "before", FAT_STOCK, HATS)
        await changed_until_full(slow, lambda _: goods_came(shop), 1)
        await api.post(REVOKE, {"input": given}, token=api.token(Role.ADMIN))
        await until_nobody_is_left(api)
        await slow.client.subscribe(FAT_STOCK, HATS, name="after")
        slow.read_again()
        assert await names_until_closed(slow.client) == {"before"}


async def names_until_closed(socket: LiveSocket) -> set[str]:
    """The ids of the operations in all that comes before the end."""
    found: set[str] = set()
    while True:
        try:
            found.add((await socket.receive())["id"])
        except ConnectionClosed:
            return found
