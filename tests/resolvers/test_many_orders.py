"""placeOrders through GraphQL: an answer to each order, in the order of the input."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.tables import idempotency_key
from domain.identity.model import Actor, Role
from domain.orders.tables import sales_order
from schema.context import Services
from tests.resolvers.test_orders import gid, wish
from tests.support import stock
from tests.support.engines import engine_of
from tests.support.graphql import Api, remembering_schema
from tests.support.shop import ADMIN, AGENT, ROME_TILL, WEB_SHOP, Shop, open_shop

PLACE_MANY = """mutation($input: PlaceOrdersInput!) { placeOrders(input: $input) {
  __typename
  ... on PlaceOrdersPayload { placed results {
    __typename
    ... on PlaceOrderPayload { order { id number status externalReference
      lines { sku orderedQuantity } total { amount } } }
    ... on Error { code message }
    ... on ValidationError { field }
    ... on InsufficientStockError { requested available } } }
  ... on Error { code message } ... on ValidationError { field } } }"""
PAID = {"tender": "EXTERNAL"}


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 20}, "SCARF": {"ROME": 500, "MILAN": 500}})


@pytest.fixture(params=[True, False], ids=["engine", "singly"])
async def api(shop: Shop, request: pytest.FixtureRequest) -> AsyncGenerator[Api]:
    """The API with an order engine, and without one."""
    async with engine_of(shop) as opened:
        engine = opened if request.param else None
        services = Services(shop.database, shop.gateway, shop.terms, engine=engine)
        yield Api(remembering_schema(), services)


def some(number: int, **changes: Any) -> list[dict[str, Any]]:
    return [wish(f"o-{n}", payment=PAID, **changes) for n in range(number)]


async def place(api: Api, orders: list[dict[str, Any]], actor: Actor = WEB_SHOP) -> Any:
    return await api.do(actor, PLACE_MANY, input={"orders": orders})


def kinds(answer: Any) -> list[str]:
    return [each.get("code", each["__typename"]) for each in answer["results"]]


async def count(shop: Shop, table: sa.Table) -> int:
    return await shop.scalar(sa.select(sa.func.count()).select_from(table))


async def test_each_order_has_its_own_answer_in_the_order_of_the_input(
    api: Api, shop: Shop
) -> None:
    orders = [
        wish("good", payment=PAID, externalReference="E-1"),
        wish("unknown", payment=PAID, lines=[{"sku": "NOPE", "quantity": 1}]),
        wish("malformed", payment=PAID, customer={"id": gid("Product", "1")}),
        wish("large", payment=PAID, lines=[{"sku": "HAT", "quantity": 40}]),
        wish("declined", payment={"tender": "CARD", "token": "tok_decline"}),
        wish("elsewhere", payment=PAID, channel="POS"),
        wish("twice", payment=PAID, externalReference="E-1"),
        wish("last", payment=PAID, lines=[{"sku": "SCARF", "quantity": 2}]),
    ]
    answer = await place(api, orders)
    assert kinds(answer) == [
        "PlaceOrderPayload",
        "PRODUCT_NOT_FOUND",
        "VALIDATION_FAILED",
        "INSUFFICIENT_STOCK",
        "PAYMENT_DECLINED",
        "FORBIDDEN",
        "DUPLICATE_EXTERNAL_REFERENCE",
        "PlaceOrderPayload",
    ]
    assert answer["placed"] == 2
    first, last = answer["results"][0]["order"], answer["results"][-1]["order"]
    assert (first["externalReference"], first["status"]) == ("E-1", "CONFIRMED")
    assert last["lines"] == [{"sku": "SCARF", "orderedQuantity": 2}]
    assert answer["results"][2]["field"] == "orders.2.customer.id"
    keys = {key for (key,) in await shop.rows(sa.select(idempotency_key.c.key))}
    assert keys == {"good", "declined", "last"}
    assert await shop.broken_rules() == []


async def test_the_first_of_the_input_get_the_last_units(api: Api, shop: Shop) -> None:
    answer = await place(api, some(30))
    assert kinds(answer) == ["PlaceOrderPayload"] * 20 + ["INSUFFICIENT_STOCK"] * 10
    assert (await stock.level_at(shop.database.writes, "HAT")).allocated == 20


async def test_the_same_call_again_changes_nothing_and_answers_the_same(
    api: Api, shop: Shop
) -> None:
    first = await place(api, some(12))
    assert await place(api, some(12)) == first
    assert await count(shop, sales_order) == 12


async def test_one_key_twice_in_a_call_is_one_order(api: Api, shop: Shop) -> None:
    same, other = wish("o-0", payment=PAID), wish("o-0", payment=PAID, sourceCode="x")
    answer = await place(api, [*some(3), same, other])
    assert kinds(answer) == ["PlaceOrderPayload"] * 4 + ["IDEMPOTENCY_CONFLICT"]
    assert answer["results"][0] == answer["results"][3]
    assert await count(shop, sales_order) == 3


@pytest.mark.parametrize("number", [0, 501])
async def test_none_and_too_many_are_refused_as_a_whole(api: Api, shop: Shop, number: int) -> None:
    answer = await place(api, some(number))
    assert (answer["code"], answer["field"]) == ("VALIDATION_FAILED", "orders")
    assert await count(shop, idempotency_key) == 0


@pytest.mark.parametrize("api", [True], ids=["engine"], indirect=True)
async def test_500_orders_are_placed_in_one_call(api: Api, shop: Shop) -> None:
    answer = await place(api, some(500, lines=[{"sku": "SCARF", "quantity": 1}]))
    assert answer["placed"] == 500
    numbers = {each["order"]["number"] for each in answer["results"]}
    assert len(numbers) == await count(shop, sales_order) == 500
    assert await shop.broken_rules() == []


async def test_an_order_that_cannot_be_stored_is_an_error_at_its_place(
    api: Api, shop: Shop
) -> None:
    orders = some(5)
    orders[3]["sourceCode"] = "a\x00b"
    data, errors = await api.ask(WEB_SHOP, PLACE_MANY, {"input": {"orders": orders}})
    results = data["placeOrders"]["results"]
    assert [each and each["__typename"] for each in results] == [
        *["PlaceOrderPayload"] * 3,
        None,
        "PlaceOrderPayload",
    ]
    assert len(errors) == 1
    assert await count(shop, sales_order) == 4


@pytest.mark.parametrize("actor", [None, AGENT, ROME_TILL, Actor("f", Role.FINANCE)])
async def test_it_is_for_channels_and_head_office_only(
    api: Api, shop: Shop, actor: Actor | None
) -> None:
    _, errors = await api.ask(actor, PLACE_MANY, {"input": {"orders": some(2)}})
    assert errors == ["UNAUTHENTICATED" if actor is None else "FORBIDDEN"]
    for table in (sales_order, idempotency_key):
        assert await count(shop, table) == 0
    assert (await stock.level_at(shop.database.writes, "HAT")).reserved == 0


async def test_head_office_may_place_them_too(api: Api) -> None:
    assert (await place(api, some(2), ADMIN))["placed"] == 2
