"""Rules as JSON values: nothing is lost on the way, and what is malformed is named by its path."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given

from domain.common.errors import ValidationFailed
from domain.orders.states import DeliveryMode
from domain.sourcing.rules.bodies import Body, body_form, body_of, checked_body, checked_costs
from domain.sourcing.rules.conditions import ALWAYS, EVERYWHERE, Condition, LocationCondition
from domain.sourcing.rules.forms import rule_form, rules_of
from domain.sourcing.rules.model import DELIVERY_MODES, STANDARD_COSTS, EffectKind
from domain.sourcing.rules.ready_made import ready_made
from tests.domain.sourcing.rules.making import conditions, location_conditions, rule


def form(**changes: Any) -> dict[str, Any]:
    """A rule as clients send it."""
    return {"name": "R", "effect": {"kind": "FORBID"}} | changes


@given(conditions, location_conditions)
def test_what_is_written_is_read_as_it_was(when: Condition, where: LocationCondition) -> None:
    written = rule(EffectKind.FORBID, when=when, where=where)
    sent = orjson.loads(orjson.dumps(rule_form(written)))
    assert rules_of([sent]) == (written,)


def test_what_is_left_out_is_always_and_everywhere() -> None:
    (read,) = rules_of([form(when=None)])
    assert (read.when, read.where) == (ALWAYS, EVERYWHERE)


def test_lists_and_names_come_to_a_normal_form() -> None:
    given = form(
        name="  a  b ", when={"sku": {"in": ["B", "A", "B"]}}, where={"trust": {"below": 1}}
    )
    (read,) = rules_of([given])
    assert rule_form(read) == {
        "name": "a b",
        "when": {"sku": {"in": ["A", "B"]}},
        "where": {"trust": {"below": "1.00"}},
        "effect": {"kind": "FORBID", "value": None},
    }


def nested(levels: int, inner: Any) -> Any:
    """A condition of so many levels."""
    return inner if levels == 1 else {"not": nested(levels - 1, inner)}


HAT: dict[str, Any] = {"sku": {"in": ["HAT"]}}


def test_a_condition_may_have_8_levels_and_100_parts() -> None:
    rules_of([form(when=nested(8, HAT))])
    rules_of([form(when={"all": [HAT] * 99})])
    rules_of([form(name=str(n)) for n in range(100)])


@pytest.mark.parametrize(
    ("when", "path"),
    [
        (5, ""),
        ({}, ""),
        (HAT | {"channel": {"in": ["WEB"]}}, ""),
        ({"colour": {"in": ["red"]}}, ".colour"),
        ({"all": HAT}, ".all"),
        ({"any": []}, ".any"),
        ({"all": [HAT, {"skuTags": {"hasAny": []}}]}, ".all.1.skuTags"),
        ({"all": [{"skuTags": {"hasAny": ["Hot Item"]}}]}, ".all.0.skuTags"),
        ({"skuTags": {"hasAny": ["a"], "hasAll": ["b"]}}, ".skuTags"),
        ({"skuTags": {"has": ["a"]}}, ".skuTags"),
        ({"not": {"any": [HAT, {"sku": {"in": [" "]}}]}}, ".not.any.1.sku"),
        ({"sku": {"in": []}}, ".sku"),
        ({"sku": {"in": [f"S{n}" for n in range(501)]}}, ".sku"),
        ({"sku": {"in": [7]}}, ".sku"),
        ({"sku": ["HAT"]}, ".sku"),
        ({"channel": {"in": ["a b"]}}, ".channel"),
        ({"country": {"notIn": ["XX"]}}, ".country"),
        ({"orderType": {"in": ["FAX"]}}, ".orderType"),
        ({"deliveryMode": {"in": ["DRONE"]}}, ".deliveryMode"),
        ({"weightG": {}}, ".weightG"),
        ({"weightG": {"atLeast": None}}, ".weightG"),
        ({"weightG": {"above": 1}}, ".weightG"),
        ({"weightG": {"atLeast": 5, "atMost": 4}}, ".weightG"),
        ({"quantity": {"atLeast": -1}}, ".quantity"),
        ({"quantity": {"atMost": True}}, ".quantity"),
        ({"orderUnits": {"atMost": 10**10}}, ".orderUnits"),
        ({"weekday": []}, ".weekday"),
        ({"weekday": [0]}, ".weekday"),
        ({"weekday": [8]}, ".weekday"),
        ({"date": {}}, ".date"),
        ({"date": {"from": "1 October"}}, ".date"),
        ({"date": {"from": "2026-10-02", "until": "2026-10-01"}}, ".date"),
        (nested(9, HAT), ".not" * 8),
        ({"all": [HAT] * 100}, ".all.99"),
    ],
)  # fmt: skip
def test_malformed_conditions_are_named_by_their_path(when: Any, path: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        rules_of([form(name="A"), form(name="B"), form(when=when)])
    assert error.value.field == f"rules.2.when{path}"


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ({"sku": {"in": ["HAT"]}}, ".sku"),
        ({"code": {"in": ["?"]}}, ".code"),
        ({"kind": {"in": ["SHED"]}}, ".kind"),
        ({"country": {"in": ["Italy"]}}, ".country"),
        ({"destination": "MOON"}, ".destination"),
        ({"destination": ["SAME_COUNTRY"]}, ".destination"),
        ({"tags": {"hasNone": []}}, ".tags"),
        ({"trust": {"atLeast": "1.01"}}, ".trust"),
        ({"trust": {"atLeast": "much"}}, ".trust"),
        ({"trust": {"below": "NaN"}}, ".trust"),
        ({"trust": {"atLeast": "0.5", "below": "0.5"}}, ".trust"),
        ({"distanceKm": {"atMost": 20_041}}, ".distanceKm"),
        ({"home": "yes"}, ".home"),
        ({"all": [{"not": {"home": 1}}]}, ".all.0.not.home"),
    ],
)
def test_malformed_location_conditions_are_named_by_their_path(where: Any, path: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        rules_of([form(where=where)])
    assert error.value.field == f"rules.0.where{path}"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": None}, "name"),
        ({"effect": None}, "effect"),
        ({"effect": {"kind": "BURN"}}, "effect.kind"),
        ({"effect": {"kind": "FORBID", "value": 1}}, "effect.value"),
        ({"effect": {"kind": "FORCE", "value": 0}}, "effect.value"),
        ({"effect": {"kind": "PREFER"}}, "effect.value"),
        ({"effect": {"kind": "PREFER", "value": -1_000_000_001}}, "effect.value"),
        ({"effect": {"kind": "MARKDOWN", "value": -1}}, "effect.value"),
        ({"effect": {"kind": "CAP_PARCELS", "value": 0}}, "effect.value"),
        ({"effect": {"kind": "CAP_CAPACITY", "value": True}}, "effect.value"),
        ({"effect": {"kind": "CAP_SHARE", "value": 101}}, "effect.value"),
        ({"effect": {"kind": "CAP_PARCELS", "value": 1}, "where": {"home": True}}, "where"),
    ],
)
def test_malformed_rules_are_named_by_their_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        rules_of([form(**changes)])
    assert error.value.field == f"rules.0.{path}"


def test_names_are_given_once_and_rules_are_100_at_most() -> None:
    with pytest.raises(ValidationFailed) as error:
        rules_of([form(), form(name="r"), form(name=" R ")])
    assert error.value.field == "rules.2.name"
    with pytest.raises(ValidationFailed) as error:
        rules_of([form(name=str(n)) for n in range(101)])
    assert error.value.field == "rules"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "euro"}, "costs.currency"),
        ({"parcel_minor": -1}, "costs.parcelMinor"),
        ({"parcel_abroad_minor": 10**10}, "costs.parcelAbroadMinor"),
        ({"per_100km_minor": -1}, "costs.per100kmMinor"),
        ({"late_minor": -1}, "costs.lateMinor"),
        ({"unfilled_minor": -1}, "costs.unfilledMinor"),
        ({"handling_minor": {"SHED": 1}}, "costs.handling"),
        ({"handling_minor": {"DC": -1}}, "costs.handling"),
    ],
)
def test_malformed_costs_are_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        checked_costs(replace(STANDARD_COSTS, **changes))
    assert error.value.field == field


def test_a_body_is_read_as_it_was_written() -> None:
    costs = replace(STANDARD_COSTS, currency="CHF", handling_minor={"STORE": 7, "DC": 3})
    rules = tuple(each for policy in ready_made() for each in policy.rules)
    body = checked_body(Body(rules, costs, "Europe/Zurich"))
    assert body_of(orjson.loads(orjson.dumps(body_form(body)))) == body


def test_ready_made_policies_are_in_normal_form() -> None:
    for policy in ready_made("DE"):
        body = Body(policy.rules, policy.costs, "Europe/Berlin")
        assert checked_body(body) == body, policy.key
    assert len({policy.key for policy in ready_made()}) == 7


def test_delivery_modes_are_those_of_orders() -> None:
    assert set(DeliveryMode) == DELIVERY_MODES
