import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from broadcaster import Broadcast

from domain.common.database import Database, DbConnection
from domain.events.log import Commit, read_position
from subscriptions import messages
from subscriptions.mailbox import Mailbox, Mode
from tests.support.mailboxes import next_of
from tests.support.probe import TOPIC, change_now, create_things, opened, pile_up
from tests.support.road import (
    connected_broadcast,
    counted,
    in_background,
    new_relay,
    running_hub,
    running_road,
)
from tests.support.waiting import until

_END_RELAYS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'unico-relay'"
)


@pytest.fixture
async def database(clean_database: str) -> AsyncGenerator[Database]:
    async with opened(clean_database) as database:
        yield database


@pytest.fixture
async def broadcast(clean_redis: str) -> AsyncGenerator[Broadcast]:
    async with connected_broadcast(clean_redis) as broadcast:
        yield broadcast


async def _next(mailbox: Mailbox) -> Commit:
    async with asyncio.timeout(10):
        commit = await next_of(mailbox)
    assert commit is not None
    return commit


async def _end_backends(database: Database) -> int:
    """Terminates the sessions of all relays; how many there were."""
    async with database.writes.begin() as connection:
        rows = await connection.execute(_END_RELAYS)
        return len(rows.all())


async def _logged(database: Database) -> int:
    return (await database.read_primary(read_position)).last_seq


async def _epoch(connection: DbConnection) -> int:
    return await connection.scalar(sa.text("SELECT epoch FROM sequencer_state")) or 0


async def _reaches(database: Database, seq: int) -> None:
    async def reached() -> bool:
        return await _logged(database) == seq

    await until(reached)


async def test_a_commit_reaches_the_subscriptions_of_every_worker(
    clean_database: str, clean_redis: str
) -> None:
    async with (
        running_road(clean_database, clean_redis) as one,
        running_road(clean_database, clean_redis) as two,
    ):
        (thing,) = await create_things(one.database, 1)
        await until(lambda: one.relay.leading or two.relay.leading)
        assert not (one.relay.leading and two.relay.leading)
        with one.hub.open([TOPIC], Mode.EVENTS) as here, two.hub.open([TOPIC], Mode.EVENTS) as far:
            for road in (one, two):
                await change_now(road.database, [thing])
                assert await _next(here) == await _next(far)


async def test_a_relay_that_stands_by_tells_the_leader_and_not_more_than_needed(
    clean_database: str, broadcast: Broadcast
) -> None:
    bystander = new_relay(clean_database, broadcast)
    async with broadcast.subscribe(messages.WAKE) as wakes:
        await wakes.get()  # the link was found
        for _ in range(100):
            bystander.wake()
        await wakes.get()
        await wakes.get()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await wakes.get()


async def test_a_wake_up_from_elsewhere_is_quicker_than_the_poll(
    clean_database: str, clean_redis: str
) -> None:
    async with (
        running_road(clean_database, clean_redis) as one,
        running_road(clean_database, clean_redis) as two,
    ):
        await until(lambda: one.relay.leading or two.relay.leading)
        follower = two if one.relay.leading else one
        (thing,) = await create_things(follower.database, 1)
        took: list[float] = []
        with follower.hub.open([TOPIC], Mode.EVENTS) as mailbox:
            for _ in range(15):
                start = asyncio.get_running_loop().time()
                await change_now(follower.database, [thing])
                await _next(mailbox)
                took.append(asyncio.get_running_loop().time() - start)
    # Each commit comes right after a poll, so that polling alone would need 0.25 s for each.
    assert sorted(took)[3] < 0.1


async def test_a_leader_that_loses_its_session_leads_again_under_a_new_epoch(
    database: Database, clean_database: str, broadcast: Broadcast
) -> None:
    (thing,) = await create_things(database, 1)
    relay = new_relay(clean_database, broadcast)
    async with in_background(relay.run()):
        await until(lambda: relay.leading)
        before = await database.read(_epoch)
        assert await _end_backends(database) == 1

        await change_now(database, [thing])
        await _reaches(database, 1)

    assert await database.read(_epoch) > before


async def test_a_relay_starts_while_the_database_is_away(
    database: Database, clean_database: str, broadcast: Broadcast
) -> None:
    (thing,) = await create_things(database, 1)
    name = sa.make_url(clean_database).database
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(
            opened(clean_database.replace(str(name), "postgres"))
        )
        await _set_connectable(admin, str(name), is_allowed=False)
        relay = new_relay(clean_database, broadcast)
        try:
            await stack.enter_async_context(in_background(relay.run()))
            failures = counted(relay.metrics.failures)
            await until(lambda: failures() >= 2)
            assert not relay.leading
        finally:
            await _set_connectable(admin, str(name), is_allowed=True)
        await change_now(database, [thing])
        await _reaches(database, 1)


async def _set_connectable(admin: Database, name: str, *, is_allowed: bool) -> None:
    async with admin.writes.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(
            sa.text(
                f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {"true" if is_allowed else "false"}'
            )
        )


async def test_a_standby_takes_over_and_nothing_is_lost(
    database: Database, clean_database: str, clean_redis: str
) -> None:
    (thing,) = await create_things(database, 1)
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running_hub(database, clean_redis))
        mailbox = stack.enter_context(hub.open([TOPIC], Mode.EVENTS))
        first = new_relay(clean_database, await _own_broadcast(stack, clean_redis))
        async with in_background(first.run()):
            await until(lambda: first.leading)
            second = new_relay(clean_database, await _own_broadcast(stack, clean_redis))
            await stack.enter_async_context(in_background(second.run()))
            await change_now(database, [thing])
            assert (await _next(mailbox)).last_seq == 1
            assert not second.leading

        await change_now(database, [thing])
        assert (await _next(mailbox)).last_seq == 2
        assert second.leading


async def _own_broadcast(stack: AsyncExitStack, redis_url: str) -> Broadcast:
    return await stack.enter_async_context(connected_broadcast(redis_url))


async def test_a_large_commit_is_announced_and_read_from_the_log(
    clean_database: str, clean_redis: str
) -> None:
    async with running_road(clean_database, clean_redis) as road:
        ids = await create_things(road.database, 1_200)
        with road.hub.open([TOPIC], Mode.EVENTS) as mailbox:
            await change_now(road.database, ids)
            commit = await _next(mailbox)
    assert len(commit.events) == 1_200


async def test_old_events_are_retired(
    database: Database, clean_database: str, broadcast: Broadcast
) -> None:
    (thing,) = await create_things(database, 1)
    relay = new_relay(clean_database, broadcast, retention=timedelta(0), retire_every_s=0.0)
    async with in_background(relay.run()):
        await pile_up(database, thing, 6_000)

        async def all_retired() -> bool:
            position = await database.read_primary(read_position)
            return position.oldest_seq == 6_001

        await until(all_retired)
    assert await _logged(database) == 6_000


@asynccontextmanager
async def _relay_process(database_url: str, redis_url: str) -> AsyncGenerator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "relay"),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_command_relays_until_it_is_told_to_stop(
    database: Database, clean_database: str, clean_redis: str
) -> None:
    (thing,) = await create_things(database, 1)
    await change_now(database, [thing])
    async with _relay_process(clean_database, clean_redis) as process:
        await _reaches(database, 1)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
