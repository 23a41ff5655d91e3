"""Imports as clients see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay

from domain.imports import model
from domain.imports.repository import count_of_refusals, page_of_refusals
from schema.access import access
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.enums import described
from schema.ids import global_id
from schema.inputs import After, First
from schema.live import COMPLETE, CURSOR, KIND, REASON, VERSION, LiveKind, ResyncReason
from schema.refusals import asked

IMPORT_PATH = "/imports"

described(
    model.ImportKind,
    "What an imported file tells.",
    {
        "STOCK": "Units on hand, by location and SKU.",
        "PRODUCTS": "Products and their variants, by SKU.",
        "PRICES": "Prices, by SKU, channel and currency.",
        "CUSTOMERS": "Customers, by the reference that a system has for them.",
        "ORDERS": "Orders of the past, a row for each line.",
    },
)
described(
    model.JobStatus,
    "How far an import has come.",
    {
        "QUEUED": "The file is there; earlier ones come first.",
        "RUNNING": "Its rows are being applied, chunk by chunk.",
        "SUCCEEDED": "Every row was applied, found unchanged, or refused.",
        "FAILED": "It ended early. What was applied stays; import the file again for the rest.",
    },
    name="ImportJobStatus",
)


@access(*sorted(model.MAY_IMPORT))
@strawberry.type(description="A value of a row of a file.")
class ImportedValue:
    column: str = strawberry.field(
        description="Name of the column; `line` with all that a malformed line says."
    )
    value: str = strawberry.field(description="What stands there.")


@access(*sorted(model.MAY_IMPORT))
@strawberry.type(description="A row of a file that was not applied.")
class QuarantinedRow:
    line: int = strawberry.field(
        description="The line of the file where it begins; the line of the header is 1."
    )
    reason: str = strawberry.field(description="Why, for people.")
    row: list[ImportedValue] = strawberry.field(
        description="What it says, without empty values. May be personal data."
    )

    @staticmethod
    def of(refusal: model.Refusal) -> "QuarantinedRow":
        """The twin."""
        return QuarantinedRow(
            line=refusal.line,
            reason=refusal.reason,
            row=[ImportedValue(column=name, value=said) for name, said in refusal.row.items()],
        )


@access(*sorted(model.MAY_IMPORT))
@strawberry.type(description="A file that is applied row by row, and what became of it so far.")
class ImportJob:
    """Twin of domain ImportJob."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    kind: model.ImportKind = strawberry.field(description="What the file tells.")
    status: model.JobStatus = strawberry.field(description="How far it has come.")
    name: str = strawberry.field(description="Name of the file; may be empty.")
    content_hash: str = strawberry.field(description="SHA-256 of the file.")
    as_of: datetime = strawberry.field(
        description="The moment of which the file tells (UTC): units that moved since are added."
    )
    rows_read: int = strawberry.field(description="Rows of the file, without the header.")
    applied: int = strawberry.field(description="Rows that changed something.")
    unchanged: int = strawberry.field(description="Rows that said what was known.")
    quarantined: int = strawberry.field(description="Rows that were refused.")
    failure: str | None = strawberry.field(description="Why it ended early; null unless it did.")
    created_at: datetime = strawberry.field(description="When the file was there (UTC).")
    started_at: datetime | None = strawberry.field(description="When its turn came (UTC).")
    finished_at: datetime | None = strawberry.field(description="When it ended (UTC).")
    version: int = strawberry.field(description=VERSION)
    job_id: strawberry.Private[model.ImportJobId]

    @strawberry.field(description="Path of a CSV file with all refused rows, for a bearer token.")
    def quarantine_url(self) -> str:
        """The path."""
        return f"{IMPORT_PATH}/{self.job_id}/quarantine.csv"

    @strawberry.field(description="Rows that were refused, in the order of the file.")
    async def quarantined_rows(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[QuarantinedRow]:
        """A page of refused rows."""
        read, job_id = info.context.read, self.job_id
        page = await asked(read(lambda c: page_of_refusals(c, job_id, first, after)))
        return connection_of(
            page, QuarantinedRow.of, lambda: read(lambda c: count_of_refusals(c, job_id))
        )

    @staticmethod
    def of(job: model.ImportJob) -> "ImportJob":
        """The twin."""
        return ImportJob(
            id=global_id("ImportJob", job.id),
            kind=job.kind,
            status=job.status,
            name=job.name,
            content_hash=job.content_hash,
            as_of=job.as_of,
            rows_read=job.rows_read,
            applied=job.applied,
            unchanged=job.unchanged,
            quarantined=job.quarantined,
            failure=job.failure,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            version=job.version,
            job_id=job.id,
        )


@access(*sorted(model.MAY_IMPORT))
@strawberry.type(description="An import after one of its changes.")
class ImportJobState:
    job_id: relay.GlobalID = strawberry.field(description="Id of the import.")
    version: int = strawberry.field(description=VERSION)
    kind: model.ImportKind = strawberry.field(description="What the file tells.")
    status: model.JobStatus = strawberry.field(description="How far it has come.")
    rows_read: int = strawberry.field(description="Rows of the file, without the header.")
    applied: int = strawberry.field(description="Rows that changed something.")
    unchanged: int = strawberry.field(description="Rows that said what was known.")
    quarantined: int = strawberry.field(description="Rows that were refused.")
    failure: str | None = strawberry.field(description="Why it ended early; null unless it did.")
    updated_at: datetime = strawberry.field(description="When this change was made (UTC).")

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The import in the payload of an ImportJobChanged event."""
        return cls(
            job_id=global_id("ImportJob", payload["job_id"]),
            version=payload["version"],
            kind=model.ImportKind(payload["kind"]),
            status=model.JobStatus(payload["status"]),
            rows_read=payload["rows_read"],
            applied=payload["applied"],
            unchanged=payload["unchanged"],
            quarantined=payload["quarantined"],
            failure=payload["failure"],
            updated_at=datetime.fromisoformat(payload["updated_at"]),
        )


@access(*sorted(model.MAY_IMPORT))
@strawberry.type(description="A payload of `importJobChanged`.")
class ImportJobChange:
    kind: LiveKind = strawberry.field(description=KIND)
    cursor: str = strawberry.field(description=CURSOR)
    complete: bool = strawberry.field(description=COMPLETE)
    reason: ResyncReason | None = strawberry.field(description=REASON)
    jobs: list[ImportJobState] = strawberry.field(
        description="The import after each change, oldest first; with SNAPSHOT: as it is."
    )
