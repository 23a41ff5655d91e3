"""Sessions that were ended before their time, and the live connections that must end with them.

Every worker keeps the ids of revoked sessions in memory: loaded at start, told by events, and read
anew every minute in case an event was missed. At most `MOST_KNOWN` of the newest are kept; beyond
that each request asks the database, so the bound costs time, never safety.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

import structlog

from app.auth.errors import TokenRejected
from domain.common.database import Database
from domain.identity import repository
from domain.identity.model import Actor

MOST_KNOWN = 100_000
_RECHECK_S = 60.0

log = structlog.get_logger("unico.auth")


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
        self._revoked: dict[UUID, datetime] = {}
        self._is_complete = True
        self._live: dict[UUID, set[Watch]] = {}

    async def load(self) -> None:
        """What the database says is known here, and connections that it ends are told."""
        limit = self._most_known + 1
        found = await self._database.read_primary(
            lambda connection: repository.revoked_sessions(connection, limit)
        )
        # Told by an event a moment ago and not yet in what was read: keep it.
        now = datetime.now(UTC)
        known = {key: until for key, until in self._revoked.items() if until > now} | found
        self._is_complete = len(known) <= self._most_known
        if not self._is_complete:
            log.warning("too many revoked sessions to keep in memory", kept=self._most_known)
        self._revoked = dict(islice(known.items(), self._most_known))
        for session_id in self._revoked.keys() & self._live.keys():
            self._end(session_id)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Loaded, and read anew every minute."""
        await self.load()
        task = asyncio.create_task(self._recheck(), name="revoked-sessions")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(_RECHECK_S)
            try:
                await self.load()
            except Exception as error:  # noqa: BLE001 -- the next minute may be better
                log.warning("revoked sessions not read", reason=repr(error))

    def revoke(self, session_id: UUID, keep_until: datetime) -> None:
        """The session is refused from now on and its connections are told to end."""
        if len(self._revoked) < self._most_known:
            self._revoked[session_id] = keep_until
        else:
            self._is_complete = False
        self._end(session_id)

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

    def _end(self, session_id: UUID) -> None:
        for watch in tuple(self._live.get(session_id, ())):
            watch.end("the session was revoked")


def _ids(actor: Actor) -> list[UUID]:
    return [session_id for session_id in (actor.token_id, actor.device_id) if session_id]
