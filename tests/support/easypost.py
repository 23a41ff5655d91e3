"""A server on loopback that behaves as EasyPost's API does, as far as it is used."""

import base64
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.listening import listening

KEY = "EZTK-test"
DOCUMENT = b"%PDF-1.4 a label of theirs"


@dataclass
class FakeEasyPost:
    """Its shipments and trackers. `mishaps`: by path suffix, statuses to answer first, after the
    work was done; `unauthenticated` counts requests to the API without the key.
    """

    url: str = ""
    shipments: dict[str, dict[str, Any]] = field(default_factory=dict[str, Any])
    trackers: dict[str, dict[str, Any]] = field(default_factory=dict[str, Any])
    mishaps: dict[str, list[int]] = field(default_factory=dict[str, Any])
    refund_status: str = "submitted"
    bought: int = 0
    unauthenticated: int = 0
    keys_at_documents: list[str] = field(default_factory=list[str])

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v2/shipments", self._guarded(self._create), methods=["POST"]),
                Route("/v2/shipments/{key}", self._guarded(self._retrieve)),
                Route("/v2/shipments/{key}/buy", self._guarded(self._buy), methods=["POST"]),
                Route("/v2/shipments/{key}/refund", self._guarded(self._refund), methods=["POST"]),
                Route("/v2/trackers", self._guarded(self._track)),
                Route("/files/{name}", self._document),
            ]
        )

    def _guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        wanted = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()

        async def guarded(request: Request) -> Response:
            if request.headers.get("authorization") != wanted:
                self.unauthenticated += 1
                return refusal(401, "APIKEY.INACTIVE", "This API key is no longer active")
            done = await handler(request)
            left = self.mishaps.get(request.url.path.rpartition("/")[2], [])
            return Response(status_code=left.pop(0)) if left else done

        return guarded

    def _known(self, key: str) -> dict[str, Any] | None:
        for shipment in self.shipments.values():
            if key in (shipment["id"], shipment["reference"]):
                return shipment
        return None

    async def _create(self, request: Request) -> Response:
        given = (await request.json())["shipment"]
        weight = given["parcel"]["weight"]
        key = f"shp_{uuid4().hex}"
        shipment = {
            "id": key,
            "object": "Shipment",
            "reference": given.get("reference"),
            "given": given,
            "rates": [
                rate("USPS", "Priority", weight, 2),
                rate("USPS", "First", weight / 2, None),
                rate("UPS", "Ground", weight * 2, 5),
            ],
            "messages": [{"carrier": "DHL", "type": "rate_error", "message": "no such zip"}],
            "tracking_code": None,
            "selected_rate": None,
            "postage_label": None,
            "refund_status": None,
        }
        self.shipments[key] = shipment
        return JSONResponse(shipment, status_code=201)

    async def _retrieve(self, request: Request) -> Response:
        found = self._known(request.path_params["key"])
        if found is None:
            return refusal(404, "NOT_FOUND", "The requested resource could not be found.")
        return JSONResponse(found)

    async def _buy(self, request: Request) -> Response:
        shipment = self._known(request.path_params["key"])
        if shipment is None:
            return refusal(404, "NOT_FOUND", "The requested resource could not be found.")
        if shipment["postage_label"] is not None:
            return refusal(422, "SHIPMENT.POSTAGE.EXISTS", "Postage already exists")
        if shipment["given"]["to_address"]["street1"] == "Nowhere":
            return refusal(422, "ADDRESS.VERIFY.FAILURE", "Unable to verify address.")
        wanted = (await request.json())["rate"]["id"]
        self.bought += 1
        shipment["selected_rate"] = next(r for r in shipment["rates"] if r["id"] == wanted)
        shipment["tracking_code"] = f"94001{self.bought:08d}"
        shipment["postage_label"] = {"label_url": f"{self.url}/files/{shipment['id']}.pdf"}
        return JSONResponse(shipment)

    async def _refund(self, request: Request) -> Response:
        shipment = self._known(request.path_params["key"])
        if shipment is None or shipment["refund_status"] == "submitted":
            return refusal(422, "SHIPMENT.REFUND.UNAVAILABLE", "Refund is not available.")
        shipment["refund_status"] = self.refund_status
        return JSONResponse(shipment)

    async def _track(self, request: Request) -> Response:
        found = self.trackers.get(request.query_params["tracking_code"])
        return JSONResponse({"trackers": [found] if found else [], "has_more": False})

    async def _document(self, request: Request) -> Response:
        self.keys_at_documents.append(request.headers.get("authorization", ""))
        left = self.mishaps.get("documents", [])
        return Response(status_code=left.pop(0)) if left else Response(DOCUMENT)


def rate(carrier: str, service: str, amount: float, days: int | None) -> dict[str, Any]:
    return {
        "id": f"rate_{uuid4().hex}", "object": "Rate", "carrier": carrier, "service": service,
        "rate": f"{amount:.2f}", "currency": "USD", "delivery_days": days,
    }  # fmt: skip


def refusal(status: int, code: str, message: str) -> Response:
    body = {"error": {"code": code, "message": message, "errors": []}}
    return JSONResponse(body, status_code=status)


def tracker(code: str, *details: tuple[str, str], expected: str | None = None) -> dict[str, Any]:
    """A tracker with these statuses at these times."""
    place = {"object": "TrackingLocation", "city": "HOUSTON", "state": "TX", "country": None}
    return {
        "id": f"trk_{uuid4().hex}", "object": "Tracker", "tracking_code": code,
        "status": details[-1][0] if details else "unknown", "est_delivery_date": expected,
        "tracking_details": [
            {"object": "TrackingDetail", "status": status, "message": "x", "datetime": at,
             "tracking_location": place}
            for status, at in details
        ],
    }  # fmt: skip


@contextlib.asynccontextmanager
async def serving_easypost() -> AsyncGenerator[FakeEasyPost]:
    """The fake, on a free port of loopback."""
    fake = FakeEasyPost()
    async with listening(fake.app(), lifespan="off") as (_, port):
        fake.url = f"http://127.0.0.1:{port}"
        yield fake
