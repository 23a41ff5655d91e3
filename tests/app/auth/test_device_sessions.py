"""A device's life: key, short tokens, live socket, and the end of all of it within seconds."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.identity.model import Role
from domain.identity.tables import device as devices
from tests.support import stock
from tests.support.api import Api, serving, settings_for
from tests.support.toy_schema import ToySubscription
from tests.support.waiting import until

ENROLL = """mutation($input: EnrollDeviceInput!) { enrollDevice(input: $input) {
  ... on EnrollDevicePayload { key device { id } } ... on Error { code message } } }"""
REVOKE = """mutation($input: RevokeDeviceInput!) { revokeDevice(input: $input) {
  ... on RevokeDevicePayload { device { revokedAt } } ... on Error { code message } } }"""
REVOKE_SESSION = """mutation($input: RevokeSessionInput!) { revokeSession(input: $input) {
  ... on RevokeSessionPayload { sessionId } ... on Error { code message } } }"""
WHO = "{ viewer { subject role locationIds sessionId expiresAt } }"


@pytest.fixture
async def api(
    engine: AsyncEngine, clean_database: str, clean_redis: str, tmp_path: Path
) -> AsyncGenerator[Api]:
    await stock.build(engine, stock.World(locations=("ROME",)))
    settings = settings_for(clean_database, clean_redis, tmp_path)
    async with serving(settings, subscription=ToySubscription) as opened:
        yield opened


async def enroll(api: Api, **other: Any) -> dict[str, Any]:
    location = str(relay.GlobalID("Location", str(stock.place("ROME"))))
    given = {
        "idempotencyKey": str(uuid4()),
        "name": "Till",
        "role": "POS",
        "locationId": location,
        **other,
    }
    answer = await api.post(ENROLL, {"input": given}, token=api.token(Role.ADMIN))
    return answer.data["enrollDevice"]


async def exchange(api: Api, key: str) -> tuple[int, dict[str, Any]]:
    response = await api.client.post(
        "/auth/device", headers=[(b"authorization", f"Device {key}".encode())]
    )
    return response.status_code, response.json()


async def revoke(api: Api, device_id: str) -> None:
    given = {"idempotencyKey": str(uuid4()), "deviceId": device_id}
    answer = await api.post(REVOKE, {"input": given}, token=api.token(Role.ADMIN))
    assert answer.data["revokeDevice"]["device"]["revokedAt"]


async def test_a_key_is_exchanged_for_a_short_token_of_the_device(
    api: Api, engine: AsyncEngine
) -> None:
    made = await enroll(api)
    status, given = await exchange(api, made["key"])
    assert status == 200
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 900)
    device_id = relay.GlobalID.from_id(made["device"]["id"]).node_id
    claims = jwt.decode(given["access_token"], options={"verify_signature": False})
    assert (claims["device"], claims["exp"] - claims["iat"]) == (device_id, 900)
    viewer = (await api.post(WHO, token=given["access_token"])).data["viewer"]
    assert (viewer["subject"], viewer["role"]) == (f"device:{device_id}", "POS")
    assert viewer["locationIds"] == [str(relay.GlobalID("Location", str(stock.place("ROME"))))]
    async with engine.connect() as connection:
        row = (await connection.execute(sa.select(devices))).one()
    assert (row.version, row.last_seen_at is not None) == (1, True)


async def test_a_token_never_outlives_the_key(api: Api) -> None:
    end = datetime.now(UTC) + timedelta(seconds=100)
    made = await enroll(api, expiresAt=end.isoformat())
    _, given = await exchange(api, made["key"])
    assert 90 <= given["expires_in"] <= 100


async def test_bad_keys_are_401_and_all_look_alike(api: Api, engine: AsyncEngine) -> None:
    made, revoked, expired = [await enroll(api) for _ in range(3)]
    await revoke(api, revoked["device"]["id"])
    prefix = "_".join(expired["key"].split("_")[:3])
    async with engine.begin() as connection:
        await connection.execute(
            sa.update(devices)
            .where(devices.c.key_prefix == prefix)
            .values(expires_at=sa.func.now())
        )
    good: str = made["key"]
    other = "A" if good[-1] != "A" else "B"
    keys = [good[:-1] + other, good[:-1], good + "x", "x", revoked["key"], expired["key"], "é"]
    answers = [await exchange(api, each) for each in keys]
    assert {status for status, _ in answers} == {401}
    bodies = [body["errors"][0] for _, body in answers]
    assert {each["extensions"]["code"] for each in bodies} == {"DEVICE_KEY_REJECTED"}
    assert len({each["message"] for each in bodies}) == 1
    assert (await exchange(api, good))[0] == 200


@pytest.mark.parametrize("header", [None, "Device", "Bearer abc", "Basic abc"])
async def test_without_a_device_header_it_is_401(api: Api, header: str | None) -> None:
    headers = {"authorization": header} if header else {}
    response = await api.client.post("/auth/device", headers=headers)
    assert response.status_code == 401
    assert (await api.client.get("/auth/device")).status_code == 405


async def test_revoking_a_device_ends_its_tokens_and_sockets(api: Api) -> None:
    made = await enroll(api)
    token = (await exchange(api, made["key"]))[1]["access_token"]
    bystander = api.token(Role.ADMIN)
    async with api.socket(token) as socket, api.socket(bystander) as other:
        await socket.subscribe("subscription { forever }")
        assert (await socket.receive())["type"] == "next"
        await revoke(api, made["device"]["id"])
        assert await socket.close_code(within_s=5) == 4403
        assert socket.connection.close_reason == "the session was revoked"
        await other.send({"type": "ping"})
        assert await other.receive() == {"type": "pong"}
    answer = await api.post(WHO, token=token)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    async with api.open_socket() as socket:
        await socket.send(
            {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
        )
        assert await socket.close_code() == 4403


async def test_revoking_a_session_ends_event_streams(api: Api) -> None:
    token = api.token(Role.FINANCE)
    session_id = (await api.post(WHO, token=token)).data["viewer"]["sessionId"]
    async with api.events("subscription { forever }", token=token) as events:
        await events.next()
        given = {"idempotencyKey": "r", "sessionId": session_id}
        await api.post(REVOKE_SESSION, {"input": given}, token=api.token(Role.ADMIN))
        _, data = await events.next()
        assert data is not None
        assert data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

    async def is_refused() -> bool:
        return (await api.post(WHO, token=token)).status == 401

    await until(is_refused)


async def test_a_worker_that_starts_later_knows_what_was_revoked(api: Api) -> None:
    made = await enroll(api)
    token = (await exchange(api, made["key"]))[1]["access_token"]
    await revoke(api, made["device"]["id"])
    async with serving(api.settings) as later:
        assert (await later.post(WHO, token=token)).status == 401


async def test_another_worker_hears_of_it(api: Api) -> None:
    made = await enroll(api)
    token = (await exchange(api, made["key"]))[1]["access_token"]
    async with (
        serving(api.settings, subscription=ToySubscription) as other,
        other.socket(token) as socket,
    ):
        await revoke(api, made["device"]["id"])
        assert await socket.close_code(within_s=5) == 4403
