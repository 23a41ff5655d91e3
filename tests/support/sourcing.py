"""Questions for sourcing, as tests ask them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from domain.common.ids import ChannelCode, LocationId, OrderLineId, Sku
from domain.sourcing.model import Candidate, Circumstances, Place, Question, Wanted
from domain.sourcing.rules.model import (
    STANDARD_COSTS,
    Rule,
    RuleSetId,
    RuleSetStatus,
    RuleSetVersion,
    RuleSetVersionId,
    Scope,
)

ROME, MILAN, MADRID = Place(41.9028, 12.4964), Place(45.4642, 9.19), Place(40.4168, -3.7038)
NOW = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)


def place_id(code: str) -> LocationId:
    """The id of a location, the same for the same code."""
    return LocationId(uuid5(NAMESPACE_URL, code))


def line_id(number: int) -> OrderLineId:
    """The id of a line, the same for the same number."""
    return OrderLineId(uuid5(NAMESPACE_URL, f"line {number}"))


def candidate(
    code: str, place: Place = ROME, stock: dict[str, int] | None = None, **facts: Any
) -> Candidate:
    """A location with units by SKU."""
    given: dict[str, Any] = {"priority": 1, "kind": "STORE", "country": "IT", **facts}
    skus = {Sku(sku): units for sku, units in (stock or {}).items()}
    return Candidate(place_id(code), code, place, available=skus, **given)


def wanted(number: int, quantity: int, *skus: str, **traits: Any) -> Wanted:
    """Units of a line; of several SKUs, one of each makes the kit."""
    return Wanted(
        line_id(number),
        quantity,
        {Sku(sku): 1 for sku in skus},
        sku=Sku("+".join(skus)),
        **traits,
    )


def version(*rules: Rule, **given: Any) -> RuleSetVersion:
    """Version 1 of a rule set for all orders, in force."""
    facts: dict[str, Any] = {
        "id": RuleSetVersionId(uuid5(NAMESPACE_URL, "version")),
        "rule_set_id": RuleSetId(uuid5(NAMESPACE_URL, "rules")),
        "name": "rules", "scope": Scope(), "number": 1, "rules": rules, "costs": STANDARD_COSTS,
        "status": RuleSetStatus.ACTIVE, "valid_from": NOW, "valid_until": None, "author": "ADMIN",
        "note": "", "created_at": NOW, **given,
    }  # fmt: skip
    return RuleSetVersion(**facts)


def question(
    lines: Sequence[Wanted],
    candidates: Sequence[Candidate],
    near: Place | None = ROME,
    **circumstances: Any,
) -> Question:
    """A web order to Italy, unless told otherwise."""
    given: dict[str, Any] = {
        "channel": ChannelCode("WEB"), "order_type": "WEB", "country": "IT",
        "delivery_mode": "SHIP", "at": NOW, "near": near, **circumstances,
    }  # fmt: skip
    return Question(Circumstances(**given), tuple(lines), tuple(candidates))
