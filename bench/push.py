"""From the answer's request to the screen: how long until a subscriber sees a change."""

import asyncio
import time
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.figures import Figure, percentile
from bench.service import Service
from bench.world import RECEIVE, World, ask, client_of

WATCH = """subscription($store: ID!, $sku: String!) {
  stockChanged(locationIds: [$store], skus: [$sku]) { kind levels { sku version } } }"""
PER_SECOND = 50


async def measure(running: Service, world: World, changes: int) -> list[Figure]:
    """Request of a stock change to its arrival at a WebSocket, open loop, 50 changes a second."""
    took = await _watch(running, world, world.skus[0], changes)
    how = f"{changes} receipts at {PER_SECOND}/s, from request sent to push received"
    return [
        Figure("push p50", percentile(took, 0.5) * 1000, "ms", how),
        Figure("push p99", percentile(took, 0.99) * 1000, "ms", how),
    ]


async def _watch(running: Service, world: World, sku: str, changes: int) -> list[float]:
    sent: dict[int, float] = {}
    took: list[float] = []
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(running.socket_url, subprotocols=[protocol]) as connection:
        version = await _subscribe(connection, world, sku)
        sender = asyncio.create_task(_send(running, world, sku, changes, version, sent))
        seen = version
        while seen < version + changes:
            message = await _next(connection)
            now = time.perf_counter()
            for level in message["payload"]["data"]["stockChanged"]["levels"]:
                seen = max(seen, level["version"])
                took.append(now - sent[level["version"]])
        await sender
    return took


async def _subscribe(connection: ClientConnection, world: World, sku: str) -> int:
    """The level's version in the snapshot."""
    authorization = {"authorization": f"Bearer {world.token}"}
    await _say(connection, {"type": "connection_init", "payload": authorization})
    await _next(connection)
    payload = {"query": WATCH, "variables": {"store": world.store, "sku": sku}}
    await _say(connection, {"type": "subscribe", "id": "1", "payload": payload})
    snapshot = await _next(connection)
    return snapshot["payload"]["data"]["stockChanged"]["levels"][0]["version"]


async def _send(
    running: Service,
    world: World,
    sku: str,
    changes: int,
    version: int,
    sent: dict[int, float],
) -> None:
    """One receipt after the other is due every 20 ms; each raises the version by one."""
    async with client_of(running, world.token) as client:
        start = time.perf_counter()
        for n in range(1, changes + 1):
            due = start + n / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent[version + n] = time.perf_counter()
            given = {
                "idempotencyKey": f"push-{version + n}",
                "locationId": world.store,
                "reference": "bench",
                "lines": [{"sku": sku, "quantity": 1}],
            }
            await ask(client, RECEIVE, {"input": given})


async def _say(connection: ClientConnection, message: dict[str, Any]) -> None:
    await connection.send(orjson.dumps(message).decode())


async def _next(connection: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            message = orjson.loads(await connection.recv())
            if message["type"] in ("next", "connection_ack"):
                return message
