"""Locations through GraphQL: who reads which, and what each mutation answers and refuses."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.catalog.tables import channel as channel_table
from domain.locations.tables import channel_location, location
from domain.sourcing.model import Place, distance_km
from resolvers.locations import LocationsMutation, LocationsQuery
from resolvers.node import NodeQuery
from tests.support.actors import (
    ADMIN,
    AGENT,
    EVERYBODY_AND_A_CUSTOMER,
    OPERATIONS,
    PICKER,
    TILL,
    channel,
)
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events, everything
from tests.support.statements import counted_statements

LOCATION = """id code name kind address { street city region postalCode country }
  position { latitude longitude } timeZone openingHours { weekday opens closes } cutOff
  dailyCapacity priority trust canShip canPickup canReceiveReturns active version channels"""
CREATE = Mutation(
    "createLocation",
    f"location {{ {LOCATION} }}",
    "... on LocationCodeTakenError { locationCode }",
)
UPDATE = Mutation("updateLocation", f"location {{ {LOCATION} }}")
ASSIGN = Mutation("assignChannelLocations", "channel locationIds")
LIST = """query($kind: LocationKind, $country: String, $near: NearInput, $first: Int! = 20,
  $after: String) { locations(kind: $kind, country: $country, near: $near, first: $first,
  after: $after) { totalCount pageInfo { hasNextPage endCursor }
  edges { cursor node { code distanceKm } } } }"""
PLANNERS = (OPERATIONS, ADMIN)


@strawberry.type
class Query(LocationsQuery, NodeQuery):
    pass


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, Query, LocationsMutation)


def store(key: str = "k1", **changes: Any) -> dict[str, Any]:
    """Input of createLocation: a store in Rome, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "code": "ROMA-01",
        "name": "Roma Centro",
        "kind": "STORE",
        "address": {
            "street": "Via del Corso 1",
            "city": "Roma",
            "region": "RM",
            "postalCode": "00186",
            "country": "IT",
        },
        "position": {"latitude": 41.9028, "longitude": 12.4964},
        "timeZone": "Europe/Rome",
        "openingHours": [
            {"weekday": 2, "opens": "15:00", "closes": "19:30"},
            {"weekday": 2, "opens": "09:00", "closes": "13:00"},
            {"weekday": 1, "opens": "10:00", "closes": "00:00"},
        ],
        "cutOff": "16:30",
        "dailyCapacity": 40,
        "priority": 10,
        "trust": "0.95",
        "canShip": True,
        "canPickup": True,
        "canReceiveReturns": False,
    }
    return {**given, **changes}


async def test_create_location_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    answer = await CREATE.check_contract(
        api, engine, OPERATIONS, store(), other={"name": "Other"}, allowed=PLANNERS
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
        ({"idempotencyKey": ""}, "idempotencyKey"),
        ({"idempotencyKey": "k" * 129}, "idempotencyKey"),
    ],
)
async def test_create_location_refuses_bad_input(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    error = await CREATE.refused(api, engine, ADMIN, store(**changes))
    assert (error["code"], error["field"]) == ("VALIDATION_FAILED", field)
    if "1111" in str(changes):
        assert "1111" not in error["message"]


async def test_a_location_code_is_given_once(api: Api, engine: AsyncEngine) -> None:
    await CREATE.succeed(api, ADMIN, store())
    error = await CREATE.refused(api, engine, ADMIN, store("k2", name="Another"))
    assert (error["code"], error["locationCode"]) == ("LOCATION_CODE_TAKEN", "ROMA-01")


async def test_keys_of_two_callers_do_not_meet(api: Api, engine: AsyncEngine) -> None:
    await CREATE.succeed(api, ADMIN, store())
    other = await CREATE.succeed(api, OPERATIONS, store(code="ROMA-02"))
    assert other["location"]["code"] == "ROMA-02"


async def test_update_location_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    created = (await CREATE.succeed(api, ADMIN, store()))["location"]
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
    }

    answer = await UPDATE.check_contract(
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
        "version": 2,
    }
    assert answer["location"] == {**created, **changed}
    event = (await events(engine))[-1]
    assert (event["type"], event["version"]) == ("LocationChanged", 2)
    assert event["payload"]["cut_off"] is None


async def test_update_location_refuses(api: Api, engine: AsyncEngine) -> None:
    created = (await CREATE.succeed(api, ADMIN, store()))["location"]
    given = {"idempotencyKey": "u", "id": created["id"]}

    stale = await UPDATE.refused(api, engine, ADMIN, {**given, "expectedVersion": 2, "name": "X"})
    assert (stale["code"], stale["expected"], stale["actual"]) == ("VERSION_CONFLICT", 2, 1)
    bad = await UPDATE.refused(api, engine, ADMIN, {**given, "timeZone": "Mars/Base"})
    assert bad["field"] == "timeZone"
    nobody = str(relay.GlobalID("Location", str(UUID(int=1))))
    lost = await UPDATE.refused(api, engine, ADMIN, {**given, "id": nobody, "name": "X"})
    assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "location")
    for wrong in (relay.GlobalID("Product", str(UUID(int=1))), relay.GlobalID("Location", "x")):
        error = await UPDATE.refused(api, engine, ADMIN, {**given, "id": str(wrong), "name": "X"})
        assert error["field"] == "id"


async def test_an_update_without_a_difference_is_no_change(api: Api, engine: AsyncEngine) -> None:
    created = (await CREATE.succeed(api, ADMIN, store()))["location"]
    given = {"idempotencyKey": "u", "id": created["id"], "name": "Roma Centro"}
    answer = await UPDATE.succeed(api, ADMIN, given)
    assert answer["location"] == created
    assert len(await events(engine)) == 1


async def add_channel(engine: AsyncEngine, code: str) -> None:
    async with engine.begin() as connection:
        row = {"code": code, "kind": "WEB", "name": code, "currency": "EUR"}
        await connection.execute(sa.insert(channel_table).values(row))


async def test_assign_channel_locations_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    await add_channel(engine, "WEB")
    one, two, three = [
        (await CREATE.succeed(api, ADMIN, store(code, code=code)))["location"]["id"]
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
    one = (await CREATE.succeed(api, ADMIN, store()))["location"]["id"]
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


async def world(api: Api) -> dict[str, str]:
    """Ids by code: stores in Rome, Milan and Madrid, a closed store and a supplier."""
    places = {
        "ROMA": ("STORE", "IT", 41.9028, 12.4964, True),
        "MILANO": ("STORE", "IT", 45.4642, 9.19, True),
        "MADRID": ("DC", "ES", 40.4168, -3.7038, True),
        "CLOSED": ("STORE", "IT", 41.9, 12.5, False),
        "SUPPLIER": ("SUPPLIER", "IT", 41.9, 12.5, True),
    }
    ids: dict[str, str] = {}
    for code, (kind, country, latitude, longitude, active) in places.items():
        given = store(
            code,
            code=code,
            kind=kind,
            address={"city": code, "country": country},
            position={"latitude": latitude, "longitude": longitude},
            active=active,
        )
        ids[code] = (await CREATE.succeed(api, ADMIN, given))["location"]["id"]
    return ids


async def listed(api: Api, actor: Any = ADMIN, **variables: Any) -> list[str]:
    page = await api.do(actor, LIST, **variables)
    return [edge["node"]["code"] for edge in page["edges"]]


async def test_locations_are_listed_in_scope_and_by_filter(api: Api) -> None:
    await world(api)
    public = ["MADRID", "MILANO", "ROMA"]
    assert await listed(api) == ["SUPPLIER", "CLOSED", *public]
    assert await listed(api, PICKER) == ["SUPPLIER", "CLOSED", *public]
    assert await listed(api, None) == public
    assert await listed(api, channel("WEB")) == public
    assert await listed(api, kind="DC") == ["MADRID"]
    assert await listed(api, None, country="IT") == ["MILANO", "ROMA"]
    assert await listed(api, None, kind="SUPPLIER") == []


async def test_locations_near_a_point_come_with_the_nearest_first(api: Api) -> None:
    await world(api)
    florence = {"latitude": 43.7696, "longitude": 11.2558, "radiusKm": 300}
    page = await api.do(None, LIST, near=florence)
    assert {edge["node"]["code"]: edge["node"]["distanceKm"] for edge in page["edges"]} == {
        "ROMA": pytest.approx(distance_km(Place(43.7696, 11.2558), Place(41.9028, 12.4964))),
        "MILANO": pytest.approx(distance_km(Place(43.7696, 11.2558), Place(45.4642, 9.19))),
    }
    assert page["totalCount"] == 2
    wide = {**florence, "radiusKm": 20040}
    assert await listed(api, None, near=wide) == ["ROMA", "MILANO", "MADRID"]


@pytest.mark.parametrize("near", [None, {"latitude": 41.0, "longitude": 12.0, "radiusKm": 5000}])
async def test_pages_of_locations_follow_each_other(api: Api, near: Any) -> None:
    await world(api)
    whole = await listed(api, near=near)
    cursor, seen = None, list[str]()
    for left in (3, 1, 0):
        page = await api.do(ADMIN, LIST, near=near, first=2, after=cursor)
        seen += [edge["node"]["code"] for edge in page["edges"]]
        assert page["totalCount"] == 5
        assert page["pageInfo"]["hasNextPage"] is (left > 0)
        cursor = page["pageInfo"]["endCursor"]
        assert cursor == page["edges"][-1]["cursor"]
    assert seen == whole
    assert len(seen) == 5


@pytest.mark.parametrize(
    "variables",
    [
        {"first": 0},
        {"first": 101},
        {"after": "not a cursor"},
        {"country": "IT' --"},
        {"near": {"latitude": 91, "longitude": 0}},
        {"near": {"latitude": 0, "longitude": 0, "radiusKm": 0}},
    ],
)
async def test_locations_refuses_bad_arguments(api: Api, variables: dict[str, Any]) -> None:
    _, errors = await api.ask(ADMIN, LIST, {"first": 20, **variables})
    assert errors == ["VALIDATION_FAILED"]


async def test_a_page_of_locations_is_one_statement(api: Api, engine: AsyncEngine) -> None:
    await world(api)
    with counted_statements(engine) as statements:
        await api.do(ADMIN, "{ locations { edges { node { code channels } } } }")
    assert len(statements) == 1
    with counted_statements(engine) as statements:
        await api.do(ADMIN, "{ locations { totalCount edges { node { code } } } }")
    assert len(statements) == 2


async def test_a_location_is_found_by_id_by_code_and_as_a_node(api: Api) -> None:
    ids = await world(api)
    by_id = "query($id: ID!) { location(id: $id) { code } }"
    by_code = "query($code: String!) { location(code: $code) { code } }"
    node = "query($id: ID!) { node(id: $id) { __typename ... on Location { code } } }"
    for actor in EVERYBODY_AND_A_CUSTOMER:
        sees_all = actor is not None and actor.role.value not in ("CHANNEL", "CUSTOMER")
        for code in ("ROMA", "CLOSED", "SUPPLIER"):
            seen = {"code": code} if code == "ROMA" or sees_all else None
            assert await api.do(actor, by_id, id=ids[code]) == seen
            assert await api.do(actor, by_code, code=code) == seen
            found = await api.do(actor, node, id=ids[code])
            assert found == (seen and {"__typename": "Location", **seen})
    for unknown in (UUID(int=1), "x"):
        assert await api.do(ADMIN, node, id=str(relay.GlobalID("Location", str(unknown)))) is None


async def test_location_takes_exactly_one_key(api: Api) -> None:
    ids = await world(api)
    both = f'{{ location(id: "{ids["ROMA"]}", code: "ROMA") {{ code }} }}'
    for document in ("{ location { code } }", both):
        _, errors = await api.ask(ADMIN, document)
        assert errors == ["VALIDATION_FAILED"]
    wrong = relay.GlobalID("Product", "1")
    _, errors = await api.ask(ADMIN, f'{{ location(id: "{wrong}") {{ code }} }}')
    assert errors == ["VALIDATION_FAILED"]


async def test_inner_fields_are_for_staff(api: Api) -> None:
    await world(api)
    for name in ("dailyCapacity", "priority", "trust"):
        document = f'{{ location(code: "ROMA") {{ code {name} }} }}'
        for actor in (TILL, AGENT):
            data, errors = await api.ask(actor, document)
            assert data["location"][name] is not None
            assert not errors
        for actor, code in ((None, "UNAUTHENTICATED"), (channel("WEB"), "FORBIDDEN")):
            data, errors = await api.ask(actor, document)
            assert data["location"] == {"code": "ROMA", name: None}
            assert errors == [code]


async def test_opening_and_cut_off_are_told_for_a_moment(api: Api) -> None:
    await world(api)
    document = """query($at: DateTime) { location(code: "ROMA") {
      isOpen(at: $at) nextCutOff(at: $at) } }"""
    # 2026-01-05 is a Monday: open from 10:00 to midnight in Rome, one hour ahead of UTC.
    assert await api.do(None, document, at="2026-01-05T09:00:00Z") == {
        "isOpen": True,
        "nextCutOff": "2026-01-05T15:30:00+00:00",
    }
    assert await api.do(None, document, at="2026-01-05T15:30:00Z") == {
        "isOpen": True,
        "nextCutOff": "2026-01-06T15:30:00+00:00",
    }
    # Wednesday to Sunday it is closed: the next working day is Monday.
    assert await api.do(None, document, at="2026-01-07T12:00:00+01:00") == {
        "isOpen": False,
        "nextCutOff": "2026-01-12T15:30:00+00:00",
    }
    now = await api.do(None, document)
    assert now["nextCutOff"] is not None
    _, errors = await api.ask(None, document, {"at": "2026-01-05T09:00:00"})
    assert errors == ["VALIDATION_FAILED"] * 2
