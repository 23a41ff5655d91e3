"""Reading locations through GraphQL: who sees which, near what, and when they are open."""

from typing import Any
from uuid import UUID

import pytest
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.sourcing.model import Place, distance_km
from resolvers.locations import LocationsMutation, LocationsQuery
from resolvers.node import NodeQuery
from tests.support.actors import (
    ADMIN,
    AGENT,
    EVERYBODY_AND_A_CUSTOMER,
    PICKER,
    TILL,
    channel,
)
from tests.support.graphql import Api
from tests.support.mutations import api_of
from tests.support.places import CREATE_LOCATION, store
from tests.support.statements import counted_statements

LIST = """query($kind: LocationKind, $country: String, $near: NearInput, $first: Int! = 20,
  $after: String) { locations(kind: $kind, country: $country, near: $near, first: $first,
  after: $after) { totalCount pageInfo { hasNextPage endCursor }
  edges { cursor node { code distanceKm } } } }"""


@strawberry.type
class Query(LocationsQuery, NodeQuery):
    pass


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, Query, LocationsMutation)


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
        ids[code] = (await CREATE_LOCATION.succeed(api, ADMIN, given))["location"]["id"]
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
    for name in ("dailyCapacity", "priority", "trust", "tags"):
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
    assert errors == ["VALIDATION_FAILED"]
