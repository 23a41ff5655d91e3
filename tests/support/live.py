"""Clients of subscriptions over real sockets (graphql-transport-ws, SSE), and one that comes back.

    async with over_socket(url, token, document, {"locations": [rome]}) as stream:
        snapshot = await stream.next()

A stream's payloads are the values of the document's one root field.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import httpx2
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

_PROTOCOL = Subprotocol("graphql-transport-ws")
_LARGEST_MESSAGE = 2**24

Payload = Mapping[str, Any]
Variables = Mapping[str, Any]


class StreamEnded(Exception):
    """No more payloads: the operation ended, with `codes` if it failed."""

    def __init__(self, errors: Iterable[Mapping[str, Any]] = ()) -> None:
        self.codes = [str(each.get("extensions", {}).get("code", each)) for each in errors]
        super().__init__(self.codes)


class Stream(Protocol):
    """A running subscription."""

    async def next(self) -> Payload:
        """The next payload; raises StreamEnded, or an error of the connection."""
        ...

    def break_off(self) -> None:
        """The connection is gone, without a goodbye."""
        ...


Opener = Callable[[Variables], AbstractAsyncContextManager[Stream]]


def _root_value(result: Mapping[str, Any]) -> Payload:
    if errors := result.get("errors"):
        raise StreamEnded(errors)
    return next(iter(result["data"].values()))


class SocketStream:
    """A subscription as the only operation of a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def next(self) -> Payload:
        while True:
            message = orjson.loads(await self.connection.recv())
            match message["type"]:
                case "next":
                    return _root_value(message["payload"])
                case "error":
                    raise StreamEnded(message["payload"])
                case "complete":
                    raise StreamEnded
                case "ping":
                    await self._send({"type": "pong"})
                case _:
                    raise AssertionError(message)

    def break_off(self) -> None:
        self.connection.transport.abort()

    async def start(self, token: str, document: str, variables: Variables) -> None:
        headers = {"authorization": f"Bearer {token}"}
        await self._send({"type": "connection_init", "payload": headers})
        answer = orjson.loads(await self.connection.recv())
        assert answer["type"] == "connection_ack", answer
        payload = {"query": document, "variables": variables}
        await self._send({"type": "subscribe", "id": "1", "payload": payload})

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self.connection.send(orjson.dumps(message).decode())


@asynccontextmanager
async def over_socket(
    url: str, token: str, document: str, variables: Variables
) -> AsyncGenerator[SocketStream]:
    """A subscription over graphql-transport-ws. `url` is http://host:port."""
    address = f"{url.replace('http', 'ws', 1)}/graphql"
    async with connect(
        address,
        subprotocols=[_PROTOCOL],
        compression=None,
        max_size=_LARGEST_MESSAGE,
        close_timeout=0.5,
    ) as connection:
        stream = SocketStream(connection)
        await stream.start(token, document, variables)
        yield stream


class EventStream:
    """A subscription as the body of an HTTP response (GraphQL over SSE, distinct connections)."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._lines = response.aiter_lines()
        self._broken = asyncio.Event()

    async def next(self) -> Payload:
        reading = asyncio.ensure_future(self._next())
        breaking = asyncio.ensure_future(self._broken.wait())
        try:
            await asyncio.wait({reading, breaking}, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.is_set():
                raise ConnectionResetError
            return await reading
        finally:
            reading.cancel()
            breaking.cancel()
            await asyncio.gather(reading, breaking, return_exceptions=True)

    def break_off(self) -> None:
        self._broken.set()

    async def _next(self) -> Payload:
        event = ""
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event == "next":
                return _root_value(orjson.loads(value))
            elif event == "complete":
                raise StreamEnded
        raise ConnectionResetError


@asynccontextmanager
async def over_sse(
    url: str, token: str, document: str, variables: Variables
) -> AsyncGenerator[EventStream]:
    """A subscription over server-sent events. `url` is http://host:port."""
    headers = {
        "accept": "text/event-stream",
        "content-type": "application/json",
        "authorization": f"Bearer {token}",
    }
    content = orjson.dumps({"query": document, "variables": variables})
    async with (
        httpx2.AsyncClient(timeout=httpx2.Timeout(5, read=None)) as client,
        client.stream("POST", f"{url}/graphql", content=content, headers=headers) as response,
    ):
        if response.status_code != 200:
            await response.aread()
            raise StreamEnded([{"message": response.text}])
        yield EventStream(response)


class Follower:
    """A client that comes back by its last cursor, whatever breaks, and checks what it gets.

    `versions_of` names the changing things in a payload with their versions, in order.
    """

    def __init__(
        self,
        opener: Opener,
        variables: Variables,
        versions_of: Callable[[Payload], Iterable[tuple[str, int]]],
    ) -> None:
        self.known: dict[str, int] = {}
        self.faults: list[str] = []
        self.kinds: list[str] = []
        self.cursors: list[str] = []
        self.connections = 0
        self._opener = opener
        self._variables = variables
        self._versions_of = versions_of
        self._stream: Stream | None = None

    @property
    def changes(self) -> int:
        """Payloads of changes so far."""
        return self.kinds.count("CHANGES")

    def break_off(self) -> None:
        """The connection is gone; the follower makes a new one."""
        if self._stream is not None:
            self._stream.break_off()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(
                OSError, TimeoutError, StreamEnded, WebSocketException, httpx2.TransportError
            ):
                await self._follow()
            await asyncio.sleep(0.02)

    async def _follow(self) -> None:
        after = {"after": self.cursors[-1]} if self.cursors else {}
        async with self._opener({**self._variables, **after}) as stream:
            self._stream = stream
            self.connections += 1
            while True:
                self._take(await stream.next())

    def _take(self, payload: Payload) -> None:
        kind = payload["kind"]
        for thing, version in self._versions_of(payload):
            known = self.known.get(thing)
            if kind == "CHANGES" and version != (known or 0) + 1:
                self.faults.append(f"{thing}: version {version} after {known}")
            if kind == "SNAPSHOT" and version < (known or 0):
                self.faults.append(f"{thing}: snapshot goes back from {known} to {version}")
            self.known[thing] = version
        self.kinds.append(kind)
        self.cursors.append(payload["cursor"])
