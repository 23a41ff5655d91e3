"""What `importJobChanged` watches, and how it shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.common.database import DbConnection
from domain.events.model import Topic
from domain.imports.events import payload_of
from domain.imports.model import ImportJobId
from domain.imports.repository import job_by_id
from schema.imports import ImportJobChange, ImportJobState
from schema.live import LiveKind, ResyncReason
from subscriptions.feed import Feed
from subscriptions.progress import State, progress_feed


def import_feed(job_id: ImportJobId) -> Feed[State, ImportJobChange]:
    """One import."""

    async def find(connection: DbConnection) -> State | None:
        found = await job_by_id(connection, job_id)
        return payload_of(found) if found else None

    return progress_feed(Topic.import_job(job_id), find, _shown)


def _shown(
    kind: LiveKind,
    cursor: str,
    states: Sequence[Mapping[str, Any]],
    *,
    is_last: bool = True,
    reason: ResyncReason | None = None,
) -> ImportJobChange:
    return ImportJobChange(
        kind=kind,
        cursor=cursor,
        complete=is_last,
        reason=reason,
        jobs=[ImportJobState.of_payload(job) for job in states],
    )
