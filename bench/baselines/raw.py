"""`python -m bench.baselines.raw PORT REDIS_URL`: sockets of the same server as ours, and a loop
that writes ready frames to them. Nothing is parsed, authorised, executed or encoded.

It reads the stream `raw`: an entry with `bodies` makes the frames of all sockets for each of them;
an entry with `go` has the next body's frames written, one write per socket.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from typing import Any, cast

import orjson
import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.live.frames import frames, opening
from app.live.protocol import EXTENSION, SocketProtocol
from bench.baselines.names import STREAM


class Sockets:
    """All who have subscribed, and what will be written to them."""

    def __init__(self) -> None:
        self._members: dict[SocketProtocol, bytes] = {}
        self._ready: list[list[tuple[asyncio.Transport, bytes]]] = []

    async def serve(self, websocket: WebSocket) -> None:
        """One client, until it leaves."""
        protocol = cast(SocketProtocol, websocket.scope["extensions"][EXTENSION])
        await websocket.accept("graphql-transport-ws")
        try:
            while True:
                message = await websocket.receive_json()
                if message["type"] == "connection_init":
                    await websocket.send_json({"type": "connection_ack"})
                elif message["type"] == "subscribe":
                    start = opening(message["id"])
                    self._members[protocol] = start
                    protocol.write_frames(frames(start, [b'{"data":{"first":true}}']))
        except WebSocketDisconnect:
            self._members.pop(protocol, None)

    async def follow(self, redis_url: str) -> None:
        """What the stream says is done, for ever."""
        redis = Redis.from_url(redis_url, protocol=2)
        place: Any = "$"
        while True:
            found: Any = await cast(Any, redis.xread({STREAM: place}, count=512, block=1_000))
            for entry_id, fields in found[0][1] if found else ():
                place = entry_id
                if b"bodies" in fields:
                    self._prepare(orjson.loads(fields[b"bodies"]))
                else:
                    for transport, frame in self._ready.pop():
                        transport.write(frame)
                    await asyncio.sleep(0)

    def _prepare(self, bodies: list[str]) -> None:
        self._ready = [
            [
                (protocol.transport, frames(start, [body.encode()]))
                for protocol, start in self._members.items()
            ]
            for body in reversed(bodies)
        ]


def main() -> None:
    """Serves until it is told to stop."""
    port, redis_url = int(sys.argv[1]), sys.argv[2]
    sockets = Sockets()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        task = asyncio.create_task(sockets.follow(redis_url))
        yield
        task.cancel()

    app = Starlette(routes=[WebSocketRoute("/graphql", sockets.serve)], lifespan=lifespan)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        ws=SocketProtocol,
        ws_per_message_deflate=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
