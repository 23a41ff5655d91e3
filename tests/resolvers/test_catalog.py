"""Changing products through GraphQL: what each mutation answers and refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from resolvers.catalog import CatalogMutation, CatalogQuery
from tests.support.actors import ADMIN, OPERATIONS
from tests.support.catalogue import (
    CREATE_PRODUCT,
    SET_KIT,
    SET_SELLABLE,
    UPDATE_PRODUCT,
    a_product,
    add_channel,
    add_product,
    eur,
)
from tests.support.graphql import Api
from tests.support.mutations import api_of, events

PLANNERS = (OPERATIONS, ADMIN)


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, CatalogQuery, CatalogMutation)


def future(days: int) -> datetime:
    """Midnight some days from now."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days)


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
