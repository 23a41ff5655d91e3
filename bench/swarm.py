"""A great many WebSockets in one process, each as cheap as can be, that check what they get: the
versions of one watched level rise by one.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import orjson

_MASK = b"\0\0\0\0"  # masking with zeros leaves the text as it is (RFC 6455, 5.3)
_VERSION = b'"version":'


class Socket(asyncio.Protocol):
    """One client of graphql-transport-ws, which knows no more of frames than it needs. Every
    message is handed to `on_message`.
    """

    def __init__(self, port: int, on_message: Callable[["Socket", bytes], None]) -> None:
        self.version = 0
        self.deliveries = 0
        self.disorder = 0
        self.heard_at = 0.0
        self.transport: asyncio.Transport | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._port = port
        self._on_message = on_message
        self._buffer = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is on its way."""
        self.transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionResetError("closed in the handshake"))

    def data_received(self, data: bytes) -> None:
        """All whole frames in what has come so far are handed on."""
        buffer = self._buffer + data if self._buffer else data
        if not self._is_open:
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self.ready.set_exception(ConnectionRefusedError(head[:100].decode()))
                return
            self._is_open = True
            self.ready.set_result(None)
        self._buffer = self._frames(buffer)

    def say(self, message: dict[str, Any]) -> None:
        """The message is on its way."""
        assert self.transport is not None
        text = orjson.dumps(message)
        length = len(text)
        size = bytes((0x80 | length,)) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
        self.transport.write(b"\x81" + size + _MASK + text)

    def _frames(self, buffer: bytes) -> bytes:
        """What is left of the buffer."""
        place, size = 0, len(buffer)
        while size - place >= 2:
            kind, length, start = buffer[place] & 0x0F, buffer[place + 1], place + 2
            if length == 126:
                start += 2
                length = int.from_bytes(buffer[place + 2 : start], "big")
            elif length == 127:
                start += 8
                length = int.from_bytes(buffer[place + 2 : start], "big")
            if size < start or size < start + length:
                break
            if kind == 1:
                self._on_message(self, buffer[start : start + length])
            elif kind == 9:
                self._pong(buffer[start : start + length])
            place = start + length
        return buffer[place:]

    def _pong(self, payload: bytes) -> None:
        assert self.transport is not None
        self.transport.write(b"\x8a" + bytes((0x80 | len(payload),)) + _MASK + payload)


class Swarm:
    """Sockets that are opened together and watched together."""

    def __init__(self, port: int, token: str = "") -> None:
        self.sockets: list[Socket] = []
        self._port = port
        self._token = token
        self._waiting: dict[Socket, asyncio.Future[None]] = {}

    async def open(self, count: int) -> list[Socket]:
        """So many more sockets, acknowledged."""
        opened: list[Socket] = []
        for start in range(0, count, 100):
            batch = range(min(100, count - start))
            opened += await asyncio.gather(*[self._open() for _ in batch])
        self.sockets += opened
        return opened

    async def first_payloads(
        self,
        subscriptions: Sequence[tuple[Socket, dict[str, Any]]],
        *,
        at_once: int = 0,
        most_s: float = 120,
    ) -> None:
        """All have subscribed, and got a first payload; so many at a time, or all at once."""
        size = at_once or len(subscriptions)
        async with asyncio.timeout(most_s):
            for start in range(0, len(subscriptions), size):
                batch = subscriptions[start : start + size]
                await asyncio.gather(*[self._subscribe(*each) for each in batch])

    async def next_push(self, socket: Socket) -> float:
        """When the next message of a subscription arrived at the socket, by `perf_counter`.

        Call it before what causes the message.
        """
        await self._expect(socket)
        return socket.heard_at

    @property
    def deliveries(self) -> int:
        """Changes that arrived so far, at all sockets."""
        return sum(socket.deliveries for socket in self.sockets)

    def reset(self) -> None:
        """Counting begins again."""
        for socket in self.sockets:
            socket.deliveries = socket.disorder = 0

    async def reached(self, version: int, most_s: float = 60) -> None:
        """All sockets have seen that version, each every one before it once and in order.

        Raises:
            RuntimeError: one has not, or out of order.
        """
        end = asyncio.get_running_loop().time() + most_s
        while any(socket.version < version for socket in self.sockets):
            if asyncio.get_running_loop().time() > end:
                behind = sum(socket.version < version for socket in self.sockets)
                raise RuntimeError(f"{behind} of {len(self.sockets)} sockets are behind {version}")
            await asyncio.sleep(0.01)
        if wrong := sum(socket.disorder for socket in self.sockets):
            raise RuntimeError(f"{wrong} payloads came out of order")

    async def close(self) -> None:
        """All connections are closed."""
        for socket in self.sockets:
            if socket.transport is not None:
                socket.transport.abort()
        self.sockets.clear()
        await asyncio.sleep(0.2)

    async def _open(self) -> Socket:
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(
            lambda: Socket(self._port, self._heard), "127.0.0.1", self._port
        )
        await socket.ready
        acknowledged = self._expect(socket)
        socket.say(
            {"type": "connection_init", "payload": {"authorization": f"Bearer {self._token}"}}
        )
        await acknowledged
        return socket

    def _subscribe(self, socket: Socket, payload: dict[str, Any]) -> asyncio.Future[None]:
        first = self._expect(socket)
        socket.version = 0
        number = len(self._waiting)
        socket.say({"type": "subscribe", "id": f"op-{number:06}", "payload": payload})
        return first

    def _expect(self, socket: Socket) -> asyncio.Future[None]:
        expected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[socket] = expected
        return expected

    def _heard(self, socket: Socket, message: bytes) -> None:
        socket.heard_at = time.perf_counter()
        expected = self._waiting.pop(socket, None)
        if expected is not None and not expected.done():
            if b'"type":"error"' in message or b'"errors"' in message:
                expected.set_exception(RuntimeError(message.decode()))
            else:
                expected.set_result(None)
        place = message.find(_VERSION)
        if place < 0:
            return
        digits = message[place + len(_VERSION) : place + len(_VERSION) + 12]
        version = int(digits.split(b"}", 1)[0].split(b",", 1)[0])
        if socket.version and version != socket.version + 1:
            socket.disorder += 1
        if socket.version:
            socket.deliveries += 1
        socket.version = version
