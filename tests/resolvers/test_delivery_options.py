"""What can be promised for a cart, through the API, and that placing then does it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import variant_channel
from domain.locations.model import Coordinates
from domain.locations.postal import replace_points
from domain.locations.tables import channel_location, location
from tests.support import stock
from tests.support.actors import FINANCE
from tests.support.actors import channel as seller
from tests.support.carriers import rate, set_rates
from tests.support.mutations import everything
from tests.support.purchasing import day, open_supplier, ordered
from tests.support.shop import (
    ADMIN,
    AGENT,
    MILAN,
    PLACES,
    ROME_TILL,
    WEB_SHOP,
    customer,
)
from tests.support.stage import NOBODY, Stage, gid, location_id, open_stage
from tests.support.statements import counted_statements

pytestmark = pytest.mark.usefixtures("clean_database")

ASK = """query($input: DeliveryOptionsInput!) { deliveryOptions(input: $input) {
  mode location { id distanceKm } carrier service price { amount currency } earliest latest
  parcels { locationId units { sku quantity } } unfilled { sku quantity expectedAt }
  isComplete } }"""
ROME_ADDRESS = {
    "country": "IT", "postalCode": "00100", "latitude": PLACES["ROME"][0],
    "longitude": PLACES["ROME"][1],
}  # fmt: skip


def asked(lines: Mapping[str, int], **given: Any) -> dict[str, Any]:
    """Input for a cart on WEB."""
    cart = [{"sku": sku, "quantity": units} for sku, units in lines.items()]
    return {"channel": "WEB", "lines": cart} | given


async def ask(stage: Stage, lines: Mapping[str, int], **given: Any) -> list[dict[str, Any]]:
    """The options for a cart; asking changes nothing."""
    before = await everything(stage.engine)
    actor = given.pop("actor", WEB_SHOP)
    found = await stage.api.do(actor, ASK, input=asked(lines, **given))
    assert await everything(stage.engine) == before
    return found


Units = dict[str, dict[str, int]]


def parcels_of(option: Mapping[str, Any]) -> Units:
    """Units by SKU and location of an option."""
    return {
        parcel["locationId"]: {each["sku"]: each["quantity"] for each in parcel["units"]}
        for parcel in option["parcels"]
    }


def allocated(order: Mapping[str, Any]) -> Units:
    """The same of a placed order."""
    found: dict[str, Counter[str]] = {}
    for line in order["lines"]:
        for group in line["groups"]:
            if group["locationId"] is not None:
                found.setdefault(group["locationId"], Counter())[line["sku"]] += group["quantity"]
    return {place: dict(units) for place, units in found.items()}


def days(option: Mapping[str, Any]) -> timedelta:
    """How wide the window is."""
    earliest, latest = (datetime.fromisoformat(option[name]) for name in ("earliest", "latest"))
    return latest - earliest


def modes(options: list[dict[str, Any]]) -> list[str]:
    return [option["mode"] for option in options]


def only(options: list[dict[str, Any]], mode: str) -> dict[str, Any]:
    """The one option of that mode."""
    (found,) = [option for option in options if option["mode"] == mode]
    return found


async def test_each_service_that_carries_all_parcels_is_an_option(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}, "SCARF": {"MILAN": 2}})
    cart: dict[str, int] = {"HAT": 2, "SCARF": 1}
    await stage.weigh("HAT", 500)
    (unpriced,) = [o for o in await ask(stage, cart, address=ROME_ADDRESS) if o["mode"] == "SHIP"]
    assert (unpriced["carrier"], unpriced["service"], unpriced["price"]) == (None, None, None)
    assert days(unpriced) == timedelta(days=2)
    await set_rates(
        stage,
        rate("SLOW", price="3.00", transitDays=None),
        rate("FAST", price="9.00", transitDays=1),
        rate("LIGHT", price="1.00", maxWeightG=999),
    )
    await set_rates(stage, rate("SWISS", price="0.10", currency="CHF"), carrier="POST")
    options = await ask(stage, cart, address=ROME_ADDRESS)
    priced = [
        (o["mode"], o["carrier"], o["service"], o["price"] and o["price"]["amount"])
        for o in options
    ]
    services = [
        ("GLS", "SLOW", "6.00"), ("GLS", "FAST", "18.00"), ("POST", "SWISS", None),
    ]  # fmt: skip
    assert priced == [(mode, *each) for mode in ("SHIP", "PICKUP_POINT") for each in services]
    slow, fast = options[:2]
    assert (days(slow), days(fast)) == (timedelta(days=2), timedelta(0))
    assert slow["price"]["currency"] == "EUR"
    assert slow["earliest"] > fast["earliest"]
    for each in options:
        assert parcels_of(each) == {
            location_id("ROME"): {"HAT": 2}, location_id("MILAN"): {"SCARF": 1},
        }  # fmt: skip
        assert (each["isComplete"], each["unfilled"], each["location"]) == (True, [], None)
    abroad = await ask(stage, cart, address={"country": "FR", "postalCode": "75001"})
    assert modes(abroad) == []


@pytest.mark.parametrize(
    ("levels", "cart"),
    [
        ({"HAT": {"ROME": 5, "MILAN": 5}}, {"HAT": 3}),
        ({"HAT": {"ROME": 1, "MILAN": 5, "MADRID": 5}}, {"HAT": 3}),
        ({"HAT": {"MILAN": 2}, "SCARF": {"MADRID": 4, "MILAN": 1}}, {"HAT": 1, "SCARF": 3}),
        ({"HAT": {"ROME": 2, "MILAN": 2}, "SCARF": {"MILAN": 9}}, {"SET": 2, "HAT": 1}),
        ({"HAT": {"ROME": 2, "MADRID": 1}}, {"HAT": 5}),
    ],
)
@pytest.mark.parametrize("mode", ["SHIP", "PICKUP"])
async def test_placing_gives_the_parcels_of_the_option(
    engine: AsyncEngine, levels: Any, cart: dict[str, int], mode: str
) -> None:
    stage = await open_stage(engine, levels)
    rules: dict[str, Any] = {"unfilledPolicy": "BACKORDER_REST"}
    if mode == "SHIP":
        option = only(await ask(stage, cart, address=ROME_ADDRESS), "SHIP")
        order = await stage.placed(lines=cart, **rules)
    else:
        options = await ask(stage, cart, locationId=location_id("MILAN"))
        option = only(options, "PICKUP")
        order = await stage.placed(lines=cart, pickup="MILAN", **rules)
    assert allocated(order) == parcels_of(option)
    waiting: Counter[str] = Counter()
    for line in order["lines"]:
        for group in line["groups"]:
            if group["state"] == "BACKORDERED":
                waiting[line["sku"]] += group["quantity"]
    assert {each["sku"]: each["quantity"] for each in option["unfilled"]} == dict(waiting)
    assert option["isComplete"] == (not waiting)
    assert (option["earliest"] is None) == (not option["parcels"])
    await stage.check()


async def test_a_postal_code_decides_as_it_does_when_placing(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3, "MILAN": 3}})
    for point, sender in ((PLACES["MILAN"], "MILAN"), (PLACES["ROME"], "ROME")):
        points = {"20121": Coordinates(*point[:2])}
        await stage.shop.database.run(
            lambda tx, points=points: replace_points(tx, "IT", points), actor_key="test"
        )
        address = {"country": "IT", "postalCode": "20199"}
        option = only(await ask(stage, {"HAT": 1}, address=address), "SHIP")
        assert parcels_of(option) == {location_id(sender): {"HAT": 1}}
        whole = {"recipient": "Ada Verdi", "street": "Via Roma 1", "city": "Milan"} | address
        order = await stage.placed(delivery={"mode": "SHIP", "address": whole})
        assert allocated(order) == parcels_of(option)


async def test_sending_to_a_store_is_an_option_when_others_supply_it(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1, "MILAN": 5}})
    one = await ask(stage, {"HAT": 1}, locationId=location_id("ROME"))
    assert modes(one) == ["PICKUP"]
    three = await ask(stage, {"HAT": 3}, locationId=location_id("ROME"), address=ROME_ADDRESS)
    assert modes(three) == ["SHIP", "PICKUP", "SHIP_TO_STORE"]
    here, sent = three[1:]
    assert (here["isComplete"], sent["isComplete"]) == (False, True)
    assert here["location"] == {"id": location_id("ROME"), "distanceKm": 0}
    assert here["earliest"] == here["latest"] < sent["earliest"] < sent["latest"]
    store = {"mode": "SHIP_TO_STORE", "locationId": location_id("ROME")}
    order = await stage.placed(lines={"HAT": 3}, delivery=store)
    assert allocated(order) == parcels_of(sent)
    elsewhere = await ask(stage, {"HAT": 3}, locationId=location_id("MADRID"))
    assert modes(elsewhere) == ["PICKUP", "SHIP_TO_STORE"]
    assert (elsewhere[0]["parcels"], elsewhere[0]["earliest"]) == ([], None)


async def test_the_nearest_stores_that_have_everything_are_offered(engine: AsyncEngine) -> None:
    stage = await open_stage(
        engine, {"HAT": {"ROME": 1, "MILAN": 2, "MADRID": 2}, "SCARF": {"MILAN": 1, "MADRID": 1}}
    )
    cart = {"HAT": 2, "SCARF": 1}

    async def stores(**given: Any) -> list[str]:
        options = await ask(stage, cart, **given)
        found = [o for o in options if o["mode"] == "PICKUP"]
        assert all(o["isComplete"] for o in found)
        return [o["location"]["id"] for o in found]

    milan, madrid = location_id("MILAN"), location_id("MADRID")
    assert await stores(address=ROME_ADDRESS) == [milan, madrid]
    spain = {"country": "ES", "postalCode": "28001"}
    assert await stores(address=spain) == [madrid, milan]  # by code, where nothing is known

    async def add_point(tx: Any) -> None:
        await replace_points(tx, "IT", {"20121": Coordinates(45.46, 9.19)})
        await replace_points(tx, "ES", {"08001": Coordinates(41.4, 2.2)})

    await stage.shop.database.run(add_point, actor_key="test")
    assert await stores(address={"country": "IT", "postalCode": "20199"}) == [milan, madrid]
    assert await stores(address={"country": "ES", "postalCode": "08-001"}) == [madrid, milan]
    async with engine.begin() as connection:
        await connection.execute(
            sa.update(location).where(location.c.id == MILAN).values(can_pickup=False)
        )
    assert await stores() == [madrid]
    assert await ask(stage, cart, locationId=milan) == []


async def test_of_many_stores_five_are_offered(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    await more_stores(engine, 8)
    options = await ask(stage, {"HAT": 1})
    assert modes(options) == ["PICKUP"] * 5


async def more_stores(engine: AsyncEngine, number: int) -> None:
    """So many more stores of WEB, each with units of HAT and a capacity."""
    codes = [f"STORE-{n}" for n in range(number)]
    async with engine.begin() as connection:
        for code in codes:
            own = {"id": stock.place(code), "code": code, "daily_capacity": 9}
            copied = [sa.literal(own[c.name]) if c.name in own else c for c in location.c]
            rome = sa.select(*copied).where(location.c.code == "ROME")
            names = [c.name for c in location.c]
            await connection.execute(sa.insert(location).from_select(names, rome))
            await connection.execute(
                sa.insert(channel_location).values(channel="WEB", location_id=stock.place(code))
            )
    for code in codes:
        await stock.stock_up(engine, 3, "HAT", code=code)


async def test_units_without_stock_have_the_date_that_the_order_is_promised(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    supplier = await open_supplier(stage)
    lines = [{"sku": "HAT", "quantity": 4}]
    await ordered(stage, supplier, lines=lines, eta=day(4))
    await ordered(stage, supplier, lines=lines, eta=day(9))
    cart = {"address": ROME_ADDRESS, "locationId": location_id("ROME")}
    for units, expected in ((4, day(4)), (6, day(9)), (99, None)):
        options = await ask(stage, {"HAT": units}, **cart)
        assert modes(options) == ["SHIP", "PICKUP"]
        for option in options:
            assert option["unfilled"] == [
                {"sku": "HAT", "quantity": units - 1, "expectedAt": expected}
            ]
            assert not option["isComplete"]
    milan = await ask(stage, {"HAT": 4}, locationId=location_id("MILAN"))
    assert only(milan, "PICKUP")["unfilled"][0]["expectedAt"] is None
    order = await stage.placed(lines={"HAT": 4}, unfilledPolicy="BACKORDER_REST")
    promised = await stage.order(order["id"], "promisedAt")
    assert promised["promisedAt"] == day(4)


async def test_the_number_of_statements_depends_on_nothing(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1, "MILAN": 1}})
    await set_rates(stage, rate())
    where = {"address": {"country": "IT", "postalCode": "00100"}, "locationId": location_id("ROME")}
    skus = ["HAT", "SCARF", "SET"]
    counts: list[int] = []
    for lines in (1, 3):
        cart = asked(dict.fromkeys(skus[:lines], 50), **where)
        with counted_statements(engine) as statements:
            await stage.api.do(WEB_SHOP, ASK, input=cart)
        counts.append(len(statements))
        assert not [each for each in statements if "FOR UPDATE" in each.upper()]
        if lines == 1:
            await more_stores(engine, 30)
    assert counts == [10, 11]  # the works of places with a capacity


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"channel": "NOPE"}, "FORBIDDEN"),
        ({"lines": []}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "HAT", "quantity": 1}] * 101}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "HAT", "quantity": 0}]}, "VALIDATION_FAILED"),
        ({"lines": [{"sku": "NOPE", "quantity": 1}]}, "PRODUCT_NOT_FOUND"),
        ({"currency": "euro"}, "VALIDATION_FAILED"),
        ({"address": ROME_ADDRESS | {"country": "XX"}}, "VALIDATION_FAILED"),
        ({"address": ROME_ADDRESS | {"postalCode": " - "}}, "VALIDATION_FAILED"),
        ({"address": ROME_ADDRESS | {"postalCode": "1" * 21}}, "VALIDATION_FAILED"),
        ({"address": ROME_ADDRESS | {"latitude": None}}, "VALIDATION_FAILED"),
        ({"address": ROME_ADDRESS | {"latitude": 91}}, "VALIDATION_FAILED"),
        ({"locationId": gid("Location", NOBODY)}, "NOT_FOUND"),
        ({"locationId": gid("Order", NOBODY)}, "VALIDATION_FAILED"),
    ],
)
async def test_bad_questions_are_refused(
    engine: AsyncEngine, changes: dict[str, Any], code: str
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    given = asked({"HAT": 1}) | changes
    assert (await stage.api.ask(WEB_SHOP, ASK, {"input": given}))[1] == [code]


async def test_what_is_not_there_for_anybody_is_refused(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}, "SCARF": {"ROME": 1}})
    async with engine.begin() as connection:
        await connection.execute(
            sa.update(variant_channel)
            .where(variant_channel.c.sku == "HAT", variant_channel.c.channel == "WEB")
            .values(sellable=False)
        )
        await connection.execute(
            sa.update(location).where(location.c.id == MILAN).values(active=False)
        )
    for given, code in (
        (asked({"HAT": 1}, channel="NOPE"), "NOT_FOUND"),
        (asked({"HAT": 1}), "PRODUCT_NOT_SELLABLE"),
        (asked({"SCARF": 1}, locationId=location_id("MILAN")), "NOT_FOUND"),
    ):
        assert (await stage.api.ask(ADMIN, ASK, {"input": given}))[1] == [code]


async def test_who_may_place_may_ask(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    given = {"input": asked({"HAT": 1}, address=ROME_ADDRESS)}
    for actor in (WEB_SHOP, AGENT, ADMIN, ROME_TILL, customer(UUID(int=7))):
        found, errors = await stage.api.ask(actor, ASK, given)
        assert (modes(found["deliveryOptions"]), errors) == (["SHIP", "PICKUP"], [])
    for actor, code in (
        (seller("POS"), "FORBIDDEN"),
        (FINANCE, "FORBIDDEN"),
        (None, "UNAUTHENTICATED"),
    ):
        assert (await stage.api.ask(actor, ASK, given))[1] == [code]
