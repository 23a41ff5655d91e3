"""Changing locations through GraphQL: what each mutation answers and refuses."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.catalog.tables import channel as channel_table
from domain.locations.tables import channel_location, location
from resolvers.locations import LocationsMutation, LocationsQuery
from tests.support.actors import (
    ADMIN,
    OPERATIONS,
)
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events, everything
from tests.support.places import CREATE_LOCATION, UPDATE_LOCATION, store

ASSIGN = Mutation("assignChannelLocations", "channel locationIds")
PLANNERS = (OPERATIONS, ADMIN)


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, LocationsQuery, LocationsMutation)


async def test_create_location_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    answer = await CREATE_LOCATION.check_contract(
        api,
        engine,
        OPERATIONS,
        store(tags=["big", "a", "big"]),
        other={"name": "Other"},
        allowed=PLANNERS,
    )

    found = answer["location"]
    assert {name: found[name] for name in ("code", "name", "kind", "cutOff", "version")} == {
        "code": "ROMA-01",
        "name": "Roma Centro",
        "kind": "STORE",
        "cutOff": "16:30:00",
        "version": 1,
    }
    assert found["openingHours"] == [
        {"weekday": 1, "opens": "10:00:00", "closes": "00:00:00"},
        {"weekday": 2, "opens": "09:00:00", "closes": "13:00:00"},
        {"weekday": 2, "opens": "15:00:00", "closes": "19:30:00"},
    ]
    assert found["position"] == {"latitude": 41.9028, "longitude": 12.4964}
    assert (found["trust"], found["active"], found["channels"]) == ("0.95", True, [])
    assert found["tags"] == ["a", "big"]
    (event,) = await events(engine)
    assert (event["type"], event["version"], event["topics"]) == ("LocationCreated", 1, [])
    assert event["payload"]["opening_hours"][0] == {
        "weekday": 1,
        "opens": "10:00",
        "closes": "00:00",
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "a b"}, "code"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "call 4111 1111 1111 1111"}, "name"),
        ({"address": {"city": "Roma", "country": "ZZ"}}, "address.country"),
        ({"address": {"city": "", "country": "IT"}}, "address.city"),
        ({"position": {"latitude": 90.1, "longitude": 0}}, "position.latitude"),
        ({"position": {"latitude": 0, "longitude": -181}}, "position.longitude"),
        ({"timeZone": "Europe/Nowhere"}, "timeZone"),
        ({"timeZone": "../etc/passwd"}, "timeZone"),
        (
            {"openingHours": [{"weekday": 8, "opens": "09:00", "closes": "10:00"}]},
            "openingHours.weekday",
        ),
        (
            {"openingHours": [{"weekday": 1, "opens": "09:00", "closes": "09:00"}]},
            "openingHours.closes",
        ),
        (
            {"openingHours": [{"weekday": 1, "opens": "09:00:30", "closes": "10:00"}]},
            "openingHours.opens",
        ),
        (
            {
                "openingHours": [
                    {"weekday": 1, "opens": "09:00", "closes": "00:00"},
                    {"weekday": 1, "opens": "20:00", "closes": "21:00"},
                ]
            },
            "openingHours",
        ),
        ({"cutOff": "16:30:10"}, "cutOff"),
        ({"dailyCapacity": -1}, "dailyCapacity"),
        ({"priority": -1}, "priority"),
        ({"trust": "1.01"}, "trust"),
        ({"tags": ["Big Store"]}, "tags"),
        ({"tags": [f"t{n}" for n in range(51)]}, "tags"),
        ({"idempotencyKey": ""}, "idempotencyKey"),
        ({"idempotencyKey": "k" * 129}, "idempotencyKey"),
    ],
)
async def test_create_location_refuses_bad_input(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    error = await CREATE_LOCATION.refused(api, engine, ADMIN, store(**changes))
    assert (error["code"], error["field"]) == ("VALIDATION_FAILED", field)
    if "1111" in str(changes):
        assert "1111" not in error["message"]


async def test_a_location_code_is_given_once(api: Api, engine: AsyncEngine) -> None:
    await CREATE_LOCATION.succeed(api, ADMIN, store())
    error = await CREATE_LOCATION.refused(api, engine, ADMIN, store("k2", name="Another"))
    assert (error["code"], error["locationCode"]) == ("LOCATION_CODE_TAKEN", "ROMA-01")


async def test_keys_of_two_callers_do_not_meet(api: Api, engine: AsyncEngine) -> None:
    await CREATE_LOCATION.succeed(api, ADMIN, store())
    other = await CREATE_LOCATION.succeed(api, OPERATIONS, store(code="ROMA-02"))
    assert other["location"]["code"] == "ROMA-02"


async def test_update_location_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    created = (await CREATE_LOCATION.succeed(api, ADMIN, store()))["location"]
    given = {
        "idempotencyKey": "u1",
        "id": created["id"],
        "expectedVersion": 1,
        "name": "Roma  Corso",
        "cutOff": None,
        "dailyCapacity": None,
        "openingHours": [],
        "address": {"city": "Roma", "country": "IT"},
        "canShip": False,
        "active": False,
        "tags": ["overstocked"],
    }

    answer = await UPDATE_LOCATION.check_contract(
        api, engine, ADMIN, given, other={"name": "Other"}, allowed=PLANNERS
    )

    changed = {
        "name": "Roma Corso",
        "cutOff": None,
        "dailyCapacity": None,
        "openingHours": [],
        "address": {
            "street": "",
            "city": "Roma",
            "region": "",
            "postalCode": "",
            "country": "IT",
        },
        "canShip": False,
        "active": False,
        "tags": ["overstocked"],
        "version": 2,
    }
    assert answer["location"] == {**created, **changed}
    event = (await events(engine))[-1]
    assert (event["type"], event["version"]) == ("LocationChanged", 2)
    assert event["payload"]["cut_off"] is None
    assert event["payload"]["tags"] == ["overstocked"]
    again = {"idempotencyKey": "u2", "id": created["id"], "priority": 7}
    kept = await UPDATE_LOCATION.succeed(api, ADMIN, again)
    assert kept["location"]["tags"] == ["overstocked"]


async def test_update_location_refuses(api: Api, engine: AsyncEngine) -> None:
    created = (await CREATE_LOCATION.succeed(api, ADMIN, store()))["location"]
    given = {"idempotencyKey": "u", "id": created["id"]}

    stale = await UPDATE_LOCATION.refused(
        api, engine, ADMIN, {**given, "expectedVersion": 2, "name": "X"}
    )
    assert (stale["code"], stale["expected"], stale["actual"]) == ("VERSION_CONFLICT", 2, 1)
    bad = await UPDATE_LOCATION.refused(api, engine, ADMIN, {**given, "timeZone": "Mars/Base"})
    assert bad["field"] == "timeZone"
    nobody = str(relay.GlobalID("Location", str(UUID(int=1))))
    lost = await UPDATE_LOCATION.refused(api, engine, ADMIN, {**given, "id": nobody, "name": "X"})
    assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "location")
    for wrong in (relay.GlobalID("Product", str(UUID(int=1))), relay.GlobalID("Location", "x")):
        error = await UPDATE_LOCATION.refused(
            api, engine, ADMIN, {**given, "id": str(wrong), "name": "X"}
        )
        assert error["field"] == "id"


async def test_an_update_without_a_difference_is_no_change(api: Api, engine: AsyncEngine) -> None:
    created = (await CREATE_LOCATION.succeed(api, ADMIN, store()))["location"]
    given = {"idempotencyKey": "u", "id": created["id"], "name": "Roma Centro"}
    answer = await UPDATE_LOCATION.succeed(api, ADMIN, given)
    assert answer["location"] == created
    assert len(await events(engine)) == 1


async def add_channel(engine: AsyncEngine, code: str) -> None:
    async with engine.begin() as connection:
        row = {"code": code, "kind": "WEB", "name": code, "currency": "EUR"}
        await connection.execute(sa.insert(channel_table).values(row))


async def test_assign_channel_locations_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_channel(engine, "WEB")
    one, two, three = [
        (await CREATE_LOCATION.succeed(api, ADMIN, store(code, code=code)))["location"]["id"]
        for code in ("A", "B", "C")
    ]
    first = {"idempotencyKey": "a1", "channel": "WEB", "locationIds": [one, two, one]}
    answer = await ASSIGN.succeed(api, ADMIN, first)
    assert sorted(answer["locationIds"]) == sorted([one, two])

    given = {"idempotencyKey": "a2", "channel": "WEB", "locationIds": [two, three]}
    await ASSIGN.check_roles(api, engine, given, PLANNERS)
    answer = await ASSIGN.succeed(api, ADMIN, given)

    assert sorted(answer["locationIds"]) == sorted([two, three])
    after = await everything(engine)
    assert await ASSIGN.succeed(api, ADMIN, given) == answer
    assert await everything(engine) == after
    conflict = await ASSIGN.refused(api, engine, ADMIN, {**given, "locationIds": []})
    assert conflict["code"] == "IDEMPOTENCY_CONFLICT"
    async with engine.connect() as connection:
        rows = await connection.execute(
            sa.select(location.c.code, location.c.version).order_by(location.c.code)
        )
        assert [tuple(row) for row in rows] == [("A", 3), ("B", 2), ("C", 2)]
        assert await connection.scalar(sa.select(sa.func.count(channel_location.c.channel))) == 2
    changed = [
        (event["payload"]["code"], event["version"], event["payload"]["channels"])
        for event in (await events(engine))[3:]
    ]
    assert changed == [("A", 2, ["WEB"]), ("B", 2, ["WEB"]), ("A", 3, []), ("C", 2, ["WEB"])]


async def test_assign_channel_locations_refuses(api: Api, engine: AsyncEngine) -> None:
    await add_channel(engine, "WEB")
    one = (await CREATE_LOCATION.succeed(api, ADMIN, store()))["location"]["id"]
    given = {"idempotencyKey": "a", "channel": "WEB", "locationIds": [one]}

    lost = await ASSIGN.refused(api, engine, ADMIN, {**given, "channel": "NONE"})
    assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "channel")
    nobody = str(relay.GlobalID("Location", str(UUID(int=1))))
    lost = await ASSIGN.refused(api, engine, ADMIN, {**given, "locationIds": [one, nobody]})
    assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "location")
    wrong = await ASSIGN.refused(
        api, engine, ADMIN, {**given, "locationIds": [str(relay.GlobalID("Customer", "1"))]}
    )
    assert wrong["field"] == "locationIds"
