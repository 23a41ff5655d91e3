"""`unico up`, from nothing to ready, and through what may happen to it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from tests.support.installation import Installation, installed, unico
from tests.support.servers import connected


async def test_it_starts_from_nothing_survives_a_kill_and_stops_cleanly(tmp_path: Path) -> None:
    async with installed(tmp_path, ["--no-demo"]) as first, httpx2.AsyncClient() as client:
        assert (await client.get(f"{first.url}/ready")).json()["status"] == "ready"
        answer = await client.post(
            f"{first.url}/graphql",
            json={"query": "{ __typename }"},
            headers={"authorization": f"Bearer {first.token('ADMIN')}"},
        )
        assert answer.json() == {"data": {"__typename": "Query"}}

        second = await unico(tmp_path, "up", "--port", "0")
        _, error = await second.communicate()
        assert second.returncode == 1
        (line,) = error.decode().splitlines()
        assert line.startswith(f"Error: {tmp_path} is in use by ")
        assert line.endswith("stop it, or set UNICO_HOME to another folder.")

        doctor = await unico(tmp_path, "doctor", UNICO_LOG_LEVEL="error")
        findings, _ = await doctor.communicate()
        assert doctor.returncode == 0, findings.decode()
        await _keep_a_note(tmp_path)
        await first.kill()

    async with installed(tmp_path, ["--no-demo", "--workers", "2"]) as again:
        assert await _note(tmp_path) == "kept"
        async with httpx2.AsyncClient() as client:
            metrics = (await client.get(f"{again.url}/metrics")).text
        assert "unico_http_requests_total{" in metrics
        assert await again.stop() == 143
    assert not (tmp_path / "services.json").exists()
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def _url(home: Path) -> str:
    note: dict[str, str] = json.loads((home / "services.json").read_text())
    return note["database_url"]


async def _keep_a_note(home: Path) -> None:
    async with connected(_url(home)) as connection:
        await connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")


async def _note(home: Path) -> object:
    async with connected(_url(home)) as connection:
        return await connection.fetchval("SELECT text FROM note")


async def test_what_the_banner_offers_to_paste_works_on_the_demo_data(tmp_path: Path) -> None:
    # A shutdown that waited for the open subscriptions would outlast the test.
    async with installed(tmp_path, UNICO_SHUTDOWN_TIMEOUT_S="200") as service:
        _, _, samples = service.banner.partition("Watch stock")
        subscription, _, mutation = samples.partition("Place an order")
        subscription = subscription[subscription.index("subscription {") :]
        mutation = mutation[mutation.index("mutation {") : mutation.rindex("}") + 1]
        address = f"{service.url.replace('http', 'ws')}/graphql"
        protocol = [Subprotocol("graphql-transport-ws")]
        async with connect(address, subprotocols=protocol) as socket:
            token = {"authorization": f"Bearer {service.token('POS')}"}
            await socket.send(json.dumps({"type": "connection_init", "payload": token}))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            start = {"id": "1", "type": "subscribe", "payload": {"query": subscription}}
            await socket.send(json.dumps(start))
            first = json.loads(await socket.recv())["payload"]["data"]["stockChanged"]
            assert first["kind"] == "SNAPSHOT"

            placed = await _post(service.url, mutation, service.token("CALL_CENTER"))

            assert placed["placeOrder"]["__typename"] == "PlaceOrderPayload", placed
            while (change := json.loads(await socket.recv())["payload"]["data"]["stockChanged"])[
                "kind"
            ] == "SNAPSHOT":
                pass
            assert change["kind"] == "CHANGES"
            assert f'sku: "{change["levels"][0]["sku"]}"' in mutation
            await _subscribed_until_the_end(service, subscription)
            with pytest.raises(ConnectionClosedError, match="1012"):
                await _read_on(socket)


async def _read_on(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def _subscribed_until_the_end(service: Installation, subscription: str) -> None:
    """A subscription over SSE ends, in order, when the service is asked to stop."""
    headers = {
        "authorization": f"Bearer {service.token('POS')}",
        "accept": "text/event-stream",
    }
    async with (
        httpx2.AsyncClient(timeout=60) as client,
        client.stream(
            "POST", f"{service.url}/graphql", json={"query": subscription}, headers=headers
        ) as stream,
    ):
        lines = stream.aiter_lines()
        while not (await anext(lines)).startswith("data:"):
            pass
        stopping = asyncio.create_task(service.stop())
        async for _ in lines:
            pass
        assert await stopping == 143


async def _post(url: str, query: str, token: str) -> dict[str, Any]:
    """The data of the answer."""
    async with httpx2.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{url}/graphql",
            json={"query": query},
            headers={"authorization": f"Bearer {token}"},
        )
    body: dict[str, Any] = answer.json()
    assert "errors" not in body, body
    return body["data"]
