"""The whole application on a real port of this process, and clients that speak to it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx2
import orjson
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.auth.tokens import issue_token
from app.lifecycle import Lifecycle
from app.live.protocol import SocketProtocol
from app.main import create_app
from app.resources import Resources
from app.schema import build_schema
from app.server import listen
from app.settings import Settings, load_settings
from domain.common.ids import ChannelCode, CustomerId, LocationId
from domain.identity.model import Role

PROTOCOL = Subprotocol("graphql-transport-ws")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def data(self) -> dict[str, Any]:
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def codes(self) -> list[str]:
        """The codes of all errors."""
        return [error["extensions"]["code"] for error in self.body["errors"]]


@dataclass
class LiveSocket:
    """A graphql-transport-ws client, one message at a time."""

    connection: ClientConnection

    async def send(self, message: object) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            text = await self.connection.recv()
        assert isinstance(text, str), "frames must be text"
        return orjson.loads(text)

    async def init(self, token: str | None) -> dict[str, Any]:
        payload = {"authorization": f"Bearer {token}"} if token else {}
        await self.send({"type": "connection_init", "payload": payload})
        return await self.receive()

    async def subscribe(
        self, query: str, variables: Mapping[str, Any] | None = None, *, name: str = "1"
    ) -> None:
        payload = {"query": query, "variables": variables or {}}
        await self.send({"type": "subscribe", "id": name, "payload": payload})

    async def close_code(self, within_s: float = 10.0) -> int | None:
        """The code with which the server closes; what else it says before is passed over."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    await self.connection.recv()
        except ConnectionClosed:
            return self.connection.close_code


@dataclass
class Api:
    """The running application."""

    app: Starlette
    port: int
    client: httpx2.AsyncClient
    settings: Settings
    server: uvicorn.Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def resources(self) -> Resources:
        return cast(Resources, self.app.state.resources)

    def token(
        self,
        role: Role,
        *,
        subject: str = "somebody",
        locations: tuple[LocationId, ...] = (),
        channels: tuple[ChannelCode, ...] = (),
        customer: CustomerId | None = None,
        lifetime: timedelta | None = None,
    ) -> str:
        return issue_token(
            self.settings,
            subject=subject,
            role=role,
            location_ids=locations,
            channel_codes=channels,
            customer_id=customer,
            lifetime=lifetime,
        )

    async def post(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        body = {"query": query, "variables": variables or {}}
        return await self.send(orjson.dumps(body), token=token, headers=headers)

    async def send(
        self,
        content: bytes,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {"content-type": "application/json", **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        response = await self.client.post("/graphql", content=content, headers=sent)
        return Answer(response.status_code, response.json(), response.headers)

    @contextlib.asynccontextmanager
    async def open_socket(self, **given: Any) -> AsyncGenerator[LiveSocket]:
        url = f"ws://127.0.0.1:{self.port}/graphql"
        given = {"subprotocols": [PROTOCOL], "compression": None, **given}
        async with connect(url, **given) as connection:
            yield LiveSocket(connection)

    @contextlib.asynccontextmanager
    async def socket(self, token: str) -> AsyncGenerator[LiveSocket]:
        """A socket that is authenticated."""
        async with self.open_socket() as opened:
            assert (await opened.init(token))["type"] == "connection_ack"
            yield opened

    @contextlib.asynccontextmanager
    async def events(
        self, query: str, *, token: str | None = None, accept: str = "text/event-stream"
    ) -> AsyncGenerator["EventSource"]:
        """An event stream (SSE)."""
        headers = {"accept": accept, "content-type": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        content = orjson.dumps({"query": query})
        request = self.client.stream("POST", "/graphql", content=content, headers=headers)
        async with request as response:
            yield EventSource(response)


class EventSource:
    """Reads the events of a stream one by one."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, dict[str, Any] | None]:
        """Name and data of the next event; comments are passed over."""
        name, data = "", None
        async with asyncio.timeout(10):
            async for line in self._lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and len(line) > 6:
                    data = orjson.loads(line.removeprefix("data: "))
                elif not line and name:
                    return name, data
        raise AssertionError("the stream ended")

    async def end(self) -> None:
        """Returns when the server has ended the stream; what it says before is passed over."""
        async for _ in self._lines:
            pass


def settings_for(database_url: str, redis_url: str, home: Path, **given: Any) -> Settings:
    """Settings of a development installation on these servers."""
    return load_settings(
        database_url=database_url, redis_url=redis_url, home=home, pool_size=4, **given
    )


@contextlib.asynccontextmanager
async def serving(settings: Settings, **roots: type) -> AsyncGenerator[Api]:
    """The application, ready to serve; with other root types if given. Stopped at the end."""
    app = create_app(settings, build_schema(settings, **roots) if roots else None)
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            loop="none",
            http="httptools",
            ws=SocketProtocol,
            ws_max_size=settings.ws_max_bytes,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listener]))
        try:
            async with asyncio.timeout(20):
                while not server.started and not task.done():
                    await asyncio.sleep(0.01)
            assert server.started, "the application did not start"
            cast(Lifecycle, app.state.lifecycle).serve()
            port: int = listener.getsockname()[1]
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                yield Api(app, port, client, settings, server)
        finally:
            cast(Lifecycle, app.state.lifecycle).close()
            server.should_exit = True
            await task
