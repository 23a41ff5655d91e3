"""News of imports: how far a job has come. Never what rows say."""

from typing import Any

from domain.events.model import Aggregate, Event, Topic
from domain.imports.model import ImportJob

IMPORT_JOB_CHANGED = "ImportJobChanged"


def payload_of(job: ImportJob) -> dict[str, Any]:
    """The public state of a job, as JSON values."""
    return {
        "job_id": str(job.id),
        "kind": job.kind.value,
        "status": job.status.value,
        "rows_read": job.rows_read,
        "applied": job.applied,
        "unchanged": job.unchanged,
        "quarantined": job.quarantined,
        "failure": job.failure,
        "version": job.version,
        "updated_at": job.updated_at.isoformat(),
    }


def job_changed(job: ImportJob) -> Event:
    """The event of a job's change to its present version."""
    return Event(
        type=IMPORT_JOB_CHANGED,
        aggregate=Aggregate.IMPORT_JOB,
        aggregate_id=job.id,
        version=job.version,
        topics=(Topic.import_job(job.id),),
        payload=payload_of(job),
    )
