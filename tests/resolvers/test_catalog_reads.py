"""Reading the catalogue through GraphQL: scopes, languages, prices, pages and statements."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.identity.model import Actor, Role
from resolvers.catalog import CatalogMutation, CatalogQuery
from resolvers.node import NodeQuery
from tests.support.actors import (
    ADMIN,
    EVERYBODY_AND_A_CUSTOMER,
    PICKER,
    TILL,
    channel,
    customer,
)
from tests.support.catalogue import SET_KIT, SET_PRICE, add_channel, add_product, eur
from tests.support.graphql import Api
from tests.support.mutations import api_of
from tests.support.statements import counted_statements

LIST = """query($search: String, $category: String, $first: Int! = 20, $after: String) {
  products(search: $search, category: $category, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } edges { cursor node { code } } } }"""


@strawberry.type
class Query(CatalogQuery, NodeQuery):
    pass


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, Query, CatalogMutation)


def sees_all(actor: Actor | None) -> bool:
    return actor is not None and actor.role not in (Role.CUSTOMER, Role.CHANNEL)


async def test_channels_are_told_to_staff_and_to_their_integration(api: Api) -> None:
    for code in ("WEB", "POS", "EBAY"):
        await add_channel(api, code)
    document = "{ channels { code } }"

    async def codes(actor: Actor) -> list[str]:
        found: Any = await api.do(actor, document)
        return [each["code"] for each in found]

    assert await codes(ADMIN) == ["EBAY", "POS", "WEB"]
    assert await codes(PICKER) == ["EBAY", "POS", "WEB"]
    assert await codes(channel("WEB", "OTHER")) == ["WEB"]
    assert await codes(channel()) == []
    for actor, code in ((None, "UNAUTHENTICATED"), (customer(UUID(int=1)), "FORBIDDEN")):
        assert await api.ask(actor, document) == ({}, [code])


async def test_what_is_out_of_use_is_for_staff_only(api: Api) -> None:
    on = await add_product(
        api,
        "ON",
        variants=[
            {"sku": "ON-1", "weightG": 1, "barcode": "4006381333931"},
            {"sku": "ON-2", "weightG": 1, "active": False, "barcode": "73513537"},
        ],
    )
    off = await add_product(api, "OFF", active=False)
    product = "query($id: ID!) { product(id: $id) { code variants { sku } } }"
    node = "query($id: ID!) { node(id: $id) { ... on Product { code } ... on Variant { sku } } }"
    by_sku = "query($sku: String!) { variant(sku: $sku) { sku product { code } } }"
    by_barcode = "query($code: String!) { variant(barcode: $code) { sku } }"

    for actor in EVERYBODY_AND_A_CUSTOMER:
        everything = sees_all(actor)
        skus = ["ON-1", "ON-2"] if everything else ["ON-1"]
        found = await api.do(actor, product, id=on["id"])
        assert found == {"code": "ON", "variants": [{"sku": sku} for sku in skus]}
        found = await api.do(actor, product, id=off["id"])
        assert (found is not None) is everything
        assert (await api.do(actor, node, id=off["id"]) is not None) is everything
        assert await api.do(actor, by_sku, sku="ON-1") == {
            "sku": "ON-1",
            "product": {"code": "ON"},
        }
        for sku in ("ON-2", "OFF-A"):
            assert (await api.do(actor, by_sku, sku=sku) is not None) is everything
            key = str(relay.GlobalID("Variant", sku))
            assert (await api.do(actor, node, id=key) is not None) is everything
        assert await api.do(actor, by_barcode, code="4006381333931") == {"sku": "ON-1"}
        assert (await api.do(actor, by_barcode, code="73513537") is not None) is everything
        listed = await api.do(actor, LIST)
        assert [e["node"]["code"] for e in listed["edges"]] == (
            ["OFF", "ON"] if everything else ["ON"]
        )
        assert listed["totalCount"] == (2 if everything else 1)


async def test_unknown_things_are_null_and_bad_keys_are_errors(api: Api) -> None:
    for kind, key in (("Product", UUID(int=1)), ("Product", "x"), ("Variant", "NOPE")):
        assert (
            await api.do(None, f'{{ node(id: "{relay.GlobalID(kind, str(key))}") {{ id }} }}')
            is None
        )
    assert await api.do(None, '{ variant(sku: "NOPE") { sku } }') is None
    for document in (
        "{ variant { sku } }",
        '{ variant(sku: "A", barcode: "B") { sku } }',
        '{ variant(barcode: "4006381333932") { sku } }',
        f'{{ product(id: "{relay.GlobalID("Variant", "A")}") {{ code }} }}',
        "{ products(first: 0) { totalCount } }",
        '{ products(after: "x") { totalCount } }',
    ):
        _, errors = await api.ask(ADMIN, document)
        assert errors == ["VALIDATION_FAILED"], document


async def test_texts_come_in_the_language_asked_for(api: Api) -> None:
    names = [{"language": "it", "text": "Cappello"}, {"language": "en", "text": "Hat"}]
    described = [{"language": "it", "text": "Caldo"}]
    own = [{"language": "de", "text": "Blauer Hut"}]
    variants = [
        {"sku": "A", "weightG": 1, "names": own},
        {"sku": "B", "weightG": 1},
    ]
    await add_product(api, "P1", names=names, descriptions=described, variants=variants)
    document = """query($l: String!) { products { edges { node {
      name(language: $l) description(language: $l) variants { name(language: $l) } } } } }"""

    async def texts(language: str) -> tuple[str, ...]:
        found = (await api.do(None, document, l=language))["edges"][0]["node"]
        return (found["name"], found["description"], *[v["name"] for v in found["variants"]])

    assert await texts("it") == ("Cappello", "Caldo", "Blauer Hut", "Cappello")
    assert await texts("it-CH") == ("Cappello", "Caldo", "Blauer Hut", "Cappello")
    assert await texts("fr") == ("Hat", "Caldo", "Blauer Hut", "Hat")


async def test_products_are_searched(api: Api) -> None:
    await add_product(api, "HAT-1", category="hats")
    await add_product(
        api,
        "P2",
        names=[{"language": "en", "text": "100% wool_scarf"}],
        variants=[{"sku": "SC-1", "weightG": 1, "barcode": "036000291452"}],
        category="scarves",
    )

    async def found(**wanted: Any) -> list[str]:
        return [e["node"]["code"] for e in (await api.do(None, LIST, **wanted))["edges"]]

    assert await found(search="hat") == ["HAT-1"]
    assert await found(search="CAPPELLO") == ["HAT-1"]
    assert await found(search=" Scarf ") == ["P2"]
    assert await found(search="SC-1") == ["P2"]
    assert await found(search="sc-") == []
    for barcode in ("036000291452", "0036000291452"):
        assert await found(search=barcode) == ["P2"]
    assert await found(search="100% w") == ["P2"]
    assert await found(search="1%0") == []
    assert await found(search="wool_") == ["P2"]
    assert await found(search="a_p") == []
    assert await found(search="") == ["P2", "HAT-1"]
    assert await found(category="hats") == ["HAT-1"]
    assert await found(search="scarf", category="hats") == []


async def test_pages_of_products_follow_each_other(api: Api) -> None:
    codes = [f"P{i}" for i in range(5)]
    for code in codes:
        await add_product(api, code)
    cursor, seen = None, list[str]()
    for more in (True, True, False):
        page = await api.do(ADMIN, LIST, first=2, after=cursor)
        seen += [edge["node"]["code"] for edge in page["edges"]]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasNextPage"] is more
        cursor = page["pageInfo"]["endCursor"]
    assert seen == codes[::-1]


async def price(api: Api, key: str, sku: str, channel_code: str, amount: Any, **more: Any) -> None:
    given = {"idempotencyKey": key, "sku": sku, "channel": channel_code, "amount": amount, **more}
    await SET_PRICE.succeed(api, ADMIN, given)


async def test_a_variant_has_the_price_of_channel_currency_and_moment(api: Api) -> None:
    await add_channel(api)
    await add_channel(api, "POS", pricesIncludeTax=False)
    await add_product(api, "P1", "A")
    start, change = "2026-01-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"
    await price(api, "1", "A", "WEB", eur("10"), validFrom=start)
    await price(api, "2", "A", "WEB", eur("12.5"), validFrom=change)
    await price(api, "3", "A", "WEB", eur("1500", "JPY"), validFrom=start)
    await price(api, "4", "A", "POS", eur("9"), validFrom=start)
    document = """query($c: String!, $m: String, $at: DateTime) { variant(sku: "A") {
      price(channel: $c, currency: $m, at: $at) { amount { amount currency } channel taxIncluded
        validFrom validTo } } }"""

    async def told(**wanted: Any) -> Any:
        return (await api.do(None, document, **{"c": "WEB", **wanted}))["price"]

    assert await told(at="2026-02-28T23:59:59Z") == {
        "amount": {"amount": "10.00", "currency": "EUR"},
        "channel": "WEB",
        "taxIncluded": True,
        "validFrom": start,
        "validTo": change,
    }
    assert (await told(at="2026-03-01T01:00:00+01:00"))["amount"]["amount"] == "12.50"
    assert await told(at="2025-12-31T23:59:59Z") is None
    yen = await told(m="JPY", at=start)
    assert (yen["amount"], yen["validTo"]) == ({"amount": "1500", "currency": "JPY"}, None)
    assert (await told(c="POS", at=start))["taxIncluded"] is False
    assert await told(c="NONE", at=start) is None
    assert await told(m="USD", at=start) is None
    now = datetime.now(UTC)
    assert (await told()) == (await told(at=now.isoformat()))
    _, errors = await api.ask(None, document, {"c": "WEB", "at": "2026-01-01T00:00:00"})
    assert errors == ["VALIDATION_FAILED"]


async def test_all_prices_and_flags_are_for_staff_and_integrations(api: Api) -> None:
    await add_channel(api)
    await add_product(api, "P1", variants=[{"sku": "A", "weightG": 1, "sellableOn": ["WEB"]}])
    await price(api, "1", "A", "WEB", eur("10"))
    document = """{ variant(sku: "A") { sku sellableOn prices { amount { amount } }
      isSellable(channel: "WEB") other: isSellable(channel: "POS") } }"""
    told = {"sku": "A", "isSellable": True, "other": False}
    for actor in (TILL, channel("WEB")):
        assert await api.do(actor, document) == {
            **told,
            "sellableOn": ["WEB"],
            "prices": [{"amount": {"amount": "10.00"}}],
        }
    data, errors = await api.ask(None, document)
    assert data["variant"] == {**told, "sellableOn": None, "prices": None}
    assert errors == ["UNAUTHENTICATED"] * 2


async def test_tax_rates_are_for_staff(api: Api) -> None:
    document = '{ taxRates(country: "IT") { rate } }'
    assert await api.do(ADMIN, document) == []
    assert await api.ask(channel("WEB"), document) == ({}, ["FORBIDDEN"])
    assert await api.ask(None, document) == ({}, ["UNAUTHENTICATED"])
    _, errors = await api.ask(ADMIN, '{ taxRates(country: "it") { rate } }')
    assert errors == ["VALIDATION_FAILED"]


async def test_a_page_of_products_with_prices_and_kits_takes_few_statements(
    api: Api, engine: AsyncEngine
) -> None:
    await add_channel(api)
    for number in range(6):
        code = f"P{number}"
        await add_product(api, code, f"{code}-A", f"{code}-B", f"{code}-KIT")
        await price(api, code, f"{code}-A", "WEB", eur(str(number)))
        parts = [{"sku": f"{code}-A", "quantity": 1}, {"sku": f"{code}-B", "quantity": 2}]
        given = {"idempotencyKey": f"k{number}", "sku": f"{code}-KIT", "components": parts}
        await SET_KIT.succeed(api, ADMIN, given)
    document = """{ products { edges { node { code variants { sku name
      price(channel: "WEB") { amount { amount } } prices { validFrom }
      components { quantity variant { sku product { code } } } } } } } }"""
    for actor in (ADMIN, channel("WEB")):
        with counted_statements(engine) as statements:
            page = await api.do(actor, document)
        # Products, their prices now, all prices, components, and the products of components.
        assert len(statements) == 5
        first = page["edges"][0]["node"]
        assert first["code"] == "P5"
        assert first["variants"][2]["components"][1] == {
            "quantity": 2,
            "variant": {"sku": "P5-B", "product": {"code": "P5"}},
        }
        assert first["variants"][0]["price"] == {"amount": {"amount": "5.00"}}
