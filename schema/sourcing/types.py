"""Rule sets as staff sees them."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from domain.identity.model import STAFF
from domain.sourcing.rules import model
from domain.sourcing.rules.forms import rule_form
from domain.sourcing.rules.ready_made import ReadyMade
from schema.access import access
from schema.catalog.enums import ChannelKind
from schema.ids import global_id
from schema.locations.enums import LocationKind
from schema.orders.enums import DeliveryMode
from schema.sourcing.enums import EffectKind, RuleSetStatus


@access(*STAFF)
@strawberry.type(description="What follows for the lines and locations that a rule matches.")
class SourcingEffect:
    """Twin of domain Effect."""

    kind: EffectKind = strawberry.field(description="What follows.")
    value: int | None = strawberry.field(description="How much, as the kind says.")


@access(*STAFF)
@strawberry.type(description="A rule: an effect for some lines at some locations.")
class SourcingRule:
    """Twin of domain Rule."""

    name: str = strawberry.field(description="Name for people.")
    when: JSON = strawberry.field(
        description="The lines it is for, in the form of `SourcingConditionInput`."
    )
    where: JSON = strawberry.field(
        description="The locations it is for, in the form of `SourcingLocationConditionInput`."
    )
    effect: SourcingEffect = strawberry.field(description="What follows.")

    @staticmethod
    def of(rule: model.Rule) -> "SourcingRule":
        """The twin."""
        form = rule_form(rule)
        return SourcingRule(
            name=rule.name,
            when=form["when"],
            where=form["where"],
            effect=SourcingEffect(kind=rule.effect.kind, value=rule.effect.value),
        )


@access(*STAFF)
@strawberry.type(description="Handling costs at locations of a kind.")
class SourcingHandling:
    kind: LocationKind = strawberry.field(description="The kind of location.")
    minor: int = strawberry.field(description="Per unit, minor units.")


@access(*STAFF)
@strawberry.type(description="What plans cost, in minor units of one currency.")
class SourcingCosts:
    """Twin of domain CostSettings."""

    currency: str = strawberry.field(description="ISO 4217 code of all amounts.")
    parcel_minor: int = strawberry.field(description="A parcel within a country.")
    parcel_abroad_minor: int = strawberry.field(description="A parcel to another country.")
    per_kg_minor: int = strawberry.field(description="Per kilogram sent.")
    per_100km_minor: int = strawberry.field(
        name="per100kmMinor", description="Per parcel and 100 km."
    )
    handling: list[SourcingHandling] = strawberry.field(
        description="Handling by kind of location; 0 for those left out."
    )
    risk_minor: int = strawberry.field(
        description="Per unit at a location without any trust; less in proportion."
    )
    late_minor: int = strawberry.field(
        description="Per unit and begun day after the date that the order is wanted by."
    )
    unfilled_minor: int = strawberry.field(description="Per unit that nobody serves.")
    carrier_rates: bool = strawberry.field(
        description="Whether parcels cost what the carriers' rates say, where there is one."
    )

    @staticmethod
    def of(costs: model.CostSettings) -> "SourcingCosts":
        """The twin."""
        return SourcingCosts(
            currency=costs.currency,
            parcel_minor=costs.parcel_minor,
            parcel_abroad_minor=costs.parcel_abroad_minor,
            per_kg_minor=costs.per_kg_minor,
            per_100km_minor=costs.per_100km_minor,
            handling=[
                SourcingHandling(kind=LocationKind(kind), minor=minor)
                for kind, minor in sorted(costs.handling_minor.items())
            ],
            risk_minor=costs.risk_minor,
            late_minor=costs.late_minor,
            unfilled_minor=costs.unfilled_minor,
            carrier_rates=costs.carrier_rates,
        )


@access(*STAFF)
@strawberry.type(description="The orders that a rule set is for; null is any.")
class SourcingScope:
    """Twin of domain Scope."""

    channel: str | None = strawberry.field(description="Code of the channel.")
    country: str | None = strawberry.field(description="Country where the goods go.")
    order_type: ChannelKind | None = strawberry.field(description="Kind of the channel.")
    delivery_mode: DeliveryMode | None = strawberry.field(
        description="How the goods reach the customer."
    )

    @staticmethod
    def of(scope: model.Scope) -> "SourcingScope":
        """The twin."""
        return SourcingScope(
            channel=scope.channel,
            country=scope.country,
            order_type=ChannelKind(scope.order_type) if scope.order_type else None,
            delivery_mode=DeliveryMode(scope.delivery_mode) if scope.delivery_mode else None,
        )


@access(*STAFF)
@strawberry.type(description="A version of a rule set; only a draft changes.")
class RuleSetVersion:
    """Twin of domain RuleSetVersion."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    number: int = strawberry.field(description="1 for the first version of the set.")
    status: RuleSetStatus = strawberry.field(description="Where it stands now.")
    rules: list[SourcingRule] = strawberry.field(description="Its rules, in order.")
    costs: SourcingCosts = strawberry.field(description="What plans cost.")
    time_zone: str = strawberry.field(
        description="IANA time zone of the dates and weekdays in its rules."
    )
    valid_from: datetime | None = strawberry.field(
        description="When it begins to count (UTC); null for a draft."
    )
    valid_until: datetime | None = strawberry.field(
        description="When it stops (UTC); null until further notice."
    )
    retired_at: datetime | None = strawberry.field(
        description="When its end was brought forward, or it was withdrawn (UTC)."
    )
    author: str = strawberry.field(description="Who wrote it.")
    note: str = strawberry.field(description="What it is about; may be empty.")
    created_at: datetime = strawberry.field(description="When it was written (UTC).")

    @staticmethod
    def of(version: model.RuleSetVersion) -> "RuleSetVersion":
        """The twin."""
        return RuleSetVersion(
            id=global_id("RuleSetVersion", version.id),
            number=version.number,
            status=version.status,
            rules=[SourcingRule.of(rule) for rule in version.rules],
            costs=SourcingCosts.of(version.costs),
            time_zone=version.time_zone,
            valid_from=version.valid_from,
            valid_until=version.valid_until,
            retired_at=version.retired_at,
            author=version.author,
            note=version.note,
            created_at=version.created_at,
        )


@access(*STAFF)
@strawberry.type(description="A named set of sourcing rules for the orders of its scope.")
class RuleSet:
    """Twin of domain RuleSet."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    name: str = strawberry.field(description="Unique name for people.")
    scope: SourcingScope = strawberry.field(description="The orders that it is for.")
    created_at: datetime = strawberry.field(description="When it was created (UTC).")
    updated_at: datetime = strawberry.field(description="Last change (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    versions: list[RuleSetVersion] = strawberry.field(
        description="All versions of its rules, the newest first."
    )

    @strawberry.field(description="The version that counts now, if any does.")
    def active(self) -> RuleSetVersion | None:
        return self._first(RuleSetStatus.ACTIVE)

    @strawberry.field(description="What is drafted to count next, if anything is.")
    def draft(self) -> RuleSetVersion | None:
        return self._first(RuleSetStatus.DRAFT)

    def _first(self, status: RuleSetStatus) -> RuleSetVersion | None:
        return next((each for each in self.versions if each.status is status), None)

    @staticmethod
    def of(rule_set: model.RuleSet, versions: Sequence[model.RuleSetVersion]) -> "RuleSet":
        """The twin."""
        return RuleSet(
            id=global_id("RuleSet", rule_set.id),
            name=rule_set.name,
            scope=SourcingScope.of(rule_set.scope),
            created_at=rule_set.created_at,
            updated_at=rule_set.updated_at,
            version=rule_set.version,
            versions=[RuleSetVersion.of(each) for each in versions],
        )


@access(*STAFF)
@strawberry.type(
    description="A policy that many retailers want: scope, rules, costs and note can be sent as "
    "they are, to create a rule set and to save its draft."
)
class ReadyMadeRuleSet:
    """Twin of domain ReadyMade."""

    key: str = strawberry.field(description="Stable name, for programs.")
    name: str = strawberry.field(description="Name for people.")
    note: str = strawberry.field(description="What it does, and which tags it needs.")
    scope: SourcingScope = strawberry.field(description="The orders that it is for.")
    rules: list[SourcingRule] = strawberry.field(description="Its rules, in order.")
    costs: SourcingCosts = strawberry.field(description="What plans cost.")

    @staticmethod
    def of(given: ReadyMade) -> "ReadyMadeRuleSet":
        """The twin."""
        return ReadyMadeRuleSet(
            key=given.key,
            name=given.name,
            note=given.note,
            scope=SourcingScope.of(given.scope),
            rules=[SourcingRule.of(rule) for rule in given.rules],
            costs=SourcingCosts.of(given.costs),
        )
