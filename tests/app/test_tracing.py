"""Traces leave only when asked for, to the endpoint named."""

import asyncio
import sys

import httpx2
import pytest
from starlette.applications import Starlette

from app.settings import SettingsError, load_settings
from app.tracing import set_up_tracing
from tests.support.serving import serving


def test_it_is_off_by_default() -> None:
    app = Starlette()
    assert set_up_tracing(load_settings())(app) is app


def test_an_endpoint_without_the_extra_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(SettingsError, match=r"needs the extra `otel`: pip install -r [^\n]*$"):
        set_up_tracing(load_settings(otel_endpoint="http://127.0.0.1:4318"))


async def test_requests_become_spans_and_probes_do_not() -> None:
    received: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await received.put((head.split()[1], body))

    collector = await asyncio.start_server(collect, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{collector.sockets[0].getsockname()[1]}"
    async with (
        collector,
        serving("tests.support.tiny_app:create_app", otel_endpoint=endpoint, workers="2") as server,
        httpx2.AsyncClient() as client,
    ):
        await client.get(f"{server.url}/pid")
        await client.get(f"{server.url}/labels/1.pdf?token=secret")
        server.interrupt()  # what is not sent yet is sent at the end
        path, body = await received.get()
    assert path == "/v1/traces"
    assert b"GET /pid" in body
    assert b"unico" in body
    assert b"/ready" not in body
    assert b"secret" not in body
