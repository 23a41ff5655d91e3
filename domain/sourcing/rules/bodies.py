"""The body of a version as JSON values: its rules, its costs and the zone of its dates. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from domain.common.errors import ValidationFailed
from domain.common.money import check_currency
from domain.locations.model import LocationKind
from domain.sourcing.rules.forms import Form, checked_rules, rule_form, rules_of
from domain.sourcing.rules.model import MAX_MINOR, CostSettings, Rule

_AMOUNTS = {
    "parcel_minor": "parcelMinor",
    "parcel_abroad_minor": "parcelAbroadMinor",
    "per_kg_minor": "perKgMinor",
    "per_100km_minor": "per100kmMinor",
    "risk_minor": "riskMinor",
    "late_minor": "lateMinor",
    "unfilled_minor": "unfilledMinor",
}
"""Fields of `CostSettings` that are amounts, and what clients call them."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a version says. Dates and weekdays of its rules are those of `time_zone`."""

    rules: tuple[Rule, ...]
    costs: CostSettings
    time_zone: str


def checked_costs(costs: CostSettings, path: str = "costs") -> CostSettings:
    """The costs themselves.

    Raises:
        ValidationFailed: the currency is none, a kind of location is unknown, or an amount is not 0
            to 1,000,000,000.
    """
    try:
        check_currency(costs.currency)
    except ValidationFailed as error:
        raise ValidationFailed(f"{path}.currency", error.reason) from error
    for name, shown in _AMOUNTS.items():
        _check_amount(f"{path}.{shown}", getattr(costs, name))
    for kind, amount in costs.handling_minor.items():
        if kind not in frozenset(LocationKind):
            raise ValidationFailed(f"{path}.handling", f"{kind} is no kind of location")
        _check_amount(f"{path}.handling", amount)
    return replace(costs, handling_minor=dict(sorted(costs.handling_minor.items())))


def checked_body(body: Body) -> Body:
    """The body in normal form.

    Raises:
        ValidationFailed: see `rules_of` and `checked_costs`.
    """
    return replace(body, rules=checked_rules(body.rules), costs=checked_costs(body.costs))


def body_form(body: Body) -> Form:
    """The body as JSON values: what `body_of` reads."""
    return {
        "rules": [rule_form(rule) for rule in body.rules],
        "costs": asdict(body.costs),
        "time_zone": body.time_zone,
    }


def body_of(form: Mapping[str, Any]) -> Body:
    """The body that was stored."""
    rules: Sequence[Mapping[str, Any]] = form["rules"]
    known = {each.name for each in fields(CostSettings)}
    costs = {name: value for name, value in form["costs"].items() if name in known}
    return Body(rules_of(rules), CostSettings(**costs), form["time_zone"])


def _check_amount(path: str, amount: int) -> None:
    if not 0 <= amount <= MAX_MINOR:
        raise ValidationFailed(path, f"must be 0 to {MAX_MINOR}")
