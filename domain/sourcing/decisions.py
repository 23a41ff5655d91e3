"""Decisions of sourcing as they are stored: written with the order, never changed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import OrderId
from domain.common.sql import among
from domain.sourcing.decision import Override, Trace
from domain.sourcing.model import Question, Trigger
from domain.sourcing.recording import question_of, question_record, trace_of, trace_record
from domain.sourcing.tables import sourcing_decision

DECISION_COLUMNS = [column.name for column in sourcing_decision.columns]
"""For `insert_many` and `insert_given`, with the rows of `decision_row`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision for units of an order, and all that it can be made again of."""

    id: UUID
    order_id: OrderId
    trigger: Trigger
    at: datetime
    question: Question
    trace: Trace
    override: Override | None = None

    @property
    def rule_set_version_id(self) -> UUID | None:
        """The version of the rules that it went by; None when it went by costs alone."""
        used = self.trace.rule_set
        return UUID(used.version_id) if used is not None else None


def decision_row(decision: Decision) -> dict[str, Any]:
    """The row of `sourcing_decision`."""
    trace, override = decision.trace, decision.override
    return {
        "id": decision.id,
        "order_id": decision.order_id,
        "trigger": decision.trigger.value,
        "at": decision.at,
        "rule_set_version_id": decision.rule_set_version_id,
        "currency": trace.currency,
        "cost_minor": trace.chosen.cost_minor,
        "question": question_record(decision.question),
        "trace": trace_record(trace),
        "plan_hash": trace.plan_hash,
        "override_by": override.by if override else None,
        "override_reason": override.reason if override else None,
        "override_delta_minor": override.delta_minor if override else None,
    }


async def decisions_of(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> Mapping[OrderId, list[Decision]]:
    """The decisions of those orders, newest first, by order; orders without any are absent. One
    statement.
    """
    c = sourcing_decision.c
    query = _selected().where(among(c.order_id, order_ids))
    rows = await connection.execute(query.order_by(c.order_id, c.at.desc(), c.id.desc()))
    found: dict[OrderId, list[Decision]] = {}
    for row in rows.all():
        found.setdefault(OrderId(row.order_id), []).append(_decision_of(row))
    return found


async def newest_decision(connection: AsyncConnection, order_id: UUID) -> Decision | None:
    """The newest decision of the order, if there is one. One statement."""
    c = sourcing_decision.c
    newest = _selected().where(c.order_id == order_id).order_by(c.at.desc(), c.id.desc()).limit(1)
    row = (await connection.execute(newest)).one_or_none()
    return _decision_of(row) if row is not None else None


async def decision_by_id(connection: AsyncConnection, decision_id: UUID) -> Decision | None:
    """The decision, if there is one. One statement."""
    query = _selected().where(sourcing_decision.c.id == decision_id)
    row = (await connection.execute(query)).one_or_none()
    return _decision_of(row) if row is not None else None


def _selected() -> sa.Select[*tuple[Any, ...]]:
    c = sourcing_decision.c
    return sa.select(
        c.id,
        c.order_id,
        c.trigger,
        c.at,
        c.question,
        c.trace,
        c.override_by,
        c.override_reason,
        c.override_delta_minor,
    )


def _decision_of(row: sa.Row[*tuple[Any, ...]]) -> Decision:
    return Decision(
        id=row.id,
        order_id=OrderId(row.order_id),
        trigger=Trigger(row.trigger),
        at=row.at,
        question=question_of(row.question),
        trace=trace_of(row.trace),
        override=_override_of(row),
    )


def _override_of(row: sa.Row[*tuple[Any, ...]]) -> Override | None:
    if row.override_by is None:
        return None
    return Override(row.override_by, row.override_reason, row.override_delta_minor)
