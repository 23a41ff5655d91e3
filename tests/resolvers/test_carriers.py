"""Rates of carriers: set, read, asked for."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.actors import OPERATIONS
from tests.support.carriers import ScriptedCarrier, rate, set_rates
from tests.support.mutations import Mutation, events
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, WEB_SHOP, customer
from tests.support.stage import NOBODY, Stage, gid, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

SET = Mutation("setCarrierRates", "tariff { carrier version rates { service } }")
ASK = """query($input: ShippingRatesInput!) { shippingRates(input: $input) {
  carrier service price { amount currency } transitDays } }"""


async def ask(stage: Stage, **given: Any) -> list[tuple[str, str, str, int | None]]:
    found = await stage.api.do(
        given.pop("actor", ADMIN), ASK, input={"fromLocationId": location_id("ROME")} | given
    )
    return [
        (each["carrier"], each["service"], each["price"]["amount"], each["transitDays"])
        for each in found
    ]


async def test_rates_are_set_as_a_whole(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    given = {
        "idempotencyKey": "k",
        "carrier": "gls",
        "rates": [rate(), rate("EXPRESS", price="9.00")],
    }
    allowed = [ADMIN, OPERATIONS]
    first = await SET.check_contract(
        stage.api, engine, ADMIN, given, other={"rates": []}, allowed=allowed
    )
    assert first["tariff"] == {
        "carrier": "GLS",
        "version": 1,
        "rates": [{"service": "EXPRESS"}, {"service": "STANDARD"}],
    }
    zone = rate(country=None, maxWeightG=900, transitDays=None)
    second = await set_rates(stage, zone, expectedVersion=1)
    assert second["tariff"]["version"] == 2
    assert second["tariff"]["rates"] == [
        {
            "service": "STANDARD",
            "country": None,
            "postalPrefix": "",
            "maxWeightG": 900,
            "price": {"amount": "5.90", "currency": "EUR"},
            "transitDays": None,
        }
    ]
    document = 'query { carrierTariff(carrier: "gls") { version rates { service } } }'
    seen = await stage.api.do(MILAN_TILL, document)
    assert seen == {"version": 2, "rates": [{"service": "STANDARD"}]}
    none = await stage.api.do(ADMIN, 'query { carrierTariff(carrier: "UPS") { version } }')
    assert none is None
    assert [event["version"] for event in await events(engine)][-2:] == [1, 2]
    await stage.check()


@pytest.mark.parametrize(
    ("rates", "field"),
    [
        ([rate(maxWeightG=0)], "rates.0.maxWeightG"),
        ([rate(), rate("FAST", price="-1")], "rates.1.price"),
        ([rate(country="XX")], "rates.0.country"),
        ([rate(country="")], "rates.0.country"),
        ([rate(country=None, postalPrefix="1")], "rates.0.postalPrefix"),
        ([rate(transitDays=400)], "rates.0.transitDays"),
        ([rate(" ")], "rates.0.service"),
        ([rate(), rate()], "rates.1"),
        ([rate(), rate("FAST", currency="CHF")], "rates"),
        ([rate(price="1.001")], "amount"),
    ],
)
async def test_malformed_rates_change_nothing(
    engine: AsyncEngine, rates: list[Any], field: str
) -> None:
    stage = await open_stage(engine, {})
    given = {"idempotencyKey": "k", "carrier": "GLS", "rates": rates}
    refused = await SET.refused(stage.api, engine, ADMIN, given)
    assert (refused["code"], refused["field"]) == ("VALIDATION_FAILED", field)


async def test_a_stale_version_changes_nothing(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    await set_rates(stage, rate(), expectedVersion=0)
    given = {"idempotencyKey": "k", "carrier": "GLS", "rates": [], "expectedVersion": 0}
    refused = await SET.refused(stage.api, engine, ADMIN, given)
    assert (refused["expected"], refused["actual"]) == (0, 1)


async def test_all_carriers_are_asked_for_an_address_or_an_order(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    stage.services.carriers = {"SCRIPT": ScriptedCarrier()}
    await set_rates(stage, rate(), rate("EXPRESS", price="0.50", maxWeightG=500))
    assert await ask(stage, weightsG=[400], address={"country": "IT"}) == [
        ("GLS", "EXPRESS", "0.50", 2),
        ("SCRIPT", "FAST", "1.00", 1),
        ("GLS", "STANDARD", "5.90", 2),
    ]
    order = await stage.placed()
    there = {"orderId": order["id"], "weightsG": [400, 3000]}
    both = [("SCRIPT", "FAST", "2.00", 1), ("GLS", "STANDARD", "11.80", 2)]
    assert await ask(stage, **there) == both
    assert await ask(stage, actor=WEB_SHOP, **there) == both
    abroad = await ask(stage, weightsG=[400], address={"country": "FR"})
    assert abroad == [("SCRIPT", "FAST", "1.00", 1)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weightsG": []}, "VALIDATION_FAILED"),
        ({"weightsG": [0]}, "VALIDATION_FAILED"),
        ({"address": {"country": "QQ"}}, "VALIDATION_FAILED"),
        ({"address": None}, "VALIDATION_FAILED"),
        ({"fromLocationId": gid("Location", NOBODY)}, "NOT_FOUND"),
        ({"orderId": gid("Order", NOBODY), "address": None}, "NOT_FOUND"),
    ],
)  # fmt: skip
async def test_bad_questions_about_rates(
    engine: AsyncEngine, changes: dict[str, Any], code: str
) -> None:
    stage = await open_stage(engine, {})
    given = {"fromLocationId": location_id("ROME"), "weightsG": [1], "address": {"country": "IT"}}
    _, errors = await stage.api.ask(ADMIN, ASK, {"input": given | changes})
    assert errors == [code]


async def test_orders_out_of_scope_have_no_rates(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    order = await stage.placed()
    given = {
        "fromLocationId": location_id("ROME"), "weightsG": [1], "orderId": order["id"],
    }  # fmt: skip
    for actor, code in ((MILAN_TILL, "NOT_FOUND"), (customer(UUID(int=7)), "FORBIDDEN")):
        assert (await stage.api.ask(actor, ASK, {"input": given}))[1] == [code]
    assert (await stage.api.ask(AGENT, ASK, {"input": given}))[1] == []
