"""What the outside may ask of rule sets."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

import strawberry
from strawberry import relay
from strawberry.types import get_object_definition
from strawberry.types.maybe import Some
from strawberry.utils.str_converters import to_camel_case

from domain.common.errors import ValidationFailed
from domain.sourcing.rules import commands
from domain.sourcing.rules.forms import rules_of
from domain.sourcing.rules.model import (
    MAX_LATE_DAYS,
    STANDARD_COSTS,
    CostSettings,
    RuleSetId,
    Scope,
)
from schema.catalog.enums import ChannelKind
from schema.ids import id_of
from schema.inputs import KEY, VERSION
from schema.locations.enums import LocationKind
from schema.orders.enums import DeliveryMode
from schema.sourcing.conditions import SourcingConditionInput, SourcingLocationConditionInput
from schema.sourcing.enums import EffectKind

RULE_SET = "The rule set."
_MINOR = "minor units, 0 to 1,000,000,000"


@strawberry.input(description="What follows for the lines and locations that a rule matches.")
class SourcingEffectInput:
    kind: EffectKind = strawberry.field(description="What follows.")
    value: int | None = strawberry.field(
        default=None,
        description="How much, as the kind says; left out for FORBID, REQUIRE and FORCE.",
    )


@strawberry.input(description="A rule: an effect for some lines at some locations.")
class SourcingRuleInput:
    name: str = strawberry.field(
        description="Name for people, 1 to 120 characters, once in a version."
    )
    effect: SourcingEffectInput = strawberry.field(description="What follows.")
    when: SourcingConditionInput | None = strawberry.field(
        default=None,
        description="The lines it is for; all when left out. For an effect on the whole order one "
        "line is enough.",
    )
    where: SourcingLocationConditionInput | None = strawberry.field(
        default=None,
        description="The locations it is for; all when left out. Not for CAP_PARCELS.",
    )


@strawberry.input(description="Handling costs at locations of a kind.")
class SourcingHandlingInput:
    kind: LocationKind = strawberry.field(description="The kind of location.")
    minor: int = strawberry.field(description=f"Per unit, {_MINOR}.")


@strawberry.input(description="What plans cost, in minor units of one currency.")
class SourcingCostsInput:
    currency: str = strawberry.field(
        default=STANDARD_COSTS.currency, description="ISO 4217 code of all amounts."
    )
    parcel_minor: int = strawberry.field(
        default=STANDARD_COSTS.parcel_minor, description=f"A parcel within a country, {_MINOR}."
    )
    parcel_abroad_minor: int = strawberry.field(
        default=STANDARD_COSTS.parcel_abroad_minor,
        description=f"A parcel to another country, {_MINOR}.",
    )
    per_kg_minor: int = strawberry.field(
        default=STANDARD_COSTS.per_kg_minor, description=f"Per kilogram sent, {_MINOR}."
    )
    per_100km_minor: int = strawberry.field(
        name="per100kmMinor",
        default=STANDARD_COSTS.per_100km_minor,
        description=f"Per parcel and 100 km, {_MINOR}.",
    )
    handling: list[SourcingHandlingInput] = strawberry.field(
        default_factory=list[SourcingHandlingInput],
        description="Handling by kind of location, each once; 0 for those left out.",
    )
    risk_minor: int = strawberry.field(
        default=STANDARD_COSTS.risk_minor,
        description=f"Per unit at a location without any trust, {_MINOR}; less in proportion.",
    )
    late_minor: int = strawberry.field(
        default=STANDARD_COSTS.late_minor,
        description="Per unit and begun day after the date that the order is wanted by, at most "
        f"{MAX_LATE_DAYS} days, {_MINOR}.",
    )
    unfilled_minor: int = strawberry.field(
        default=STANDARD_COSTS.unfilled_minor,
        description=f"Per unit that nobody serves, {_MINOR}.",
    )

    carrier_rates: bool = strawberry.field(
        default=STANDARD_COSTS.carrier_rates,
        description="Parcels cost what the carriers' rates in this currency say for the address: "
        "the price of the lightest parcel each, and by weight the difference to one parcel with "
        "all goods. `parcelMinor`, `parcelAbroadMinor`, `perKgMinor` and `per100kmMinor` count "
        "where there is no rate.",
    )

    def to_domain(self) -> CostSettings:
        """The costs, not yet checked.

        Raises:
            ValidationFailed: a kind of location comes twice.
        """
        handling = {each.kind.value: each.minor for each in self.handling}
        if len(handling) < len(self.handling):
            raise ValidationFailed("costs.handling", "must name each kind once")
        return CostSettings(
            currency=self.currency,
            parcel_minor=self.parcel_minor,
            parcel_abroad_minor=self.parcel_abroad_minor,
            per_kg_minor=self.per_kg_minor,
            per_100km_minor=self.per_100km_minor,
            handling_minor=handling,
            risk_minor=self.risk_minor,
            late_minor=self.late_minor,
            unfilled_minor=self.unfilled_minor,
            carrier_rates=self.carrier_rates,
        )


@strawberry.input(description="The orders that a rule set is for; what is left out is any.")
class SourcingScopeInput:
    channel: str | None = strawberry.field(default=None, description="Code of the channel.")
    country: str | None = strawberry.field(
        default=None, description="Country where the goods go (ISO 3166-1 alpha-2)."
    )
    order_type: ChannelKind | None = strawberry.field(
        default=None, description="Kind of the channel."
    )
    delivery_mode: DeliveryMode | None = strawberry.field(
        default=None, description="How the goods reach the customer."
    )

    def to_domain(self) -> Scope:
        """The scope, not yet checked."""
        return Scope(
            channel=self.channel,
            country=self.country,
            order_type=self.order_type and self.order_type.value,
            delivery_mode=self.delivery_mode and self.delivery_mode.value,
        )


@strawberry.input(description="A new rule set, without rules yet.")
class CreateRuleSetInput:
    idempotency_key: str = strawberry.field(description=KEY)
    name: str = strawberry.field(description="Unique name for people, 1 to 120 characters.")
    scope: SourcingScopeInput = strawberry.field(
        default_factory=SourcingScopeInput,
        description="The orders that it is for; never changes. Of the rule sets in force the one "
        "with the most precise scope counts for an order: channel before country before order type "
        "before delivery mode.",
    )

    def to_domain(self) -> commands.CreateRuleSet:
        """The command."""
        return commands.CreateRuleSet(self.idempotency_key, self.name, self.scope.to_domain())


@strawberry.input(description="The rules that shall count next, in place of those drafted before.")
class SaveRuleSetDraftInput:
    idempotency_key: str = strawberry.field(description=KEY)
    rule_set_id: relay.GlobalID = strawberry.field(description=RULE_SET)
    rules: list[SourcingRuleInput] = strawberry.field(description="At most 100, in order.")
    costs: SourcingCostsInput = strawberry.field(
        default_factory=SourcingCostsInput, description="What plans cost."
    )
    note: str = strawberry.field(
        default="", description="What it is about, for people; at most 2,000 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.SaveRuleSetDraft:
        """The command.

        Raises:
            ValidationFailed: for the path of a rule's part that is malformed.
        """
        return commands.SaveRuleSetDraft(
            idempotency_key=self.idempotency_key,
            rule_set_id=_rule_set_id(self.rule_set_id),
            rules=rules_of([_form(rule) for rule in self.rules]),
            costs=self.costs.to_domain(),
            note=self.note,
            expected_version=self.expected_version,
        )


@strawberry.input(description="The draft counts in a period.")
class ScheduleRuleSetInput:
    idempotency_key: str = strawberry.field(description=KEY)
    rule_set_id: relay.GlobalID = strawberry.field(description=RULE_SET)
    valid_from: datetime = strawberry.field(
        description="When it begins, not in the past: an instant with an offset, or a local time "
        "of the merchant without one, such as 2026-10-01T00:00:00. A local time that the clock "
        "skips is as much later as the clock jumps; of one that it shows twice the first counts."
    )
    valid_until: datetime | None = strawberry.field(
        default=None,
        description="When it ends, in the same form; until further notice when left out. The rules "
        "that it interrupts go on afterwards.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ScheduleRuleSet:
        """The command."""
        return commands.ScheduleRuleSet(
            idempotency_key=self.idempotency_key,
            rule_set_id=_rule_set_id(self.rule_set_id),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            expected_version=self.expected_version,
        )


@strawberry.input(description="The draft counts from now on.")
class ActivateRuleSetInput:
    idempotency_key: str = strawberry.field(description=KEY)
    rule_set_id: relay.GlobalID = strawberry.field(description=RULE_SET)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.ActivateRuleSet:
        """The command."""
        key = _rule_set_id(self.rule_set_id)
        return commands.ActivateRuleSet(self.idempotency_key, key, self.expected_version)


@strawberry.input(description="The rules that counted before those of now count again.")
class RollbackRuleSetInput:
    idempotency_key: str = strawberry.field(description=KEY)
    rule_set_id: relay.GlobalID = strawberry.field(description=RULE_SET)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.RollbackRuleSet:
        """The command."""
        key = _rule_set_id(self.rule_set_id)
        return commands.RollbackRuleSet(self.idempotency_key, key, self.expected_version)


@strawberry.input(description="No rules of the set count from now on.")
class RetireRuleSetInput:
    idempotency_key: str = strawberry.field(description=KEY)
    rule_set_id: relay.GlobalID = strawberry.field(description=RULE_SET)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.RetireRuleSet:
        """The command."""
        key = _rule_set_id(self.rule_set_id)
        return commands.RetireRuleSet(self.idempotency_key, key, self.expected_version)


def _rule_set_id(given: relay.GlobalID) -> RuleSetId:
    return RuleSetId(id_of(given, "RuleSet", "ruleSetId"))


def _form(given: object) -> Any:
    """An input as the JSON values that a client sent; what was left out is absent."""
    match given:
        case Some():
            return _form(given.value)
        case list():
            return [_form(each) for each in cast("list[object]", given)]
        case StrEnum():
            return given.value
        case date() | Decimal():
            return str(given)
        case str() | int() | None:
            return given
        case _:
            return dict(_fields(given))


def _fields(given: object) -> Iterator[tuple[str, Any]]:
    definition = get_object_definition(type(given), strict=True)
    for each in definition.fields:
        value: object = getattr(given, each.python_name)
        if value is not None:
            yield each.graphql_name or to_camel_case(each.python_name), _form(value)
