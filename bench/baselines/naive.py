"""`python -m bench.baselines.naive PORT REDIS_URL`: Strawberry and broadcaster as in their manuals,
with one generator, one execution and one encoding for each subscriber and event.
"""

import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

import orjson
import strawberry
import uvicorn
from broadcaster import Broadcast
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from strawberry.asgi import GraphQL

from bench.baselines.names import CHANNEL

broadcast = Broadcast(sys.argv[2] if len(sys.argv) > 2 else "memory://")


@strawberry.type
class Level:
    """As `StockLevel`, as far as the benchmark asks."""

    sku: str
    on_hand: int
    available: int
    version: int


@strawberry.type
class Change:
    """As `StockChange`."""

    kind: str
    cursor: str
    complete: bool
    levels: list[Level]


@strawberry.type
class Query:
    """There must be one."""

    ok: bool = True


def _change(payload: dict[str, Any]) -> Change:
    levels = [Level(**level) for level in payload["levels"]]
    return Change(kind=payload["kind"], cursor=payload["cursor"], complete=True, levels=levels)


@strawberry.type
class Subscription:
    """The same field under the same name."""

    @strawberry.subscription
    async def stock_changed(
        self, location_ids: list[strawberry.ID], skus: list[str] | None = None
    ) -> AsyncIterator[Change]:
        """A first payload, then every event."""
        del location_ids, skus
        yield Change(kind="SNAPSHOT", cursor="", complete=True, levels=[])
        async with broadcast.subscribe(CHANNEL) as subscriber:
            async for event in cast(Any, subscriber):
                yield _change(orjson.loads(event.message))


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncGenerator[None]:
    """Channels are opened one by one, and before anybody comes: broadcaster's Redis backend is deaf
    with one channel, and of several first subscribers at once only one would hear anything.
    """
    async with broadcast, broadcast.subscribe("warm"), broadcast.subscribe(CHANNEL):
        yield


def main() -> None:
    """Serves until it is told to stop."""
    view: Any = GraphQL(strawberry.Schema(Query, subscription=Subscription))
    app = Starlette(routes=[WebSocketRoute("/graphql", view)], lifespan=lifespan)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
