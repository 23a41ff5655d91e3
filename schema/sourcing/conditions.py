"""What rules may ask of orders and locations, as inputs; all of them trees of named predicates."""

from datetime import date
from decimal import Decimal

import strawberry

from schema.catalog.enums import ChannelKind
from schema.locations.enums import LocationKind
from schema.orders.enums import DeliveryMode
from schema.sourcing.enums import Destination

_IN = "One of these, 1 to 500."
_NOT_IN = "None of these, 1 to 500."
_ALL = "All of these; without any it is always true."
_ANY = "One of these at least."


@strawberry.input(description="A list to be in or not in: give exactly one.", one_of=True)
class SourcingTextsInput:
    in_: strawberry.Maybe[list[str]] = strawberry.field(name="in", default=None, description=_IN)
    not_in: strawberry.Maybe[list[str]] = strawberry.field(default=None, description=_NOT_IN)


@strawberry.input(description="Kinds of channels to be in or not in.", one_of=True)
class SourcingOrderTypesInput:
    in_: strawberry.Maybe[list[ChannelKind]] = strawberry.field(
        name="in", default=None, description=_IN
    )
    not_in: strawberry.Maybe[list[ChannelKind]] = strawberry.field(
        default=None, description=_NOT_IN
    )


@strawberry.input(description="Delivery modes to be in or not in.", one_of=True)
class SourcingDeliveryModesInput:
    in_: strawberry.Maybe[list[DeliveryMode]] = strawberry.field(
        name="in", default=None, description=_IN
    )
    not_in: strawberry.Maybe[list[DeliveryMode]] = strawberry.field(
        default=None, description=_NOT_IN
    )


@strawberry.input(description="Kinds of locations to be in or not in.", one_of=True)
class SourcingLocationKindsInput:
    in_: strawberry.Maybe[list[LocationKind]] = strawberry.field(
        name="in", default=None, description=_IN
    )
    not_in: strawberry.Maybe[list[LocationKind]] = strawberry.field(
        default=None, description=_NOT_IN
    )


@strawberry.input(description="How tags compare with a list, 1 to 50 tags.", one_of=True)
class SourcingTagsInput:
    has_any: strawberry.Maybe[list[str]] = strawberry.field(
        default=None, description="It has one of these at least."
    )
    has_all: strawberry.Maybe[list[str]] = strawberry.field(
        default=None, description="It has all of these."
    )
    has_none: strawberry.Maybe[list[str]] = strawberry.field(
        default=None, description="It has none of these."
    )


@strawberry.input(description="Limits, both included; one of them at least.")
class SourcingLimitsInput:
    at_least: int | None = strawberry.field(default=None, description="Not less than this.")
    at_most: int | None = strawberry.field(default=None, description="Not more than this.")


@strawberry.input(description="Days of the merchant's calendar, both included; one at least.")
class SourcingDatesInput:
    from_: date | None = strawberry.field(name="from", default=None, description="The first day.")
    until: date | None = strawberry.field(default=None, description="The last day.")


@strawberry.input(description="Limits of trust, 0 to 1, two decimals; one of them at least.")
class SourcingTrustInput:
    at_least: Decimal | None = strawberry.field(default=None, description="Not less than this.")
    below: Decimal | None = strawberry.field(default=None, description="Less than this.")


@strawberry.input(
    description="What a rule asks of an order and one of its lines: give exactly one. At most 8 "
    "levels and 100 parts.",
    one_of=True,
)
class SourcingConditionInput:
    all_: "strawberry.Maybe[list[SourcingConditionInput]]" = strawberry.field(
        name="all", default=None, description=_ALL
    )
    any_: "strawberry.Maybe[list[SourcingConditionInput]]" = strawberry.field(
        name="any", default=None, description=_ANY
    )
    not_: "strawberry.Maybe[SourcingConditionInput]" = strawberry.field(
        name="not", default=None, description="Not this."
    )
    channel: strawberry.Maybe[SourcingTextsInput] = strawberry.field(
        default=None, description="Code of the order's channel."
    )
    country: strawberry.Maybe[SourcingTextsInput] = strawberry.field(
        default=None, description="Country where the goods go (ISO 3166-1 alpha-2)."
    )
    order_type: strawberry.Maybe[SourcingOrderTypesInput] = strawberry.field(
        default=None, description="Kind of the order's channel."
    )
    delivery_mode: strawberry.Maybe[SourcingDeliveryModesInput] = strawberry.field(
        default=None, description="How the goods reach the customer."
    )
    sku: strawberry.Maybe[SourcingTextsInput] = strawberry.field(
        default=None, description="SKU of the line."
    )
    sku_tags: strawberry.Maybe[SourcingTagsInput] = strawberry.field(
        default=None, description="Tags of the line's SKU."
    )
    weight_g: strawberry.Maybe[SourcingLimitsInput] = strawberry.field(
        default=None, description="Weight of one unit of the line, grams."
    )
    quantity: strawberry.Maybe[SourcingLimitsInput] = strawberry.field(
        default=None, description="Units of the line that are decided about."
    )
    order_units: strawberry.Maybe[SourcingLimitsInput] = strawberry.field(
        default=None, description="Units of all lines that are decided about."
    )
    weekday: strawberry.Maybe[list[int]] = strawberry.field(
        default=None,
        description="Days of the decision in the merchant's calendar: 1 (Monday) to 7 (Sunday).",
    )
    date: strawberry.Maybe[SourcingDatesInput] = strawberry.field(
        default=None, description="Day of the decision in the merchant's calendar."
    )


@strawberry.input(
    description="What a rule asks of a location: give exactly one. At most 8 levels and 100 parts.",
    one_of=True,
)
class SourcingLocationConditionInput:
    all_: "strawberry.Maybe[list[SourcingLocationConditionInput]]" = strawberry.field(
        name="all", default=None, description=_ALL
    )
    any_: "strawberry.Maybe[list[SourcingLocationConditionInput]]" = strawberry.field(
        name="any", default=None, description=_ANY
    )
    not_: "strawberry.Maybe[SourcingLocationConditionInput]" = strawberry.field(
        name="not", default=None, description="Not this."
    )
    code: strawberry.Maybe[SourcingTextsInput] = strawberry.field(
        default=None, description="Its code."
    )
    kind: strawberry.Maybe[SourcingLocationKindsInput] = strawberry.field(
        default=None, description="What it is to the retailer."
    )
    country: strawberry.Maybe[SourcingTextsInput] = strawberry.field(
        default=None, description="Country where it is (ISO 3166-1 alpha-2)."
    )
    destination: strawberry.Maybe[Destination] = strawberry.field(
        default=None, description="Where it is, seen from where the goods go."
    )
    tags: strawberry.Maybe[SourcingTagsInput] = strawberry.field(
        default=None, description="Its tags."
    )
    trust: strawberry.Maybe[SourcingTrustInput] = strawberry.field(
        default=None, description="Trust in its stock figures."
    )
    distance_km: strawberry.Maybe[SourcingLimitsInput] = strawberry.field(
        default=None,
        description="Kilometres to where the goods go, 0 to 20,040; never true when that is "
        "not known.",
    )
    home: strawberry.Maybe[bool] = strawberry.field(
        default=None, description="Whether it is the store where the goods are collected."
    )
