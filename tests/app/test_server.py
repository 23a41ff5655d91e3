"""Serving for real: processes, signals and sockets."""

import asyncio
import os
import signal
import sys

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from app.server import ServerError, listen
from tests.support.serving import serving

APP = "tests.support.tiny_app:create_app"


def test_a_taken_port_is_refused_in_one_line() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ServerError, match=rf"^Cannot listen on 127.0.0.1:{port} .*--port\.$"):
            listen("127.0.0.1", port)


async def test_shutdown_lets_a_running_request_finish_and_tells_sockets_to_come_back() -> None:
    async with (
        serving(APP) as server,
        httpx2.AsyncClient(base_url=server.url, timeout=30) as client,
        connect(f"{server.websocket_url}/echo") as socket,
    ):
        running = asyncio.create_task(client.get("/slow"))
        await client.get("/entered")
        server.interrupt()
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        assert not running.done()
        running.cancel()


async def test_readiness_is_red_while_everything_still_works() -> None:
    async with (
        serving(APP, drain_s="5") as server,
        httpx2.AsyncClient(base_url=server.url, timeout=30) as client,
        connect(f"{server.websocket_url}/echo") as socket,
    ):
        running = asyncio.create_task(client.get("/slow"))
        await client.get("/entered")
        server.interrupt()
        while (answer := await client.get("/ready")).status_code == 200:
            pass
        assert (answer.status_code, answer.json()) == (503, {"status": "draining"})
        assert (await client.get("/live")).status_code == 200
        await socket.send("leave")
        assert (await running).text == "finished"


async def test_shutdown_ends_event_streams_without_waiting_for_them() -> None:
    async with (
        serving(APP, shutdown_timeout_s="60") as server,
        httpx2.AsyncClient(base_url=server.url, timeout=30) as client,
        client.stream("GET", "/stream") as stream,
    ):
        chunks = stream.aiter_text()
        assert await anext(chunks) == "data: hello\n\n"
        server.interrupt()
        assert [chunk async for chunk in chunks] == []
        assert await server.process.wait() == -signal.SIGTERM


async def test_a_killed_worker_is_replaced_and_all_end_together() -> None:
    async with (
        serving(APP, workers="2") as server,
        httpx2.AsyncClient(timeout=30) as client,
    ):

        async def some_pid() -> int:
            headers = {"connection": "close"}
            return int((await client.get(f"{server.url}/pid", headers=headers)).text)

        seen: set[int] = set()
        while len(seen) < 2:
            seen.add(await some_pid())
        os.kill(seen.pop(), signal.SIGKILL)
        later: set[int] = set()
        while len(later | seen) < 2 or len(later) < 2:
            try:
                later.add(await some_pid())
            except httpx2.TransportError:
                continue
        assert seen < later
        server.interrupt()
        assert await server.process.wait() == -signal.SIGTERM
        for pid in later:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


async def test_workers_end_when_their_parent_is_killed() -> None:
    async with (
        serving(APP, workers="2") as server,
        connect(f"{server.websocket_url}/echo") as socket,
    ):
        server.process.kill()
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_workers_that_cannot_start_end_the_server() -> None:
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "tests.support.serving",
            "tests.support.tiny_app:create_broken_app",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "UNICO_WORKERS": "2"},
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"no application on port 8000" in errors
    assert b"ServerError: A worker failed while it started" in errors
