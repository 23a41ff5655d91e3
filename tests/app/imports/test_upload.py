"""Files over HTTP: who may send them, what is answered, and how their jobs are watched."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import ChannelCode, CustomerId
from domain.identity.model import Role
from tests.support.api import Api, serving, settings_for
from tests.support.imports import assert_sound, clear_stages, stages
from tests.support.live import over_socket
from tests.support.mutations import everything
from tests.support.stock import World, build, level_at, place

HEADER = b"location,sku,on_hand\n"
FILE = HEADER + b"ROME,HAT,7\nROME,CAP,3\nROME,SHOE,1\n"
JOB = """query($id: ID!) { importJob(id: $id) { id kind status name rowsRead applied unchanged
  quarantined failure version quarantineUrl quarantinedRows(first: 1) { totalCount
  pageInfo { hasNextPage endCursor } edges { node { line reason row { column value } } } } } }"""
JOBS = """query($status: ImportJobStatus, $after: String) {
  importJobs(status: $status, first: 1, after: $after) { totalCount
    edges { node { id status } } pageInfo { hasNextPage endCursor } } }"""
WATCH = """subscription($job: ID!, $after: String) { importJobChanged(jobId: $job, after: $after) {
  kind cursor complete reason jobs { version status applied quarantined } } }"""


@pytest.fixture
async def api(
    engine: AsyncEngine, clean_database: str, clean_redis: str, tmp_path: Path
) -> AsyncGenerator[Api]:
    await clear_stages(engine)
    await build(engine, World(skus=("HAT", "CAP")))
    settings = settings_for(clean_database, clean_redis, tmp_path, max_import_bytes=20_000)
    async with serving(settings) as opened:
        yield opened


async def send(
    api: Api, content: Any = FILE, *, kind: str = "stock", role: Role = Role.OPERATIONS, **more: Any
) -> Any:
    """The response to an upload."""
    given = {"authorization": f"Bearer {api.token(role)}", "content-type": "text/csv"}
    headers = given | more.pop("headers", {})
    return await api.client.post(f"/imports/{kind}", content=content, headers=headers, **more)


async def books(engine: AsyncEngine) -> Any:
    """A digest of every table but the one that a relay writes when it takes office."""
    found = await everything(engine)
    del found["sequencer_state"]
    return found


async def ended(api: Api, job_id: str) -> Any:
    """The job when it has ended."""
    token = api.token(Role.ADMIN)
    async with asyncio.timeout(30):
        while True:
            found = (await api.post(JOB, {"id": job_id}, token=token)).data["importJob"]
            if found["status"] in ("SUCCEEDED", "FAILED"):
                return found
            await asyncio.sleep(0.05)


async def test_a_file_is_accepted_applied_and_accounted_for(api: Api, engine: AsyncEngine) -> None:
    answer = await send(api, params={"name": "counts.csv"})

    assert answer.status_code == 202
    accepted = answer.json()["importJob"]
    assert (accepted["kind"], accepted["status"], accepted["rowsRead"]) == ("STOCK", "QUEUED", 3)
    job = await ended(api, accepted["id"])
    assert {
        name: job[name] for name in ("status", "name", "rowsRead", "applied", "quarantined")
    } == {
        "status": "SUCCEEDED",
        "name": "counts.csv",
        "rowsRead": 3,
        "applied": 2,
        "quarantined": 1,
    }
    rows = job["quarantinedRows"]
    assert (rows["totalCount"], rows["pageInfo"]["hasNextPage"]) == (1, False)
    ((node),) = (edge["node"] for edge in rows["edges"])
    assert (node["line"], node["reason"]) == (4, "sku: is not known")
    assert {each["column"]: each["value"] for each in node["row"]} == {
        "location": "ROME",
        "sku": "SHOE",
        "on_hand": "1",
    }
    assert (await level_at(engine, "HAT")).on_hand == 7
    token = api.token(Role.ADMIN)
    report = await api.client.get(
        job["quarantineUrl"], headers={"authorization": f"Bearer {token}"}
    )
    assert report.headers["content-type"] == "text/csv; charset=utf-8"
    assert report.text.splitlines() == [
        "refused_line,reason,location,sku,on_hand,safety_stock,malformed",
        "4,sku: is not known,ROME,SHOE,1,,",
    ]
    await assert_sound(engine)


async def test_only_operations_and_admins_import_or_look(api: Api, engine: AsyncEngine) -> None:
    job = (await send(api)).json()["importJob"]
    await ended(api, job["id"])
    before = await books(engine)
    tokens = [
        api.token(Role.CUSTOMER, customer=CustomerId(place("somebody"))),
        api.token(Role.CHANNEL, channels=(ChannelCode("WEB"),)),
        *[
            api.token(role, locations=(place("ROME"),))
            for role in (Role.POS, Role.STORE_MANAGER, Role.WAREHOUSE)
        ],
        api.token(Role.CALL_CENTER),
        api.token(Role.FINANCE),
    ]
    for token in tokens:
        headers = {"authorization": f"Bearer {token}"}
        sent = await api.client.post("/imports/stock", content=FILE + b"x", headers=headers)
        assert sent.status_code == 403
        assert (await api.client.get(job["quarantineUrl"], headers=headers)).status_code == 403
        assert (await api.post(JOB, {"id": job["id"]}, token=token)).codes == ["FORBIDDEN"]
        assert (await api.post(JOBS, token=token)).codes == ["FORBIDDEN"]
    assert (await api.client.post("/imports/stock", content=FILE)).status_code == 401
    assert (await api.client.get(job["quarantineUrl"])).status_code == 401
    assert (await api.post(JOB, {"id": job["id"]})).codes == ["UNAUTHENTICATED"]
    assert await books(engine) == before
    assert await stages(engine) == []


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", "IMPORT_EMPTY_FILE", "the file is empty"),
        (b"\xef\xbb\xbf", "IMPORT_EMPTY_FILE", "the file is empty"),
        (b"location,sku\nROME,HAT\n", "IMPORT_WRONG_HEADER", "no column on_hand"),
        (HEADER.replace(b"sku", b"sku,colour"), "IMPORT_WRONG_HEADER", "unknown column colour"),
        (HEADER.replace(b"sku", b"sku,sku"), "IMPORT_WRONG_HEADER", "twice sku"),
        (b"\xff\xfe\x00", "IMPORT_NOT_TEXT", "not CSV in UTF-8"),
        (b"PK\x03\x04" + b"x" * 70_000, "", ""),
    ],
)
async def test_a_file_of_another_kind_is_refused_and_leaves_nothing(
    api: Api, engine: AsyncEngine, content: bytes, code: str, said: str
) -> None:
    before = await books(engine)
    answer = await send(api, content)
    (error,) = answer.json()["errors"]
    if code:
        assert (answer.status_code, error["extensions"]["code"]) == (400, code)
        assert said in error["message"]
    else:
        assert (answer.status_code, error["extensions"]["code"]) == (413, "REQUEST_TOO_LARGE")
    assert await books(engine) == before
    assert await stages(engine) == []


async def test_what_is_sent_in_the_wrong_way_is_refused(api: Api, engine: AsyncEngine) -> None:
    before = await books(engine)

    async def endless() -> AsyncIterator[bytes]:
        yield HEADER
        for _ in range(50):
            yield b"ROME,HAT,7\n" * 100

    assert (await send(api, endless())).status_code == 413
    assert (await send(api, kind="wishes")).status_code == 404
    for headers in ({"content-type": "application/json"}, {"content-encoding": "gzip"}):
        assert (await send(api, headers=headers)).status_code == 415
    for as_of in ("yesterday", "2026-01-01T00:00:00", "2999-01-01T00:00:00Z"):
        answer = await send(api, params={"asOf": as_of})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"]) == (400, "VALIDATION_FAILED")
    answer = await send(api, headers={"idempotency-key": "k" * 129})
    assert answer.status_code == 400
    assert await books(engine) == before
    assert await stages(engine) == []


async def test_a_key_makes_one_job_of_one_file(api: Api, engine: AsyncEngine) -> None:
    key = {"idempotency-key": "monday"}
    both = await asyncio.gather(send(api, headers=key), send(api, headers=key))
    ids = {answer.json()["importJob"]["id"] for answer in both}
    assert len(ids) == 1
    await ended(api, ids.pop())

    again = await send(api, headers=key)
    assert again.json()["importJob"]["status"] == "SUCCEEDED"
    other = await send(api, FILE + b"ROME,HAT,8\n", headers=key)
    assert other.status_code == 409
    assert other.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_CONFLICT"
    anew = (await send(api)).json()["importJob"]["id"]
    assert (await ended(api, anew))["unchanged"] == 2
    listed = (await api.post(JOBS, token=api.token(Role.ADMIN))).data["importJobs"]
    assert (listed["totalCount"], listed["edges"][0]["node"]["id"]) == (2, anew)
    after = {"after": listed["pageInfo"]["endCursor"], "status": "SUCCEEDED"}
    rest = (await api.post(JOBS, after, token=api.token(Role.ADMIN))).data["importJobs"]
    assert (len(rest["edges"]), rest["pageInfo"]["hasNextPage"]) == (1, False)
    assert await stages(engine) == []


async def test_a_job_is_watched_from_its_cursor_to_its_end(api: Api) -> None:
    token = api.token(Role.OPERATIONS)
    job_id = (await send(api)).json()["importJob"]["id"]
    seen: list[Any] = []
    async with over_socket(api.url, token, WATCH, {"job": job_id}) as stream:
        first = await stream.next()
        assert (first["kind"], first["complete"]) == ("SNAPSHOT", True)
        seen += first["jobs"]
        while seen[-1]["status"] != "SUCCEEDED":
            seen += (await stream.next())["jobs"]
    versions = [each["version"] for each in seen]
    assert versions == list(range(versions[0], 4))
    assert seen[-1] == {"version": 3, "status": "SUCCEEDED", "applied": 2, "quarantined": 1}
    given = {"job": job_id, "after": first["cursor"]}
    async with over_socket(api.url, token, WATCH, given) as stream:
        replayed: list[Any] = []
        while len(replayed) < len(seen) - 1:
            replayed += (await stream.next())["jobs"]
    assert replayed == seen[1:]


async def test_nobody_else_watches_a_job(api: Api) -> None:
    job_id = (await send(api)).json()["importJob"]["id"]
    token = api.token(Role.FINANCE)
    async with api.socket(token) as socket:
        await socket.subscribe(WATCH, {"job": job_id})
        refused = await socket.receive()
    assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    async with api.socket(api.token(Role.ADMIN)) as socket:
        unknown = "SW1wb3J0Sm9iOjAxOTJmMGM0LTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwZGVhZA=="
        await socket.subscribe(WATCH, {"job": unknown})
        refused = await socket.receive()
    assert refused["payload"][0]["extensions"]["code"] == "NOT_FOUND"
    await ended(api, job_id)
