"""Bins over the API: where SKUs stand, on levels and on lines of work."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.schema import Mutation as WholeMutation
from app.schema import Query as WholeQuery
from tests.support.edits import owner_of
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events
from tests.support.shop import ADMIN, AGENT, MILAN_TILL, ROME_TILL
from tests.support.stage import Stage, location_id, open_stage
from tests.support.stock_api import KEEPERS

pytestmark = pytest.mark.usefixtures("clean_database")

SET_BIN = Mutation("setStockBin", "bin { sku locationId zone bin version updatedAt }")


@pytest.fixture
async def stage(engine: AsyncEngine, clean_database: str) -> Stage:
    del clean_database
    return await open_stage(engine, {"HAT": {"ROME": 5, "MILAN": 5}})


@pytest.fixture
def api(engine: AsyncEngine, stage: Stage) -> Api:
    del stage
    return api_of(engine, WholeQuery, WholeMutation)


def place(zone: str = "A", name: str = "12", key: str = "k1", **changes: Any) -> dict[str, Any]:
    """Input of setStockBin for HAT in Rome, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "sku": "HAT",
        "locationId": location_id("ROME"),
        "zone": zone,
        "bin": name,
    }
    return {**given, **changes}


async def test_a_bin_is_set_and_changed(api: Api, engine: AsyncEngine) -> None:
    done = await SET_BIN.check_contract(
        api, engine, ROME_TILL, place(" A ", "12  b"), other={"bin": "13"}, allowed=KEEPERS
    )
    assert (done["bin"]["zone"], done["bin"]["bin"], done["bin"]["version"]) == ("A", "12 b", 1)
    told = (await events(engine))[-1]
    assert (told["type"], told["version"]) == ("StockBinChanged", 1)
    assert told["topics"] == [f"bins:{told['payload']['location_id']}"]
    again = await SET_BIN.succeed(api, ADMIN, place("B", "1", "k2", expectedVersion=1))
    assert (again["bin"]["zone"], again["bin"]["version"]) == ("B", 2)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"zone": "x" * 33}, "VALIDATION_FAILED"),
        ({"bin": "x" * 33}, "VALIDATION_FAILED"),
        ({"bin": "a\tb"}, "VALIDATION_FAILED"),
        ({"bin": " "}, "VALIDATION_FAILED"),
        ({"sku": "SET"}, "VALIDATION_FAILED"),
        ({"sku": "NONE"}, "NOT_FOUND"),
        ({"locationId": location_id("PARIS")}, "NOT_FOUND"),
        ({"expectedVersion": 3}, "VERSION_CONFLICT"),
    ],
)  # fmt: skip
async def test_a_bad_bin_is_refused(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], code: str
) -> None:
    refused = await SET_BIN.refused(api, engine, ADMIN, place(**changes))
    assert refused["code"] == code


async def test_a_till_elsewhere_may_not_set_it(api: Api, engine: AsyncEngine) -> None:
    refused = await SET_BIN.refused(api, engine, MILAN_TILL, place())
    assert refused["code"] == "FORBIDDEN"


async def test_of_two_who_expect_one_version_one_wins(api: Api) -> None:
    answers = await asyncio.gather(
        SET_BIN.do(api, ADMIN, place("A", "1", "k1", expectedVersion=0)),
        SET_BIN.do(api, ROME_TILL, place("B", "2", "k2", expectedVersion=0)),
    )
    kinds = sorted(answer["__typename"] for answer in answers)
    assert kinds == ["SetStockBinPayload", "VersionConflictError"]


async def test_levels_and_lines_show_their_bin(stage: Stage, api: Api) -> None:
    level = """query($at: ID!) { stockLevel(sku: "HAT", locationId: $at) { bin { zone bin } } }"""
    rome, milan = {"at": location_id("ROME")}, {"at": location_id("MILAN")}
    assert await stage.api.do(ADMIN, level, **rome) == {"bin": None}
    await SET_BIN.succeed(api, ADMIN, place())
    assert await stage.api.do(ADMIN, level, **rome) == {"bin": {"zone": "A", "bin": "12"}}
    assert await stage.api.do(ADMIN, level, **milan) == {"bin": None}

    order = await stage.placed()
    await stage.change("releaseOrder", order["id"])
    queue = "query($at: ID!) { workQueue(locationId: $at) { lines { sku bin { zone bin } } } }"
    (work,) = await stage.api.do(ROME_TILL, queue, **rome)
    assert work["lines"] == [{"sku": "HAT", "bin": {"zone": "A", "bin": "12"}}]
    seen = "query($id: ID!) { order(id: $id) { fulfillmentOrders { lines { bin { bin } } } } }"
    assert (await stage.api.ask(AGENT, seen, {"id": order["id"]}))[1] == []
    buyer = await owner_of(stage, order)
    assert "FORBIDDEN" in (await stage.api.ask(buyer, seen, {"id": order["id"]}))[1]

    await SET_BIN.succeed(api, ADMIN, place("", "", "k3"))
    assert await stage.api.do(ADMIN, level, **rome) == {"bin": None}
