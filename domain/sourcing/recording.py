"""Questions and traces as JSON values and back, without loss, and the hash that names a plan. Pure.

What is the default of its field is left out. The record of a question holds the point of the
customer's address: it is personal data like the address, and never part of an event.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from domain.common.ids import ChannelCode, LocationId, OrderLineId, Sku
from domain.sourcing.decision import (
    CostKind,
    CostTerm,
    Elimination,
    EliminationReason,
    Parcel,
    ParcelLine,
    RuleSetUsed,
    Trace,
    TracedPlan,
)
from domain.sourcing.model import (
    Candidate,
    Carriage,
    Circumstances,
    Place,
    Question,
    Trigger,
    Wanted,
)
from domain.sourcing.problem import Proof, ProofStatus

FORM = 1
"""The form of the records that are written; a reader knows by it what a record means."""

Record = dict[str, Any]
_ONE = Decimal(1)


class UnknownForm(ValueError):
    """The record is of a form that this version cannot read."""


def question_record(question: Question) -> Record:
    """The question as JSON values; equal questions make equal records."""
    return {
        "form": FORM,
        "trigger": str(question.trigger),
        "circumstances": _circumstances_record(question.circumstances),
        "wanted": [_wanted_record(each) for each in question.wanted],
        "candidates": [_candidate_record(each) for each in question.candidates],
        "failed": [_key(each) for each in question.failed],
    }


def question_of(record: Mapping[str, Any]) -> Question:
    """The question that the record was made of.

    Raises:
        UnknownForm: it was written by a later version.
    """
    _check_form(record)
    return Question(
        circumstances=_circumstances_of(record["circumstances"]),
        wanted=tuple(_wanted_of(each) for each in record["wanted"]),
        candidates=tuple(_candidate_of(each) for each in record["candidates"]),
        failed=tuple(LocationId(UUID(each)) for each in record["failed"]),
        trigger=Trigger(record["trigger"]),
    )


def trace_record(trace: Trace) -> Record:
    """The trace as JSON values; equal traces make equal records."""
    proof = trace.proof
    record: Record = {
        "form": FORM,
        "rule_set": _rule_set_record(trace.rule_set),
        "currency": trace.currency,
        "chosen": _plan_record(trace.chosen),
        "others": [_plan_record(each) for each in trace.others],
        "eliminated": [_elimination_record(each) for each in trace.eliminated],
        "binding": list(trace.binding),
        "proof": [str(proof.status), proof.bound, proof.nodes],
        "plan_hash": trace.plan_hash,
        "microseconds": trace.microseconds,
    }
    if trace.max_parcels_rule is not None:
        record["max_parcels_rule"] = trace.max_parcels_rule
    return record


def trace_of(record: Mapping[str, Any]) -> Trace:
    """The trace that the record was made of.

    Raises:
        UnknownForm: it was written by a later version.
    """
    _check_form(record)
    rule_set = record["rule_set"]
    status, bound, nodes = record["proof"]
    return Trace(
        rule_set=None if rule_set is None else RuleSetUsed(*rule_set),
        currency=record["currency"],
        chosen=_plan_of(record["chosen"]),
        others=tuple(_plan_of(each) for each in record["others"]),
        eliminated=tuple(_elimination_of(each) for each in record["eliminated"]),
        binding=tuple(record["binding"]),
        proof=Proof(ProofStatus(status), bound, nodes),
        plan_hash=record["plan_hash"],
        microseconds=record["microseconds"],
        max_parcels_rule=record.get("max_parcels_rule"),
    )


def plan_hash(question: Question, rule_set: RuleSetUsed | None, chosen: TracedPlan) -> str:
    """SHA-256, in hexadecimal, of question, version of the rules and plan: equal for equal ones."""
    values = [question_record(question), _rule_set_record(rule_set), _plan_record(chosen)]
    return sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _check_form(record: Mapping[str, Any]) -> None:
    if record["form"] != FORM:
        raise UnknownForm(f"form {record['form']}, known is {FORM}")


def _circumstances_record(given: Circumstances) -> Record:
    record: Record = {
        "channel": given.channel,
        "order_type": given.order_type,
        "country": given.country,
        "delivery_mode": given.delivery_mode,
        "at": _moment_text(given.at),
    }
    if given.near is not None:
        record["near"] = _place_record(given.near)
    if given.ship_complete:
        record["ship_complete"] = True
    if given.deliver_by is not None:
        record["deliver_by"] = _moment_text(given.deliver_by)
    if (by := given.carriage) is not None:
        prices = [by.light_minor, by.whole_minor, by.weight_g]
        record["carriage"] = [by.carrier, by.service, by.currency, *prices]
    return record


def _circumstances_of(record: Mapping[str, Any]) -> Circumstances:
    near = record.get("near")
    return Circumstances(
        channel=ChannelCode(record["channel"]),
        order_type=record["order_type"],
        country=record["country"],
        delivery_mode=record["delivery_mode"],
        at=datetime.fromisoformat(record["at"]),
        near=None if near is None else _place_of(near),
        ship_complete=record.get("ship_complete", False),
        deliver_by=_moment_of(record.get("deliver_by")),
        carriage=Carriage(*record["carriage"]) if "carriage" in record else None,
    )


def _moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _moment_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _place_record(place: Place) -> list[float]:
    # Equal numbers are written alike: 0.0 for -0.0, 41.0 for 41.
    return [place.latitude + 0.0, place.longitude + 0.0]


def _place_of(record: Sequence[float]) -> Place:
    return Place(float(record[0]), float(record[1]))


def _wanted_record(given: Wanted) -> Record:
    record: Record = {
        "line_id": _key(given.line_id),
        "quantity": given.quantity,
        "components": dict(given.components),
    }
    if given.sku:
        record["sku"] = given.sku
    if given.tags:
        record["tags"] = sorted(given.tags)
    if given.weight_g:
        record["weight_g"] = given.weight_g
    return record


def _wanted_of(record: Mapping[str, Any]) -> Wanted:
    return Wanted(
        line_id=OrderLineId(UUID(record["line_id"])),
        quantity=record["quantity"],
        components=record["components"],
        sku=Sku(record.get("sku", "")),
        tags=frozenset(record.get("tags", ())),
        weight_g=record.get("weight_g", 0),
    )


def _candidate_record(given: Candidate) -> Record:
    record: Record = {
        "location_id": _key(given.location_id),
        "code": given.code,
        "place": _place_record(given.place),
        "priority": given.priority,
        "available": dict(given.available),
    }
    if given.kind:
        record["kind"] = given.kind
    if given.country:
        record["country"] = given.country
    if given.tags:
        record["tags"] = sorted(given.tags)
    if given.trust != _ONE:
        record["trust"] = _decimal_text(given.trust)
    if given.daily_capacity is not None:
        record["daily_capacity"] = given.daily_capacity
    if given.used_today:
        record["used_today"] = given.used_today
    if given.is_home:
        record["is_home"] = True
    if given.arrives_at is not None:
        record["arrives_at"] = _moment_text(given.arrives_at)
    if given.expected_at is not None:
        record["expected_at"] = _moment_text(given.expected_at)
    return record


def _candidate_of(record: Mapping[str, Any]) -> Candidate:
    return Candidate(
        location_id=LocationId(UUID(record["location_id"])),
        code=record["code"],
        place=_place_of(record["place"]),
        priority=record["priority"],
        available=record["available"],
        kind=record.get("kind", ""),
        country=record.get("country", ""),
        tags=frozenset(record.get("tags", ())),
        trust=Decimal(record.get("trust", 1)),
        daily_capacity=record.get("daily_capacity"),
        used_today=record.get("used_today", 0),
        is_home=record.get("is_home", False),
        arrives_at=_moment_of(record.get("arrives_at")),
        expected_at=_moment_of(record.get("expected_at")),
    )


@lru_cache(8192)
def _key(value: UUID) -> str:
    """The id as text. The same locations and lines come again and again."""
    return str(value)


@lru_cache(1024)
def _decimal_text(value: Decimal) -> str:
    """The number in digits, without the zeros that make equal numbers look different."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rule_set_record(used: RuleSetUsed | None) -> list[Any] | None:
    return None if used is None else [used.version_id, used.name, used.number]


def _plan_record(plan: TracedPlan) -> Record:
    return {
        "parcels": [_parcel_record(each) for each in plan.parcels],
        "unfilled": _line_records(plan.unfilled),
        "terms": _term_records(plan.terms),
        "cost_minor": plan.cost_minor,
    }


def _plan_of(record: Mapping[str, Any]) -> TracedPlan:
    return TracedPlan(
        parcels=tuple(_parcel_of(each) for each in record["parcels"]),
        unfilled=_lines_of(record["unfilled"]),
        terms=_terms_of(record["terms"]),
        cost_minor=record["cost_minor"],
    )


def _parcel_record(parcel: Parcel) -> Record:
    record: Record = {
        "location_id": _key(parcel.location_id),
        "code": parcel.code,
        "lines": _line_records(parcel.lines),
        "terms": _term_records(parcel.terms),
    }
    if parcel.distance_km is not None:
        record["distance_km"] = parcel.distance_km + 0.0
    if parcel.late_days:
        record["late_days"] = parcel.late_days
    if parcel.expected_at is not None:
        record["expected_at"] = _moment_text(parcel.expected_at)
    return record


def _parcel_of(record: Mapping[str, Any]) -> Parcel:
    distance = record.get("distance_km")
    return Parcel(
        location_id=LocationId(UUID(record["location_id"])),
        code=record["code"],
        lines=_lines_of(record["lines"]),
        terms=_terms_of(record["terms"]),
        distance_km=None if distance is None else float(distance),
        late_days=record.get("late_days", 0),
        expected_at=_moment_of(record.get("expected_at")),
    )


def _line_records(lines: Sequence[ParcelLine]) -> list[list[Any]]:
    return [[_key(each.line_id), each.sku, each.quantity] for each in lines]


def _lines_of(records: Sequence[Sequence[Any]]) -> tuple[ParcelLine, ...]:
    return tuple(ParcelLine(OrderLineId(UUID(key)), Sku(sku), n) for key, sku, n in records)


def _term_records(terms: Sequence[CostTerm]) -> list[list[Any]]:
    return [[str(each.kind), each.amount_minor] for each in terms]


def _terms_of(records: Sequence[Sequence[Any]]) -> tuple[CostTerm, ...]:
    return tuple(CostTerm(CostKind(kind), amount) for kind, amount in records)


def _elimination_record(given: Elimination) -> list[Any]:
    return [
        _key(given.location_id),
        given.code,
        str(given.reason),
        given.rule,
        given.value,
        given.threshold,
    ]


def _elimination_of(record: Sequence[Any]) -> Elimination:
    key, code, reason, rule, value, threshold = record
    return Elimination(
        LocationId(UUID(key)), code, EliminationReason(reason), rule, value, threshold
    )
