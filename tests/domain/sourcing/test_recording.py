"""Questions and traces are kept without loss; equal decisions have equal hashes."""

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import LocationId, OrderId, new_id
from domain.sourcing.decision import CostKind, CostTerm, RuleSetUsed, Trace, TracedPlan
from domain.sourcing.model import Place, Question
from domain.sourcing.recording import (
    UnknownForm,
    plan_hash,
    question_of,
    question_record,
    trace_of,
    trace_record,
)
from tests.domain.sourcing.examples import SIMPLE, decision
from tests.domain.sourcing.random_decisions import PLANS, QUESTIONS, RULE_SETS, TRACES


def stored(record: Any) -> Any:
    """The record after a way through JSON."""
    return orjson.loads(orjson.dumps(record))


@given(QUESTIONS)
def test_a_question_is_kept_without_loss(question: Question) -> None:
    assert question_of(stored(question_record(question))) == question


@given(TRACES)
def test_a_trace_is_kept_without_loss(trace: Trace) -> None:
    assert trace_of(stored(trace_record(trace))) == trace


@given(QUESTIONS, st.none() | RULE_SETS, PLANS)
def test_equal_decisions_have_equal_hashes(
    question: Question, used: RuleSetUsed | None, plan: TracedPlan
) -> None:
    again = question_of(stored(question_record(question)))
    assert plan_hash(again, used, plan) == plan_hash(question, used, plan)
    assert len(plan_hash(question, used, plan)) == 64


QUESTION = decision(OrderId(new_id()), SIMPLE).question
PLAN = TracedPlan((), (), (CostTerm(CostKind.PARCEL, 500),), 500)
USED = RuleSetUsed(str(new_id()), "Default", 1)


def of_candidate(**changes: Any) -> Question:
    """The question with a changed candidate."""
    return replace(QUESTION, candidates=(replace(QUESTION.candidates[0], **changes),))


def of_circumstances(**changes: Any) -> Question:
    """The question in changed circumstances."""
    return replace(QUESTION, circumstances=replace(QUESTION.circumstances, **changes))


def test_the_same_said_otherwise_has_the_same_hash() -> None:
    at = QUESTION.circumstances.at.astimezone(timezone(timedelta(hours=2)))
    first = of_candidate(available={"A": 1, "B": 2}, place=Place(0.0, 41.0), trust=Decimal("0.5"))
    other = of_candidate(available={"B": 2, "A": 1}, place=Place(-0.0, 41), trust=Decimal("0.500"))
    assert first == other
    assert plan_hash(first, USED, PLAN) == plan_hash(other, USED, PLAN)
    assert plan_hash(of_circumstances(at=at), USED, PLAN) == plan_hash(QUESTION, USED, PLAN)


@pytest.mark.parametrize(
    "other",
    [
        of_candidate(trust=Decimal("0.51")),
        of_candidate(available={"NEW": 1}),
        of_candidate(tags=frozenset({"another tag"})),
        of_candidate(used_today=1),
        of_candidate(daily_capacity=0),
        of_candidate(is_home=True),
        of_candidate(kind="DC"),
        of_circumstances(at=QUESTION.circumstances.at + timedelta(microseconds=1)),
        of_circumstances(ship_complete=not QUESTION.circumstances.ship_complete),
        replace(QUESTION, failed=(LocationId(new_id()),)),
    ],
)
def test_another_question_has_another_hash(other: Question) -> None:
    assert plan_hash(other, USED, PLAN) != plan_hash(QUESTION, USED, PLAN)


def test_another_plan_or_version_has_another_hash() -> None:
    expected = plan_hash(QUESTION, USED, PLAN)
    assert plan_hash(QUESTION, None, PLAN) != expected
    assert plan_hash(QUESTION, replace(USED, number=2), PLAN) != expected
    assert plan_hash(QUESTION, USED, replace(PLAN, cost_minor=501)) != expected


def test_defaults_take_no_room() -> None:
    plain = of_candidate(
        kind="", country="", tags=frozenset(), trust=Decimal(1), daily_capacity=None,
        used_today=0, is_home=False,
    )  # fmt: skip
    [record] = question_record(plain)["candidates"]
    assert record.keys() == {"location_id", "code", "place", "priority", "available"}


def test_zeros_at_the_end_of_a_number_say_nothing() -> None:
    [record] = question_record(of_candidate(trust=Decimal("0.37500")))["candidates"]
    assert record["trust"] == "0.375"


def test_a_form_of_the_future_is_refused() -> None:
    with pytest.raises(UnknownForm, match="form 2"):
        question_of(question_record(QUESTION) | {"form": 2})
    with pytest.raises(UnknownForm, match="form 2"):
        trace_of({"form": 2})
