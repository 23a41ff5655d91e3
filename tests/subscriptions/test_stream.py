import asyncio
from typing import Any, cast

import pytest
from broadcaster import Broadcast
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from app.embedded import EmbeddedValkey
from subscriptions.messages import Link
from subscriptions.metrics import LiveMetrics
from subscriptions.stream import Backoff, EventStreamBackend


class Listener:
    """A subscription to a channel, and the messages that it got."""

    def __init__(self, subscriber: Any) -> None:
        self._subscriber = subscriber

    async def next(self, timeout_s: float = 10.0) -> str:
        async with asyncio.timeout(timeout_s):
            return cast("str", (await self._subscriber.get()).message)

    async def until(self, wanted: str) -> list[str]:
        """All messages up to and including `wanted`."""
        got: list[str] = []
        while not got or got[-1] != wanted:
            got.append(await self.next())
        return got


async def _listening(subscriber: Any) -> Listener:
    listener = Listener(subscriber)
    assert await listener.next() == Link.FOUND
    return listener


async def test_the_first_channel_of_a_process_hears_at_once(broadcast: Broadcast) -> None:
    async with broadcast.subscribe("events") as subscriber:
        listener = await _listening(subscriber)
        for number in range(3):
            await broadcast.publish("events", f"m{number}")
        assert await listener.until("m2") == ["m0", "m1", "m2"]


async def test_concurrent_first_subscribers_all_hear_everything(broadcast: Broadcast) -> None:
    all_listen = asyncio.Barrier(6)

    async def hear() -> list[str]:
        async with broadcast.subscribe("events") as subscriber:
            listener = await _listening(subscriber)
            await all_listen.wait()
            return await listener.until("last")

    async with asyncio.TaskGroup() as group:
        hearing = [group.create_task(hear()) for _ in range(5)]
        await all_listen.wait()
        await broadcast.publish("events", "first")
        await broadcast.publish("events", "last")

    assert [task.result() for task in hearing] == [["first", "last"]] * 5


async def test_channels_are_apart_and_a_channel_can_be_left_and_joined_again(
    broadcast: Broadcast,
) -> None:
    async with broadcast.subscribe("events") as one, broadcast.subscribe("wake") as two:
        events, wakes = await _listening(one), await _listening(two)
        await broadcast.publish("wake", "w")
        await broadcast.publish("events", "e")
        assert (await events.next(), await wakes.next()) == ("e", "w")

    await broadcast.publish("events", "nobody hears this")
    async with broadcast.subscribe("events") as three:
        again = await _listening(three)
        await broadcast.publish("events", "f")
        assert await again.next() == "f"


async def test_two_processes_hear_each_other(
    broadcast: Broadcast, clean_redis: str, metrics: LiveMetrics
) -> None:
    async with (
        Broadcast(backend=EventStreamBackend(clean_redis, metrics)) as other,
        other.subscribe("events") as subscriber,
    ):
        listener = await _listening(subscriber)
        await broadcast.publish("events", "across")
        assert await listener.next() == "across"


async def test_a_killed_server_is_noticed_and_the_stream_goes_on_when_it_is_back(
    valkey: EmbeddedValkey, metrics: LiveMetrics
) -> None:
    backend = EventStreamBackend(valkey.dsn, metrics)
    async with Broadcast(backend=backend) as broadcast, broadcast.subscribe("events") as one:
        listener = await _listening(one)
        await broadcast.publish("events", "before")
        assert await listener.next() == "before"

        await asyncio.to_thread(valkey.kill)
        assert await listener.next() == Link.LOST
        await broadcast.publish("events", "lost")
        await asyncio.to_thread(valkey.start)
        assert await listener.next() == Link.FOUND

        await _publish_until_written(broadcast, metrics, "after")
        assert (await listener.until("after"))[-1] == "after"


async def test_a_server_that_is_away_at_the_start_is_found_later(
    valkey: EmbeddedValkey, metrics: LiveMetrics
) -> None:
    url = valkey.dsn
    await asyncio.to_thread(valkey.kill)
    async with (
        Broadcast(backend=EventStreamBackend(url, metrics)) as broadcast,
        broadcast.subscribe("events") as one,
    ):
        assert await Listener(one).next() == Link.LOST
        await asyncio.to_thread(valkey.start)
        assert await Listener(one).next() == Link.FOUND


async def test_a_stream_that_was_emptied_and_begins_again_with_smaller_ids_is_read(
    broadcast: Broadcast, clean_redis: str
) -> None:
    client = Redis.from_url(clean_redis)
    async with broadcast.subscribe("events") as subscriber:
        listener = await _listening(subscriber)
        await client.xadd("unico:events", {"m": "far ahead"}, id="99999999999999-0")
        assert await listener.next() == "far ahead"

        await client.delete("unico:events")
        await broadcast.publish("events", "begins again")

        assert await listener.next() == "begins again"
    await client.aclose()


async def test_publishing_to_nobody_costs_the_message_and_nothing_else(
    valkey: EmbeddedValkey,
) -> None:
    registry = CollectorRegistry()
    url = valkey.dsn
    await asyncio.to_thread(valkey.kill)
    async with Broadcast(backend=EventStreamBackend(url, LiveMetrics(registry))) as broadcast:
        async with asyncio.timeout(5):
            for _ in range(3):
                await broadcast.publish("events", "into the void")
            while registry.get_sample_value("unico_stream_dropped_messages_total") != 3:
                await asyncio.sleep(0)


async def test_the_stream_stays_short(broadcast: Broadcast, clean_redis: str) -> None:
    async with broadcast.subscribe("events") as subscriber:
        listener = await _listening(subscriber)
        for number in range(12_000):
            await broadcast.publish("events", str(number))
        await listener.until("11999")
    client = Redis.from_url(clean_redis)
    assert await client.xlen("unico:events") < 10_200
    await client.aclose()


def test_pauses_grow_to_two_seconds() -> None:
    backoff = Backoff()
    pauses = [backoff.pause_s() for _ in range(8)]
    assert 0.025 <= pauses[0] <= 0.05
    assert all(pause <= 2.0 for pause in pauses)
    assert pauses[-1] >= 1.0
    backoff.reset()
    assert backoff.pause_s() <= 0.05


@pytest.mark.parametrize("message", ["", "ünï 🛒", "x" * 100_000])
async def test_any_text_arrives_unchanged(broadcast: Broadcast, message: str) -> None:
    async with broadcast.subscribe("events") as subscriber:
        listener = await _listening(subscriber)
        await broadcast.publish("events", message)
        assert await listener.next() == message


async def _publish_until_written(broadcast: Broadcast, metrics: LiveMetrics, text: str) -> None:
    """Publishing pauses after a failure; the first message after that goes through."""
    counter = metrics.dropped_messages
    async with asyncio.timeout(10):
        while True:
            before = _value(counter)
            await broadcast.publish("events", text)
            await asyncio.sleep(0.05)
            if _value(counter) == before:
                return


def _value(counter: Any) -> float:
    return cast("float", next(iter(counter.collect())).samples[0].value)
