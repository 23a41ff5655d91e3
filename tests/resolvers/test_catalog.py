"""Changing the catalogue through GraphQL: what each mutation answers and refuses."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.catalog.tables import price as price_table
from domain.catalog.tables import tax_rate as tax_rate_table
from resolvers.catalog import CatalogMutation, CatalogQuery
from resolvers.node import NodeQuery
from tests.support.actors import ADMIN, OPERATIONS
from tests.support.catalogue import (
    CHANNEL,
    CREATE_CHANNEL,
    CREATE_PRODUCT,
    SET_KIT,
    SET_PRICE,
    SET_SELLABLE,
    UPDATE_PRODUCT,
    a_channel,
    a_product,
    add_channel,
    add_product,
    eur,
)
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events

UPDATE_CHANNEL = Mutation("updateChannel", f"channel {{ {CHANNEL} }}")
SET_TAX = Mutation(
    "setTaxRate",
    "version taxRates { country taxCategory rate validFrom validTo }",
    "... on TaxRateOverlapError { validFrom validTo }",
)
PLANNERS = (OPERATIONS, ADMIN)


@strawberry.type
class Query(CatalogQuery, NodeQuery):
    pass


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, Query, CatalogMutation)


def future(days: int) -> datetime:
    """Midnight some days from now."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days)


async def test_create_channel_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    answer = await CREATE_CHANNEL.check_contract(
        api, engine, ADMIN, a_channel(), other={"name": "Other"}, allowed=PLANNERS
    )
    assert answer["channel"] == {
        "code": "WEB",
        "kind": "WEB",
        "name": "Shop WEB",
        "currency": "EUR",
        "pricesIncludeTax": True,
        "active": True,
        "version": 1,
    }
    (event,) = await events(engine)
    assert (event["type"], event["aggregate"], event["version"]) == ("ChannelCreated", "channel", 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"code": "a b"}, "code"), ({"name": ""}, "name"), ({"currency": "eur"}, "currency")],
)
async def test_create_channel_refuses_bad_input(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    error = await CREATE_CHANNEL.refused(api, engine, ADMIN, a_channel(**changes))
    assert error["field"] == field


async def test_a_channel_code_is_given_once(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    error = await CREATE_CHANNEL.refused(api, engine, ADMIN, a_channel(idempotencyKey="again"))
    assert (error["code"], error["channelCode"]) == ("CHANNEL_CODE_TAKEN", "WEB")


async def test_update_channel_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    given = {
        "idempotencyKey": "u",
        "code": "WEB",
        "expectedVersion": 1,
        "name": "Web shop",
        "currency": "CHF",
        "pricesIncludeTax": False,
        "active": False,
    }
    answer = await UPDATE_CHANNEL.check_contract(
        api, engine, ADMIN, given, other={"name": "Other"}, allowed=PLANNERS
    )
    assert answer["channel"] == {
        "code": "WEB",
        "kind": "WEB",
        "name": "Web shop",
        "currency": "CHF",
        "pricesIncludeTax": False,
        "active": False,
        "version": 2,
    }
    created, changed = await events(engine)
    assert created["aggregate_id"] == changed["aggregate_id"]
    assert (changed["type"], changed["version"]) == ("ChannelChanged", 2)
    same = {"idempotencyKey": "again", "code": "WEB", "name": "Web shop"}
    assert (await UPDATE_CHANNEL.succeed(api, ADMIN, same))["channel"]["version"] == 2
    assert len(await events(engine)) == 2


async def test_update_channel_refuses(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    given = {"idempotencyKey": "u", "code": "WEB", "name": "X"}
    stale = await UPDATE_CHANNEL.refused(api, engine, ADMIN, {**given, "expectedVersion": 7})
    assert (stale["expected"], stale["actual"]) == (7, 1)
    lost = await UPDATE_CHANNEL.refused(api, engine, ADMIN, {**given, "code": "NONE"})
    assert lost["kind"] == "channel"
    bad = await UPDATE_CHANNEL.refused(api, engine, ADMIN, {**given, "currency": "EURO"})
    assert bad["field"] == "currency"


def full_product() -> dict[str, Any]:
    """Input of createProduct with everything in it."""
    return a_product(
        descriptions=[{"language": "en", "text": "Warm.\nVery warm."}],
        category="hats",
        taxCategory="reduced",
        variants=[
            {"sku": "HAT-M", "weightG": 130, "names": [{"language": "en", "text": "Hat M"}]},
            {
                "sku": "HAT-L",
                "weightG": 0,
                "barcode": "036000291452",
                "tags": ["new", "hot"],
                "active": False,
                "sellableOn": ["WEB", "POS", "WEB"],
                "prices": [
                    {"channel": "WEB", "amount": eur("19.90")},
                    {"channel": "WEB", "amount": eur("22", "CHF")},
                ],
            },
        ],
    )


async def test_create_product_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    await add_channel(api, "POS")
    answer = await CREATE_PRODUCT.check_contract(
        api, engine, OPERATIONS, full_product(), other={"category": "caps"}, allowed=PLANNERS
    )
    product = answer["product"]
    product_id = product.pop("id")
    assert product == {
        "code": "P1",
        "name": "Hat",
        "names": [{"language": "en", "text": "Hat"}, {"language": "it", "text": "Cappello"}],
        "descriptions": [{"language": "en", "text": "Warm.\nVery warm."}],
        "category": "hats",
        "taxCategory": "reduced",
        "active": True,
        "version": 1,
        "variants": [
            {
                "id": str(relay.GlobalID("Variant", "HAT-L")),
                "sku": "HAT-L",
                "barcode": "0036000291452",
                "name": "Hat",
                "names": [],
                "weightG": 0,
                "tags": ["hot", "new"],
                "active": False,
                "sellableOn": ["POS", "WEB"],
                "components": [],
            },
            {
                "id": str(relay.GlobalID("Variant", "HAT-M")),
                "sku": "HAT-M",
                "barcode": None,
                "name": "Hat M",
                "names": [{"language": "en", "text": "Hat M"}],
                "weightG": 130,
                "tags": [],
                "active": True,
                "sellableOn": [],
                "components": [],
            },
        ],
    }
    event = (await events(engine))[-1]
    assert (event["type"], event["version"]) == ("ProductCreated", 1)
    assert str(relay.GlobalID("Product", event["aggregate_id"])) == product_id
    assert [each["sku"] for each in event["payload"]["variants"]] == ["HAT-L", "HAT-M"]


WINTER = {"sku": "W", "weightG": 1}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "a b", "variants": [WINTER]}, "code"),
        ({"names": []}, "names"),
        ({"names": [{"language": "english", "text": "x"}]}, "names.language"),
        ({"names": [{"language": "en", "text": " "}]}, "names.en"),
        ({"names": [{"language": "en", "text": "a"}, {"language": "en", "text": "b"}]}, "names"),
        ({"taxCategory": "a b"}, "taxCategory"),
        ({"category": "x" * 101}, "category"),
        ({"variants": []}, "variants"),
        ({"variants": [{"sku": "a b", "weightG": 1}]}, "variants.0.sku"),
        ({"variants": [WINTER, {"sku": "X", "weightG": -1}]}, "variants.1.weightG"),
        ({"variants": [WINTER, WINTER]}, "variants.sku"),
        ({"variants": [{**WINTER, "barcode": "4006381333932"}]}, "variants.0.barcode"),
        (
            {
                "variants": [
                    {**WINTER, "barcode": "036000291452"},
                    {**WINTER, "sku": "V", "barcode": "0036000291452"},
                ]
            },
            "variants.barcode",
        ),
        ({"variants": [{**WINTER, "tags": ["A B"]}]}, "variants.0.tags"),
        (
            {"variants": [{**WINTER, "prices": [{"channel": "WEB", "amount": eur("-1")}]}]},
            "variants.0.prices.amount",
        ),
        (
            {"variants": [{**WINTER, "prices": [{"channel": "WEB", "amount": eur("1.999")}]}]},
            "amount",
        ),
        (
            {
                "variants": [
                    {
                        **WINTER,
                        "prices": [
                            {"channel": "WEB", "amount": eur("1"), "validFrom": "2026-01-01T00:00"}
                        ],
                    }
                ]
            },
            "validFrom",
        ),
    ],
)
async def test_create_product_refuses_bad_input(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    await add_channel(api)
    error = await CREATE_PRODUCT.refused(api, engine, ADMIN, a_product(**changes))
    assert (error["code"], error["field"]) == ("VALIDATION_FAILED", field)


async def test_codes_of_the_catalogue_are_given_once(api: Api, engine: AsyncEngine) -> None:
    taken = [{"sku": "HAT", "weightG": 1, "barcode": "4006381333931"}]
    await add_product(api, "P1", variants=taken)

    async def refused(code: str, **changes: Any) -> Any:
        given = a_product(code, idempotencyKey="again", **changes)
        return await CREATE_PRODUCT.refused(api, engine, ADMIN, given)

    error = await refused("P1", variants=[WINTER])
    assert (error["code"], error["productCode"]) == ("PRODUCT_CODE_TAKEN", "P1")
    error = await refused("P2", variants=[{"sku": "HAT", "weightG": 1}])
    assert (error["code"], error["sku"]) == ("SKU_TAKEN", "HAT")
    error = await refused("P2", variants=[{**WINTER, "barcode": "4006381333931"}])
    assert (error["code"], error["barcode"]) == ("BARCODE_TAKEN", "4006381333931")
    error = await refused("P2", variants=[{**WINTER, "sellableOn": ["NONE"]}])
    assert (error["code"], error["kind"]) == ("NOT_FOUND", "channel")


async def test_first_prices_of_a_variant_must_not_overlap(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    prices = [
        {"channel": "WEB", "amount": eur("1"), "validFrom": future(1).isoformat()},
        {"channel": "WEB", "amount": eur("2"), "validFrom": future(2).isoformat()},
    ]
    given = a_product(variants=[{**WINTER, "prices": prices}])
    error = await CREATE_PRODUCT.refused(api, engine, ADMIN, given)
    assert (error["code"], error["validFrom"]) == ("PRICE_OVERLAP", future(1).isoformat())


async def test_update_product_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    created = await add_product(api, "P1", "A", "B")
    given = {
        "idempotencyKey": "u",
        "id": created["id"],
        "expectedVersion": 1,
        "names": [{"language": "es", "text": "Gorro"}],
        "descriptions": [{"language": "es", "text": "De lana"}],
        "category": "hats",
        "taxCategory": "reduced",
        "active": False,
        "addVariants": [{"sku": "C", "weightG": 5, "sellableOn": ["WEB"]}],
        "changeVariants": [
            {
                "sku": "A",
                "barcode": "4006381333931",
                "names": [{"language": "es", "text": "Gorro A"}],
                "weightG": 7,
                "tags": ["hot"],
                "active": False,
            }
        ],
    }
    answer = await UPDATE_PRODUCT.check_contract(
        api, engine, ADMIN, given, other={"category": "caps"}, allowed=PLANNERS
    )
    product = answer["product"]
    assert (product["name"], product["category"], product["active"]) == ("Gorro", "hats", False)
    assert (product["taxCategory"], product["version"]) == ("reduced", 2)
    assert [
        (v["sku"], v["barcode"], v["name"], v["weightG"], v["tags"], v["active"], v["sellableOn"])
        for v in product["variants"]
    ] == [
        ("A", "4006381333931", "Gorro A", 7, ["hot"], False, []),
        ("B", None, "Gorro", 100, [], True, []),
        ("C", None, "Gorro", 5, [], True, ["WEB"]),
    ]
    event = (await events(engine))[-1]
    assert (event["type"], event["version"], event["payload"]["part"]) == (
        "ProductChanged",
        2,
        "product",
    )
    assert len(event["payload"]["variants"]) == 3
    clear = {
        "idempotencyKey": "u2",
        "id": created["id"],
        "changeVariants": [{"sku": "A", "barcode": None}],
    }
    cleared = await UPDATE_PRODUCT.succeed(api, ADMIN, clear)
    assert cleared["product"]["variants"][0]["barcode"] is None
    assert cleared["product"]["version"] == 3


async def test_an_update_without_a_difference_is_no_change(api: Api, engine: AsyncEngine) -> None:
    created = await add_product(api, "P1", "A")
    given = {
        "idempotencyKey": "u",
        "id": created["id"],
        "names": a_product()["names"],
        "changeVariants": [{"sku": "A", "weightG": 100}],
    }
    assert (await UPDATE_PRODUCT.succeed(api, ADMIN, given))["product"] == created
    assert len(await events(engine)) == 1


async def test_update_product_refuses(api: Api, engine: AsyncEngine) -> None:
    created = await add_product(api, "P1", "A", "B")
    other = [{"sku": "X", "weightG": 1, "barcode": "4006381333931"}]
    await add_product(api, "P2", variants=other)
    given = {"idempotencyKey": "u", "id": created["id"]}

    async def refused(**changes: Any) -> Any:
        return await UPDATE_PRODUCT.refused(api, engine, ADMIN, {**given, **changes})

    stale = await refused(expectedVersion=4, category="x")
    assert (stale["code"], stale["actual"]) == ("VERSION_CONFLICT", 1)
    assert (await refused(id=str(relay.GlobalID("Product", str(UUID(int=1)))), category="x"))[
        "kind"
    ] == "product"
    assert (await refused(changeVariants=[{"sku": "X", "weightG": 3}]))["kind"] == "variant"
    assert (await refused(addVariants=[{"sku": "X", "weightG": 3}]))["code"] == "SKU_TAKEN"
    taken = await refused(changeVariants=[{"sku": "A", "barcode": "4006381333931"}])
    assert taken["barcode"] == "4006381333931"
    assert (await refused(names=[]))["field"] == "names"
    assert (await refused(changeVariants=[{"sku": "A", "weightG": -3}]))["field"] == (
        "changeVariants.weightG"
    )
    twice = [{"sku": "A", "weightG": 1}, {"sku": "A", "weightG": 2}]
    assert (await refused(changeVariants=twice))["field"] == "changeVariants.sku"


async def test_set_variant_sellable_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    await add_product(api, "P1", "A", "B")
    given = {
        "idempotencyKey": "s",
        "sku": "A",
        "channel": "WEB",
        "sellable": True,
        "expectedVersion": 1,
    }
    answer = await SET_SELLABLE.check_contract(
        api, engine, ADMIN, given, other={"sellable": False}, allowed=PLANNERS
    )
    assert [v["sellableOn"] for v in answer["product"]["variants"]] == [["WEB"], []]
    assert answer["product"]["version"] == 2
    again = {**given, "idempotencyKey": "s2", "expectedVersion": None}
    assert (await SET_SELLABLE.succeed(api, ADMIN, again))["product"]["version"] == 2
    off = {**again, "idempotencyKey": "s3", "sellable": False}
    answer = await SET_SELLABLE.succeed(api, ADMIN, off)
    assert [v["sellableOn"] for v in answer["product"]["variants"]] == [[], []]
    assert answer["product"]["version"] == 3


async def test_set_variant_sellable_refuses(api: Api, engine: AsyncEngine) -> None:
    await add_channel(api)
    await add_product(api, "P1", "A")
    given = {"idempotencyKey": "s", "sku": "A", "channel": "WEB", "sellable": True}
    for changes, kind in (({"sku": "X"}, "variant"), ({"channel": "NONE"}, "channel")):
        error = await SET_SELLABLE.refused(api, engine, ADMIN, {**given, **changes})
        assert error["kind"] == kind
    stale = await SET_SELLABLE.refused(api, engine, ADMIN, {**given, "expectedVersion": 2})
    assert stale["code"] == "VERSION_CONFLICT"


def kit(key: str, sku: str, **components: int) -> dict[str, Any]:
    """Input of setKitComponents."""
    parts = [{"sku": part, "quantity": units} for part, units in components.items()]
    return {"idempotencyKey": key, "sku": sku, "components": parts}


async def test_set_kit_components_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_product(api, "P1", "A", "B")
    await add_product(api, "P2", "KIT")
    given = {**kit("k", "KIT", B=2, A=1), "expectedVersion": 1}
    answer = await SET_KIT.check_contract(
        api, engine, ADMIN, given, other={"components": []}, allowed=PLANNERS
    )
    (variant,) = answer["product"]["variants"]
    assert variant["components"] == [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}]
    assert (await events(engine))[-1]["payload"]["variants"][0]["components"] == {"A": 1, "B": 2}

    same = await SET_KIT.succeed(api, ADMIN, kit("k1", "KIT", A=1, B=2))
    assert same["product"]["version"] == 2
    fewer = await SET_KIT.succeed(api, ADMIN, kit("k2", "KIT", B=3))
    assert fewer["product"]["variants"][0]["components"] == [{"sku": "B", "quantity": 3}]
    none = await SET_KIT.succeed(api, ADMIN, kit("k3", "KIT"))
    assert none["product"]["variants"][0]["components"] == []
    assert none["product"]["version"] == 4


async def test_set_kit_components_refuses(api: Api, engine: AsyncEngine) -> None:
    await add_product(api, "P1", "A", "B", "KIT", "BIG")
    await SET_KIT.succeed(api, ADMIN, kit("k", "KIT", A=1))

    async def refused(given: dict[str, Any]) -> Any:
        return await SET_KIT.refused(api, engine, ADMIN, given)

    error = await refused(kit("n", "BIG", KIT=1))
    assert (error["code"], error["sku"]) == ("KIT_NESTING", "KIT")
    error = await refused(kit("n", "A", B=1))
    assert (error["code"], error["sku"]) == ("KIT_NESTING", "A")
    assert (await refused(kit("n", "KIT", NOPE=1)))["kind"] == "variant"
    assert (await refused(kit("n", "NOPE", A=1)))["kind"] == "variant"
    assert (await refused(kit("n", "KIT", KIT=1)))["field"] == "components"
    assert (await refused(kit("n", "KIT", B=0)))["field"] == "components.quantity"
    stale = await refused({**kit("n", "KIT", B=1), "expectedVersion": 1})
    assert (stale["expected"], stale["actual"]) == (1, 2)


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
        await asyncio.sleep(0.3)
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
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await stranger.commit()
        assert (await waiting)["code"] == "TAX_RATE_OVERLAP"
    assert await events(engine) == []
