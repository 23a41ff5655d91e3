"""Imports: reading jobs. Files come over HTTP (`POST /imports/<kind>`), not through GraphQL."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.paging import PageRequest
from domain.imports.model import MAY_IMPORT, ImportJobId, ImportKind, JobStatus
from domain.imports.repository import count_of_jobs, job_by_id, page_of_jobs
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.ids import id_of
from schema.imports import ImportJob
from schema.inputs import After, First
from schema.refusals import checked


@strawberry.type
class ImportsQuery:
    """Root fields that read imports."""

    @strawberry.field(
        description="An import; null when unknown.", extensions=[Allow(*sorted(MAY_IMPORT))]
    )
    async def import_job(
        self, info: Info, id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")]
    ) -> ImportJob | None:
        """The import or null."""
        wanted = checked(lambda: ImportJobId(id_of(id, "ImportJob")))
        found = await info.context.read(lambda c: job_by_id(c, wanted))
        return ImportJob.of(found) if found else None

    @strawberry.field(
        description="Imports, the newest first.", extensions=[Allow(*sorted(MAY_IMPORT))]
    )
    async def import_jobs(
        self,
        info: Info,
        kind: Annotated[
            ImportKind | None, strawberry.argument(description="Only of this kind.")
        ] = None,
        status: Annotated[
            JobStatus | None, strawberry.argument(description="Only with this status.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[ImportJob]:
        """A page of imports."""
        request = checked(lambda: PageRequest.of(first, after))
        read = info.context.read
        page = await read(lambda c: page_of_jobs(c, kind, status, request))
        return connection_of(
            page, ImportJob.of, lambda: read(lambda c: count_of_jobs(c, kind, status))
        )
