"""What sourcing is asked about an order. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.common.ids import ChannelCode, LocationId, Sku
from domain.orders.candidates import Found
from domain.orders.candidates import near as point_named
from domain.orders.commands import Delivery
from domain.orders.model import Line
from domain.sourcing.model import Circumstances, Place, Question, Trigger, Wanted


class HasTraits(Protocol):
    """A variant, as far as it decides from where it is sent."""

    @property
    def tags(self) -> Collection[str]:
        """Its tags."""
        ...

    @property
    def weight_g(self) -> int:
        """What a unit weighs, in grams."""
        ...


def question_of(
    channel: ChannelCode,
    country: str,
    delivery: Delivery,
    wanted: Sequence[Wanted],
    found: Found,
    at: datetime,
    *,
    near: Place | None = None,
    deliver_by: datetime | None = None,
    ship_complete: bool = False,
    trigger: Trigger = Trigger.NEW,
    failed: Collection[LocationId] = (),
) -> Question:
    """Who of `found` is to serve what; `country` is where the goods go, and `near` about where
    there, which counts for addresses without coordinates.
    """
    circumstances = Circumstances(
        channel=channel,
        order_type=found.order_type,
        country=country,
        delivery_mode=delivery.mode.value,
        at=at,
        near=point_named(delivery.address) or near,
        ship_complete=ship_complete,
        deliver_by=deliver_by,
        postal_code="" if delivery.address is None else delivery.address.postal_code,
    )
    return Question(circumstances, wanted, found.candidates, tuple(sorted(failed)), trigger)


def wanted_of(lines: Iterable[tuple[Line, int]], traits: Mapping[Sku, HasTraits]) -> list[Wanted]:
    """The units wanted of each line, with what rules and costs ask of the variant."""
    return [
        Wanted(
            line_id=line.id,
            quantity=units,
            components=line.components,
            sku=line.sku,
            tags=frozenset(traits[line.sku].tags),
            weight_g=traits[line.sku].weight_g,
        )
        for line, units in lines
    ]
