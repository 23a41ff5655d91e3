"""Decisions of sourcing through GraphQL: what is told, to whom, and by how many statements."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.common.ids import CustomerId, OrderId
from domain.common.sql import insert_many
from domain.identity.model import Actor, Role
from domain.orders.tables import sales_order
from domain.sourcing.decision import Elimination, EliminationReason, Trace
from domain.sourcing.decisions import DECISION_COLUMNS, decision_row
from domain.sourcing.model import Trigger
from domain.sourcing.tables import sourcing_decision
from tests.domain.sourcing.examples import (
    AT,
    LINE,
    OVERRIDE,
    decision,
    parcel,
    plan,
    trace,
    units,
)
from tests.support.shop import (
    ADMIN,
    AGENT,
    MADRID,
    MILAN,
    MILAN_TILL,
    ROME,
    ROME_MANAGER,
    ROME_TILL,
    WEB_SHOP,
    customer,
)
from tests.support.stage import NOBODY, Stage, gid, location_id, open_stage
from tests.support.statements import counted_statements

pytestmark = pytest.mark.usefixtures("clean_database")

OPERATIONS = Actor("olga", Role.OPERATIONS)
FINANCE = Actor("fausto", Role.FINANCE)
ALL = """query($id: ID!) { sourcingDecisions(orderId: $id) {
  trigger override { by reason delta { amount currency } } explanation } }"""
NEWEST = """query($id: ID!, $language: SourcingLanguage! = EN) { sourcingDecision(orderId: $id) {
  orderId trigger at planHash binding microseconds ruleSet { name } override { by }
  plan { cost { amount currency } terms { kind amount { amount } } unfilled { sku quantity }
    parcels { locationId locationName distanceKm cost { amount }
      lines { orderLineId sku quantity } terms { kind } } }
  alternatives { delta { amount } plan { parcels { locationName } } }
  eliminations { locationId locationName reason rule value threshold }
  proof { status bound { amount } combinations } explanation(language: $language) } }"""
FULL = Elimination(MILAN, "MILAN", EliminationReason.AT_CAPACITY, None, "40", "40")
EXAMPLE: Trace = trace(
    plan(
        parcel(ROME, units(HAT=1), 1.37, PARCEL=500, DISTANCE=20),
        unfilled=units(SCARF=2),
        UNFILLED=100,
    ),
    rule_set=None,
    others=(plan(parcel(MADRID, units(HAT=1), 1364.2, PARCEL=500, DISTANCE=330)),),
    eliminated=(FULL,),
    binding=("CAPACITY",),
    microseconds=321,
)


async def decided(engine: AsyncEngine) -> tuple[Stage, dict[str, Any]]:
    """A stage and an order in Rome with two decisions, the newer one by an operator."""
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await stage.placed()
    order_id = OrderId(UUID(relay.GlobalID.from_id(order["id"]).node_id))
    made = [
        decision(order_id, EXAMPLE),
        decision(
            order_id,
            replace(EXAMPLE, others=()),
            trigger=Trigger.OVERRIDE,
            override=OVERRIDE,
            at=AT + timedelta(hours=1),
        ),
    ]
    async with engine.begin() as connection:
        await connection.execute(sa.delete(sourcing_decision))
        rows = [decision_row(each) for each in made]
        await connection.execute(insert_many(sourcing_decision, DECISION_COLUMNS, rows))
    return stage, order


async def test_all_decisions_of_an_order_are_read_newest_first(engine: AsyncEngine) -> None:
    stage, order = await decided(engine)
    with counted_statements(engine) as statements:
        found = await stage.api.do(OPERATIONS, ALL, id=order["id"])
    assert len(statements) <= 3
    assert [each["trigger"] for each in found] == ["OVERRIDE", "NEW"]
    assert [each["override"] for each in found] == [
        {
            "by": "OPERATIONS:olga",
            "reason": "the customer is in Madrid",
            "delta": {"amount": "7.20", "currency": "EUR"},
        },
        None,
    ]
    assert found[0]["explanation"][:2] == [
        "olga chose these locations: “the customer is in Madrid”.",
        "This choice costs 7.20 EUR more than the best plan.",
    ]
    assert found[1]["explanation"] == [
        (
            "Rome serves 1 × HAT, 1.4 km from the address, for 5.20 EUR: parcel 5.00 EUR, "
            "distance 0.20 EUR."
        ),
        (
            "The whole plan, with 1 parcel, costs 6.20 EUR: parcel 5.00 EUR, distance 0.20 EUR, "
            "unfilled units 1.00 EUR."
        ),
        "For now no location serves 2 × SCARF.",
        "Madrid would cost 2.10 EUR more, because the way is longer (1,364 km).",
        "Milan: left out at capacity, 40 of 40 fulfillment orders today.",
        "A cheaper plan would use a location that is at capacity today.",
        "No plan costs less: proved over 1,234 combinations.",
        "No rule set applied: the standard costs decided.",
    ]


async def test_a_decision_is_told_in_full(engine: AsyncEngine) -> None:
    stage, order = await decided(engine)
    async with engine.begin() as connection:
        await connection.execute(
            sa.delete(sourcing_decision).where(sourcing_decision.c.trigger == "OVERRIDE")
        )
    with counted_statements(engine) as statements:
        found = await stage.api.do(ADMIN, NEWEST, id=order["id"], language="IT")
    assert len(statements) <= 3
    assert found.pop("explanation")[0] == (
        "Rome serve 1 × HAT, a 1,4 km dall’indirizzo, per 5,20 EUR: pacco 5,00 EUR, distanza "
        "0,20 EUR."
    )
    assert found == {
        "orderId": order["id"],
        "trigger": "NEW",
        "at": "2026-10-01T12:00:00+00:00",
        "planHash": "ab" * 32,
        "binding": ["CAPACITY"],
        "microseconds": 321,
        "ruleSet": None,
        "override": None,
        "plan": {
            "cost": {"amount": "6.20", "currency": "EUR"},
            "terms": [
                {"kind": "PARCEL", "amount": {"amount": "5.00"}},
                {"kind": "DISTANCE", "amount": {"amount": "0.20"}},
                {"kind": "UNFILLED", "amount": {"amount": "1.00"}},
            ],
            "unfilled": [{"sku": "SCARF", "quantity": 2}],
            "parcels": [
                {
                    "locationId": location_id("ROME"),
                    "locationName": "Rome",
                    "distanceKm": 1.37,
                    "cost": {"amount": "5.20"},
                    "lines": [{"orderLineId": str(LINE), "sku": "HAT", "quantity": 1}],
                    "terms": [{"kind": "PARCEL"}, {"kind": "DISTANCE"}],
                }
            ],
        },
        "alternatives": [
            {"delta": {"amount": "2.10"}, "plan": {"parcels": [{"locationName": "Madrid"}]}}
        ],
        "eliminations": [
            {
                "locationId": location_id("MILAN"),
                "locationName": "Milan",
                "reason": "AT_CAPACITY",
                "rule": None,
                "value": "40",
                "threshold": "40",
            }
        ],
        "proof": {"status": "OPTIMAL", "bound": {"amount": "6.20"}, "combinations": 1234},
    }


@pytest.mark.parametrize("actor", [ADMIN, OPERATIONS, AGENT, ROME_TILL, ROME_MANAGER])
async def test_staff_who_see_the_order_see_its_decisions(engine: AsyncEngine, actor: Actor) -> None:
    stage, order = await decided(engine)
    assert len(await stage.api.do(actor, ALL, id=order["id"])) == 2
    newest = await stage.api.do(actor, NEWEST, id=order["id"])
    assert newest["trigger"] == "OVERRIDE"


async def test_nobody_else_sees_what_the_order_costs(engine: AsyncEngine) -> None:
    stage, order = await decided(engine)
    assert await stage.api.do(MILAN_TILL, ALL, id=order["id"]) == []
    assert await stage.api.do(MILAN_TILL, NEWEST, id=order["id"]) is None
    buyer = await stage.shop.scalar(sa.select(sales_order.c.customer_id))
    for document in (ALL, NEWEST):
        for actor in (customer(CustomerId(buyer)), WEB_SHOP, FINANCE):
            given = {"id": order["id"]}
            with counted_statements(engine) as statements:
                data, codes = await stage.api.ask(actor, document, given)
            assert codes == ["FORBIDDEN"]
            assert not any(data.values())
            assert statements == []
        assert (await stage.api.ask(None, document, {"id": order["id"]}))[1] == ["UNAUTHENTICATED"]


async def test_orders_that_have_none_or_do_not_exist(engine: AsyncEngine) -> None:
    stage, order = await decided(engine)
    async with engine.begin() as connection:
        await connection.execute(sa.delete(sourcing_decision))
    for key in (order["id"], gid("Order", NOBODY)):
        assert await stage.api.do(ADMIN, ALL, id=key) == []
        assert await stage.api.do(ADMIN, NEWEST, id=key) is None
    assert (await stage.api.ask(ADMIN, ALL, {"id": gid("Label", NOBODY)}))[1] == [
        "VALIDATION_FAILED"
    ]
