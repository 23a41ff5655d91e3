"""Sessions that were ended before their time, and the live connections that must end with them.

Every worker keeps the ids of revoked sessions in memory: read at start, again at each event about
sessions, and every minute in case all events were missed. At most `MOST_KNOWN` of the newest are
kept; beyond that each request asks the database, so the bound costs time, never safety.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import structlog

from app.auth.errors import TokenRejected
from domain.common.database import Database
from domain.identity import repository
from domain.identity.events import SESSIONS
from domain.identity.model import Actor

MOST_KNOWN = 100_000
_RECHECK_S = 60.0
_RETRY_S = 1.0

log = structlog.get_logger("unico.auth")


class Watching(Protocol):
    """What is needed of the hub: to be told of events."""

    def watch(self, topic: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls `callback` at each event under the topic until the returned function is called."""
        ...


class Watch:
    """A live connection of an actor. `close` it when the connection is over."""

    def __init__(self, sessions: "Sessions", actor: Actor, end: Callable[[str], None]) -> None:
        self.actor = actor
        self._sessions = sessions
        self._end = end
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds_left: float | None) -> None:
        """From now on it is told when its time is over."""
        if seconds_left is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, seconds_left), self.end, "the token has expired")

    def end(self, reason: str) -> None:
        """The connection is told why it must end."""
        self.close()
        self._end(reason)

    def close(self) -> None:
        """Nothing more will be told. Closing twice is harmless."""
        if self._timer is not None:
            self._timer.cancel()
        self._sessions.forget(self)


class Sessions:
    """Which sessions are revoked, and who is connected under which session."""

    def __init__(self, database: Database, leeway_s: float, most_known: int = MOST_KNOWN) -> None:
        self._database = database
        self._leeway_s = leeway_s
        self._most_known = most_known
        self._revoked: frozenset[UUID] = frozenset()
        self._is_complete = True
        self._stale = asyncio.Event()
        self._live: dict[UUID, set[Watch]] = {}

    async def load(self) -> None:
        """What the database says is known here, and connections that it ends are told."""
        limit = self._most_known + 1
        found = await self._database.read_primary(
            lambda connection: repository.revoked_sessions(connection, limit)
        )
        self._is_complete = len(found) <= self._most_known
        if not self._is_complete:
            log.warning("too many revoked sessions to keep in memory", kept=self._most_known)
        self._revoked = frozenset(found[: self._most_known])
        for session_id in self._revoked & self._live.keys():
            for watch in tuple(self._live.get(session_id, ())):
                watch.end("the session was revoked")

    @contextlib.asynccontextmanager
    async def following(self, hub: Watching) -> AsyncGenerator[None]:
        """Loaded, and loaded anew whenever the hub hears of sessions, and every minute."""
        stop = hub.watch(SESSIONS, self._stale.set)
        await self.load()
        task = asyncio.create_task(self._keep_current(), name="revoked sessions")
        try:
            yield
        finally:
            stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _keep_current(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RECHECK_S):
                    await self._stale.wait()
            self._stale.clear()
            try:
                await self.load()
            except Exception as error:  # noqa: BLE001 -- edge: whatever it is, try again
                log.warning("revoked sessions not read, trying again", reason=repr(error))
                self._stale.set()
                await asyncio.sleep(_RETRY_S)

    async def check(self, actor: Actor) -> None:
        """Nothing, when neither the actor's token nor its device was revoked.

        Raises:
            TokenRejected: one of them was.
        """
        ids = _ids(actor)
        is_revoked = any(session_id in self._revoked for session_id in ids)
        if not is_revoked and not self._is_complete:
            is_revoked = await self._database.read_primary(
                lambda connection: repository.any_revoked(connection, ids)
            )
        if is_revoked:
            raise TokenRejected("the session was revoked")

    def watch(self, actor: Actor, end: Callable[[str], None]) -> Watch:
        """Calls `end` once with the reason, when the actor's token expires or is revoked."""
        watch = Watch(self, actor, end)
        for session_id in _ids(actor):
            self._live.setdefault(session_id, set()).add(watch)
        left: float | None = None
        if actor.expires_at is not None:
            left = (actor.expires_at - datetime.now(UTC)).total_seconds() + self._leeway_s
        watch.start(left)
        return watch

    def forget(self, watch: Watch) -> None:
        """The watch is over."""
        for session_id in _ids(watch.actor):
            if watchers := self._live.get(session_id):
                watchers.discard(watch)
                if not watchers:
                    del self._live[session_id]


def _ids(actor: Actor) -> list[UUID]:
    return [session_id for session_id in (actor.token_id, actor.device_id) if session_id]
