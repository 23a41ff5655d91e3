"""Keeping the decisions of sourcing with the orders that they are about."""

from typing import Any

from sqlalchemy.sql.dml import UpdateBase

from domain.common.ids import OrderId, new_id
from domain.common.sql import insert_many
from domain.sourcing.decision import Override
from domain.sourcing.decisions import DECISION_COLUMNS, Decision, decision_row
from domain.sourcing.model import Plan
from domain.sourcing.tables import sourcing_decision


def row_of(order_id: OrderId, plan: Plan, override: Override | None = None) -> dict[str, Any]:
    """The row that keeps how the plan of an order came about; it must have its trace."""
    assert plan.question is not None
    assert plan.trace is not None
    question = plan.question
    decision = Decision(
        id=new_id(),
        order_id=order_id,
        trigger=question.trigger,
        at=question.circumstances.at,
        question=question,
        trace=plan.trace,
        override=override,
    )
    return decision_row(decision)


def kept(order_id: OrderId, plan: Plan, override: Override | None = None) -> UpdateBase:
    """The write that keeps it; `override` when an operator chose the plan."""
    row = row_of(order_id, plan, override)
    return insert_many(sourcing_decision, DECISION_COLUMNS, [row])
