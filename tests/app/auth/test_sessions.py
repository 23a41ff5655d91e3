"""Revoked sessions: known in memory, told to connections, and never forgotten too early."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from app.auth.errors import TokenRejected
from app.auth.sessions import Sessions
from domain.common.database import Database
from domain.common.ids import DeviceId
from domain.identity.model import Actor, Role
from domain.identity.tables import revoked_session
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("clean_database")


class Bell:
    """Stands for the hub."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], None]] = []

    def watch(self, topic: str, callback: Callable[[], None]) -> Callable[[], None]:
        assert topic == "sessions"
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def ring(self) -> None:
        for callback in self.callbacks:
            callback()


@pytest.fixture
def database(engine: AsyncEngine) -> Database:
    return Database(engine, engine, lambda: None)


def actor(
    token_id: UUID | None = None,
    device_id: DeviceId | None = None,
    expires_at: datetime | None = None,
) -> Actor:
    key = token_id or uuid4()
    return Actor("ada", Role.ADMIN, token_id=key, device_id=device_id, expires_at=expires_at)


async def store(database: Database, session_id: UUID, *, for_hours: float = 1) -> None:
    now = datetime.now(UTC)
    row = {
        "session_id": session_id,
        "revoked_at": now,
        "keep_until": now + timedelta(hours=for_hours),
    }
    async with database.writes.begin() as connection:
        await connection.execute(sa.insert(revoked_session).values(row))


async def test_token_and_device_are_both_looked_at(database: Database) -> None:
    token, device, good = uuid4(), DeviceId(uuid4()), actor()
    await store(database, token)
    await store(database, device)
    sessions = Sessions(database, leeway_s=0)
    await sessions.load()
    await sessions.check(good)
    for bad in (actor(token_id=token), actor(device_id=device)):
        with pytest.raises(TokenRejected, match="revoked"):
            await sessions.check(bad)


async def test_what_is_over_is_forgotten(database: Database) -> None:
    token = uuid4()
    await store(database, token, for_hours=-1)
    sessions = Sessions(database, leeway_s=0)
    await sessions.load()
    await sessions.check(actor(token_id=token))


async def test_connections_are_told_when_the_bell_rings(database: Database) -> None:
    caller, ends, bell = actor(device_id=DeviceId(uuid4())), list[str](), Bell()
    sessions = Sessions(database, leeway_s=0)
    async with sessions.following(bell):
        sessions.watch(caller, ends.append)
        sessions.watch(actor(), ends.append)
        assert caller.device_id is not None
        await store(database, caller.device_id)
        assert ends == []
        bell.ring()
        await until(lambda: ends == ["the session was revoked"])
        with pytest.raises(TokenRejected):
            await sessions.check(caller)
    assert bell.callbacks == []


async def test_a_failing_database_is_asked_again(database: Database, engine: AsyncEngine) -> None:
    caller, ends, bell = actor(), list[str](), Bell()
    sessions = Sessions(database, leeway_s=0)
    async with sessions.following(bell):
        sessions.watch(caller, ends.append)
        assert caller.token_id is not None
        await store(database, caller.token_id)
        async with engine.begin() as connection:
            await connection.execute(sa.text("ALTER TABLE revoked_session RENAME TO away"))
        bell.ring()
        async with engine.begin() as connection:
            await connection.execute(sa.text("ALTER TABLE away RENAME TO revoked_session"))
        await until(lambda: ends == ["the session was revoked"])


async def test_a_connection_ends_with_its_token(database: Database) -> None:
    sessions, ends = Sessions(database, leeway_s=0), list[str]()
    soon = datetime.now(UTC) + timedelta(seconds=0.1)
    sessions.watch(actor(expires_at=soon), ends.append)
    await until(lambda: ends == ["the token has expired"])


async def test_a_closed_watch_is_told_nothing(database: Database) -> None:
    sessions, ends = Sessions(database, leeway_s=0), list[str]()
    end = datetime.now(UTC) + timedelta(seconds=0.05)
    caller = actor(expires_at=end)
    assert caller.token_id is not None
    watch = sessions.watch(caller, ends.append)
    watch.close()
    watch.close()
    await store(database, caller.token_id)
    await sessions.load()
    await until(lambda: datetime.now(UTC) > end + timedelta(seconds=0.1))
    assert ends == []


async def test_beyond_the_bound_the_database_is_asked(database: Database) -> None:
    old, new, newest = uuid4(), uuid4(), uuid4()
    for session_id in (old, new, newest):
        await store(database, session_id)
    sessions = Sessions(database, leeway_s=0, most_known=2)
    await sessions.load()
    for session_id in (old, new, newest):
        with pytest.raises(TokenRejected):
            await sessions.check(actor(token_id=session_id))
    await sessions.check(actor())
