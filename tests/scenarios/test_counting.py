"""S54, S55, S56: snapshots, counts while business goes on, and locations that are not believed."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.counting.model import LEAST_TRUST, accuracy, assessed_trust, raised_safety
from domain.identity.model import Actor, Role
from domain.stock.tables import stock_movement
from tests.support.mutations import everything
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME, ROME_MANAGER, ROME_TILL
from tests.support.stage import Stage, location_id, open_stage, work_at

pytestmark = pytest.mark.usefixtures("clean_database")

WAREHOUSE = Actor("wms", Role.WAREHOUSE, location_ids=frozenset({ROME}))
COUNT = """... on StockCountPayload { count { id state version
  lines { sku counted systemQuantity variance needsApproval outcome } } }
  ... on CountNeedsApprovalError { skus }"""


async def opened(stage: Stage) -> str:
    answer = await stage.do(
        ROME_TILL, "openCount", "OpenCountInput", COUNT, locationId=location_id("ROME")
    )
    return answer["count"]["id"]


async def scan(stage: Stage, count: str, actor: Actor = ROME_TILL, **lines: int) -> Any:
    seen = [{"sku": sku, "counted": units} for sku, units in lines.items()]
    return await stage.do(
        actor, "recordCount", "RecordCountInput", COUNT, countId=count, lines=seen
    )


async def step(stage: Stage, name: str, count: str, actor: Actor = ROME_TILL, **more: Any) -> Any:
    return await stage.do(actor, name, "ChangeCountInput", COUNT, countId=count, **more)


async def sell(stage: Stage, units: int) -> None:
    sale = {
        "channel": "POS",
        "delivery": {"mode": "TAKE_AWAY", "locationId": location_id("ROME")},
        "payment": {"tender": "CASH"},
        "lines": {"HAT": units},
    }
    await stage.placed(ROME_TILL, **sale)


async def snapshot(stage: Stage, at: datetime, actor: Actor = WAREHOUSE, **lines: int) -> Any:
    given = [{"sku": sku, "onHand": units} for sku, units in lines.items()]
    return await stage.do(
        actor, "applyStockSnapshot", "ApplyStockSnapshotInput",
        "... on ApplyStockSnapshotPayload { lines { sku outcome variance } }",
        locationId=location_id("ROME"), takenAt=at.isoformat(), lines=given,
    )  # fmt: skip


async def receive(stage: Stage, units: int) -> None:
    lines = [{"sku": "HAT", "quantity": units}]
    await stage.do(
        ADMIN, "receiveStock", "ReceiveStockInput", "",
        locationId=location_id("ROME"), lines=lines, reference="PO-7",
    )  # fmt: skip


async def now(stage: Stage) -> datetime:
    return await stage.shop.scalar(sa.select(sa.func.clock_timestamp()))


async def test_s54_a_late_snapshot_keeps_the_sales_since(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 20}, "SCARF": {"ROME": 3}})
    taken = await now(stage)
    for _ in range(4):
        await sell(stage, 1)
    assert (await stage.level("HAT")).on_hand == 16
    done = await snapshot(stage, taken, HAT=18, SCARF=-1, SET=1, GLOVE=2)
    assert [(line["sku"], line["outcome"], line["variance"]) for line in done["lines"]] == [
        ("HAT", "APPLIED", -2),
        ("SCARF", "NEGATIVE", 0),
        ("SET", "UNKNOWN", 0),
        ("GLOVE", "UNKNOWN", 0),
    ]
    assert (await stage.level("HAT")).on_hand == 14
    older = await snapshot(stage, taken - timedelta(minutes=5), HAT=99)
    assert older["lines"][0]["outcome"] == "OLDER"
    early = await snapshot(stage, datetime.now(UTC) + timedelta(hours=2), HAT=1)
    assert early["code"] == "VALIDATION_FAILED"
    assert (await snapshot(stage, taken, Actor("x", Role.WAREHOUSE), HAT=1))["code"] == "FORBIDDEN"
    assert (await stage.level("HAT")).on_hand == 14
    await stage.check()


async def test_a_snapshot_does_not_take_what_orders_have(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 2}})
    await stage.placed(lines={"HAT": 2})
    done = await snapshot(stage, await now(stage), HAT=1)
    assert done["lines"][0]["outcome"] == "CLAIMED"
    assert (await stage.level("HAT")).on_hand == 2
    await stage.check()


async def test_a_count_that_contradicts_claims_leaves_the_doubt(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 3}})
    await stage.placed(lines={"HAT": 2})
    count = await opened(stage)
    await scan(stage, count, HAT=1)
    done = await step(stage, "postCount", count)
    assert done["count"]["lines"][0]["outcome"] == "CLAIMED"
    level = await stage.level("HAT")
    assert (level.on_hand, level.allocated, level.available) == (3, 2, 0)
    query = "query($id: ID!) { countTasks(locationId: $id) { sku held } }"
    assert await stage.api.do(ADMIN, query, id=location_id("ROME")) == [{"sku": "HAT", "held": 1}]
    again = await opened(stage)
    await scan(stage, again, HAT=3)
    await step(stage, "postCount", again)
    assert (await stage.level("HAT")).available == 1
    await stage.check()


async def test_a_variance_is_corrected_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 20}})
    taken = await now(stage)
    first, second = await opened(stage), await opened(stage)
    await scan(stage, first, HAT=18)
    await scan(stage, second, HAT=18)
    await asyncio.gather(step(stage, "postCount", first), step(stage, "postCount", second))
    assert (await stage.level("HAT")).on_hand == 18
    late = await snapshot(stage, taken, HAT=18)
    assert late["lines"] == [{"sku": "HAT", "outcome": "UNCHANGED", "variance": 0}]
    assert (await stage.level("HAT")).on_hand == 18
    await stage.check()


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_of_reports_the_books_meet_the_shelf(
    engine: AsyncEngine, seed: int
) -> None:
    """Sales, receipts, scans, postings and late snapshots in any order; 2 units are missing."""
    choice = random.Random(seed)
    stage = await open_stage(engine, {"HAT": {"ROME": 40}})
    shelf, counts, snapshots = 38, list[str](), list[tuple[datetime, int]]()
    for _ in range(14):
        match choice.choice(["sell", "receive", "scan", "post", "take", "apply"]):
            case "sell":
                await sell(stage, 1)
                shelf -= 1
            case "receive":
                await receive(stage, 2)
                shelf += 2
            case "scan":
                counts.append(await opened(stage))
                await scan(stage, counts[-1], HAT=shelf)
            case "post" if counts:
                await step(stage, "postCount", counts.pop(choice.randrange(len(counts))))
            case "take":
                snapshots.append((await now(stage), shelf))
            case "apply" if snapshots:
                at, units = snapshots.pop(choice.randrange(len(snapshots)))
                await snapshot(stage, at, HAT=units)
            case _:
                pass
    counts.append(await opened(stage))
    await scan(stage, counts[-1], HAT=shelf)
    choice.shuffle(counts)
    for count in counts:
        await step(stage, "postCount", count)
    for at, units in snapshots:
        await snapshot(stage, at, HAT=units)
    assert (await stage.level("HAT")).on_hand == shelf
    await stage.check()


async def test_s55_a_sale_between_scan_and_posting_is_kept(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 10}})
    count = await opened(stage)
    seen = await scan(stage, count, HAT=9)
    assert seen["count"]["lines"][0]["variance"] == -1
    await sell(stage, 3)
    both = await asyncio.gather(step(stage, "postCount", count), step(stage, "postCount", count))
    kinds = sorted(each["__typename"] for each in both)
    assert kinds == ["CountClosedError", "StockCountPayload"]
    assert (await stage.level("HAT")).on_hand == 6
    await stage.check()


async def test_counting_while_selling_at_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 10}})
    count = await opened(stage)
    await scan(stage, count, HAT=8)
    posted, _ = await asyncio.gather(step(stage, "postCount", count), sell(stage, 2))
    assert posted["count"]["lines"][0]["outcome"] == "APPLIED"
    assert (await stage.level("HAT")).on_hand == 6
    await stage.check()


async def test_a_scanner_that_was_offline_tells_when_it_saw(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 10}})
    seen_at = await now(stage)
    await sell(stage, 4)
    count = await opened(stage)
    line = {"sku": "HAT", "counted": 11, "scannedAt": seen_at.isoformat()}
    seen = await stage.do(
        ROME_TILL, "recordCount", "RecordCountInput", COUNT, countId=count, lines=[line]
    )
    assert seen["count"]["lines"][0]["systemQuantity"] == 10
    await step(stage, "postCount", count)
    assert (await stage.level("HAT")).on_hand == 7
    await stage.check()


async def test_large_variances_need_somebody_else(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 10}})
    count = await opened(stage)
    await scan(stage, count, HAT=5)
    before = await everything(engine)
    refused = await step(stage, "postCount", count)
    assert (refused["code"], refused["skus"]) == ("COUNT_NEEDS_APPROVAL", ["HAT"])
    assert (await step(stage, "postCount", count, MILAN_TILL))["code"] == "NOT_FOUND"
    stale = await step(stage, "approveCount", count, ROME_MANAGER, expectedVersion=1)
    assert stale["code"] == "VERSION_CONFLICT"
    assert await everything(engine) == before
    await scan(stage, count, ROME_MANAGER, HAT=5)
    assert (await step(stage, "approveCount", count, ROME_MANAGER))["code"] == "FORBIDDEN"
    await step(stage, "approveCount", count, ADMIN)
    done = await step(stage, "postCount", count, idempotencyKey="k")
    assert done["count"]["state"] == "POSTED"
    assert await step(stage, "postCount", count, idempotencyKey="k") == done
    assert (await stage.level("HAT")).on_hand == 5
    query = """query($id: ID!) { stockAccuracy(locationId: $id, start: "2026-01-01T00:00:00Z") {
      accuracy counted shortage excess shortageValue { amount currency } } }"""
    assert await stage.api.do(ROME_MANAGER, query, id=location_id("ROME")) == {
        "accuracy": "0",
        "counted": 5,
        "shortage": 5,
        "excess": 0,
        "shortageValue": [{"amount": "99.50", "currency": "EUR"}],
    }
    await stage.check()


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "VALIDATION_FAILED"),
        ([{"sku": "HAT", "counted": -1}], "VALIDATION_FAILED"),
        ([{"sku": "HAT", "counted": 1}] * 2, "VALIDATION_FAILED"),
        ([{"sku": "GLOVE", "counted": 1}], "NOT_FOUND"),
        ([{"sku": "SET", "counted": 1}], "NOT_FOUND"),
    ],
)
async def test_scans_that_make_no_sense(
    engine: AsyncEngine, lines: list[dict[str, Any]], code: str
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    count = await opened(stage)
    before = await everything(engine)
    answer = await stage.do(
        ROME_TILL, "recordCount", "RecordCountInput", COUNT, countId=count, lines=lines
    )
    assert answer["code"] == code
    document = "mutation($input: OpenCountInput!) { openCount(input: $input) { __typename } }"
    given = {"locationId": location_id("ROME"), "idempotencyKey": "x"}
    assert (await stage.api.ask(AGENT, document, {"input": given}))[1] == ["FORBIDDEN"]
    assert await everything(engine) == before


async def test_a_count_ends_the_doubt(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 4}})
    order = await stage.placed()
    order = await stage.change("releaseOrder", order["id"])
    await stage.do(
        ADMIN, "rejectFulfillmentOrder", "RejectFulfillmentOrderInput", "",
        fulfillmentOrderId=work_at(order, "ROME")["id"], reason="NOT_IN_STOCK",
    )  # fmt: skip
    assert (await stage.level("HAT")).quality_hold == 4
    count = await opened(stage)
    await scan(stage, count, HAT=3)
    await step(stage, "postCount", count)
    level = await stage.level("HAT")
    assert (level.on_hand, level.quality_hold, level.free) == (3, 0, 3)
    query = "query($id: ID!) { countTasks(locationId: $id) { sku } }"
    assert await stage.api.do(ADMIN, query, id=location_id("ROME")) == []
    await stage.check()


async def test_s56_thirty_rejections_raise_an_alert(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 50}})
    async with engine.begin() as connection:
        row = {
            "sku": "HAT", "location_id": ROME, "from_bucket": "ALLOCATED",
            "to_bucket": "QUALITY_HOLD", "quantity": 1, "reason": "REJECTED", "reference": "U-1",
            "actor": "TEST", "at": sa.func.now(),
        }  # fmt: skip
        for _ in range(30):
            await connection.execute(sa.insert(stock_movement).values(row))
    assert sum(await asyncio.gather(stage.tick(), stage.tick())) == 1
    assert await stage.tick() == 0
    query = """{ distortionAlerts { locationId rejections accuracy trustBefore trustAfter } }"""
    assert await stage.api.do(ADMIN, query) == [
        {
            "locationId": location_id("ROME"),
            "rejections": 30,
            "accuracy": "1.0000",
            "trustBefore": "1.00",
            "trustAfter": "0.40",
        }
    ]
    assert (await stage.level("HAT")).safety == 5
    place = "query($id: ID!) { location(id: $id) { trust version } }"
    assert (await stage.api.do(ADMIN, place, id=location_id("ROME")))["version"] == 2


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 100))
def test_trust_falls_with_every_signal_and_never_to_nothing(
    counted: int, variance: int, rejections: int
) -> None:
    share = accuracy(variance, counted)
    assert 0 <= share <= 1
    trust = assessed_trust(rejections, share)
    assert LEAST_TRUST <= trust <= 1
    assert assessed_trust(rejections + 1, share) <= trust
    assert assessed_trust(0, Decimal(1)) == 1
    assert raised_safety(variance, rejections) >= variance
