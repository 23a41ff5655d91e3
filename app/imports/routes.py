"""`POST /imports/<kind>`: a file is taken in. `GET /imports/<id>/quarantine.csv`: its bad rows."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.answers import refusal
from app.auth.requests import caller_of
from app.imports.report import report_of
from app.resources import Resources
from domain.common.errors import DomainError, IdempotencyConflict, ValidationFailed
from domain.identity.model import Actor
from domain.imports.model import MAY_IMPORT, ImportJob, ImportJobId, ImportKind
from domain.imports.receive import ImportFile, receive_file
from domain.imports.repository import job_by_id
from schema.ids import global_id
from schema.imports import IMPORT_PATH

_MEDIA_TYPES = frozenset({"", "text/csv", "application/csv", "application/octet-stream"})
_KINDS = {kind.value.lower(): kind for kind in ImportKind}
_PIECE = 1 << 18
"""Bytes that are looked at together; less would take more time for each."""


def import_routes(resources: Resources) -> list[Route]:
    """The routes. They want the same bearer token as GraphQL, of a role that may import."""

    async def upload(request: Request) -> Response:
        actor = await caller_of(resources.authenticator, request, MAY_IMPORT, "imports")
        return actor if isinstance(actor, Response) else await _upload(resources, request, actor)

    async def quarantine(request: Request) -> Response:
        actor = await caller_of(resources.authenticator, request, MAY_IMPORT, "imports")
        if isinstance(actor, Response):
            return actor
        wanted: UUID = request.path_params["id"]
        database = resources.services.database
        job = await database.read(lambda c: job_by_id(c, ImportJobId(wanted)))
        if job is None:
            return refusal(404, "there is no such import")
        name = f'attachment; filename="quarantine-{job.kind.value.lower()}-{job.id}.csv"'
        headers = {"content-disposition": name}
        return StreamingResponse(report_of(database, job), media_type="text/csv", headers=headers)

    return [
        Route(IMPORT_PATH + "/{kind:str}", upload, methods=["POST"]),
        Route(IMPORT_PATH + "/{id:uuid}/quarantine.csv", quarantine, methods=["GET"]),
    ]


async def _upload(resources: Resources, request: Request, actor: Actor) -> Response:
    kind = _KINDS.get(request.path_params["kind"])
    if kind is None:
        return refusal(404, f"there is no such kind of import; there are {', '.join(_KINDS)}")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        return refusal(415, "send text/csv")
    if request.headers.get("content-encoding", "identity") != "identity":
        return refusal(415, "send it without a content encoding")
    try:
        file = ImportFile(
            kind,
            name=request.query_params.get("name", ""),
            as_of=_moment(request.query_params.get("asOf")),
            idempotency_key=request.headers.get("idempotency-key"),
        )
        job = await receive_file(resources.services.database, actor, file, _body(request))
    except IdempotencyConflict as error:
        return refusal(409, error.message, code=error.code)
    except DomainError as error:
        return refusal(400, error.message, code=error.code)
    except ClientDisconnect:
        return refusal(400, "the file ended early")
    return _accepted(job)


def _moment(text: str | None) -> datetime | None:
    """The moment; a blank is taken for the `+` that it was before the URL was decoded.

    Raises:
        ValidationFailed: it is none.
    """
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise ValidationFailed("asOf", "must be a moment such as 2026-01-31T18:00:00Z") from error


async def _body(request: Request) -> AsyncIterator[bytes]:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield b"".join(pieces)
            pieces, size = [], 0
    yield b"".join(pieces)


def _accepted(job: ImportJob) -> Response:
    known = {
        "id": str(global_id("ImportJob", job.id)),
        "kind": job.kind.value,
        "status": job.status.value,
        "rowsRead": job.rows_read,
        "quarantineUrl": f"{IMPORT_PATH}/{job.id}/quarantine.csv",
    }
    return JSONResponse({"importJob": known}, status_code=202)
