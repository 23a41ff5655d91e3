"""Rules tried on past orders, through GraphQL: who may, what is refused, and what is reported."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.tables import fulfillment_order
from domain.trials.model import MOST_UNFINISHED
from domain.trials.working import work_off
from tests.support.actors import ADMIN, EVERYBODY_AND_A_CUSTOMER, OPERATIONS
from tests.support.mutations import Mutation
from tests.support.shop import AGENT
from tests.support.sourcing_stage import in_force
from tests.support.sourcing_trials import STORES_FIRST, stores_first, warehouse_stage
from tests.support.stage import NOBODY, Stage, gid, location_id
from tests.support.statements import counted_statements

pytestmark = pytest.mark.usefixtures("clean_database")

SIMULATE = Mutation(
    "simulateRuleSet",
    "simulation { id status from until limit total done requestedBy ruleSetId ruleSetName "
    "versionNumber failure version report { orders } }",
    "... on TooManySimulationsError { most }",
)
CANCEL = Mutation(
    "cancelSourcingSimulation",
    "simulation { id status version }",
    "... on SimulationEndedError { status }",
)
PLANS = """cost { amount currency } costPerOrder { amount } terms { kind amount { amount } }
  parcels splitOrders distanceKm unfilledUnits markedDownUnits"""
EXAMPLE = "cost { amount } unfilledUnits places { locationId locationCode units distanceKm }"
REPORT = f"""report {{ orders changedOrders delta {{ amount }} storedCost {{ amount currency }}
  before {{ {PLANS} }} after {{ {PLANS} }}
  actual {{ orders asBefore asAfter parcels splitOrders units measured onTime onTimeShare }}
  locations {{ locationId locationCode before {{ units parcels }} after {{ units parcels }}
    actual {{ units parcels }} }}
  examples {{ orderId orderNumber delta {{ amount }} cause before {{ {EXAMPLE} }}
    after {{ {EXAMPLE} }} }} }}"""
ONE = f"""query($id: ID!) {{ sourcingSimulation(id: $id) {{
  status done total startedAt finishedAt failure {REPORT} }} }}"""
LIST = """query($first: Int!, $after: String) { sourcingSimulations(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { id status report { orders } } } }
}"""


def given(rule_set: str, key: str = "try", **changes: Any) -> dict[str, Any]:
    """An input for all orders up to now."""
    return {
        "idempotencyKey": key,
        "ruleSetId": rule_set,
        "from": "2020-01-01T00:00:00Z",
        "until": "2100-01-01T00:00:00Z",
        **changes,
    }


async def tried(stage: Stage, rule_set: str, key: str = "try", **changes: Any) -> dict[str, Any]:
    """The simulation after it has run."""
    asked = given(rule_set, key, **changes)
    made = await SIMULATE.succeed(stage.api, OPERATIONS, asked)
    assert await work_off(stage.shop.database) == 1
    return await stage.api.do(OPERATIONS, ONE, id=made["simulation"]["id"])


async def test_the_contract_of_asking(engine: AsyncEngine) -> None:
    stage = await warehouse_stage(engine)
    rule_set = await stores_first(stage)
    made = await SIMULATE.check_contract(
        stage.api,
        engine,
        OPERATIONS,
        given(rule_set),
        other={"limit": 7},
        allowed=(ADMIN, OPERATIONS),
    )
    made = made["simulation"]
    assert (made["status"], made["total"], made["done"]) == ("QUEUED", 0, 0)
    assert (made["ruleSetId"], made["ruleSetName"]) == (rule_set, "Stores first")
    assert (made["versionNumber"], made["limit"]) == (1, 10_000)
    assert made["from"] == "2020-01-01T00:00:00+00:00"
    assert made["until"] < "2100"  # not later than now
    assert made["requestedBy"] == OPERATIONS.key
    assert made["report"] is None


async def test_the_contract_of_cancelling(engine: AsyncEngine) -> None:
    stage = await warehouse_stage(engine)
    made = await SIMULATE.succeed(stage.api, ADMIN, given(await stores_first(stage)))
    cancel = {"idempotencyKey": "stop", "simulationId": made["simulation"]["id"]}
    ended = await CANCEL.check_contract(
        stage.api,
        engine,
        OPERATIONS,
        cancel,
        other={"simulationId": gid("SourcingSimulation", NOBODY)},
        allowed=(ADMIN, OPERATIONS),
    )
    assert (ended["simulation"]["status"], ended["simulation"]["version"]) == ("CANCELLED", 2)
    again = await CANCEL.refused(
        stage.api, engine, OPERATIONS, {**cancel, "idempotencyKey": "stop it again"}
    )
    assert (again["code"], again["status"]) == ("SIMULATION_ENDED", "CANCELLED")
    for key, code in (
        (gid("SourcingSimulation", NOBODY), "NOT_FOUND"),
        (gid("Order", NOBODY), "VALIDATION_FAILED"),
    ):
        bad = {"idempotencyKey": code, "simulationId": key}
        answer = await CANCEL.refused(stage.api, engine, OPERATIONS, bad)
        assert answer["code"] == code


async def test_bad_wishes_are_refused_with_their_path(engine: AsyncEngine) -> None:
    stage = await warehouse_stage(engine)
    rule_set = await stores_first(stage)
    same = "2026-01-01T00:00:00Z"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"from": same, "until": same}, "until"),
        ({"from": "2026-01-02T00:00:00"}, "from"),
        ({"until": "2026-01-02T00:00:00"}, "until"),
        ({"limit": 0}, "limit"),
        ({"limit": 100_001}, "limit"),
        ({"ruleSetId": gid("Order", NOBODY)}, "ruleSetId"),
        ({"idempotencyKey": ""}, "idempotencyKey"),
    ]
    for changes, path in wrong:
        answer = await SIMULATE.refused(stage.api, engine, OPERATIONS, given(rule_set) | changes)
        assert (answer["code"], answer["field"]) == ("VALIDATION_FAILED", path)
    unknown: list[tuple[dict[str, Any], str]] = [
        ({"ruleSetId": gid("RuleSet", NOBODY)}, "rule set"),
        ({"versionNumber": 2}, "rule set version"),
    ]
    for changes, kind in unknown:
        answer = await SIMULATE.refused(stage.api, engine, OPERATIONS, given(rule_set) | changes)
        assert (answer["code"], answer["kind"]) == ("NOT_FOUND", kind)


async def test_only_so_many_wait_at_once(engine: AsyncEngine) -> None:
    stage = await warehouse_stage(engine)
    rule_set = await stores_first(stage)
    for number in range(MOST_UNFINISHED):
        await SIMULATE.succeed(stage.api, OPERATIONS, given(rule_set, f"try {number}"))
    answer = await SIMULATE.refused(stage.api, engine, OPERATIONS, given(rule_set, "too many"))
    assert (answer["code"], answer["most"]) == ("TOO_MANY_SIMULATIONS", MOST_UNFINISHED)
    assert await work_off(stage.shop.database) == MOST_UNFINISHED
    await SIMULATE.succeed(stage.api, OPERATIONS, given(rule_set, "too many"))


async def test_stores_first_against_orders_that_went_to_the_warehouse(
    engine: AsyncEngine,
) -> None:
    stage = await warehouse_stage(engine)
    orders = [await stage.placed(lines={"HAT": n}) for n in (1, 2)]
    [shipped] = (await stage.released(lines={"HAT": 3}))["fulfillmentOrders"]
    for step in ("startPicking", "confirmPick", "packFulfillmentOrder"):
        await stage.work(step, shipped["id"])
    sent = await stage.do(
        ADMIN,
        "shipFulfillmentOrder",
        "ShipFulfillmentOrderInput",
        "",
        fulfillmentOrderId=shipped["id"],
        carrier="DHL",
        parcels=[{"trackingNumber": "T-1"}],
    )
    assert sent["__typename"].endswith("Payload"), sent
    due = sa.update(fulfillment_order).where(fulfillment_order.c.status == "COMPLETED")
    async with engine.begin() as connection:
        late = sa.func.now() + sa.text("interval '1 hour'")
        await connection.execute(due.values(due_at=late))

    found = await tried(stage, await stores_first(stage))

    assert (found["status"], found["done"], found["total"]) == ("DONE", 3, 3)
    report = found["report"]
    assert (report["orders"], report["changedOrders"]) == (3, 3)
    before, after = report["before"], report["after"]
    assert before["cost"] == {"amount": "15.30", "currency": "EUR"}
    assert before["costPerOrder"] == {"amount": "5.10"}
    assert before["terms"] == [
        {"kind": "PARCEL", "amount": {"amount": "15.00"}},
        {"kind": "SHIPPING", "amount": {"amount": "0.30"}},
    ]
    assert after["terms"] == [
        *before["terms"],
        {"kind": "DISTANCE", "amount": {"amount": "7.14"}},
    ]
    assert (before["distanceKm"], after["distanceKm"]) == (0.0, 1430.7)
    assert after["cost"]["amount"] == "22.44"
    assert after["costPerOrder"]["amount"] == "7.48"
    assert report["delta"] == {"amount": "7.14"}
    assert report["storedCost"] == [{"amount": "15.30", "currency": "EUR"}]
    assert [(each["parcels"], each["splitOrders"]) for each in (before, after)] == [(3, 0)] * 2
    assert report["actual"] == {
        "orders": 1, "asBefore": 1, "asAfter": 0, "parcels": 1, "splitOrders": 0, "units": 3,
        "measured": 1, "onTime": 1, "onTimeShare": 1.0,
    }  # fmt: skip
    assert report["locations"] == [
        {
            "locationId": location_id("MILAN"),
            "locationCode": "MILAN",
            "before": {"units": 0, "parcels": 0},
            "after": {"units": 6, "parcels": 3},
            "actual": {"units": 0, "parcels": 0},
        },
        {
            "locationId": location_id("ROME"),
            "locationCode": "ROME",
            "before": {"units": 6, "parcels": 3},
            "after": {"units": 0, "parcels": 0},
            "actual": {"units": 3, "parcels": 1},
        },
    ]
    assert {each["orderId"] for each in report["examples"]} >= {each["id"] for each in orders}
    first = report["examples"][0]
    assert (first["delta"], first["cause"]) == ({"amount": "2.38"}, "DISTANCE")
    [place] = first["after"].pop("places")
    assert (place["locationCode"], place["units"], round(place["distanceKm"])) == ("MILAN", 1, 477)
    assert first["after"] == {"cost": {"amount": "7.43"}, "unfilledUnits": 0}
    await stage.check()


async def test_goods_that_leave_after_the_cut_off_are_late(engine: AsyncEngine) -> None:
    stage = await warehouse_stage(engine)
    order = await stage.released(lines={"HAT": 1})
    [work] = order["fulfillmentOrders"]
    for step in ("startPicking", "confirmPick", "packFulfillmentOrder"):
        await stage.work(step, work["id"])
    await stage.do(
        ADMIN,
        "shipFulfillmentOrder",
        "ShipFulfillmentOrderInput",
        "",
        fulfillmentOrderId=work["id"],
        carrier="DHL",
        parcels=[{"trackingNumber": "T-1"}],
    )
    async with engine.begin() as connection:
        early = sa.func.now() - sa.text("interval '1 hour'")
        await connection.execute(sa.update(fulfillment_order).values(due_at=early))
    report = (await tried(stage, await stores_first(stage)))["report"]
    assert (report["actual"]["measured"], report["actual"]["onTimeShare"]) == (1, 0.0)


async def test_the_rules_that_count_change_nothing_in_what_they_decided(
    engine: AsyncEngine,
) -> None:
    stage = await warehouse_stage(engine)
    rule_set = await in_force(stage, "Stores first", STORES_FIRST)
    await stage.placed(lines={"HAT": 2})
    report = (await tried(stage, rule_set, versionNumber=1))["report"]
    assert (report["orders"], report["changedOrders"], report["examples"]) == (1, 0, [])
    assert report["before"] == report["after"]
    assert report["storedCost"] == [report["before"]["cost"]]


async def test_simulations_are_listed_newest_first_and_for_nobody_else(
    engine: AsyncEngine,
) -> None:
    stage = await warehouse_stage(engine)
    rule_set = await stores_first(stage)
    made = [
        (await SIMULATE.succeed(stage.api, OPERATIONS, given(rule_set, f"{n}")))["simulation"]["id"]
        for n in range(3)
    ]
    with counted_statements(engine) as statements:
        page = await stage.api.do(ADMIN, LIST, first=2)
    assert len(statements) == 2
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    assert [each["node"]["id"] for each in page["edges"]] == [made[2], made[1]]
    rest = await stage.api.do(ADMIN, LIST, first=2, after=page["pageInfo"]["endCursor"])
    assert [each["node"]["id"] for each in rest["edges"]] == [made[0]]
    assert (await stage.api.ask(ADMIN, LIST, {"first": 0}))[1] == ["VALIDATION_FAILED"]

    assert await stage.api.do(ADMIN, ONE, id=gid("SourcingSimulation", NOBODY)) is None
    assert (await stage.api.ask(ADMIN, ONE, {"id": gid("Order", NOBODY)}))[1] == [
        "VALIDATION_FAILED"
    ]
    for actor in (AGENT, *EVERYBODY_AND_A_CUSTOMER):
        if actor is not None and actor.role in {ADMIN.role, OPERATIONS.role}:
            continue
        code = "UNAUTHENTICATED" if actor is None else "FORBIDDEN"
        for document, variables in ((ONE, {"id": made[0]}), (LIST, {"first": 1})):
            data, codes = await stage.api.ask(actor, document, variables)
            assert (codes, any(data.values())) == ([code], False)
