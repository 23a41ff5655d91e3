"""Feeds of one thing that tells how far it has come, such as a job."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from domain.common.database import DbConnection
from schema.live import LiveKind, ResyncReason
from subscriptions.feed import Feed
from subscriptions.mailbox import Mode

State = dict[str, Any]
C = TypeVar("C")
Shown_co = TypeVar("Shown_co", covariant=True)


class Show(Protocol[Shown_co]):
    """How states, payloads of events, become a message of the subscription."""

    def __call__(
        self,
        kind: LiveKind,
        cursor: str,
        states: Sequence[Mapping[str, Any]],
        *,
        is_last: bool = True,
        reason: ResyncReason | None = None,
    ) -> Shown_co:
        """The message."""
        ...


def progress_feed(
    topic: str, find: Callable[[DbConnection], Awaitable[State | None]], show: Show[C]
) -> Feed[State, C]:
    """The thing that `find` finds, and every event of it."""

    async def snapshot(connection: DbConnection) -> list[State]:
        found = await find(connection)
        return [found] if found is not None else []

    return Feed(
        topics=[topic],
        mode=Mode.EVENTS,
        snapshot=snapshot,
        show_snapshot=lambda states, cursor, is_last: show(
            LiveKind.SNAPSHOT, cursor, states, is_last=is_last
        ),
        show_changes=lambda events, cursor: show(
            LiveKind.CHANGES, cursor, [event.payload for event in events]
        ),
        show_resync=lambda reason, cursor: show(
            LiveKind.RESYNC, cursor, [], is_last=False, reason=reason
        ),
    )
