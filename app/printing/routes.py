"""`GET /pick-lists/<id>.html` and `.pdf`: printed pick lists, for those who work there."""

import asyncio
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.answers import refusal
from app.auth.requests import caller_of
from app.printing.page import POLICY, page
from app.printing.pdf import pdf
from app.printing.sheet import Sheet, sheet_of
from app.resources import Resources
from domain.common.database import DbConnection
from domain.fulfillment.pick_lists import pick_list_by_id
from domain.identity.model import Actor
from domain.locations.repository import all_locations_by_id
from resolvers.orders import WORKERS
from schema.pick_lists import PICK_LIST_PATH


def printing_routes(resources: Resources) -> list[Route]:
    """The routes. They want the same bearer token as GraphQL; what is unknown or of another
    location is 404.
    """

    async def html(request: Request) -> Response:
        found = await _asked(resources, request)
        if isinstance(found, Response):
            return found
        return HTMLResponse(page(found), headers={"content-security-policy": POLICY})

    async def document(request: Request) -> Response:
        found = await _asked(resources, request)
        if isinstance(found, Response):
            return found
        # Layout is work for the processor: not on the event loop.
        content = await asyncio.to_thread(pdf, found)
        name = f'inline; filename="{found.picks.number}.pdf"'
        return Response(
            content, media_type="application/pdf", headers={"content-disposition": name}
        )

    return [
        Route(PICK_LIST_PATH + "/{id:uuid}.html", html, methods=["GET"]),
        Route(PICK_LIST_PATH + "/{id:uuid}.pdf", document, methods=["GET"]),
    ]


async def _asked(resources: Resources, request: Request) -> Sheet | Response:
    """The sheet that the caller may see, or the refusal."""
    actor = await caller_of(resources.authenticator, request, WORKERS, "pick lists")
    if isinstance(actor, Response):
        return actor
    wanted: UUID = request.path_params["id"]
    found = await resources.services.database.read(lambda c: _sheet(c, actor, wanted))
    return found or refusal(404, "there is no such pick list")


async def _sheet(connection: DbConnection, actor: Actor, wanted: UUID) -> Sheet | None:
    picks = await pick_list_by_id(connection, actor, wanted)
    if picks is None:
        return None
    places = await all_locations_by_id(connection, [picks.location_id])
    return sheet_of(picks, places[picks.location_id])
