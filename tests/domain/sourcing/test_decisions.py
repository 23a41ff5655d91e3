"""Decisions as they are stored and read."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import OrderId, new_id
from domain.common.sql import insert_many
from domain.events.tables import event_log, outbox
from domain.orders.tables import sales_order
from domain.sourcing.decisions import (
    DECISION_COLUMNS,
    Decision,
    decision_by_id,
    decision_row,
    decisions_of,
    newest_decision,
)
from domain.sourcing.model import Trigger
from domain.sourcing.tables import sourcing_decision
from tests.domain.sourcing.examples import (
    AT,
    CHOSEN_BY_HAND,
    OVERRIDE,
    PARTIAL,
    SIMPLE,
    decision,
)
from tests.support.stage import open_stage
from tests.support.statements import counted_statements

pytestmark = pytest.mark.usefixtures("clean_database")


async def placed(engine: AsyncEngine, count: int = 1) -> list[OrderId]:
    """Orders without decisions of their own."""
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    for _ in range(count):
        await stage.placed()
    async with engine.begin() as connection:
        await connection.execute(sa.delete(sourcing_decision))
        return [OrderId(key) for key in await connection.scalars(sa.select(sales_order.c.id))]


async def store(engine: AsyncEngine, *made: Decision) -> None:
    """The decisions are stored."""
    rows = [decision_row(each) for each in made]
    async with engine.begin() as connection:
        await connection.execute(insert_many(sourcing_decision, DECISION_COLUMNS, rows))


def by_costs(order_id: OrderId) -> Decision:
    """A decision without a rule set."""
    return decision(order_id, replace(SIMPLE, rule_set=None))


def by_hand(order_id: OrderId) -> Decision:
    """An operator's decision, a minute later."""
    made = replace(CHOSEN_BY_HAND, rule_set=None)
    later = AT + timedelta(minutes=1)
    return decision(order_id, made, trigger=Trigger.OVERRIDE, override=OVERRIDE, at=later)


async def test_decisions_are_read_as_they_were_written(engine: AsyncEngine) -> None:
    first, second, third = await placed(engine, 3)
    mine, newer, other = by_costs(first), by_hand(first), decision(second, PARTIAL)
    await store(engine, mine, newer, other)
    async with engine.connect() as connection:
        with counted_statements(engine) as statements:
            found = await decisions_of(connection, [first, second, third])
        assert found == {first: [newer, mine], second: [other]}
        assert len(statements) == 1
        assert await newest_decision(connection, first) == newer
        assert await newest_decision(connection, third) is None
        assert await decision_by_id(connection, mine.id) == mine
        assert await decision_by_id(connection, new_id()) is None


async def test_what_is_searched_for_has_columns_of_its_own(engine: AsyncEngine) -> None:
    [first] = await placed(engine)
    await store(engine, by_hand(first))
    c = sourcing_decision.c
    async with engine.connect() as connection:
        row = (
            await connection.execute(
                sa.select(
                    c.trigger,
                    c.currency,
                    c.cost_minor,
                    c.plan_hash,
                    c.rule_set_version_id,
                    c.override_by,
                    c.override_reason,
                    c.override_delta_minor,
                )
            )
        ).one()
    assert tuple(row) == (
        "OVERRIDE",
        "EUR",
        1330,
        "ab" * 32,
        None,
        "OPERATIONS:olga",
        "the customer is in Madrid",
        720,
    )


async def test_a_decision_is_of_an_order_and_of_a_version_that_exist(engine: AsyncEngine) -> None:
    [first] = await placed(engine)
    with pytest.raises(IntegrityError, match="order_id"):
        await store(engine, by_costs(OrderId(new_id())))
    with pytest.raises(IntegrityError, match="rule_set_version_id"):
        await store(engine, decision(first, SIMPLE))
    row = decision_row(by_hand(first)) | {"override_reason": None}
    wrong = insert_many(sourcing_decision, DECISION_COLUMNS, [row])
    async with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="override"):
            await connection.execute(wrong)


async def test_where_the_goods_go_is_in_no_event(engine: AsyncEngine) -> None:
    [first] = await placed(engine)
    await store(engine, by_costs(first))
    async with engine.connect() as connection:
        told = [
            str(row)
            for table in (outbox, event_log)
            for row in (await connection.execute(sa.select(table))).all()
        ]
        [kept] = (await connection.scalars(sa.select(sourcing_decision.c.question))).all()
    assert kept["circumstances"]["near"] == [41.8905, 12.4942]
    assert told
    assert not [text for text in told if "12.496" in text or "12.494" in text]
