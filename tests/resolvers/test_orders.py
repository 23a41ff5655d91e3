"""Orders through GraphQL: what each mutation answers, refuses, and leaves untouched."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.common.ids import ChannelCode
from domain.common.tables import idempotency_key
from domain.identity.model import Actor, Role
from domain.orders.tables import fulfillment_order, order_history, sales_order
from domain.payments.tables import sandbox_charge
from schema.context import Services
from tests.support import stock
from tests.support.graphql import Api, remembering_schema
from tests.support.shop import (
    ADMIN,
    AGENT,
    MILAN,
    MILAN_TILL,
    PLACES,
    ROME,
    ROME_MANAGER,
    ROME_TILL,
    WEB_SHOP,
    Shop,
    customer,
    open_shop,
)
from tests.support.statements import counted_statements

ORDER = """
id number status holds fulfillmentStatus paymentStatus version total { amount currency }
customerId trackingToken
lines { sku orderedQuantity groups { quantity state } }
payments { state captured { amount } }
fulfillmentOrders { id status version locationId }
"""
ERROR = "... on Error { __typename code message }"
PLACE = f"""mutation($input: PlaceOrderInput!) {{ placeOrder(input: $input) {{
  __typename ... on PlaceOrderPayload {{ order {{ {ORDER} }} }} {ERROR}
  ... on InsufficientStockError {{ sku requested available }}
  ... on PaymentDeclinedError {{ orderId reason }}
  ... on ValidationError {{ field }} }} }}"""


def change(name: str, input_type: str = "ChangeOrderInput") -> str:
    """A mutation on an order."""
    return f"""mutation($input: {input_type}!) {{ {name}(input: $input) {{ __typename
      ... on ChangeOrderPayload {{ order {{ {ORDER} }} }} {ERROR}
      ... on VersionConflictError {{ expected actual }} }} }}"""


def work(name: str) -> str:
    """A mutation on a fulfillment order."""
    return f"""mutation($input: FulfillmentOrderInput!) {{ {name}(input: $input) {{ __typename
      ... on FulfillmentOrderPayload {{ fulfillmentOrder {{ id status version }}
        order {{ {ORDER} }} }} {ERROR} }} }}"""


def gid(kind: str, key: object) -> str:
    """A global id."""
    return str(relay.GlobalID(kind, str(key)))


def wish(key: str, **changes: Any) -> dict[str, Any]:
    """Input of placeOrder: one HAT to Rome, changed as told."""
    latitude, longitude, country = PLACES["ROME"]
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "channel": "WEB",
        "customer": {"email": "ada@example.com", "firstName": "Ada", "lastName": "Verdi"},
        "lines": [{"sku": "HAT", "quantity": 1}],
        "delivery": {
            "mode": "SHIP",
            "address": {
                "recipient": "Ada Verdi",
                "street": "Via Roma 1",
                "city": "Roma",
                "postalCode": "00100",
                "country": country,
                "latitude": latitude,
                "longitude": longitude,
            },
        },
        "payment": {"tender": "CARD", "token": "tok_approve"},
    }
    return {**given, **changes}


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5, "MILAN": 5}, "SCARF": {"MILAN": 3}})


@pytest.fixture
def api(shop: Shop) -> Api:
    schema = remembering_schema()
    return Api(schema, Services(shop.database, shop.gateway, shop.terms))


async def place(api: Api, key: str = "k", actor: Actor = WEB_SHOP, **changes: Any) -> Any:
    """The order of a successful placeOrder."""
    answer = await api.do(actor, PLACE, input=wish(key, **changes))
    assert answer["__typename"] == "PlaceOrderPayload", answer
    return answer["order"]


async def count(shop: Shop, table: sa.Table) -> int:
    """Rows of a table."""
    return await shop.scalar(sa.select(sa.func.count()).select_from(table))


async def step(api: Api, actor: Actor, name: str, order: Any, key: str = "s", **more: Any) -> Any:
    """The answer of a mutation on the order."""
    given = {"idempotencyKey": f"{key}-{name}", "orderId": order["id"], **more}
    kind = "OrderHoldInput" if "hold" in more else "ChangeOrderInput"
    return await api.do(actor, change(name, kind), input=given)


async def labour(api: Api, actor: Actor, name: str, order: Any, **more: Any) -> Any:
    """The answer of a mutation on the order's first fulfillment order."""
    target = order["fulfillmentOrders"][0]["id"]
    given = {"idempotencyKey": f"w-{name}-{target}", "fulfillmentOrderId": target, **more}
    return await api.do(actor, work(name), input=given)


async def test_place_order_answers_the_confirmed_order(api: Api, shop: Shop) -> None:
    order = await place(api)
    assert order["status"] == "CONFIRMED"
    assert order["paymentStatus"] == "AUTHORISED"
    assert order["total"] == {"amount": "19.90", "currency": "EUR"}
    assert order["lines"] == [
        {"sku": "HAT", "orderedQuantity": 1, "groups": [{"quantity": 1, "state": "ALLOCATED"}]}
    ]
    history = sa.select(order_history).order_by(order_history.c.version)
    assert [entry.action for entry in await shop.rows(history)] == ["PLACE", "CONFIRM"]


async def test_place_order_takes_at_most_12_statements(
    api: Api, shop: Shop, engine: AsyncEngine
) -> None:
    await place(api, "warm")
    new = {"email": "new@example.com", "phone": "+39 06 1234 5678"}
    with counted_statements(engine, ignore="sandbox") as statements:
        await place(api, "counted", customer=new, lines=[{"sku": "SET", "quantity": 1}])
    assert len(statements) <= 12, statements


async def test_replay_is_equal_and_another_input_conflicts(api: Api, shop: Shop) -> None:
    assert await place(api, "one") == await place(api, "one")
    other = await api.do(WEB_SHOP, PLACE, input=wish("one", lines=[{"sku": "HAT", "quantity": 2}]))
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert await count(shop, sales_order) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lines": [{"sku": "NOPE", "quantity": 1}]}, "PRODUCT_NOT_FOUND"),
        ({"lines": [{"sku": "SCARF", "quantity": 4}]}, "INSUFFICIENT_STOCK"),
        ({"lines": []}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "HAT", "quantity": -1}]}, "VALIDATION_FAILED"),
        ({"channel": "POS"}, "FORBIDDEN"),
        ({"customer": {"id": gid("Product", "1")}}, "VALIDATION_FAILED"),
        ({"customer": {"email": "not an address"}}, "VALIDATION_FAILED"),
        ({"payment": {"tender": "CARD", "token": "4111 1111 1111 1111"}}, "VALIDATION_FAILED"),
        ({"currency": "JPY"}, "PRODUCT_NOT_SELLABLE"),
    ],
)
async def test_refused_orders_leave_nothing(
    api: Api, shop: Shop, changes: dict[str, Any], code: str
) -> None:
    answer = await api.do(WEB_SHOP, PLACE, input=wish("bad", **changes))
    assert answer.get("code") == code, answer
    for table in (sales_order, idempotency_key, sandbox_charge):
        assert await count(shop, table) == 0
    assert (await stock.level_at(shop.database.writes, "HAT")).reserved == 0


async def test_roles_without_the_right_are_refused_before_anything_runs(
    api: Api, shop: Shop
) -> None:
    for actor, code in ((None, "UNAUTHENTICATED"), (Actor("f", Role.FINANCE), "FORBIDDEN")):
        _, errors = await api.ask(actor, PLACE, {"input": wish("no")})
        assert errors == [code]
    assert await count(shop, sales_order) == 0


async def test_straight_road_of_a_pickup(api: Api, shop: Shop) -> None:
    delivery = {"mode": "PICKUP", "locationId": gid("Location", ROME)}
    order = await place(api, delivery=delivery)
    released = await step(api, ROME_MANAGER, "releaseOrder", order)
    assert released["order"]["fulfillmentOrders"][0]["status"] == "RELEASED"
    for name, status in (
        ("startPicking", "PICKING"),
        ("confirmPick", "PICKED"),
        ("packFulfillmentOrder", "PACKED"),
        ("markReadyForPickup", "READY_FOR_PICKUP"),
    ):
        answer = await labour(api, ROME_TILL, name, order)
        assert answer["fulfillmentOrder"]["status"] == status
    collect = """mutation($input: ChangeOrderInput!) { collectOrder(input: $input) { __typename
      ... on ChangeOrderPayload { order { status paymentStatus fulfillmentStatus
        payments { captured { amount } } } } ... on Error { code } } }"""
    given = {"idempotencyKey": "c", "orderId": order["id"]}
    refused = await api.do(MILAN_TILL, collect, input=given)
    assert refused["code"] == "NOT_FOUND"
    for _ in range(2):
        done = (await api.do(ROME_TILL, collect, input=given))["order"]
        assert (done["status"], done["paymentStatus"]) == ("CLOSED", "CAPTURED")
        assert done["fulfillmentStatus"] == "DELIVERED"
        assert done["payments"][0]["captured"]["amount"] == "19.90"
    level = await stock.level_at(shop.database.writes, "HAT")
    assert (level.on_hand, level.allocated) == (4, 0)
    assert await shop.broken_rules() == []


async def test_work_is_refused_elsewhere_and_changes_nothing(api: Api, shop: Shop) -> None:
    order = await place(api)
    await step(api, AGENT, "releaseOrder", order)
    before = await shop.rows(sa.select(fulfillment_order))
    refused = await labour(api, MILAN_TILL, "startPicking", order)
    assert refused["code"] == "NOT_FOUND"
    assert await shop.rows(sa.select(fulfillment_order)) == before
    queue = "query($at: ID!) { workQueue(locationId: $at) { orderNumber status lines { sku } } }"
    _, errors = await api.ask(MILAN_TILL, queue, {"at": gid("Location", ROME)})
    assert errors == ["FORBIDDEN"]
    found = await api.do(ROME_TILL, queue, at=gid("Location", ROME))
    assert [each["orderNumber"] for each in found] == [order["number"]]
    assert await api.do(MILAN_TILL, queue, at=gid("Location", MILAN)) == []


async def test_illegal_steps_are_typed_and_change_nothing(api: Api, shop: Shop) -> None:
    order = await place(api)
    before = await count(shop, order_history)
    for name in ("startPicking", "confirmPick", "packFulfillmentOrder", "markReadyForPickup"):
        assert (await labour(api, ROME_TILL, name, order))["code"] == "ILLEGAL_TRANSITION"
    assert await count(shop, order_history) == before


async def test_hold_stops_work_until_it_is_lifted(api: Api) -> None:
    order = await place(api)
    held = await step(api, AGENT, "holdOrder", order, hold="FRAUD", reason="check")
    assert held["order"]["holds"] == ["FRAUD"]
    assert (await step(api, AGENT, "holdOrder", order, "2", hold="FRAUD"))["code"] == (
        "ILLEGAL_TRANSITION"
    )
    assert (await step(api, AGENT, "releaseOrder", order))["code"] == "ORDER_ON_HOLD"
    lifted = await step(api, AGENT, "releaseHold", order, hold="FRAUD")
    assert lifted["order"]["holds"] == []
    assert (await step(api, AGENT, "releaseOrder", order, "3"))["__typename"] == (
        "ChangeOrderPayload"
    )


async def test_cancel_frees_stock_and_voids_the_authorisation(api: Api, shop: Shop) -> None:
    order = await place(api)
    done = (await step(api, AGENT, "cancelOrder", order))["order"]
    assert (done["status"], done["paymentStatus"]) == ("CANCELLED", "VOIDED")
    assert (await stock.level_at(shop.database.writes, "HAT")).available == 5
    assert [row.voided for row in await shop.rows(sa.select(sandbox_charge))] == [True]
    again = (await step(api, AGENT, "cancelOrder", order))["order"]
    assert again["version"] == done["version"]
    assert (await step(api, AGENT, "cancelOrder", order, "2"))["code"] == "ILLEGAL_TRANSITION"
    assert await shop.broken_rules() == []


async def test_cancel_after_release_is_refused(api: Api) -> None:
    order = await place(api)
    await step(api, AGENT, "releaseOrder", order)
    assert (await step(api, AGENT, "cancelOrder", order))["code"] == "ILLEGAL_TRANSITION"


async def test_stale_version_is_refused_with_the_present_one(api: Api) -> None:
    order = await place(api)
    stale = await step(api, AGENT, "cancelOrder", order, expectedVersion=1)
    assert (stale["code"], stale["expected"], stale["actual"]) == ("VERSION_CONFLICT", 1, 2)


async def test_customers_see_only_their_own_orders(api: Api) -> None:
    order = await place(api)
    other = await place(api, "other", customer={"email": "bea@example.com"})
    ada = customer(UUID(relay.GlobalID.from_id(order["customerId"]).node_id))
    query = "query($id: ID) { order(id: $id) { number } }"
    assert await api.do(ada, query, id=order["id"]) == {"number": order["number"]}
    assert await api.do(ada, query, id=other["id"]) is None
    assert await api.do(None, query, id=order["id"]) is None
    page = await api.do(ada, "{ orders { totalCount edges { node { number } } } }")
    assert page == {"totalCount": 1, "edges": [{"node": {"number": order["number"]}}]}
    refused = await step(api, ada, "cancelOrder", other)
    assert refused["code"] == "NOT_FOUND"
    guest = "query($n: String, $t: String) { order(number: $n, token: $t) { status } }"
    assert await api.do(None, guest, n=order["number"], t=order["trackingToken"]) == {
        "status": "CONFIRMED"
    }
    assert await api.do(None, guest, n=order["number"], t=other["trackingToken"]) is None


async def test_orders_page_newest_first_with_one_statement(
    api: Api, shop: Shop, engine: AsyncEngine
) -> None:
    numbers = [(await place(api, f"k{n}"))["number"] for n in range(5)]
    query = """query($after: String) { orders(first: 2, after: $after) {
      pageInfo { hasNextPage endCursor } edges { node { number lines { sku } } } } }"""
    seen: list[str] = []
    after = None
    with counted_statements(engine) as statements:
        while True:
            page = await api.do(ADMIN, query, after=after)
            seen += [edge["node"]["number"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
    assert seen == numbers[::-1]
    assert len(statements) == 3


async def test_an_order_is_one_statement_and_its_shipments_another(
    api: Api, engine: AsyncEngine
) -> None:
    order = await place(api)
    query = """query($id: ID) { order(id: $id) { number lines { sku groups { state } }
      payments { state } fulfillmentOrders { id lines { sku } } shipments { id } } }"""
    with counted_statements(engine) as statements:
        found = await api.do(ADMIN, query, id=order["id"])
    assert found["number"] == order["number"]
    assert len(statements) == 2


async def test_a_page_of_orders_with_shipments_is_two_statements(
    api: Api, engine: AsyncEngine
) -> None:
    for number in range(4):
        await place(api, f"k{number}")
    query = "{ orders(first: 4) { edges { node { number lines { sku } shipments { id } } } } }"
    with counted_statements(engine) as statements:
        page = await api.do(ADMIN, query)
    assert len(page["edges"]) == 4
    assert len(statements) == 2


async def test_history_names_people_to_staff_only(api: Api) -> None:
    order = await place(api)
    ada = customer(UUID(relay.GlobalID.from_id(order["customerId"]).node_id))
    query = "query($id: ID) { order(id: $id) { history { action actor version } } }"
    staff = await api.do(AGENT, query, id=order["id"])
    assert [entry["actor"] for entry in staff["history"]] == ["CHANNEL:web-shop"] * 2
    own = await api.do(ada, query, id=order["id"])
    assert [entry["actor"] for entry in own["history"]] == ["CHANNEL"] * 2


async def test_an_integration_orders_only_for_customers_that_it_met(api: Api, shop: Shop) -> None:
    order = await place(api)
    known = wish("again", customer={"id": order["customerId"]})
    assert (await api.do(WEB_SHOP, PLACE, input=known))["__typename"] == "PlaceOrderPayload"
    other = Actor("elsewhere", Role.CHANNEL, channel_codes=frozenset({ChannelCode("POS")}))
    strange = wish("strange", channel="POS", customer={"id": order["customerId"]})
    assert (await api.do(other, PLACE, input=strange))["code"] == "NOT_FOUND"
    assert await count(shop, sales_order) == 2
