"""Waves: accepted works that are picked in one walk."""

import asyncio
from collections.abc import Collection
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.all_tables import metadata
from domain.fulfillment.tables import wave
from domain.identity.model import Actor, Role
from tests.support.mutations import events, everything
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME, ROME_MANAGER, ROME_TILL
from tests.support.stage import ERROR, Stage, gid, groups_of, location_id, open_stage, work_at
from tests.support.statements import counted_statements

pytestmark = pytest.mark.usefixtures("clean_database")

WAVE = """id number status version startedAt endedAt
  works { id status waveId orderNumber }
  pickList { number waveNumber quantity lines { sku quantity orders { orderNumber } } }"""
KINDS = {
    "createWave": "CreateWaveInput",
    "startWave": "StartWaveInput",
    "removeFromWave": "RemoveFromWaveInput",
    "cancelWave": "CancelWaveInput",
}


async def do(stage: Stage, name: str, actor: Actor = ROME_TILL, **given: Any) -> Any:
    """What a mutation of waves answers."""
    selection = f"... on WavePayload {{ wave {{ {WAVE} }} }}"
    return await stage.do(actor, name, KINDS[name], selection, **given)


async def made(stage: Stage, name: str, actor: Actor = ROME_TILL, **given: Any) -> Any:
    """The wave after a mutation that works."""
    answer = await do(stage, name, actor, **given)
    assert answer["__typename"] == "WavePayload", answer
    return answer["wave"]


async def opened(stage: Stage, works: Collection[str], **given: Any) -> Any:
    """A new wave in Rome of these works."""
    place = location_id("ROME")
    return await made(
        stage, "createWave", locationId=place, fulfillmentOrderIds=list(works), **given
    )


async def seen(stage: Stage, wave_id: str, actor: Actor = ROME_TILL) -> Any:
    """The wave as it is now."""
    query = f"query($id: ID!) {{ wave(id: $id) {{ {WAVE} }} }}"
    return await stage.api.do(actor, query, id=wave_id)


async def accepted(stage: Stage, **wish: Any) -> Any:
    """A released order, accepted by Rome."""
    order = await stage.released(**wish)
    return await stage.work("acceptFulfillmentOrder", work_at(order, "ROME")["id"])


async def hold(stage: Stage, order: Any) -> None:
    given = {"orderId": order["id"], "hold": "FRAUD", "reason": "check"}
    done = await stage.do(AGENT, "holdOrder", "OrderHoldInput", "", **given)
    assert done["__typename"] == "ChangeOrderPayload"


async def one_payload(stage: Stage) -> None:
    """What starting a wave changed was published as one commit."""
    batches = await stage.shop.rows(sa.select(metadata.tables["outbox"].c.events))
    kinds = [sorted({event["type"] for event in batch}) for (batch,) in batches]
    whole = ["FulfillmentOrderChanged", "OrderChanged", "PickListCreated", "WaveChanged"]
    assert kinds.count(whole) == 1


def work(order: Any) -> str:
    return work_at(order, "ROME")["id"]


async def test_a_wave_is_put_together_walked_and_done(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9, "MILAN": 9}})
    one, two = await accepted(stage, lines={"HAT": 2}), await accepted(stage)
    created = await opened(stage, [work(one), work(two)])
    assert (created["status"], created["version"], created["pickList"]) == ("OPEN", 1, None)
    assert [each["status"] for each in created["works"]] == ["RELEASED", "RELEASED"]
    assert {each["waveId"] for each in created["works"]} == {created["id"]}

    started = await made(stage, "startWave", waveId=created["id"])
    assert (started["status"], started["version"]) == ("PICKING", 2)
    assert [each["status"] for each in started["works"]] == ["PICKING", "PICKING"]
    printed = started["pickList"]
    assert (printed["waveNumber"], printed["quantity"]) == (created["number"], 3)
    assert [o["orderNumber"] for o in printed["lines"][0]["orders"]] == [
        one["number"], two["number"],
    ]  # fmt: skip

    await stage.work("confirmPick", work(one))
    assert (await seen(stage, created["id"]))["status"] == "PICKING"
    lines = [{"orderLineId": two["lines"][0]["id"], "quantity": 0}]
    short = await stage.do(
        ROME_TILL, "reportPick", "ReportPickInput", "", fulfillmentOrderId=work(two), lines=lines
    )
    assert short["__typename"] == "FulfillmentOrderPayload"
    done = await seen(stage, created["id"])
    assert (done["status"], done["version"]) == ("DONE", 3)
    assert done["startedAt"] <= done["endedAt"]
    await one_payload(stage)
    told = [e["payload"]["status"] for e in await events(engine) if e["type"] == "WaveChanged"]
    assert told == ["OPEN", "PICKING", "DONE"]
    history = (await stage.order(one["id"], "history { action }"))["history"]
    assert [entry["action"] for entry in history][-3:] == [
        "ADD_TO_WAVE", "START_PICKING", "CONFIRM_PICK",
    ]  # fmt: skip
    await stage.check()


async def test_the_queue_shows_waves(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    one, two, three = [await accepted(stage) for _ in range(3)]
    both = [work(one), work(two)]
    created = await opened(stage, both)
    query = """query($at: ID!, $filter: WorkQueueFilterInput) {
      workQueue(locationId: $at, filter: $filter) { id } }"""
    for wanted, expected in (
        ({"inWave": False}, [work(three)]),
        ({"inWave": True}, both),
        ({"waveId": created["id"]}, both),
        ({"waveId": gid("Wave", ROME)}, []),
    ):
        found = await stage.api.do(ROME_TILL, query, at=location_id("ROME"), filter=wanted)
        assert [each["id"] for each in found] == expected, wanted
    bad = {"at": location_id("ROME"), "filter": {"waveId": gid("Order", ROME)}}
    assert (await stage.api.ask(ROME_TILL, query, bad))[1] == ["VALIDATION_FAILED"]
    last = [e for e in await events(engine) if e["type"] == "FulfillmentOrderChanged"][-1]
    assert gid("Wave", last["payload"]["wave_id"]) == created["id"]

    page = """query($at: ID!, $statuses: [WaveStatus!], $first: Int! = 20, $after: String) {
      waves(locationId: $at, statuses: $statuses, first: $first, after: $after) { totalCount
      pageInfo { hasNextPage endCursor } edges { node { number works { id } } } } }"""
    newer = await opened(stage, [work(three)])
    first = await stage.api.do(ROME_TILL, page, at=location_id("ROME"), first=1)
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (2, True)
    assert first["edges"][0]["node"] == {"number": newer["number"], "works": [{"id": work(three)}]}
    rest = await stage.api.do(
        ROME_TILL, page, at=location_id("ROME"), after=first["pageInfo"]["endCursor"]
    )
    assert [edge["node"]["number"] for edge in rest["edges"]] == [created["number"]]
    done = await stage.api.do(ROME_TILL, page, at=location_id("ROME"), statuses=["DONE"])
    assert done["totalCount"] == 0
    given = {"at": location_id("ROME")}
    assert (await stage.api.ask(MILAN_TILL, page, given))[1] == ["FORBIDDEN"]
    assert await seen(stage, created["id"], MILAN_TILL) is None


async def test_a_page_of_waves_takes_few_statements(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    page = """query($at: ID!) { waves(locationId: $at) { edges { node { number
      pickList { number lines { sku } } works { orderNumber lines { bin { zone } } } } } } }"""
    for count in (1, 3):
        for _ in range(count):
            created = await opened(stage, [work(await accepted(stage)) for _ in range(2)])
            await made(stage, "startWave", waveId=created["id"])
        with counted_statements(engine) as statements:
            found = await stage.api.do(ROME_TILL, page, at=location_id("ROME"))
        assert all(edge["node"]["pickList"]["lines"] for edge in found["edges"])
        assert len(statements) == 4


async def test_the_most_urgent_accepted_works_fill_a_wave(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    await stage.released()  # not accepted
    held, one, two, three = [await accepted(stage) for _ in range(4)]
    await hold(stage, held)
    place = location_id("ROME")
    first = await made(stage, "createWave", locationId=place, max=2)
    assert [each["id"] for each in first["works"]] == [work(one), work(two)]
    rest = await made(stage, "createWave", ROME_MANAGER, locationId=place)
    assert [each["id"] for each in rest["works"]] == [work(three)]
    assert (await do(stage, "createWave", locationId=place))["code"] == "NOTHING_TO_PICK"


async def test_works_of_orders_on_hold_leave_the_wave_when_it_starts(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    one, two = await accepted(stage), await accepted(stage)
    created = await opened(stage, [work(one), work(two)])
    await hold(stage, one)
    started = await made(stage, "startWave", waveId=created["id"])
    assert [each["id"] for each in started["works"]] == [work(two)]
    assert started["pickList"]["quantity"] == 1
    assert groups_of(await stage.order(one["id"])) == {"RELEASED": 1}
    await stage.check()

    three = await accepted(stage)
    lonely = await opened(stage, [work(three)])
    await hold(stage, three)
    before = await everything(engine)
    assert (await do(stage, "startWave", waveId=lonely["id"]))["code"] == "NOTHING_TO_PICK"
    assert await everything(engine) == before


async def test_works_leave_and_a_wave_without_works_ends(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    one, two, three = [await accepted(stage) for _ in range(3)]
    created = await opened(stage, [work(one), work(two), work(three)])
    less = await made(
        stage, "removeFromWave", waveId=created["id"], fulfillmentOrderIds=[work(one)]
    )
    assert (less["status"], less["version"]) == ("OPEN", 2)
    assert [each["id"] for each in less["works"]] == [work(two), work(three)]
    other = await opened(stage, [work(one)])
    await made(stage, "startWave", waveId=created["id"])
    await stage.work("confirmPick", work(two))
    picked = await do(
        stage, "removeFromWave", waveId=created["id"], fulfillmentOrderIds=[work(two)]
    )
    assert picked["code"] == "ILLEGAL_TRANSITION"
    done = await made(
        stage, "removeFromWave", waveId=created["id"], fulfillmentOrderIds=[work(three)]
    )
    assert done["status"] == "DONE"
    assert groups_of(await stage.order(three["id"])) == {"PICKING": 1}
    empty = await made(stage, "removeFromWave", waveId=other["id"], fulfillmentOrderIds=[work(one)])
    assert (empty["status"], empty["works"]) == ("CANCELLED", [])
    assert [each["id"] for each in (await opened(stage, [work(one)]))["works"]] == [work(one)]
    await stage.check()


async def test_a_wave_can_be_given_up(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    one, two = await accepted(stage), await accepted(stage)
    created = await opened(stage, [work(one), work(two)])
    await made(stage, "startWave", waveId=created["id"])
    await stage.work("confirmPick", work(one))
    over = await made(stage, "cancelWave", waveId=created["id"])
    assert over["status"] == "CANCELLED"
    assert [each["id"] for each in over["works"]] == [work(one)]
    for name, more in (
        ("startWave", {}),
        ("cancelWave", {}),
        ("removeFromWave", {"fulfillmentOrderIds": [work(one)]}),
    ):
        refused = await do(stage, name, waveId=created["id"], **cast(Any, more))
        assert refused["code"] == "ILLEGAL_WAVE_STEP", name
    await stage.work("confirmPick", work(two))
    await stage.check()


@pytest.mark.parametrize("way", ["reject", "cancel", "sweep"])
async def test_a_wave_ends_when_its_last_work_goes_another_way(
    engine: AsyncEngine, way: str
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9, "MILAN": 9}})
    order = await accepted(stage)
    created = await opened(stage, [work(order)])
    if way == "reject":
        given = {"fulfillmentOrderId": work(order), "reason": "CAPACITY"}
        await stage.do(ROME_TILL, "rejectFulfillmentOrder", "RejectFulfillmentOrderInput", "",
                       **given)  # fmt: skip
    elif way == "cancel":
        await stage.change("requestCancel", order["id"])
        given = {"fulfillmentOrderId": work(order)}
        await stage.do(ROME_TILL, "acceptCancelRequest", "AnswerCancelInput", "", **given)
    else:
        await stage.work("startPicking", work(order))
        await stage.work("confirmPick", work(order))
        async with engine.begin() as connection:
            await connection.execute(sa.update(wave).values(status="OPEN", ended_at=None))
        assert sum(await asyncio.gather(stage.tick(), stage.tick())) == 1
    after = await seen(stage, created["id"])
    assert (after["status"], len(after["works"])) == ("DONE", 1)
    assert await stage.tick() == 0
    await stage.check()


async def test_refusals_change_nothing(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9, "MILAN": 9}})
    one, two, held = [await accepted(stage) for _ in range(3)]
    await hold(stage, held)
    silent = await stage.released()
    picking = await accepted(stage)
    await stage.work("startPicking", work(picking))
    created = await opened(stage, [work(one)])
    rome, milan = location_id("ROME"), location_id("MILAN")
    mine, nobody = {"waveId": created["id"]}, {"waveId": gid("Wave", ROME)}
    before = await everything(engine)
    for name, given, code in (
        ("createWave", {"locationId": rome, "actor": MILAN_TILL}, "FORBIDDEN"),
        ("createWave", {"locationId": rome, "fulfillmentOrderIds": []}, "VALIDATION_FAILED"),
        ("createWave", {"locationId": rome, "max": 101}, "VALIDATION_FAILED"),
        ("createWave", {"locationId": rome, "fulfillmentOrderIds": [work(two)] * 2},
         "VALIDATION_FAILED"),
        ("createWave", {"locationId": milan, "actor": ADMIN, "fulfillmentOrderIds": [work(two)]},
         "NOT_FOUND"),
        ("createWave", {"locationId": rome, "fulfillmentOrderIds": [work(two), work(one)]},
         "ILLEGAL_TRANSITION"),
        ("createWave", {"locationId": rome, "fulfillmentOrderIds": [work(silent)]},
         "ILLEGAL_TRANSITION"),
        ("createWave", {"locationId": rome, "fulfillmentOrderIds": [work(picking)]},
         "ILLEGAL_TRANSITION"),
        ("createWave", {"locationId": rome, "fulfillmentOrderIds": [work(held)]},
         "ORDER_ON_HOLD"),
        ("createWave", {"locationId": rome, "filter": {"statuses": ["PICKING"]}},
         "NOTHING_TO_PICK"),
        ("startWave", {**mine, "actor": MILAN_TILL}, "NOT_FOUND"),
        ("startWave", nobody, "NOT_FOUND"),
        ("startWave", {**mine, "expectedVersion": 7}, "VERSION_CONFLICT"),
        ("startWave", {**mine, "language": "??"}, "VALIDATION_FAILED"),
        ("startWave", {"waveId": gid("Order", ROME)}, "VALIDATION_FAILED"),
        ("removeFromWave", {**mine, "fulfillmentOrderIds": [work(two)]}, "NOT_FOUND"),
        ("removeFromWave", {**mine, "fulfillmentOrderIds": []}, "VALIDATION_FAILED"),
        ("removeFromWave", {**mine, "fulfillmentOrderIds": [work(one)], "actor": MILAN_TILL},
         "NOT_FOUND"),
        ("removeFromWave", {**mine, "fulfillmentOrderIds": [work(one)], "expectedVersion": 7},
         "VERSION_CONFLICT"),
        ("cancelWave", {**mine, "actor": MILAN_TILL}, "NOT_FOUND"),
        ("cancelWave", {**mine, "expectedVersion": 7}, "VERSION_CONFLICT"),
    ):  # fmt: skip
        answer = await do(stage, name, **cast(Any, given))
        assert answer.get("code") == code, (name, given, answer)
        assert await everything(engine) == before
    for name, kind in KINDS.items():
        document = f"""mutation($input: {kind}!) {{ {name}(input: $input) {{
          __typename {ERROR} }} }}"""
        given: dict[str, Any] = {"idempotencyKey": "k"}
        given |= {"locationId": rome} if name == "createWave" else mine
        given |= {"fulfillmentOrderIds": [work(one)]} if name == "removeFromWave" else {}
        for actor in (AGENT, Actor("ada", Role.CUSTOMER), Actor("f", Role.FINANCE)):
            assert (await stage.api.ask(actor, document, {"input": given}))[1] == ["FORBIDDEN"]
    assert await everything(engine) == before


async def test_a_key_is_one_effect(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    one, two = await accepted(stage), await accepted(stage)
    create: dict[str, Any] = {
        "locationId": location_id("ROME"), "fulfillmentOrderIds": [work(one), work(two)],
        "idempotencyKey": "k1",
    }  # fmt: skip
    created = await made(stage, "createWave", **create)
    mine = {"waveId": created["id"]}
    steps: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("createWave", create, {"max": 9}),
        ("removeFromWave", {**mine, "fulfillmentOrderIds": [work(one)], "idempotencyKey": "k2"},
         {"fulfillmentOrderIds": [work(two)]}),
        ("startWave", {**mine, "idempotencyKey": "k3"}, {"language": "it"}),
        ("cancelWave", {**mine, "idempotencyKey": "k4"}, {"expectedVersion": 3}),
    ]  # fmt: skip
    for name, given, other in steps:
        first = await made(stage, name, **given)
        done = await everything(engine)
        assert await made(stage, name, **given) == first, name
        assert (await do(stage, name, **{**given, **other}))["code"] == "IDEMPOTENCY_CONFLICT"
        assert await everything(engine) == done
    await stage.check()


async def test_of_waves_at_once_one_gets_the_work(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    orders = [await accepted(stage) for _ in range(3)]
    works = [work(order) for order in orders]
    place = location_id("ROME")
    named = [
        do(stage, "createWave", locationId=place, fulfillmentOrderIds=chosen)
        for chosen in (works, list(reversed(works)))
    ]
    answers = await asyncio.gather(*named, do(stage, "createWave", locationId=place))
    kinds = sorted(answer["__typename"] for answer in answers)
    assert kinds.count("WavePayload") == 1, kinds
    assert set(kinds) <= {"WavePayload", "IllegalTransitionError", "NothingToPickError"}
    count = sa.select(sa.func.count()).select_from(wave)
    assert await stage.shop.scalar(count) == 1
    await stage.check()


async def test_works_picked_at_once_end_the_wave(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    orders = [await accepted(stage) for _ in range(4)]
    created = await opened(stage, [work(order) for order in orders])
    await made(stage, "startWave", waveId=created["id"])
    await asyncio.gather(*(stage.work("confirmPick", work(order)) for order in orders))
    after = await seen(stage, created["id"])
    assert (after["status"], after["version"]) == ("DONE", 3)
    assert await stage.tick() == 0
    await stage.check()


async def test_starting_and_cancelling_at_once_have_an_order(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    orders = [await accepted(stage) for _ in range(2)]
    created = await opened(stage, [work(order) for order in orders])
    both = ("startWave", "cancelWave")
    one, two = await asyncio.gather(*(do(stage, name, waveId=created["id"]) for name in both))
    assert two["__typename"] == "WavePayload"
    assert one["__typename"] in ("WavePayload", "IllegalWaveStepError")
    assert (await seen(stage, created["id"]))["status"] == "CANCELLED"
    await stage.check()
