"""`GET /labels/{id}.pdf|zpl?token=...`: the document of a label, for whoever has its address."""

import asyncio
import secrets
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.answers import refusal
from app.labels.content import content_of
from app.labels.pdf import label_pdf
from app.labels.zpl import label_zpl
from app.resources import Resources
from domain.carriers.model import LabelFormat
from domain.shipments.labelling.model import Label, LabelState
from domain.shipments.labelling.repository import label_file

_MEDIA_TYPES = {LabelFormat.PDF: "application/pdf", LabelFormat.ZPL: "application/vnd.zebra-zpl"}


def labels_route(resources: Resources) -> Route:
    """The route. Unknown labels, other formats and wrong tokens look alike: 404; a label that is
    void or not there yet: 410.
    """

    async def serve(request: Request) -> Response:
        label_id: UUID = request.path_params["label_id"]
        found = await resources.services.database.read(lambda c: label_file(c, label_id))
        if found is None or not _opens(request, found.label):
            return refusal(404, "there is no such label")
        label = found.label
        if label.state is not LabelState.BOUGHT:
            return refusal(410, f"the label is {label.state.value}", code="GONE")
        content = found.content or await asyncio.to_thread(drawn, label)
        name = f"label-{label.id}.{label.format.value.lower()}"
        return Response(
            content,
            media_type=_MEDIA_TYPES[label.format],
            headers={"content-disposition": f'inline; filename="{name}"'},
        )

    return Route("/labels/{label_id:uuid}.{format}", serve, methods=["GET"])


def _opens(request: Request, label: Label) -> bool:
    token = request.query_params.get("token", "")
    right = secrets.compare_digest(token.encode(), label.token.encode())
    return right and request.path_params["format"] == label.format.value.lower()


def drawn(label: Label) -> bytes:
    """The document of a label whose carrier makes none."""
    content = content_of(label)
    return label_pdf(content) if label.format is LabelFormat.PDF else label_zpl(content)
