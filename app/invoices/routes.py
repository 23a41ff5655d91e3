"""`GET /invoices/<id>.pdf`: documents for who may see the order; `GET /journal.csv`: the ledger."""

import asyncio
from datetime import date
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.answers import refusal
from app.auth.requests import caller_of
from app.invoices.pdf import invoice_pdf
from app.resources import Resources
from domain.accounting.documents import Document
from domain.accounting.exporting import ExportFormat, JournalExport, checked, journal_file
from domain.accounting.invoices import document_by_id
from domain.common.database import DbConnection
from domain.common.errors import ValidationFailed
from domain.identity.model import Actor, Role
from domain.orders.visibility import visible_order
from schema.accounting import ACCOUNTANTS
from schema.invoices import INVOICE_PATH

JOURNAL_PATH = "/journal.csv"


def accounting_routes(resources: Resources) -> list[Route]:
    """The routes. They want the same bearer token as GraphQL. A document of an order that the
    caller may not see is 404; the journal is for finance.
    """

    async def document(request: Request) -> Response:
        actor = await caller_of(resources.authenticator, request, tuple(Role), "invoices")
        if isinstance(actor, Response):
            return actor
        wanted: UUID = request.path_params["id"]
        found = await resources.services.database.read(lambda c: _seen(c, actor, wanted))
        if found is None:
            return refusal(404, "there is no such invoice")
        # Layout is work for the processor: not on the event loop.
        content = await asyncio.to_thread(invoice_pdf, found)
        name = f'inline; filename="{found.number}.pdf"'
        return Response(
            content, media_type="application/pdf", headers={"content-disposition": name}
        )

    async def journal(request: Request) -> Response:
        actor = await caller_of(resources.authenticator, request, ACCOUNTANTS, "the journal")
        if isinstance(actor, Response):
            return actor
        try:
            wanted = checked(_export(request))
        except ValidationFailed as error:
            return refusal(400, error.message)
        name = f"journal-{wanted.format.value.lower()}-{wanted.first_day}-{wanted.last_day}.csv"
        return StreamingResponse(
            journal_file(resources.services.database, wanted),
            media_type="text/csv",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    return [
        Route(INVOICE_PATH + "/{id:uuid}.pdf", document, methods=["GET"]),
        Route(JOURNAL_PATH, journal, methods=["GET"]),
    ]


async def _seen(connection: DbConnection, actor: Actor, wanted: UUID) -> Document | None:
    found = await document_by_id(connection, wanted)
    if found is None:
        return None
    order_id = await visible_order(connection, actor, order_id=found.order_id)
    return found if order_id is not None else None


def _export(request: Request) -> JournalExport:
    given = request.query_params
    try:
        wanted = ExportFormat(given.get("format", ExportFormat.NEUTRAL.value).upper())
    except ValueError as error:
        known = ", ".join(each.value for each in ExportFormat)
        raise ValidationFailed("format", f"must be one of {known}") from error
    first, last = _day("from", given.get("from", "")), _day("to", given.get("to", ""))
    return JournalExport(wanted, first, last, given.get("currency"))


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValidationFailed(field, "must be a day such as 2026-11-27") from error
