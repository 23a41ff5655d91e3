"""S66 and its neighbours: another currency and language; taxes by country and region."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import channel, exchange_rate, variant
from domain.identity.model import Actor, Role
from tests.support.mutations import everything
from tests.support.promotions import MONEY, PRICE, TENTH, price, promote
from tests.support.shop import ADMIN
from tests.support.stage import Stage, open_stage, wish

pytestmark = pytest.mark.usefixtures("clean_database")

TODAY = datetime.now(UTC).date()
RATES = """... on SetExchangeRatePayload { version exchangeRates { day rate } }
  ... on ValidationError { field }"""


async def tax(stage: Stage, country: str, rate: str, **given: Any) -> Any:
    """Goods of the category are taxed so from now on."""
    kind = "SetTaxRateInput"
    wanted = {"country": country, "taxCategory": "standard", "rate": rate, **given}
    return await stage.do(ADMIN, "setTaxRate", kind, "", **wanted)


async def rate(stage: Stage, value: str, actor: Actor = ADMIN, **given: Any) -> Any:
    """One EUR is worth that many CHF from today on, unless told otherwise."""
    wanted = {"base": "EUR", "quote": "CHF", "day": str(TODAY), "rate": value, **given}
    return await stage.do(actor, "setExchangeRate", "SetExchangeRateInput", RATES, **wanted)


async def set_channel(engine: AsyncEngine, **values: Any) -> None:
    """WEB is like that; without an event, as the shop was opened."""
    async with engine.begin() as connection:
        await connection.execute(sa.update(channel).where(channel.c.code == "WEB").values(values))


async def converting(stage: Stage) -> None:
    """WEB sells in other currencies at the rate of the day."""
    answer = await stage.do(
        ADMIN,
        "updateChannel",
        "UpdateChannelInput",
        "... on UpdateChannelPayload { channel { convertsPrices } }",
        code="WEB",
        convertsPrices=True,
    )
    assert answer["channel"] == {"convertsPrices": True}


def address(country: str, region: str = "") -> dict[str, Any]:
    """A delivery there."""
    delivery = wish()["delivery"]
    return {**delivery, "address": {**delivery["address"], "country": country, "region": region}}


async def test_s66_an_order_in_francs_and_italian(engine: AsyncEngine) -> None:
    """Rounding, tax and names are right."""
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    async with engine.begin() as connection:
        names = {"en": "Hat", "it": "Cappello"}
        await connection.execute(
            sa.update(variant).where(variant.c.sku == "HAT").values(names=names)
        )
    await set_channel(engine, converts_prices=True)
    await tax(stage, "CH", "0.081")
    await promote(stage, TENTH)
    assert (await price(stage, country="CH", currency="EUR"))["exchangeRate"] is None
    missing = await stage.place(currency="CHF", delivery=address("CH"))
    assert missing["code"] == "PRODUCT_NOT_SELLABLE"
    await rate(stage, "0.9333")
    cart: dict[str, Any] = {"currency": "CHF", "lines": {"HAT": 3}}
    shown = await price(stage, country="CH", **cart)
    order = await stage.placed(**cart, delivery=address("CH"), language="it")
    fields = f'{PRICE} language lines {{ name(language: "it") unitPrice {MONEY} taxRate }}'
    found = await stage.order(order["id"], fields)
    assert found["lines"] == [
        {
            "name": "Cappello",
            "unitPrice": {"amount": "18.57", "currency": "CHF"},
            "taxRate": "0.081",
        }
    ]
    assert found["language"] == "it"
    assert found["total"] == shown["total"] == {"amount": "50.14", "currency": "CHF"}
    assert found["tax"] == shown["tax"] == {"amount": "3.76", "currency": "CHF"}
    assert found["taxLines"] == shown["taxLines"]
    assert found["exchangeRate"] == {
        "base": "EUR",
        "quote": "CHF",
        "rate": "0.9333",
        "day": str(TODAY),
    }
    assert {d["labels"][1]["text"] for d in found["discounts"]} == {"Offerta"}
    await rate(stage, "0.5")
    assert (await stage.order(order["id"], PRICE))["total"] == shown["total"]
    await stage.check()
    listed = {"amount": "20.00", "currency": "CHF"}
    await stage.do(ADMIN, "setPrice", "SetPriceInput", "", sku="HAT", channel="WEB", amount=listed)
    own = await price(stage, country="CH", currency="CHF")
    assert (own["itemsTotal"], own["exchangeRate"]) == (listed, None)


async def test_yen_and_dinars_have_their_own_decimals(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    await set_channel(engine, converts_prices=True)
    await rate(stage, "161.35", quote="JPY")
    await rate(stage, "0.33333", quote="KWD")
    assert (await price(stage, currency="JPY"))["total"]["amount"] == "3211"
    assert (await price(stage, currency="KWD"))["total"]["amount"] == "6.633"
    order = await stage.placed(currency="KWD", lines={"HAT": 3})
    total = await stage.order(order["id"], f"total {MONEY}")
    assert total["total"] == {"amount": "19.899", "currency": "KWD"}
    await stage.check()


async def test_a_rate_counts_from_its_day_on(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    before = await everything(engine)
    late = await rate(stage, "1.1", day=str(TODAY - timedelta(days=2)))
    assert late["field"] == "day"
    assert (await rate(stage, "0"))["field"] == "rate"
    assert (await rate(stage, "1", quote="EUR"))["field"] == "quote"
    with pytest.raises(AssertionError, match="FORBIDDEN"):
        await rate(stage, "1.1", actor=Actor("f", Role.CALL_CENTER))
    assert await everything(engine) == before
    made = await rate(stage, "1.1", idempotencyKey="k", expectedVersion=0)
    assert await rate(stage, "1.1", idempotencyKey="k", expectedVersion=0) == made
    assert (await rate(stage, "1.2", expectedVersion=0))["code"] == "VERSION_CONFLICT"
    tomorrow = str(TODAY + timedelta(days=2))
    done = await rate(stage, "1.2", day=tomorrow, expectedVersion=1)
    assert [each["day"] for each in done["exchangeRates"]] == [tomorrow, str(TODAY)]
    async with engine.begin() as connection:
        await connection.execute(sa.insert(exchange_rate).values(
            base="EUR", quote="CHF", day=date(2020, 1, 1), starts=datetime(2020, 1, 1, tzinfo=UTC),
            rate=2, version=1,
        ))  # fmt: skip
    await converting(stage)
    assert (await price(stage, currency="CHF"))["exchangeRate"]["rate"] == "1.1"


async def test_taxes_of_a_region_come_before_those_of_the_country(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    answer = await tax(stage, "IT", "0", region="Livigno")
    assert answer["__typename"] == "SetTaxRatePayload"
    plain = await price(stage)
    free = await price(stage, region="livigno ")
    assert (plain["tax"]["amount"], free["tax"]["amount"]) == ("3.59", "0.00")
    assert free["taxLines"] == [
        {
            "rate": "0",
            "net": {"amount": "19.90", "currency": "EUR"},
            "tax": {"amount": "0.00", "currency": "EUR"},
        }
    ]
    order = await stage.placed(delivery=address("IT", "LIVIGNO"))
    assert (await stage.order(order["id"], f"tax {MONEY}"))["tax"]["amount"] == "0.00"
    rates = '{ taxRates(country: "IT") { region rate } }'
    assert [each["region"] for each in await stage.api.do(ADMIN, rates)] == [None, "LIVIGNO"]


async def test_prices_without_tax_bear_it_on_top(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    await set_channel(engine, prices_include_tax=False)
    await promote(stage, TENTH)
    fee = {"amount": "5.00", "currency": "EUR"}
    cart: dict[str, Any] = {"lines": {"HAT": 2}, "shipping": fee}
    shown = await price(stage, **cart)
    order = await stage.placed(**cart)
    found = await stage.order(order["id"], PRICE)
    # 39.80 less 3.98, and 5.00 for shipping: 40.82; 22 % of 35.82 and of 5.00
    assert found["total"]["amount"] == shown["total"]["amount"] == "49.80"
    assert found["tax"]["amount"] == "8.98"
    await stage.check()
