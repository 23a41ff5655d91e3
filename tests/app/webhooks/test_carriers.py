"""Webhooks of carriers: signed, taken in once, never a step back; unknown parcels wait."""

import asyncio
import base64
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from app.webhooks.signatures import key_of, signature
from domain.shipments.tables import carrier_message
from tests.support.api import Api, serving, settings_for
from tests.support.carriers import packed, ship
from tests.support.mutations import everything
from tests.support.stage import Stage, open_stage

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 24).decode()
WHEN = "2026-01-01T10:00:00Z"


def event(status: str = "DELIVERED", number: str = "T1", **changes: Any) -> dict[str, Any]:
    return {"trackingNumber": number, "status": status, "occurredAt": WHEN} | changes


def body_of(*events: dict[str, Any]) -> bytes:
    data = {"events": list(events)}
    return orjson.dumps({"type": "tracking.reported", "timestamp": WHEN, "data": data})


def signed(
    body: bytes, *, secret: str = SECRET, message_id: str | None = None, age_s: int = 0
) -> dict[str, str]:
    message_id = message_id or f"msg_{uuid4().hex}"
    stamp = str(int(time.time()) - age_s)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(key_of(secret), message_id, stamp, body),
    }


async def books(engine: AsyncEngine) -> dict[str, str]:
    """A digest of all tables but those in which the relay moves events on."""
    road = {"outbox", "event_log", "sequencer_state"}
    digests = await everything(engine)
    return {name: rows for name, rows in digests.items() if name not in road}


@dataclass
class Desk:
    """The application, and the shop that it serves."""

    api: Api
    stage: Stage

    async def post(
        self, body: bytes, headers: dict[str, str] | None = None, carrier: str = "GLS"
    ) -> tuple[int, Any]:
        sent = signed(body) if headers is None else headers
        path = f"/webhooks/carriers/{carrier}"
        response = await self.api.client.post(path, content=body, headers=sent)
        answer = response.json()
        errors = answer.get("errors")
        return response.status_code, errors[0]["extensions"]["code"] if errors else answer["state"]

    async def shipped(self, number: str = "T1") -> Any:
        order, work = await packed(self.stage)
        await ship(self.stage, work, number)
        return order

    async def parcel(self, order: Any) -> Any:
        selection = "shipments { parcels { status events { externalId status applied } } }"
        seen = await self.stage.order(order["id"], selection)
        return seen["shipments"][0]["parcels"][0]


@pytest.fixture
async def desk(
    clean_database: str, clean_redis: str, tmp_path: Path, engine: AsyncEngine
) -> AsyncGenerator[Desk]:
    settings = settings_for(
        clean_database, clean_redis, tmp_path, max_body_bytes=5_000, housekeeping=False,
        carrier_webhook_secrets=f"gls={SECRET}, GLS={OLD_SECRET}",
    )  # fmt: skip
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    async with serving(settings) as api:
        yield Desk(api, stage)


async def test_a_signed_report_moves_the_parcel_once(desk: Desk, engine: AsyncEngine) -> None:
    order = await desk.shipped()
    body = body_of(event("IN_TRANSIT", id="a"), event("DELIVERED", id="b"))
    headers = signed(body)
    assert await desk.post(body, headers) == (200, "APPLIED")
    seen = await desk.parcel(order)
    assert seen["status"] == "DELIVERED"
    assert [each["externalId"] for each in seen["events"]] == ["a", "b"]
    before = await books(engine)
    assert await desk.post(body, headers) == (200, "DUPLICATE")
    resent = signed(body, message_id=headers["webhook-id"], secret=OLD_SECRET)
    assert await desk.post(body, resent, "gls") == (200, "DUPLICATE")
    assert await books(engine) == before
    await desk.stage.check()


async def test_late_and_repeated_reports_change_no_status(desk: Desk) -> None:
    order = await desk.shipped()
    assert await desk.post(body_of(event("DELIVERED", id="b"))) == (200, "APPLIED")
    other = body_of(event("IN_TRANSIT", id="a"), event("DELIVERED", id="b", place="Rome"))
    assert await desk.post(other) == (200, "APPLIED")
    seen = await desk.parcel(order)
    assert seen["status"] == "DELIVERED"
    assert [(each["externalId"], each["applied"]) for each in seen["events"]] == [
        ("b", True), ("a", False),
    ]  # fmt: skip
    await desk.stage.check()


async def test_messages_that_are_not_the_carriers_change_nothing(
    desk: Desk, engine: AsyncEngine
) -> None:
    await desk.shipped()
    body = body_of(event())
    good = signed(body)
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    bad: list[dict[str, str]] = [
        {},
        signed(body, secret=other),
        signed(body, age_s=301),
        signed(body, age_s=-330),
        signed(body + b" "),
        good | {"webhook-id": "msg_other"},
        good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) - 1)},
        good | {"webhook-timestamp": "9" * 40},
        good | {"webhook-timestamp": "x"},
        good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v2,")},
        good | {"webhook-signature": ""},
    ]
    before = await books(engine)
    for headers in bad:
        assert await desk.post(body, headers) == (401, "UNAUTHENTICATED"), headers
    assert await desk.post(body, signed(body), "DHL") == (404, "NOT_FOUND")
    assert await books(engine) == before
    several = good | {"webhook-signature": f"v1,AAAA v1a,BBBB {good['webhook-signature']}"}
    assert await desk.post(body, several) == (200, "APPLIED")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", (400, "BAD_REQUEST")),
        (b"[]", (400, "BAD_REQUEST")),
        (b"\xff", (400, "BAD_REQUEST")),
        (b'{"type":"tracking.reported"}', (400, "BAD_REQUEST")),
        (body_of(event("EATEN")), (400, "BAD_REQUEST")),
        (body_of(event(occurredAt="soon")), (400, "BAD_REQUEST")),
        (body_of(event(number="")), (400, "BAD_REQUEST")),
        (body_of(event(occurredAt="2126-01-01T10:00:00Z")), (422, "VALIDATION_FAILED")),
        (body_of(event(occurredAt="2026-01-01T10:00:00")), (422, "VALIDATION_FAILED")),
        (body_of(event(place="x" * 201)), (422, "VALIDATION_FAILED")),
        (body_of(event(place="4111 1111 1111 1111")), (422, "VALIDATION_FAILED")),
        (body_of(event("IN_TRANSIT"), event(number="?")), (422, "VALIDATION_FAILED")),
        (body_of(event(place="x" * 6_000)), (413, "REQUEST_TOO_LARGE")),
    ],
)
async def test_what_cannot_be_read_changes_nothing(
    desk: Desk, engine: AsyncEngine, body: bytes, answer: tuple[int, str]
) -> None:
    await desk.shipped()
    before = await books(engine)
    assert await desk.post(body) == answer
    assert await books(engine) == before


async def test_other_messages_are_taken_in_and_report_nothing(desk: Desk) -> None:
    assert await desk.post(b'{"type":"invoice.made","data":{}}') == (200, "APPLIED")


async def test_reports_of_unknown_parcels_wait_for_them(desk: Desk, engine: AsyncEngine) -> None:
    order = await desk.shipped("T1")
    both = body_of(event("DELIVERED", "T2", id="z"), event("IN_TRANSIT", "T1"))
    headers = signed(both)
    assert await desk.post(both, headers) == (202, "PARKED")
    assert await desk.post(both, headers) == (200, "DUPLICATE")
    assert (await desk.parcel(order))["status"] == "IN_TRANSIT"
    second = await desk.shipped("T2")
    await desk.stage.tick()
    assert (await desk.parcel(second))["status"] == "DELIVERED"
    await desk.stage.check()


async def test_what_never_comes_is_dropped_in_the_end(desk: Desk, engine: AsyncEngine) -> None:
    assert await desk.post(body_of(event(number="T7"))) == (202, "PARKED")
    old = sa.update(carrier_message).values(
        received_at=sa.func.now() - sa.text("interval '31 days'")
    )
    async with engine.begin() as connection:
        await connection.execute(old)
    await desk.stage.tick()
    order = await desk.shipped("T7")
    await desk.stage.tick()
    assert (await desk.parcel(order))["events"] == []
    async with engine.connect() as connection:
        kept = (await connection.execute(sa.select(carrier_message))).one()
    assert (kept.state, kept.reports) == ("DROPPED", [])


async def test_the_same_message_twice_at_once_is_taken_in_once(desk: Desk) -> None:
    order = await desk.shipped()
    body = body_of(event())
    headers = signed(body)
    answers = await asyncio.gather(*[desk.post(body, headers) for _ in range(4)])
    assert sorted(state for _, state in answers) == ["APPLIED"] + ["DUPLICATE"] * 3
    assert len((await desk.parcel(order))["events"]) == 1
    await desk.stage.check()


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the Standard Webhooks specification and its libraries.
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "abc", "whsec_", "whsec_!!!!", "whsec_YWJj"])
def test_secrets_have_a_form(secret: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_"):
        key_of(secret)
