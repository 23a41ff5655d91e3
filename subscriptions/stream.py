"""The backend of `Broadcast` on Redis Streams (ADR 0006): it may lose messages, never its life."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable
from typing import Any, cast

import structlog
from broadcaster import BroadcastBackend, Event
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from subscriptions.messages import Link
from subscriptions.metrics import LiveMetrics

STREAM_LENGTH = 10_000
_READ_COUNT = 512
_BLOCK_MS = 1_500
_PUBLISH_TIMEOUT_S = 1.0
_INBOX = 10_000
_FIELD = b"m"
_BEGINNING = "0-0"

log = structlog.get_logger("unico.stream")


class Backoff:
    """Growing pauses with jitter: 50 ms at first, 2 s at most."""

    def __init__(self) -> None:
        self._next_s = 0.05

    def reset(self) -> None:
        """The next pause is short again."""
        self._next_s = 0.05

    def pause_s(self) -> float:
        """The length of the next pause, in seconds."""
        chosen = self._next_s * random.uniform(0.5, 1.0)
        self._next_s = min(self._next_s * 2, 2.0)
        return chosen


class EventStreamBackend(BroadcastBackend):
    """One Redis Stream per channel, each with one reader task in this process.

    Besides messages, subscribers get the texts of `Link`, when the connection is lost and found.
    """

    def __init__(self, url: str, metrics: LiveMetrics, *, prefix: str = "unico:") -> None:
        self._url = url
        self._metrics = metrics
        self._prefix = prefix
        self._inbox: asyncio.Queue[Event] = asyncio.Queue(_INBOX)
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._outgoing: list[tuple[str, str]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._silent_until = 0.0
        self._writable = True
        self._publish_backoff = Backoff()
        self._publisher = self._client(_PUBLISH_TIMEOUT_S)

    async def connect(self) -> None:
        """Nothing: connections are made when they are needed, and again when they are lost."""

    async def disconnect(self) -> None:
        """All tasks have ended and all connections are closed."""
        tasks = [*self._readers.values(), *self._ending]
        if self._flusher is not None:
            tasks.append(self._flusher)
        self._readers.clear()
        self._outgoing.clear()
        await asyncio.gather(*(_end(task) for task in tasks))
        await _close(self._publisher)

    async def subscribe(self, group: str) -> None:
        """A reader of channel `group` runs. Does not suspend, so that nothing can come between."""
        self._readers[group] = asyncio.create_task(self._read(group), name=f"stream {group}")

    async def unsubscribe(self, group: str) -> None:
        """The reader of channel `group` is on its way out."""
        reader = self._readers.pop(group)
        self._ending.add(reader)
        reader.add_done_callback(self._ending.discard)
        reader.cancel()

    async def publish(self, channel: str, message: Any) -> None:
        """The message goes out with all others of this turn of the loop, or is lost and counted."""
        self._outgoing.append((channel, message))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush(), name="stream flush")

    async def next_published(self) -> Event:
        """The next message of any subscribed channel; waits for ever rather than raise."""
        return await self._inbox.get()

    def _is_reader_of(self, channel: str) -> bool:
        """Whether this task is the channel's reader; a cancellation of it may have been lost."""
        return self._readers.get(channel) is asyncio.current_task()

    def _key(self, channel: str) -> str:
        return f"{self._prefix}{channel}"

    def _client(self, timeout_s: float) -> Redis:
        return Redis.from_url(
            self._url,
            protocol=2,
            socket_timeout=timeout_s,
            socket_connect_timeout=2.0,
            retry=Retry(NoBackoff(), 0),
        )

    async def _flush(self) -> None:
        while self._outgoing:
            batch, self._outgoing = self._outgoing, []
            if time.monotonic() < self._silent_until:
                self._metrics.dropped_messages.inc(len(batch))
                continue
            try:
                await self._append(batch)
                self._publish_backoff.reset()
                self._writable = True
            except (RedisError, OSError) as error:
                if self._writable:
                    log.warning("stream not writable, trying again", reason=repr(error))
                self._writable = False
                self._metrics.dropped_messages.inc(len(batch))
                self._silent_until = time.monotonic() + self._publish_backoff.pause_s()

    async def _append(self, batch: list[tuple[str, str]]) -> None:
        async with self._publisher.pipeline(transaction=False) as pipe:
            for channel, message in batch:
                pipe.xadd(self._key(channel), {_FIELD: message}, maxlen=STREAM_LENGTH)
            await pipe.execute()

    async def _read(self, channel: str) -> None:
        """Reads until it is unsubscribed, over as many connections as it takes."""
        place: str | None = None
        backoff = Backoff()
        readable = True
        while self._is_reader_of(channel):
            client = self._client(_BLOCK_MS / 1_000 + 2.0)
            try:
                place = await _where_to_go_on(client, self._key(channel), place)
                await self._inbox.put(Event(channel, Link.FOUND))
                if not readable:
                    log.info("stream found again", channel=channel)
                readable = True
                backoff.reset()
                while self._is_reader_of(channel):
                    place = await self._read_some(client, channel, place)
            except (RedisError, OSError) as error:
                if readable:
                    log.warning("stream lost, trying again", channel=channel, reason=repr(error))
                    self._metrics.reconnects.inc()
                    await self._inbox.put(Event(channel, Link.LOST))
                readable = False
            finally:
                await _close(client)
            await asyncio.sleep(backoff.pause_s())

    async def _read_some(self, client: Redis, channel: str, place: str) -> str:
        """The place behind the messages that were read, or where to go on after a silence."""
        key = self._key(channel)
        found = await _answer(client.xread({key: place}, count=_READ_COUNT, block=_BLOCK_MS))
        if not found:
            return await _where_to_go_on(client, key, place)
        ((_, entries),) = found
        for _, fields in entries:
            if _FIELD in fields and self._is_reader_of(channel):
                await self._inbox.put(Event(channel, fields[_FIELD].decode()))
        return entries[-1][0].decode()


async def _where_to_go_on(client: Redis, key: str, place: str | None) -> str:
    """`place`, unless the stream is shorter than that: then it was lost, and all in it is new.

    Without a place: the end of the stream.
    """
    newest = await _answer(client.xrevrange(key, count=1))
    end = newest[0][0].decode() if newest else _BEGINNING
    if place is None:
        return end
    return _BEGINNING if _order(end) < _order(place) else place


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


async def _answer(command: object) -> Any:
    """redis-py types its commands for both of its clients at once; this one is awaited."""
    return await cast("Awaitable[Any]", command)


async def _end(task: asyncio.Task[None]) -> None:
    """`task` has ended. Python 3.11's `wait_for`, which redis-py calls, can swallow a cancellation
    (python/cpython#86296), hence the repetition.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.05)


async def _close(client: Redis) -> None:
    with contextlib.suppress(RedisError, OSError):
        await client.aclose()
