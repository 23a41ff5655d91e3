"""Shipments through GraphQL: what each field answers, refuses, and whom it shows what."""

from typing import Any

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.identity.model import Actor, Role
from domain.orders.model import Order as DomainOrder
from domain.payments.tables import payment_capture
from domain.shipments.tables import shipment, tracking_event
from resolvers.node import NodeQuery
from resolvers.orders import OrdersMutation, OrdersQuery
from resolvers.shipments import ShipmentsMutation, ShipmentsQuery
from schema.context import Services
from tests.support.graphql import Api, remembering_schema
from tests.support.packed_order import loaded, packed, parcel, ship, shipments, shipping
from tests.support.shop import (
    ADMIN,
    AGENT,
    MILAN_TILL,
    ROME_TILL,
    WEB_SHOP,
    Shop,
    customer,
    open_shop,
)
from tests.support.statements import counted_statements

ERROR = "... on Error { __typename code message }"
SHIPMENT = """
id orderId fulfillmentOrderId locationId carrier service status shippedAt deliveredAt version
parcels { trackingNumber weightG status notice lines { orderLineId quantity }
          events { externalId status place occurredAt applied } }
"""
SHIP = f"""mutation($input: ShipFulfillmentOrderInput!) {{ shipFulfillmentOrder(input: $input) {{
  __typename ... on ShipFulfillmentOrderPayload {{ shipment {{ {SHIPMENT} }}
    order {{ fulfillmentStatus paymentStatus payments {{ captured {{ amount }} }} }} }} {ERROR}
  ... on ParcelsDoNotMatchError {{ differences {{ orderLineId packed given }} }}
  ... on DuplicateTrackingNumberError {{ carrier trackingNumber }}
  ... on CaptureFailedError {{ orderId reason }}
  ... on IllegalTransitionError {{ action currentState }}
  ... on VersionConflictError {{ expected actual }}
  ... on ValidationError {{ field }} }} }}"""
TRACK = f"""mutation($input: RecordTrackingEventInput!) {{ recordTrackingEvent(input: $input) {{
  __typename ... on RecordTrackingEventPayload {{ event {{ externalId status applied }}
    shipment {{ status version parcels {{ status }} }} }} {ERROR}
  ... on ValidationError {{ field }} }} }}"""
DELIVER = f"""mutation($input: DeliverShipmentInput!) {{ deliverShipment(input: $input) {{
  __typename ... on DeliverShipmentPayload {{ shipment {{ status version parcels {{ status
    events {{ externalId status }} }} }} order {{ status fulfillmentStatus }} }} {ERROR} }} }}"""
READ = f"query($id: ID!) {{ shipment(id: $id) {{ {SHIPMENT} }} }}"
NODE = "query($id: ID!) { node(id: $id) { ... on Shipment { carrier } } }"


@strawberry.type
class Query(OrdersQuery, ShipmentsQuery, NodeQuery): ...


@strawberry.type
class Mutation(OrdersMutation, ShipmentsMutation): ...


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5, "MILAN": 5}})


@pytest.fixture
def services(shop: Shop) -> Services:
    return Services(shop.database, shop.gateway, shop.terms)


@pytest.fixture
def api(services: Services) -> Api:
    return Api(remembering_schema(Query, Mutation), services)


def gid(kind: str, key: object) -> str:
    return str(relay.GlobalID(kind, str(key)))


def wish(order: DomainOrder, *, key: str = "ship", **changes: Any) -> dict[str, Any]:
    """Input of shipFulfillmentOrder: everything in one parcel, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "fulfillmentOrderId": gid("FulfillmentOrder", order.fulfillment_orders[0].id),
        "carrier": "DHL",
        "service": "Express",
        "parcels": [{"trackingNumber": "JD01", "weightG": 700}],
    }
    return {**given, **changes}


def news(status: str, *, key: str = "track", **changes: Any) -> dict[str, Any]:
    """Input of recordTrackingEvent for parcel JD01."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "carrier": "DHL",
        "trackingNumber": "JD01",
        "externalId": f"e-{status}",
        "status": status,
        "occurredAt": "2026-01-15T12:00:00+01:00",
        "place": "Roma",
    }
    return {**given, **changes}


def held(order: DomainOrder, quantity: int) -> list[dict[str, Any]]:
    """Parcel lines with units of the order's only line."""
    return [{"orderLineId": str(order.lines[0].id), "quantity": quantity}]


async def count(shop: Shop, table: sa.Table) -> int:
    return await shop.scalar(sa.select(sa.func.count()).select_from(table))


async def test_ship_answers_the_shipment_and_its_order(api: Api, shop: Shop) -> None:
    order = await packed(shop, {"HAT": 2})
    version = order.fulfillment_orders[0].version
    answer = await api.do(ROME_TILL, SHIP, input=wish(order, expectedVersion=version))
    assert answer["order"] == {
        "fulfillmentStatus": "SHIPPED",
        "paymentStatus": "CAPTURED",
        "payments": [{"captured": {"amount": "39.80"}}],
    }
    made = answer["shipment"]
    assert made["parcels"] == [
        {
            "trackingNumber": "JD01",
            "weightG": 700,
            "status": "HANDED_OVER",
            "notice": None,
            "lines": held(order, 2),
            "events": [],
        }
    ]
    assert (made["carrier"], made["service"], made["status"]) == ("DHL", "Express", "SHIPPED")
    assert (made["orderId"], made["deliveredAt"]) == (gid("Order", order.id), None)
    assert made["fulfillmentOrderId"] == gid("FulfillmentOrder", order.fulfillment_orders[0].id)
    again = await api.do(ROME_TILL, SHIP, input=wish(order, expectedVersion=version))
    assert again == answer
    assert await api.do(ROME_TILL, READ, id=made["id"]) == made


async def test_ship_refusals_are_typed(api: Api, shop: Shop) -> None:
    order = await packed(shop, {"HAT": 2})
    line = str(order.lines[0].id)
    short = [{"trackingNumber": "A", "lines": held(order, 1)}]
    stray = [{"trackingNumber": "A", "lines": [{"orderLineId": "1", "quantity": 1}]}]
    twice = [
        {"trackingNumber": "A", "lines": held(order, 1)},
        {"trackingNumber": "a", "lines": held(order, 1)},
    ]
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"parcels": short},
            {
                "code": "PARCELS_DO_NOT_MATCH",
                "differences": [{"orderLineId": line, "packed": 2, "given": 1}],
            },
        ),
        ({"parcels": stray}, {"field": "parcels.0.lines.0.orderLineId"}),
        ({"parcels": twice}, {"code": "DUPLICATE_TRACKING_NUMBER", "trackingNumber": "A"}),
        ({"parcels": []}, {"code": "VALIDATION_FAILED", "field": "parcels"}),
        ({"expectedVersion": 1}, {"code": "VERSION_CONFLICT", "expected": 1}),
        ({"fulfillmentOrderId": gid("Order", order.id)}, {"field": "fulfillmentOrderId"}),
        ({"idempotencyKey": ""}, {"field": "idempotencyKey"}),
    ]
    for changes, expected in cases:
        answer = await api.do(ADMIN, SHIP, input=wish(order, **changes))
        assert {name: answer.get(name) for name in expected} == expected, answer
    assert await count(shop, shipment) == 0
    assert await count(shop, payment_capture) == 0
    await api.do(ADMIN, SHIP, input=wish(order))
    late = await api.do(ADMIN, SHIP, input=wish(order, key="late"))
    assert (late["code"], late["currentState"]) == ("ILLEGAL_TRANSITION", "SHIPPED")
    other = await api.do(ADMIN, SHIP, input=wish(order, carrier="UPS"))
    assert other["code"] == "IDEMPOTENCY_CONFLICT"


async def test_refused_capture_is_typed(api: Api, shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1}, token="tok_capture_fail")
    answer = await api.do(ADMIN, SHIP, input=wish(order))
    assert (answer["code"], answer["reason"]) == ("CAPTURE_FAILED", "capture_refused")
    assert answer["orderId"] == gid("Order", order.id)
    assert await shipments(shop, order.id) == []


async def test_another_location_is_refused_like_an_unknown_one(api: Api, shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1})
    unknown = gid("FulfillmentOrder", order.id)
    answers = [
        await api.do(MILAN_TILL, SHIP, input=wish(order)),
        await api.do(MILAN_TILL, SHIP, input=wish(order, fulfillmentOrderId=unknown)),
    ]
    assert [answer["code"] for answer in answers] == ["NOT_FOUND"] * 2
    assert (await loaded(shop, order.id)) == order


async def test_roles_without_the_right_are_refused_before_anything_runs(
    api: Api, shop: Shop
) -> None:
    order = await packed(shop, {"HAT": 1})
    deliver = {"idempotencyKey": "d", "shipmentId": gid("Shipment", order.id)}
    outsiders = (Role.CALL_CENTER, Role.FINANCE, Role.CHANNEL, Role.CUSTOMER)
    for actor in (None, *[Actor("x", role) for role in outsiders]):
        for document, given in ((SHIP, wish(order)), (DELIVER, deliver)):
            _, errors = await api.ask(actor, document, {"input": given})
            assert errors == ["FORBIDDEN" if actor else "UNAUTHENTICATED"]
    assert (await loaded(shop, order.id)) == order


async def test_tracking_moves_the_shipment_and_late_news_do_not(api: Api, shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1})
    made = (await api.do(ADMIN, SHIP, input=wish(order)))["shipment"]
    there = await api.do(WEB_SHOP, TRACK, input=news("DELIVERED"))
    assert there["event"] == {"externalId": "e-DELIVERED", "status": "DELIVERED", "applied": True}
    assert there["shipment"] == {
        "status": "DELIVERED",
        "version": 2,
        "parcels": [{"status": "DELIVERED"}],
    }
    assert await api.do(WEB_SHOP, TRACK, input=news("DELIVERED")) == there
    assert await api.do(WEB_SHOP, TRACK, input=news("DELIVERED", key="2")) == there
    late = await api.do(WEB_SHOP, TRACK, input=news("IN_TRANSIT", key="3"))
    assert late["event"]["applied"] is False
    assert late["shipment"] == there["shipment"]
    found = await api.do(AGENT, READ, id=made["id"])
    assert found["deliveredAt"] == "2026-01-15T11:00:00+00:00"
    assert [(each["status"], each["applied"]) for each in found["parcels"][0]["events"]] == [
        ("DELIVERED", True),
        ("IN_TRANSIT", False),
    ]


async def test_tracking_refusals_are_typed(api: Api, shop: Shop) -> None:
    await api.do(ADMIN, SHIP, input=wish(await packed(shop, {"HAT": 1})))
    stranger = Actor("market", Role.CHANNEL)
    refused = await api.do(stranger, TRACK, input=news("DELIVERED"))
    unknown = await api.do(ADMIN, TRACK, input=news("DELIVERED", trackingNumber="JD02"))
    assert refused["code"] == unknown["code"] == "NOT_FOUND"
    naive = await api.do(ADMIN, TRACK, input=news("DELIVERED", occurredAt="2026-01-15T12:00:00"))
    assert naive["field"] == "occurredAt"
    _, errors = await api.ask(ROME_TILL, TRACK, {"input": news("DELIVERED")})
    assert errors == ["FORBIDDEN"]
    assert await count(shop, tracking_event) == 0


async def test_own_delivery_closes_the_order(api: Api, shop: Shop) -> None:
    made = (await api.do(ADMIN, SHIP, input=wish(await packed(shop, {"HAT": 1}))))["shipment"]
    given = {"idempotencyKey": "d", "shipmentId": made["id"], "expectedVersion": 1}
    assert (await api.do(MILAN_TILL, DELIVER, input=given))["code"] == "NOT_FOUND"
    done = await api.do(ROME_TILL, DELIVER, input=given)
    assert done["order"] == {"status": "CLOSED", "fulfillmentStatus": "DELIVERED"}
    events = [{"externalId": "unico:delivered", "status": "DELIVERED"}]
    parcels = [{"status": "DELIVERED", "events": events}]
    assert done["shipment"] == {"status": "DELIVERED", "version": 2, "parcels": parcels}
    assert await api.do(ROME_TILL, DELIVER, input=given) == done
    stale = await api.do(ROME_TILL, DELIVER, input={**given, "idempotencyKey": "e"})
    assert stale["code"] == "VERSION_CONFLICT"


async def test_a_shipment_is_seen_by_whoever_sees_its_order(api: Api, shop: Shop) -> None:
    order = await packed(shop, {"HAT": 1})
    made = (await api.do(ADMIN, SHIP, input=wish(order)))["shipment"]
    stranger = customer(order.id)
    for actor in (customer(order.customer_id), WEB_SHOP, ROME_TILL, AGENT):
        assert (await api.do(actor, READ, id=made["id"]))["carrier"] == "DHL"
        assert await api.do(actor, NODE, id=made["id"]) == {"carrier": "DHL"}
    for actor in (stranger, MILAN_TILL, Actor("market", Role.CHANNEL)):
        assert await api.do(actor, READ, id=made["id"]) is None
        assert await api.do(actor, NODE, id=made["id"]) is None
    assert await api.do(None, NODE, id=made["id"]) is None
    assert await api.do(ADMIN, NODE, id=gid("Shipment", "no uuid")) is None
    assert await api.do(ADMIN, READ, id=gid("Shipment", order.id)) is None
    _, errors = await api.ask(ADMIN, READ, {"id": gid("Order", order.id)})
    assert errors == ["VALIDATION_FAILED"]
    _, errors = await api.ask(None, READ, {"id": made["id"]})
    assert errors == ["UNAUTHENTICATED"]


async def test_shipments_of_many_orders_are_one_statement_and_their_events_another(
    api: Api, shop: Shop, engine: AsyncEngine
) -> None:
    for number in range(3):
        await ship(shop, shipping(await packed(shop, {"HAT": 1}), parcel(f"A{number}")))
    query = """{ orders { edges { node { shipments { parcels { trackingNumber
      events { status } } } } } } }"""
    with counted_statements(engine) as statements:
        page = await api.do(ADMIN, query)
    assert len(statements) == 3, statements
    assert [edge["node"]["shipments"] for edge in page["edges"]] == [
        [{"parcels": [{"trackingNumber": f"A{number}", "events": []}]}] for number in (2, 1, 0)
    ]
