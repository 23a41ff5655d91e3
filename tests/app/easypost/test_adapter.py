"""The EasyPost adapter, over HTTP against a server that behaves as EasyPost does."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest

from app.easypost.adapter import EasyPost
from app.easypost.objects import ounces
from app.easypost.wiring import CODE, carriers_of
from app.settings import load_settings
from domain.carriers.model import (
    CarrierReport,
    LabelFormat,
    LabelRequest,
    Outcome,
    Place,
    Rate,
    TrackingStatus,
)
from domain.carriers.port import Carrier
from tests.support.easypost import DOCUMENT, KEY, FakeEasyPost, serving_easypost, tracker

HERE = Place("Store", "Main St 1", "Houston", "77001", "US", "TX")
THERE = Place("Ada", "Elm St 2", "Austin", "73301", "US", "TX", "+1 512")


@dataclass
class Line:
    """The adapter and the server that it speaks to."""

    carrier: Carrier
    fake: FakeEasyPost


@pytest.fixture
async def line() -> AsyncGenerator[Line]:
    async with serving_easypost() as fake:
        settings = load_settings(easypost_api_key=KEY, easypost_url=f"{fake.url}/v2/")
        async with carriers_of(settings) as carriers:
            yield Line(carriers[CODE], fake)
        assert fake.unauthenticated == 0


def wanted(service: str = "USPS Priority", recipient: Place = THERE) -> LabelRequest:
    return LabelRequest(uuid4(), 1, service, LabelFormat.PDF, HERE, recipient, 1000)


async def test_without_a_key_there_is_no_such_carrier() -> None:
    async with carriers_of(load_settings()) as carriers:
        assert carriers == {}


async def test_rates_are_sums_over_the_parcels(line: Line) -> None:
    assert ounces(1000) == 35.3
    assert await line.carrier.rates(HERE, THERE, [1000, 1000]) == [
        Rate(CODE, "UPS Ground", 14120, "USD", 5),
        Rate(CODE, "USPS First", 3530, "USD", None),
        Rate(CODE, "USPS Priority", 7060, "USD", 2),
    ]
    address = next(iter(line.fake.shipments.values()))["given"]["to_address"]
    assert address == {
        "name": "Ada", "company": None, "street1": "Elm St 2", "city": "Austin", "state": "TX",
        "zip": "73301", "country": "US", "phone": "+1 512",
    }  # fmt: skip
    line.fake.mishaps["shipments"] = [503]
    assert await line.carrier.rates(HERE, THERE, [1]) == ()


async def test_a_label_is_bought_once_however_often_it_is_asked_for(line: Line) -> None:
    request = wanted()
    first = await line.carrier.buy_label(request)
    assert (first.outcome, first.price_minor, first.currency) == (Outcome.DONE, 3530, "USD")
    assert (first.tracking_number, first.document) == ("9400100000001", DOCUMENT)
    assert await line.carrier.buy_label(request) == first
    assert line.fake.bought == 1
    assert line.fake.keys_at_documents == ["", ""]  # the key is for the API alone
    shipment = line.fake.shipments[first.reference or ""]
    assert shipment["given"]["options"] == {"label_format": "PDF"}


@pytest.mark.parametrize("where", ["shipments", "buy", "documents"])
async def test_a_lost_answer_is_silence_and_the_next_try_finds_the_label(
    line: Line, where: str
) -> None:
    request = wanted()
    line.fake.mishaps[where] = [500]
    assert (await line.carrier.buy_label(request)).outcome is Outcome.UNKNOWN
    again = await line.carrier.buy_label(request)
    assert (again.outcome, line.fake.bought) == (Outcome.DONE, 1)


async def test_refusals_say_why(line: Line) -> None:
    unknown = await line.carrier.buy_label(wanted("DHL Express"))
    assert unknown.reason == "no rate of DHL Express: no such zip"
    other = await line.carrier.buy_label(wanted("USPS Rocket"))
    assert other.reason == "no rate of USPS Rocket: not offered"
    nowhere = await line.carrier.buy_label(wanted(recipient=replace(THERE, street="Nowhere")))
    assert (nowhere.outcome, nowhere.reason) == (Outcome.REFUSED, "Unable to verify address.")


async def test_a_label_is_refunded_once(line: Line) -> None:
    bought = await line.carrier.buy_label(wanted())
    reference = bought.reference or ""
    line.fake.mishaps["refund"] = [502]
    assert (await line.carrier.cancel_label(reference)).outcome is Outcome.UNKNOWN
    assert (await line.carrier.cancel_label(reference)).outcome is Outcome.DONE
    line.fake.refund_status = "rejected"
    used = await line.carrier.buy_label(wanted())
    refused = await line.carrier.cancel_label(used.reference or "")
    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, "refund rejected")
    gone = await line.carrier.cancel_label("shp_none")
    assert (gone.outcome, gone.reason) == (Outcome.REFUSED, "Refund is not available.")


async def test_a_tracker_is_told_as_reports(line: Line) -> None:
    line.fake.trackers["N1"] = tracker(
        "N1",
        ("in_transit", "2026-01-02T10:00:00Z"),
        ("pre_transit", "2026-01-01T10:00:00Z"),
        ("error", "2026-01-03T10:00:00Z"),
        expected="2026-01-05T00:00:00Z",
    )
    assert await line.carrier.track("N1") == [
        CarrierReport(
            "pre_transit@2026-01-01T10:00:00+00:00",
            "N1",
            TrackingStatus.LABEL_CREATED,
            datetime(2026, 1, 1, 10, tzinfo=UTC),
            "HOUSTON, TX",
        ),
        CarrierReport(
            "in_transit@2026-01-02T10:00:00+00:00",
            "N1",
            TrackingStatus.IN_TRANSIT,
            datetime(2026, 1, 2, 10, tzinfo=UTC),
            "HOUSTON, TX",
            datetime(2026, 1, 5, tzinfo=UTC),
        ),
    ]
    assert await line.carrier.track("N2") == ()
    line.fake.mishaps["trackers"] = [500]
    assert await line.carrier.track("N1") == ()


async def test_a_server_that_is_not_there_is_silence() -> None:
    async with (
        httpx2.AsyncClient(base_url="http://127.0.0.1:9/") as client,
        httpx2.AsyncClient() as documents,
    ):
        carrier = EasyPost(CODE, client, documents)
        assert (await carrier.buy_label(wanted())).outcome is Outcome.UNKNOWN
        assert (await carrier.cancel_label("x")).outcome is Outcome.UNKNOWN
        assert await carrier.rates(HERE, THERE, [1]) == ()


async def test_a_wrong_key_is_refused_with_their_words() -> None:
    async with serving_easypost() as fake:
        settings = load_settings(easypost_api_key="wrong", easypost_url=f"{fake.url}/v2")
        async with carriers_of(settings) as carriers:
            answer = await carriers[CODE].buy_label(wanted())
        assert (answer.outcome, answer.reason) == (
            Outcome.REFUSED, "This API key is no longer active",
        )  # fmt: skip
