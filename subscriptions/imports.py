"""What `importJobChanged` watches, and how it shows it."""

from collections.abc import Sequence
from typing import Any

from domain.common.database import DbConnection
from domain.events.model import Topic
from domain.imports.events import payload_of
from domain.imports.model import ImportJobId
from domain.imports.repository import job_by_id
from schema.imports import ImportJobChange, ImportJobState
from schema.live import LiveKind, ResyncReason
from subscriptions.feed import Feed
from subscriptions.mailbox import Mode

State = dict[str, Any]


def import_feed(job_id: ImportJobId) -> Feed[State, ImportJobChange]:
    """One import."""

    async def snapshot(connection: DbConnection) -> list[State]:
        found = await job_by_id(connection, job_id)
        return [payload_of(found)] if found else []

    return Feed(
        topics=[Topic.import_job(job_id)],
        mode=Mode.EVENTS,
        snapshot=snapshot,
        show_snapshot=lambda states, cursor, is_last: _shown(
            LiveKind.SNAPSHOT, cursor, states, is_last=is_last
        ),
        show_changes=lambda events, cursor: _shown(
            LiveKind.CHANGES, cursor, [event.payload for event in events]
        ),
        show_resync=lambda reason, cursor: _shown(
            LiveKind.RESYNC, cursor, [], is_last=False, reason=reason
        ),
    )


def _shown(
    kind: LiveKind,
    cursor: str,
    jobs: Sequence[Any],
    *,
    is_last: bool = True,
    reason: ResyncReason | None = None,
) -> ImportJobChange:
    return ImportJobChange(
        kind=kind,
        cursor=cursor,
        complete=is_last,
        reason=reason,
        jobs=[ImportJobState.of_payload(job) for job in jobs],
    )
