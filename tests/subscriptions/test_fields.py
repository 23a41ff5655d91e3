from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from app.schema import build_schema
from app.settings import load_settings
from domain.common.ids import CustomerId, FulfillmentOrderId, OrderId, Sku, new_id
from domain.customers.model import GivenCustomer
from domain.customers.notes import AddCustomerNote, add_customer_note
from domain.fulfillment.accept import accept_work
from domain.fulfillment.waves import CreateWave, StartWave, create_wave, start_wave
from domain.identity.model import Actor, Role
from domain.locations.tables import channel_location
from domain.orders.checkout import place_order
from domain.orders.commands import ChangeOrder, ChangeWork
from domain.orders.model import Order
from domain.orders.tables import sales_order
from domain.orders.work import release_order
from domain.stock.bins import SetStockBin, set_stock_bin
from domain.stock.tables import stock_level
from schema.context import Services
from subscriptions.fields import Subscription
from tests.subscriptions.watching import LiveApi
from tests.support.packed_order import loaded, packed, ship, shipping
from tests.support.road import Road, counted, running_road
from tests.support.shop import (
    ADMIN,
    AGENT,
    MADRID,
    MILAN,
    MILAN_TILL,
    ROME,
    ROME_MANAGER,
    ROME_TILL,
    WEB_SHOP,
    Shop,
    customer,
    open_shop,
    order,
)
from tests.support.stock import stock_up
from tests.support.waiting import until

STOCK = """subscription($locations: [ID!]!, $skus: [String!], $after: String) {
  stockChanged(locationIds: $locations, skus: $skus, after: $after) {
    kind cursor complete reason levels { sku locationId onHand available version } } }"""
ORDER = """subscription($id: ID, $number: String, $token: String, $after: String) {
  orderChanged(orderId: $id, number: $number, token: $token, after: $after) {
    kind cursor complete reason
    changes { orderId number version action reason channel status holds fulfillmentStatus
      paymentStatus deliveryMode total { amount currency } placedAt updatedAt
      lines { orderLineId sku orderedQuantity groups { state quantity } } }
    shipments { shipmentId orderId version status carrier service
      parcels { trackingNumber status notice lines { orderLineId quantity } } } } }"""
QUEUE = """subscription($location: ID!, $after: String) {
  workQueueChanged(locationId: $location, after: $after) {
    kind cursor complete reason
    items { fulfillmentOrderId orderId orderNumber locationId version status deliveryMode dueAt
      updatedAt units waveId lines { orderLineId sku quantity state bin { zone bin } } } } }"""
CUSTOMER = """subscription($customer: ID!, $after: String) {
  customerActivity(customerId: $customer, after: $after) {
    kind cursor complete reason orders { orderId number version action status }
    shipments { shipmentId orderId version status } changes { customerId version part } } }"""
CLERK = Actor("web-clerk", Role.CHANNEL)
PICKER = Actor("piero", Role.WAREHOUSE, location_ids=frozenset({ROME, MADRID}))


def gid(kind: str, key: object) -> str:
    return str(relay.GlobalID(kind, str(key)))


def places(*locations: UUID) -> list[str]:
    return [gid("Location", each) for each in locations]


@pytest.fixture
async def road(clean_database: str, clean_redis: str) -> AsyncGenerator[Road]:
    async with running_road(clean_database, clean_redis) as road:
        yield road


@pytest.fixture
async def shop(engine: AsyncEngine, road: Road) -> Shop:
    made = await open_shop(engine, {"HAT": {"ROME": 50, "MILAN": 5}, "SCARF": {"ROME": 50}})
    return Shop(road.database, made.gateway)


@pytest.fixture
def api(shop: Shop, road: Road) -> LiveApi:
    services = Services(road.database, shop.gateway, shop.terms, road.hub)
    return LiveApi(build_schema(load_settings(), subscription=Subscription), services)


async def sold(shop: Shop, **wish: Any) -> Order:
    """A confirmed order."""
    done = await place_order(shop.till(), order(**wish))
    return await loaded(shop, done.order_id)


async def release(shop: Shop, order_id: OrderId) -> None:
    command = ChangeOrder(uuid4().hex, order_id)
    await shop.database.run(lambda tx: release_order(tx, ADMIN, command), actor_key=ADMIN.key)


async def everything_is_sequenced(road: Road) -> None:
    """What was committed has reached the hub."""
    waiting = sa.text("SELECT count(*), (SELECT last_seq FROM sequencer_state) FROM outbox")

    async def caught_up() -> bool:
        async with road.database.reads.connect() as connection:
            left, seq = (await connection.execute(waiting)).one()
        return left == 0 and seq == road.hub.last_seq

    await until(caught_up)


def levels(payload: dict[str, Any]) -> list[tuple[str, str, int, int]]:
    return [
        (each["locationId"], each["sku"], each["available"], each["version"])
        for each in payload["levels"]
    ]


def versions(states: Sequence[dict[str, Any]]) -> list[int]:
    return [state["version"] for state in states]


# ---------------------------------------------------------------- stockChanged


async def test_stock_is_shown_as_it_is_and_then_with_every_change(
    api: LiveApi, engine: AsyncEngine
) -> None:
    rome, milan = places(ROME, MILAN)
    async with api.watch(ROME_MANAGER, STOCK, locations=[rome]) as watching:
        first = await watching.next()
        await stock_up(engine, 3, "HAT", "SCARF")
        second = await watching.next()
    assert (first["kind"], first["complete"], first["reason"]) == ("SNAPSHOT", True, None)
    assert levels(first) == [(rome, "HAT", 50, 1), (rome, "SCARF", 50, 1)]
    assert (second["kind"], second["complete"]) == ("CHANGES", True)
    assert sorted(levels(second)) == [(rome, "HAT", 53, 2), (rome, "SCARF", 53, 2)]

    async with api.watch(ADMIN, STOCK, locations=[rome, milan, rome], skus=["HAT"]) as watching:
        first = await watching.next()
        await stock_up(engine, 1, "SCARF")
        await stock_up(engine, 1, "HAT", code="MILAN")
        second = await watching.next()
    assert sorted(levels(first)) == sorted([(rome, "HAT", 53, 2), (milan, "HAT", 5, 1)])
    assert levels(second) == [(milan, "HAT", 6, 2)]


async def test_stock_resumes_by_cursor(api: LiveApi, engine: AsyncEngine) -> None:
    rome = places(ROME)
    async with api.watch(ROME_TILL, STOCK, locations=rome) as watching:
        cursor = (await watching.next())["cursor"]
    await stock_up(engine, 1, "HAT")
    await stock_up(engine, 1, "HAT")

    async with api.watch(ROME_TILL, STOCK, locations=rome, after=cursor) as watching:
        missed = await watching.take(2)
    assert [each["kind"] for each in missed] == ["CHANGES", "CHANGES"]
    assert [versions(each["levels"]) for each in missed] == [[2], [3]]

    strange = "WyJhbm90aGVyIiwxLHt9XQ"  # ["another",1,{}]
    async with api.watch(ROME_TILL, STOCK, locations=rome, after=strange) as watching:
        resync, snapshot = await watching.take(2)
    assert (resync["kind"], resync["reason"], resync["levels"]) == ("RESYNC", "OTHER_LOG", [])
    assert not resync["complete"]
    assert snapshot["kind"] == "SNAPSHOT"


async def test_stock_of_a_reserved_sale_reaches_the_till(api: LiveApi, shop: Shop) -> None:
    async with api.watch(ROME_TILL, STOCK, locations=places(ROME), skus=["HAT"]) as watching:
        await watching.next()
        await sold(shop)
        seen = [await watching.next()]
        while seen[-1]["levels"][0]["version"] < 3:
            seen.append(await watching.next())
    found = [level for payload in seen for level in payload["levels"]]
    assert versions(found) == [2, 3]  # reserved, then allocated
    assert {level["available"] for level in found} == {49}


@pytest.mark.parametrize(
    ("actor", "codes"),
    [
        (MILAN_TILL, ["FORBIDDEN"]),
        (PICKER, ["FORBIDDEN"]),
        (customer(new_id()), ["FORBIDDEN"]),
        (CLERK, ["FORBIDDEN"]),
        (None, ["UNAUTHENTICATED"]),
    ],
)
async def test_stock_of_locations_that_are_not_ones_own_is_refused(
    api: LiveApi, road: Road, actor: Actor | None, codes: list[str]
) -> None:
    assert await api.refusal(actor, STOCK, locations=places(ROME, MILAN)) == codes
    assert not road.hub.has_subscribers


async def test_a_channel_watches_the_locations_that_serve_it(
    api: LiveApi, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            sa.delete(channel_location).where(
                channel_location.c.channel == "WEB", channel_location.c.location_id == MILAN
            )
        )
    async with api.watch(WEB_SHOP, STOCK, locations=places(ROME)) as watching:
        assert (await watching.next())["kind"] == "SNAPSHOT"
    assert await api.refusal(WEB_SHOP, STOCK, locations=places(ROME, MILAN)) == ["FORBIDDEN"]


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"locations": []}, "VALIDATION_FAILED"),
        ({"locations": places(*[new_id() for _ in range(51)])}, "VALIDATION_FAILED"),
        ({"locations": [gid("Order", ROME)]}, "VALIDATION_FAILED"),
        ({"locations": [gid("Location", "x")]}, "VALIDATION_FAILED"),
        ({"locations": places(ROME), "skus": []}, "VALIDATION_FAILED"),
        ({"locations": places(ROME), "skus": ["S"] * 1_001}, "VALIDATION_FAILED"),
        ({"locations": places(ROME), "after": "x"}, "VALIDATION_FAILED"),
        ({"locations": places(ROME, new_id())}, "FORBIDDEN"),
    ],
)
async def test_bad_arguments_are_refused(
    api: LiveApi, variables: dict[str, Any], code: str
) -> None:
    assert await api.refusal(ADMIN, STOCK, **variables) == [code]


async def test_leaving_frees_the_subscription(api: LiveApi, road: Road) -> None:
    count = counted(road.hub.metrics.subscriptions)
    async with api.watch(ADMIN, STOCK, locations=places(ROME)) as watching:
        await watching.next()
        assert count() == 1
    assert count() == 0
    assert not road.hub.has_subscribers


# ---------------------------------------------------------------- orderChanged


async def test_an_order_is_followed_through_every_version(api: LiveApi, shop: Shop) -> None:
    placed = await sold(shop, lines={"HAT": 2})
    mine = customer(placed.customer_id)
    async with api.watch(mine, ORDER, id=gid("Order", placed.id)) as watching:
        snapshot = await watching.next()
        await release(shop, placed.id)
        change = await watching.next()

    (state,) = snapshot["changes"]
    assert (snapshot["kind"], snapshot["complete"]) == ("SNAPSHOT", True)
    assert (state["number"], state["version"]) == (placed.number, placed.version)
    assert state["total"] == {"amount": "39.80", "currency": "EUR"}
    assert state["lines"][0]["groups"] == [{"state": "ALLOCATED", "quantity": 2}]
    assert versions(change["changes"]) == [placed.version + 1]
    assert change["changes"][0]["lines"][0]["groups"] == [{"state": "RELEASED", "quantity": 2}]


async def test_order_and_shipment_of_one_transaction_come_in_one_payload(
    api: LiveApi, shop: Shop, road: Road
) -> None:
    ready = await packed(shop, {"HAT": 1})
    async with api.watch(AGENT, ORDER, id=gid("Order", ready.id)) as watching:
        first = await watching.next()
        assert first["shipments"] == []
        await ship(shop, shipping(ready))
        seen = [await watching.next()]
        while not seen[-1]["shipments"]:
            seen.append(await watching.next())
    with_shipment = seen[-1]
    assert with_shipment["changes"]
    assert with_shipment["shipments"][0]["status"] == "SHIPPED"
    every = [state for payload in (first, *seen) for state in payload["changes"]]
    assert versions(every) == list(range(ready.version, ready.version + len(every)))

    await everything_is_sequenced(road)
    async with api.watch(AGENT, ORDER, id=gid("Order", ready.id)) as watching:
        again = await watching.next()
    assert again["shipments"] == with_shipment["shipments"]


async def test_two_customers_with_the_same_document_see_only_their_own_order(
    api: LiveApi, shop: Shop
) -> None:
    ada = await sold(shop)
    bea = await sold(shop, customer=GivenCustomer(email="bea@example.com"))
    one, two = customer(ada.customer_id), customer(bea.customer_id)
    async with (
        api.watch(one, ORDER, id=gid("Order", ada.id)) as hers,
        api.watch(two, ORDER, id=gid("Order", bea.id)) as theirs,
    ):
        seen = [await hers.next()], [await theirs.next()]
        await release(shop, ada.id)
        await release(shop, bea.id)
        seen[0].append(await hers.next())
        seen[1].append(await theirs.next())
    for own, payloads in zip((ada, bea), seen, strict=True):
        states = [state for payload in payloads for state in payload["changes"]]
        assert [(state["number"], state["version"]) for state in states] == [
            (own.number, own.version),
            (own.number, own.version + 1),
        ]

    for actor, foreign in ((one, bea), (two, ada)):
        assert await api.refusal(actor, ORDER, id=gid("Order", foreign.id)) == ["NOT_FOUND"]
        assert await api.refusal(actor, ORDER, number=foreign.number) == ["NOT_FOUND"]
        assert await api.refusal(actor, ORDER, id=gid("Order", new_id())) == ["NOT_FOUND"]


async def test_a_guest_follows_with_number_and_token_and_not_with_less(
    api: LiveApi, shop: Shop
) -> None:
    placed = await sold(shop)
    token = await shop.scalar(sa.select(sales_order.c.tracking_token))
    async with api.watch(None, ORDER, number=placed.number, token=token) as watching:
        assert (await watching.next())["changes"][0]["number"] == placed.number

    assert await api.refusal(None, ORDER, number=placed.number, token="wrong") == ["NOT_FOUND"]
    assert await api.refusal(None, ORDER, number=placed.number) == ["NOT_FOUND"]
    assert await api.refusal(None, ORDER, id=gid("Order", placed.id)) == ["NOT_FOUND"]
    assert await api.refusal(None, ORDER) == ["VALIDATION_FAILED"]
    assert await api.refusal(None, ORDER, token=token) == ["VALIDATION_FAILED"]
    both = {"id": gid("Order", placed.id), "number": placed.number}
    assert await api.refusal(ADMIN, ORDER, **both) == ["VALIDATION_FAILED"]


async def test_a_store_follows_orders_that_it_works_on(api: LiveApi, shop: Shop) -> None:
    placed = await sold(shop)  # served by Rome
    async with api.watch(ROME_TILL, ORDER, number=placed.number) as watching:
        assert (await watching.next())["changes"][0]["version"] == placed.version
    assert await api.refusal(MILAN_TILL, ORDER, number=placed.number) == ["NOT_FOUND"]


# ---------------------------------------------------------------- workQueueChanged


async def test_a_queue_shows_open_work_and_then_each_change(api: LiveApi, shop: Shop) -> None:
    placed = await sold(shop)
    location = gid("Location", ROME)
    async with api.watch(ROME_TILL, QUEUE, location=location) as watching:
        first = await watching.next()
        await release(shop, placed.id)
        second = await watching.next()
        another = await sold(shop)
        third = await watching.next()

    (item,) = first["items"]
    assert (item["orderNumber"], item["locationId"], item["units"]) == (placed.number, location, 1)
    assert (second["items"][0]["status"], second["items"][0]["version"]) == (
        "RELEASED",
        item["version"] + 1,
    )
    assert third["items"][0]["orderNumber"] == another.number
    assert third["items"][0]["version"] == 1


async def test_a_wave_changes_all_its_work_in_one_payload(api: LiveApi, shop: Shop) -> None:
    works: list[FulfillmentOrderId] = []
    for _ in range(2):
        placed = await sold(shop)
        await release(shop, placed.id)
        (work,) = placed.fulfillment_orders
        accept = ChangeWork(uuid4().hex, work.id)
        await shop.database.run(
            lambda tx, one=accept: accept_work(tx, ADMIN, one), actor_key=ADMIN.key
        )
        works.append(work.id)
    place = SetStockBin("b", Sku("HAT"), ROME, "A", "1")
    create = CreateWave("c", ROME, tuple(works))
    async with api.watch(ROME_TILL, QUEUE, location=gid("Location", ROME)) as watching:
        first = await watching.next()
        await shop.database.run(lambda tx: set_stock_bin(tx, ADMIN, place), actor_key=ADMIN.key)
        wave = await shop.database.run(
            lambda tx: create_wave(tx, ADMIN, create), actor_key=ADMIN.key
        )
        second = await watching.next()
        start = StartWave("s", wave.wave_id)
        await shop.database.run(lambda tx: start_wave(tx, ADMIN, start), actor_key=ADMIN.key)
        third = await watching.next()

    assert [item["waveId"] for item in first["items"]] == [None, None]
    assert [item["lines"][0]["bin"] for item in first["items"]] == [None, None]
    for payload, status in ((second, "RELEASED"), (third, "PICKING")):
        seen = {item["fulfillmentOrderId"]: item for item in payload["items"]}
        assert seen.keys() == {gid("FulfillmentOrder", each) for each in works}
        for item in seen.values():
            assert (item["waveId"], item["status"]) == (gid("Wave", wave.wave_id), status)
            assert item["lines"][0]["bin"] == {"zone": "A", "bin": "1"}


@pytest.mark.parametrize(
    ("actor", "codes"),
    [
        (MILAN_TILL, ["FORBIDDEN"]),
        (AGENT, ["FORBIDDEN"]),
        (WEB_SHOP, ["FORBIDDEN"]),
        (customer(new_id()), ["FORBIDDEN"]),
        (None, ["UNAUTHENTICATED"]),
    ],
)
async def test_the_queue_of_another_store_is_refused_and_nothing_changed(
    api: LiveApi, shop: Shop, road: Road, actor: Actor | None, codes: list[str]
) -> None:
    await sold(shop)
    await everything_is_sequenced(road)
    before = await shop.rows(sa.select(stock_level)), road.hub.last_seq
    assert await api.refusal(actor, QUEUE, location=gid("Location", ROME)) == codes
    assert (await shop.rows(sa.select(stock_level)), road.hub.last_seq) == before
    assert not road.hub.has_subscribers


async def test_the_queue_of_an_unknown_store_looks_like_a_foreign_one(api: LiveApi) -> None:
    assert await api.refusal(ADMIN, QUEUE, location=gid("Location", new_id())) == ["FORBIDDEN"]


# ---------------------------------------------------------------- customerActivity


async def test_a_customer_is_seen_with_orders_and_with_changes_of_their_own(
    api: LiveApi, shop: Shop
) -> None:
    placed = await sold(shop)
    who = gid("Customer", placed.customer_id)
    async with api.watch(AGENT, CUSTOMER, customer=who) as watching:
        first = await watching.next()
        note = AddCustomerNote(uuid4().hex, CustomerId(placed.customer_id), "calls on Mondays")
        await shop.database.run(
            lambda tx: add_customer_note(tx, note, actor=AGENT), actor_key=AGENT.key
        )
        second = await watching.next()
        another = await sold(shop)
        third = await watching.next()

    assert [(o["number"], o["version"]) for o in first["orders"]] == [
        (placed.number, placed.version)
    ]
    assert (first["changes"], first["shipments"]) == ([], [])
    assert second["orders"] == []
    assert second["changes"] == [{"customerId": who, "version": 2, "part": "NOTE"}]
    assert [(o["number"], o["version"]) for o in third["orders"]] == [(another.number, 1)]


async def test_the_snapshot_of_a_customer_holds_the_twenty_newest_orders(
    api: LiveApi, shop: Shop
) -> None:
    placed = [await sold(shop) for _ in range(21)]
    who = gid("Customer", placed[0].customer_id)
    async with api.watch(customer(placed[0].customer_id), CUSTOMER, customer=who) as watching:
        first = await watching.next()
    assert sorted(o["number"] for o in first["orders"]) == sorted(o.number for o in placed[1:])


async def test_other_customers_are_not_there(api: LiveApi, shop: Shop) -> None:
    placed = await sold(shop)
    who = gid("Customer", placed.customer_id)
    assert await api.refusal(customer(new_id()), CUSTOMER, customer=who) == ["NOT_FOUND"]
    unknown = gid("Customer", new_id())
    assert await api.refusal(AGENT, CUSTOMER, customer=unknown) == ["NOT_FOUND"]
    assert await api.refusal(ROME_TILL, CUSTOMER, customer=who) == ["FORBIDDEN"]
    assert await api.refusal(None, CUSTOMER, customer=who) == ["UNAUTHENTICATED"]


# ---------------------------------------------------------------- all


PERSONAL = (" ada ", "verdi", "via roma", " 00100 ", "tok_", "ada@example")


async def test_no_payload_holds_personal_data(api: LiveApi, shop: Shop) -> None:
    ready = await packed(shop, {"HAT": 1})
    key, who = gid("Order", ready.id), gid("Customer", ready.customer_id)
    seen: list[dict[str, Any]] = []
    async with (
        api.watch(ADMIN, ORDER, id=key) as orders,
        api.watch(ADMIN, CUSTOMER, customer=who) as activity,
        api.watch(ADMIN, QUEUE, location=gid("Location", ROME)) as queue,
    ):
        watched = (orders, activity, queue)
        seen += [await each.next() for each in watched]
        await ship(shop, shipping(ready))
        seen += [await each.next() for each in watched]
    said = set(spoken(seen))
    assert said, "the payloads say something besides ids"
    assert not [each for each in said for word in PERSONAL if word in f" {each} ".lower()]


def spoken(payload: Any) -> Iterator[str]:
    """Every string of a payload but ids and cursors: their base64 may spell any short name."""
    match payload:
        case dict():
            for key, value in payload.items():
                if key not in {"id", "cursor"} and not key.endswith("Id"):
                    yield from spoken(value)
        case list():
            for value in payload:
                yield from spoken(value)
        case str():
            yield payload
        case _:
            pass
