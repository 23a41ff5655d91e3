"""Stock events written straight to the stream, as the sequencer writes them: what the live path
costs without the cost of the mutation before it.
"""

from typing import Any

import orjson
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import create_async_engine

from bench.service import Service
from domain.common.ids import LocationId, Sku
from domain.events.log import read_position
from domain.events.model import Aggregate, Topic
from domain.stock.projection import level_states
from subscriptions import messages


class Stream:
    """One level of one store, which changes as often as asked."""

    def __init__(self, redis: Redis, incarnation: str, seq: int, level: dict[str, Any]) -> None:
        self.level = level
        self._redis = redis
        self._incarnation = incarnation
        self._seq = seq

    @property
    def version(self) -> int:
        """The level's newest version."""
        return self.level["version"]

    async def publish(self, count: int = 1) -> None:
        """So many more changes, each a commit of its own, in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for _ in range(count):
                pipe.xadd("unico:" + messages.EVENTS, {b"m": self._next()}, maxlen=10_000)
            await pipe.execute()

    async def aclose(self) -> None:
        """The connection is closed."""
        await self._redis.aclose()

    def _next(self) -> str:
        self._seq += 1
        self.level = {
            **self.level,
            "version": self.level["version"] + 1,
            "on_hand": self.level["on_hand"] + 1,
            "available": self.level["available"] + 1,
        }
        record = {
            "seq": self._seq,
            "commit": self._seq,
            "type": "StockChanged",
            "aggregate": Aggregate.STOCK_LEVEL.value,
            "aggregate_id": self.level["level_id"],
            "version": self.level["version"],
            "topics": [Topic.stock(self.level["location_id"])],
            "payload": self.level,
            "at": self.level["updated_at"],
        }
        return messages.published(self._incarnation, [orjson.dumps(record, default=str).decode()])


async def stream_of(running: Service, location_id: LocationId, sku: Sku) -> Stream:
    """The level as it is in the database, and the log where it ends. From now on nobody else may
    change anything in this service.
    """
    engine = create_async_engine(running.database_url)
    try:
        async with engine.connect() as connection:
            (level,) = await level_states(connection, [location_id], [sku])
            position = await read_position(connection)
    finally:
        await engine.dispose()
    redis = Redis.from_url(running.redis_url, protocol=2)
    return Stream(redis, position.incarnation, position.last_seq, level)
