"""Prices and tax rates through GraphQL: what each mutation answers and refuses."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import price as price_table
from domain.catalog.tables import tax_rate as tax_rate_table
from resolvers.catalog import CatalogMutation, CatalogQuery
from tests.support.actors import ADMIN, OPERATIONS
from tests.support.catalogue import (
    SET_PRICE,
    add_channel,
    add_product,
    eur,
)
from tests.support.graphql import Api
from tests.support.locks import until_somebody_waits
from tests.support.mutations import Mutation, api_of, events

SET_TAX = Mutation(
    "setTaxRate",
    "version taxRates { country taxCategory rate validFrom validTo }",
    "... on TaxRateOverlapError { validFrom validTo }",
)
PLANNERS = (OPERATIONS, ADMIN)


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, CatalogQuery, CatalogMutation)


def future(days: int) -> datetime:
    """Midnight some days from now."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days)


def a_price(key: str, euros: str = "10", **changes: Any) -> dict[str, Any]:
    """Input of setPrice for A on WEB."""
    given = {"idempotencyKey": key, "sku": "A", "channel": "WEB", "amount": eur(euros)}
    return {**given, **changes}


def periods(answer: Any) -> list[tuple[str, str, str | None]]:
    """Amount, beginning and end of the first variant's prices."""
    return [
        (p["amount"]["amount"], p["validFrom"], p["validTo"])
        for p in answer["product"]["variants"][0]["prices"]
    ]


async def test_set_price_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    await add_product(api, "P1", "A")
    given = a_price("p", "19.90", validFrom="2026-01-01T00:00:00+01:00", expectedVersion=1)
    answer = await SET_PRICE.check_contract(
        api, engine, ADMIN, given, other={"amount": eur("1")}, allowed=PLANNERS
    )
    assert periods(answer) == [("19.90", "2025-12-31T23:00:00+00:00", None)]
    assert answer["product"]["version"] == 2
    event = (await events(engine))[-1]
    assert event["payload"]["price"] == {
        "sku": "A",
        "channel": "WEB",
        "currency": "EUR",
        "amount_minor": 1990,
        "segment": None,
        "valid_from": "2025-12-31T23:00:00+00:00",
        "valid_to": None,
    }


async def test_prices_follow_each_other_and_interrupt_each_other(
    api: Api, engine: AsyncEngine
) -> None:
    await add_channel(api)
    await add_product(api, "P1", "A")
    first, sale, rest, later = (future(day).isoformat() for day in (0, 10, 20, 30))
    await SET_PRICE.succeed(api, ADMIN, a_price("1", "10", validFrom=first))
    await SET_PRICE.succeed(api, ADMIN, a_price("2", "12", validFrom=later))
    error = await SET_PRICE.refused(
        api, engine, ADMIN, a_price("3", "8", validFrom=sale, validTo=rest)
    )
    assert (error["code"], error["validFrom"], error["validTo"]) == ("PRICE_OVERLAP", first, later)

    corrected = await SET_PRICE.succeed(api, ADMIN, a_price("4", "13", validFrom=later))
    assert periods(corrected) == [("10.00", first, later), ("13.00", later, None)]

    chf = a_price("5", validFrom=first, amount=eur("9", "CHF"))
    assert len(periods(await SET_PRICE.succeed(api, ADMIN, chf))) == 3


async def test_a_sale_interrupts_the_open_price(api: Api) -> None:
    await add_channel(api)
    await add_product(api, "P1", "A")
    first, sale, rest = (future(day).isoformat() for day in (0, 10, 20))
    await SET_PRICE.succeed(api, ADMIN, a_price("1", "10", validFrom=first))
    answer = await SET_PRICE.succeed(api, ADMIN, a_price("2", "8", validFrom=sale, validTo=rest))
    assert periods(answer) == [("10.00", first, sale), ("8.00", sale, rest), ("10.00", rest, None)]
    assert answer["product"]["version"] == 3


async def test_a_price_set_now_ends_the_present_one(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    await add_product(api, "P1", "A")
    await SET_PRICE.succeed(api, ADMIN, a_price("1", "10"))
    answer = await SET_PRICE.succeed(api, ADMIN, a_price("2", "11"))
    (old, begun, ended), (new, since, until) = periods(answer)
    assert (old, new, until) == ("10.00", "11.00", None)
    assert begun < since == ended


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": eur("-1")}, "amount.amount"),
        ({"amount": eur("1.001")}, "amount"),
        ({"amount": eur("1", "euro")}, "currency"),
        ({"validFrom": "2026-01-01T00:00:00"}, "validFrom"),
        ({"validFrom": "2026-01-02T00:00:00Z", "validTo": "2026-01-02T00:00:00Z"}, "validTo"),
    ],
)
async def test_set_price_refuses_bad_input(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    await add_channel(api)
    await add_product(api, "P1", "A")
    error = await SET_PRICE.refused(api, engine, ADMIN, a_price("p", **changes))
    assert error["field"] == field


async def test_set_price_refuses(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    await add_product(api, "P1", "A")
    for changes, kind in (({"sku": "X"}, "variant"), ({"channel": "NONE"}, "channel")):
        error = await SET_PRICE.refused(api, engine, ADMIN, a_price("p", **changes))
        assert error["kind"] == kind
    stale = await SET_PRICE.refused(api, engine, ADMIN, a_price("p", expectedVersion=3))
    assert (stale["expected"], stale["actual"]) == (3, 1)


async def test_the_table_refuses_a_price_that_nobody_saw(api: Api, engine: AsyncEngine) -> None:
    """The last line: a writer that takes no lock commits while the use case is under way."""
    await add_channel(api)
    await add_product(api, "P1", "A")
    row = {"sku": "A", "channel": "WEB", "currency": "EUR", "amount_minor": 5}
    async with engine.connect() as stranger:
        await stranger.execute(
            sa.insert(price_table).values(id=uuid4(), valid=Range(future(1), None), **row)
        )
        waiting = asyncio.create_task(
            SET_PRICE.do(api, ADMIN, a_price("p", validFrom=future(0).isoformat()))
        )
        await until_somebody_waits(engine)
        assert not waiting.done()
        await stranger.commit()
        error = await waiting
    assert (error["__typename"], error["code"]) == ("PriceOverlapError", "PRICE_OVERLAP")
    assert len(await events(engine)) == 2


def a_rate(key: str, rate: str = "0.22", **changes: Any) -> dict[str, Any]:
    """Input of setTaxRate for Italy's standard rate."""
    given = {"idempotencyKey": key, "country": "IT", "taxCategory": "standard", "rate": rate}
    return {**given, **changes}


async def test_set_tax_rate_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    begin = "2020-01-01T00:00:00+00:00"
    given = a_rate("t", validFrom=begin, expectedVersion=0)
    answer = await SET_TAX.check_contract(
        api, engine, ADMIN, given, other={"rate": "0.1"}, allowed=PLANNERS
    )
    rate = {"country": "IT", "taxCategory": "standard", "rate": "0.2200"}
    assert answer == {
        "__typename": "SetTaxRatePayload",
        "version": 1,
        "taxRates": [{**rate, "validFrom": begin, "validTo": None}],
    }

    start, end = future(10).isoformat(), future(20).isoformat()
    answer = await SET_TAX.succeed(
        api, ADMIN, a_rate("t2", "0.1", validFrom=start, validTo=end, expectedVersion=1)
    )
    assert answer["version"] == 2
    assert [(r["rate"], r["validFrom"], r["validTo"]) for r in answer["taxRates"]] == [
        ("0.2200", begin, start),
        ("0.1000", start, end),
        ("0.2200", end, None),
    ]
    answer = await SET_TAX.succeed(api, ADMIN, a_rate("t3", "0.05", validFrom=start, validTo=end))
    assert [r["rate"] for r in answer["taxRates"]] == ["0.2200", "0.0500", "0.2200"]
    published = await events(engine)
    assert [(e["type"], e["version"]) for e in published] == [
        ("TaxRateChanged", 1),
        ("TaxRateChanged", 2),
        ("TaxRateChanged", 3),
    ]
    assert len({event["aggregate_id"] for event in published}) == 1


async def test_set_tax_rate_refuses(api: Api, engine: AsyncEngine) -> None:
    begin = "2020-01-01T00:00:00+00:00"
    await SET_TAX.succeed(api, ADMIN, a_rate("t", validFrom=begin))

    async def refused(**changes: Any) -> Any:
        return await SET_TAX.refused(api, engine, ADMIN, a_rate("x", **changes))

    error = await refused(validFrom=begin)
    assert (error["code"], error["validFrom"]) == ("TAX_RATE_OVERLAP", begin)
    assert (await refused(country="ZZ"))["field"] == "country"
    assert (await refused(taxCategory=""))["field"] == "taxCategory"
    for rate in ("-0.1", "1", "0.22001", "NaN"):
        data, errors = await api.ask(ADMIN, SET_TAX.document, {"input": a_rate("x", rate)})
        assert errors or data["setTaxRate"]["field"] == "rate"
    stale = await refused(expectedVersion=0)
    assert (stale["expected"], stale["actual"]) == (0, 1)
    assert (await refused(validTo="2020-01-01T00:00:00Z"))["field"] == "validTo"


async def test_the_table_refuses_a_tax_rate_that_nobody_saw(api: Api, engine: AsyncEngine) -> None:
    async with engine.connect() as stranger:
        row = {"country": "IT", "tax_category": "standard", "rate": "0.1"}
        await stranger.execute(
            sa.insert(tax_rate_table).values(id=uuid4(), valid=Range(future(1), None), **row)
        )
        waiting = asyncio.create_task(SET_TAX.do(api, ADMIN, a_rate("t")))
        await until_somebody_waits(engine)
        assert not waiting.done()
        await stranger.commit()
        assert (await waiting)["code"] == "TAX_RATE_OVERLAP"
    assert await events(engine) == []
