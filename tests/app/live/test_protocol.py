"""What is used of uvicorn's WebSocket protocol: an upgrade that changes it fails here."""

import asyncio
import inspect
import tomllib
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from app.live.frames import frames, opening
from app.live.protocol import EXTENSION, SocketProtocol
from tests.support.waiting import until

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ROOT = Path(__file__).parents[3]
FRAME = frames(opening("1"), [b"{}"])


class Wire(asyncio.Transport):
    """A connection without a network: what the server writes waits in `written`."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.limits: tuple[int | None, int | None] | None = None
        self.is_aborted = False
        self._is_closing = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = (high, low)

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    def abort(self) -> None:
        self.is_aborted = self._is_closing = True

    def pause_reading(self) -> None:
        """Nothing."""

    def resume_reading(self) -> None:
        """Nothing."""


class Application:
    """Accepts when told, closes when told, and remembers its scope."""

    def __init__(self) -> None:
        self.accept, self.close = asyncio.Event(), asyncio.Event()
        self.scope: MutableMapping[str, Any] = {}
        self.seen: object = None
        self.has_closed = False

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        self.scope, self.seen = scope, scope["extensions"].get(EXTENSION)
        await receive()
        await self.accept.wait()
        await send({"type": "websocket.accept"})
        await self.close.wait()
        await send({"type": "websocket.close", "code": 4403})
        self.has_closed = True
        while (await receive())["type"] != "websocket.disconnect":
            pass


class Connection:
    """A protocol on a wire, and the client's side of it."""

    def __init__(self, application: Application) -> None:
        config = uvicorn.Config(application, ws=SocketProtocol, ws_per_message_deflate=False)
        config.load()
        self.application = application
        self.protocol = SocketProtocol(config, ServerState(), {})
        self.client = ClientProtocol(parse_uri("ws://localhost/graphql"))
        self.wire = Wire()
        self.protocol.connection_made(self.wire)

    async def knock(self) -> None:
        """The client has asked for a WebSocket, and the application runs."""
        self.client.send_request(self.client.connect())
        self.protocol.data_received(b"".join(self.client.data_to_send()))
        await until(lambda: bool(self.application.scope))

    async def open(self) -> None:
        """The handshake is complete."""
        await self.knock()
        self.application.accept.set()
        await until(lambda: self.protocol.handshake_complete)
        assert self.frames() == []

    def lose(self) -> None:
        """The connection is gone."""
        self.wire.close()
        if self.protocol in self.protocol.connections:
            self.protocol.connection_lost(ConnectionResetError())

    def frames(self) -> list[Frame]:
        """What the client reads of all that was written since the last call."""
        written, self.wire.written = self.wire.written, b""
        self.client.receive_data(written)
        assert self.client.parser_exc is None
        return [each for each in self.client.events_received() if isinstance(each, Frame)]


@pytest.fixture
async def connection() -> AsyncGenerator[Connection]:
    connection = Connection(Application())
    yield connection
    connection.application.accept.set()
    connection.application.close.set()
    connection.lose()
    await until(lambda: not connection.protocol.tasks)


def test_uvicorn_is_the_one_that_was_read() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert f"uvicorn=={version('uvicorn')}" in project["project"]["dependencies"]


def test_it_has_what_is_used_of_it(connection: Connection) -> None:
    protocol = connection.protocol
    assert isinstance(protocol, WebSocketsSansIOProtocol)
    assert (protocol.handshake_complete, protocol.close_sent) == (False, False)
    assert isinstance(protocol.writable, asyncio.Event)
    assert protocol.writable.is_set()
    assert protocol.transport is connection.wire
    assert inspect.iscoroutinefunction(WebSocketsSansIOProtocol.run_asgi)
    for name, parameters in {
        "run_asgi": ["self"],
        "shutdown": ["self"],
        "connection_made": ["self", "transport"],
        "pause_writing": ["self"],
        "resume_writing": ["self"],
    }.items():
        function = getattr(WebSocketsSansIOProtocol, name)
        assert list(inspect.signature(function).parameters) == parameters, name


def test_the_buffer_has_room_for_a_burst(connection: Connection) -> None:
    assert connection.wire.limits == (65_536, 16_384)


async def test_the_application_finds_it_in_its_scope_while_it_runs(connection: Connection) -> None:
    await connection.knock()
    application, protocol = connection.application, connection.protocol
    assert application.seen is protocol
    assert application.scope is protocol.scope
    connection.lose()
    application.accept.set()
    application.close.set()
    await until(lambda: not protocol.tasks)
    assert EXTENSION not in application.scope["extensions"]


async def test_nothing_is_written_before_the_handshake(connection: Connection) -> None:
    await connection.knock()
    assert not connection.protocol.handshake_complete
    assert connection.protocol.write_frames(FRAME)
    assert connection.wire.written == b""


async def test_frames_are_text_that_a_client_reads(connection: Connection) -> None:
    await connection.open()
    assert connection.protocol.write_frames(FRAME * 2)
    found = connection.frames()
    assert [each.opcode for each in found] == [Opcode.TEXT] * 2
    assert {bytes(each.data) for each in found} == {b'{"id":"1","type":"next","payload":{}}'}


async def test_what_the_application_sends_stands_between_frames(connection: Connection) -> None:
    await connection.open()
    connection.protocol.write_frames(FRAME)
    await connection.protocol.send({"type": "websocket.send", "text": "between"})
    connection.protocol.write_frames(FRAME)
    assert [bytes(each.data)[:7] for each in connection.frames()] == [
        b'{"id":"',
        b"between",
        b'{"id":"',
    ]


async def test_a_full_buffer_is_told_and_waited_for(connection: Connection) -> None:
    await connection.open()
    connection.protocol.pause_writing()
    assert not connection.protocol.write_frames(FRAME)
    assert len(connection.frames()) == 1
    waiting = asyncio.create_task(connection.protocol.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    connection.protocol.resume_writing()
    await waiting
    assert connection.protocol.write_frames(FRAME)


async def test_nobody_waits_for_a_client_that_is_gone(connection: Connection) -> None:
    await connection.open()
    connection.protocol.pause_writing()
    waiting = asyncio.create_task(connection.protocol.drained())
    connection.lose()
    await waiting


async def test_a_frame_after_the_close_frame_is_not_written(connection: Connection) -> None:
    await connection.open()
    connection.application.close.set()
    await until(lambda: connection.application.has_closed)
    assert connection.protocol.close_sent
    assert not connection.wire.is_closing()
    assert [each.opcode for each in connection.frames()] == [Opcode.CLOSE]
    connection.protocol.write_frames(FRAME)
    assert connection.wire.written == b""


async def test_a_frame_after_the_clients_close_is_not_written(connection: Connection) -> None:
    await connection.open()
    connection.client.send_close(1000)
    connection.protocol.data_received(b"".join(connection.client.data_to_send()))
    assert [each.opcode for each in connection.frames()] == [Opcode.CLOSE]
    connection.protocol.write_frames(FRAME)
    assert connection.wire.written == b""


async def test_shutdown_says_1012_once_and_nothing_after_it(connection: Connection) -> None:
    await connection.open()
    for _ in range(2):
        connection.protocol.shutdown()
        connection.protocol.write_frames(FRAME)
    (last,) = connection.frames()
    assert (last.opcode, bytes(last.data)[:2]) == (Opcode.CLOSE, (1012).to_bytes(2, "big"))
    assert connection.wire.is_closing()


async def test_shutdown_of_a_socket_that_is_closing_is_harmless(connection: Connection) -> None:
    await connection.open()
    connection.wire.close()
    connection.protocol.shutdown()
    assert connection.frames() == []


async def test_a_cut_ends_the_connection_at_once(connection: Connection) -> None:
    await connection.open()
    connection.protocol.cut()
    assert connection.wire.is_aborted
    connection.protocol.write_frames(FRAME)
    assert connection.frames() == []
