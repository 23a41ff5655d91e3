"""Callers, devices and sessions through GraphQL."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.common.tables import idempotency_key
from domain.identity.device import DeviceKey
from domain.identity.model import Actor, Role
from domain.identity.tables import device as devices
from domain.identity.tables import revoked_session
from resolvers.identity import IdentityMutation, IdentityQuery
from resolvers.node import NodeQuery
from tests.support import stock
from tests.support.actors import ADMIN, AGENT, EVERYBODY, FINANCE, MANAGER, OPERATIONS, customer
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events, everything

ROME, MILAN = stock.place("ROME"), stock.place("MILAN")
ROME_MANAGER = Actor("rita", Role.STORE_MANAGER, location_ids=frozenset({ROME}))
MILAN_MANAGER = Actor("mara", Role.STORE_MANAGER, location_ids=frozenset({MILAN}))
MANAGING = (ADMIN, OPERATIONS, MANAGER)

ENROLL = Mutation(
    "enrollDevice",
    "device { id name role keyPrefix enrolledBy expiresAt lastSeenAt revokedAt version "
    "location { code } }",
)
ENROLL_WITH_KEY = Mutation("enrollDevice", "key device { id keyPrefix }")
REVOKE = Mutation("revokeDevice", "device { id revokedAt version }")
REVOKE_SESSION = Mutation("revokeSession", "sessionId revokedAt")
DEVICES = """query($first: Int! = 20, $after: String) { devices(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { name } } } }"""
NODE = "query($id: ID!) { node(id: $id) { id ... on Device { name } } }"


@pytest.fixture
async def api(engine: AsyncEngine, clean_database: str) -> Api:
    await stock.build(engine, stock.World(locations=("ROME", "MILAN")))

    @strawberry.type
    class Query(IdentityQuery, NodeQuery):
        pass

    return api_of(engine, Query, IdentityMutation)


def till(key: str = "k1", **other: Any) -> dict[str, Any]:
    """What is asked of enrollDevice."""
    location = str(relay.GlobalID("Location", str(ROME)))
    return {"idempotencyKey": key, "name": "Till 1", "role": "POS", "locationId": location, **other}


async def enrolled(api: Api, **other: Any) -> dict[str, Any]:
    """A new device."""
    given = till(str(uuid4()), **other)
    return (await ENROLL_WITH_KEY.succeed(api, ADMIN, given))["device"]


async def test_a_viewer_sees_itself(api: Api) -> None:
    query = "{ viewer { subject role locationIds channels customerId sessionId expiresAt } }"
    end, token_id = datetime(2027, 1, 1, tzinfo=UTC), uuid4()
    actor = Actor(
        "rita",
        Role.STORE_MANAGER,
        location_ids=frozenset({ROME}),
        token_id=token_id,
        expires_at=end,
    )
    assert await api.do(actor, query) == {
        "subject": "rita",
        "role": "STORE_MANAGER",
        "locationIds": [str(relay.GlobalID("Location", str(ROME)))],
        "channels": [],
        "customerId": None,
        "sessionId": str(token_id),
        "expiresAt": "2027-01-01T00:00:00+00:00",
    }
    assert await api.do(None, query) is None
    key = UUID(int=7)
    seen = await api.do(customer(key), query)
    assert seen["customerId"] == str(relay.GlobalID("Customer", str(key)))


async def test_a_device_is_enrolled_once(api: Api, engine: AsyncEngine) -> None:
    done = await ENROLL.check_contract(
        api, engine, ADMIN, till(), other={"name": "Till 2"}, allowed=MANAGING
    )
    prefix = done["device"].pop("keyPrefix")
    device_id = UUID(relay.GlobalID.from_id(done["device"].pop("id")).node_id)
    assert prefix == f"unico_pos_{device_id.hex}"
    assert done["device"] == {
        "name": "Till 1",
        "role": "POS",
        "enrolledBy": "ADMIN:ada",
        "expiresAt": None,
        "lastSeenAt": None,
        "revokedAt": None,
        "version": 1,
        "location": {"code": "ROME"},
    }
    (event,) = await events(engine)
    assert (event["type"], event["aggregate"], event["version"]) == ("DeviceEnrolled", "session", 1)
    assert event["aggregate_id"] == str(device_id)


async def test_the_key_is_shown_once_and_kept_nowhere(api: Api, engine: AsyncEngine) -> None:
    first = await ENROLL_WITH_KEY.succeed(api, ADMIN, till())
    key = DeviceKey.parse(first["key"])
    replay = await ENROLL_WITH_KEY.succeed(api, ADMIN, till())
    assert (replay["key"], replay["device"]) == (None, first["device"])
    secret = first["key"].rpartition("_")[2]
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(devices.c.key_hash)) == key.sha256
        for table in ("device", "outbox", "idempotency_key"):
            query = sa.text(f"SELECT count(*) FROM {table} t WHERE t::text LIKE :secret")
            assert await connection.scalar(query, {"secret": f"%{secret}%"}) == 0
        assert await connection.scalar(sa.select(sa.func.count()).select_from(idempotency_key)) == 1


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"name": " "}, "VALIDATION_FAILED", "name"),
        ({"name": "x" * 101}, "VALIDATION_FAILED", "name"),
        ({"name": "4111 1111 1111 1111"}, "VALIDATION_FAILED", "name"),
        ({"role": "ADMIN"}, "VALIDATION_FAILED", "role"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "VALIDATION_FAILED", "expiresAt"),
        ({"expiresAt": "2030-01-01T00:00:00"}, "VALIDATION_FAILED", "expiresAt"),
        (
            {"locationId": str(relay.GlobalID("Order", str(ROME)))},
            "VALIDATION_FAILED",
            "locationId",
        ),
        ({"locationId": str(relay.GlobalID("Location", str(uuid4())))}, "NOT_FOUND", None),
        ({"idempotencyKey": ""}, "VALIDATION_FAILED", "idempotencyKey"),
    ],
)
async def test_what_is_wrong_changes_nothing(
    api: Api, engine: AsyncEngine, wrong: dict[str, Any], code: str, field: str | None
) -> None:
    answer = await ENROLL.refused(api, engine, ADMIN, till(**wrong))
    assert (answer["code"], answer.get("field")) == (code, field)


async def test_a_manager_manages_its_own_store_only(api: Api, engine: AsyncEngine) -> None:
    given = till()
    assert (await ENROLL.refused(api, engine, MILAN_MANAGER, given))["code"] == "FORBIDDEN"
    done = await ENROLL.succeed(api, ROME_MANAGER, given)
    revoke = {"idempotencyKey": "r", "deviceId": done["device"]["id"]}
    refused = await REVOKE.refused(api, engine, MILAN_MANAGER, revoke)
    assert (refused["code"], refused["kind"]) == ("NOT_FOUND", "device")
    await REVOKE.succeed(api, ROME_MANAGER, revoke)


async def test_devices_are_listed_in_pages_and_in_scope(api: Api) -> None:
    milan = str(relay.GlobalID("Location", str(MILAN)))
    for name, place in (("a", {}), ("b", {}), ("c", {"locationId": milan})):
        await enrolled(api, name=name, **place)
    page = await api.do(ADMIN, DEVICES, first=2)
    assert [edge["node"]["name"] for edge in page["edges"]] == ["c", "b"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    rest = await api.do(ADMIN, DEVICES, first=2, after=page["pageInfo"]["endCursor"])
    assert [edge["node"]["name"] for edge in rest["edges"]] == ["a"]
    rome = await api.do(ROME_MANAGER, DEVICES)
    assert ([edge["node"]["name"] for edge in rome["edges"]], rome["totalCount"]) == (["b", "a"], 2)
    nowhere = Actor("nobody", Role.STORE_MANAGER)
    assert (await api.do(nowhere, DEVICES))["edges"] == []


async def test_only_managers_list_devices(api: Api) -> None:
    for caller in (*EVERYBODY, customer(UUID(int=7))):
        _, errors = await api.ask(caller, DEVICES)
        if caller is None:
            assert errors == ["UNAUTHENTICATED"]
        elif caller.role in {each.role for each in MANAGING}:
            assert errors == []
        else:
            assert errors == ["FORBIDDEN"]


async def test_on_node_unknown_and_forbidden_look_alike(api: Api) -> None:
    device = await enrolled(api)
    expected = {"id": device["id"], "name": "Till 1"}
    for caller in (ADMIN, OPERATIONS, ROME_MANAGER):
        assert await api.do(caller, NODE, id=device["id"]) == expected
    for caller in (MILAN_MANAGER, AGENT, FINANCE, customer(UUID(int=7)), None):
        assert await api.do(caller, NODE, id=device["id"]) is None
    for unknown in (
        relay.GlobalID("Device", str(uuid4())),
        relay.GlobalID("Device", "x"),
        relay.GlobalID("Nothing", "x"),
        relay.GlobalID("Viewer", "x"),
        relay.GlobalID("Node", "x"),
        relay.GlobalID("Role", "x"),
    ):
        assert await api.do(ADMIN, NODE, id=str(unknown)) is None


async def test_a_device_is_revoked_once(api: Api, engine: AsyncEngine) -> None:
    device = await enrolled(api)
    other = await enrolled(api, name="Till 2")
    given = {"idempotencyKey": "r1", "deviceId": device["id"]}
    wrong_version = {**given, "expectedVersion": 2}
    refused = await REVOKE.refused(api, engine, ADMIN, wrong_version)
    assert (refused["expected"], refused["actual"]) == (2, 1)
    done = await REVOKE.check_contract(
        api, engine, ADMIN, given, other={"deviceId": other["id"]}, allowed=MANAGING
    )
    assert done["device"]["version"] == 2
    assert done["device"]["revokedAt"] is not None
    event = (await events(engine))[-1]
    device_id = relay.GlobalID.from_id(device["id"]).node_id
    assert (event["type"], event["version"]) == ("SessionRevoked", 2)
    assert event["topics"] == [f"session:{device_id}", "sessions"]
    again = await REVOKE.succeed(api, ADMIN, {**given, "idempotencyKey": "r2"})
    assert again == done
    assert (await events(engine))[-1] == event


async def test_an_unknown_device_is_not_found(api: Api, engine: AsyncEngine) -> None:
    given = {"idempotencyKey": "r", "deviceId": str(relay.GlobalID("Device", str(uuid4())))}
    assert (await REVOKE.refused(api, engine, ADMIN, given))["code"] == "NOT_FOUND"


async def test_a_session_is_revoked_once_and_by_admins_only(api: Api, engine: AsyncEngine) -> None:
    given = {"idempotencyKey": "s1", "sessionId": str(uuid4())}
    done = await REVOKE_SESSION.check_contract(
        api, engine, ADMIN, given, other={"sessionId": str(uuid4())}, allowed=[ADMIN]
    )
    assert done["sessionId"] == given["sessionId"]
    (event,) = await events(engine)
    assert (event["type"], event["aggregate_id"]) == ("SessionRevoked", given["sessionId"])
    assert await REVOKE_SESSION.succeed(api, ADMIN, {**given, "idempotencyKey": "s2"}) == done
    assert len(await events(engine)) == 1


async def test_sessions_that_no_token_can_have_any_more_are_forgotten(
    api: Api, engine: AsyncEngine
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=60)
    old = {"session_id": uuid4(), "revoked_at": long_ago, "keep_until": long_ago}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(revoked_session).values(old))
    new = str(uuid4())
    await REVOKE_SESSION.succeed(api, ADMIN, {"idempotencyKey": "s", "sessionId": new})
    async with engine.connect() as connection:
        kept = await connection.scalars(sa.select(revoked_session.c.session_id))
        assert [str(each) for each in kept] == [new]


async def test_nothing_is_changed_by_reading(api: Api, engine: AsyncEngine) -> None:
    device = await enrolled(api)
    before = await everything(engine)
    await api.do(ADMIN, DEVICES)
    await api.do(ADMIN, NODE, id=device["id"])
    assert await everything(engine) == before
