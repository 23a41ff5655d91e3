"""EasyPost's webhooks, from the signed body to the parcel; a label of theirs through the API."""

from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from app.easypost.webhook import signature
from app.easypost.wiring import CODE, carriers_of
from tests.support.api import serving, settings_for
from tests.support.carriers import created, label, packed, ship
from tests.support.easypost import DOCUMENT, KEY, serving_easypost, tracker
from tests.support.stage import open_stage

PATH = "/webhooks/carriers/easypost"
SECRET = "sécret"


def event(result: Any, description: str = "tracker.updated", key: str = "evt_1") -> bytes:
    return orjson.dumps(
        {"id": key, "object": "Event", "description": description, "result": result}
    )


async def test_a_label_of_easypost_is_bought_shipped_and_tracked(
    engine: AsyncEngine, clean_database: str, clean_redis: str, tmp_path: Path
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    async with serving_easypost() as fake:
        settings = settings_for(
            clean_database, clean_redis, tmp_path, easypost_api_key=KEY,
            easypost_url=f"{fake.url}/v2", easypost_webhook_secret=SECRET,
        )  # fmt: skip
        async with serving(settings) as api, carriers_of(settings) as carriers:
            stage.services.carriers = carriers
            order, work = await packed(stage)
            made = await created(stage, work, carrier=CODE, service="USPS Priority")
            number = made["trackingNumber"]
            assert made["price"] == {"amount": "28.30", "currency": "USD"}
            assert (await api.client.get(made["url"])).content == DOCUMENT
            spare = await created(stage, work, carrier=CODE, service="USPS Priority")
            void = await label(stage, "voidLabel", labelId=spare["id"])
            assert void["label"]["state"] == "VOIDED"
            assert "shipment" in await ship(stage, work, number, CODE)

            async def post(body: bytes, signed: bytes | None = None) -> tuple[int, Any]:
                seal = signature("se\u0301cret".encode(), body) if signed is None else signed
                sent = {"x-hmac-signature": seal.decode()}
                answer = await api.client.post(PATH, content=body, headers=sent)
                return answer.status_code, answer.json().get("state")

            told = tracker(
                number,
                ("in_transit", "2026-01-01T10:00:00Z"),
                ("delivered", "2026-01-02T10:00:00Z"),
            )
            assert await post(event(told), b"hmac-sha256-hex=00") == (401, None)
            assert await post(event(told), b"") == (401, None)
            assert await post(event({"no": "tracker"})) == (400, None)
            assert await post(b"{}") == (400, None)
            assert await post(event(told, key="")) == (400, None)
            assert await post(event(told)) == (200, "APPLIED")
            assert await post(event(told)) == (200, "DUPLICATE")
            assert await post(event({}, "batch.created", "evt_2")) == (200, "APPLIED")
    seen = await stage.order(order["id"], "shipments { parcels { status events { applied } } }")
    parcel = seen["shipments"][0]["parcels"][0]
    assert parcel == {"status": "DELIVERED", "events": [{"applied": True}, {"applied": True}]}
    await stage.check()
