"""Which ways of delivery come into question, by whatever policy chooses locations."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from domain.common.ids import ChannelCode, LocationId, OrderLineId, Sku
from domain.orders.options.planning import MAX_STORES, MAX_TRIED, Cart, planned
from domain.orders.states import DeliveryMode
from domain.sourcing.deciding import RuledPolicy
from domain.sourcing.model import Plan, Question, Wanted
from domain.stock.repository import CandidateLevel

HAT = Sku("HAT")
LINE = Wanted(OrderLineId(UUID(int=9)), 2, {HAT: 1}, HAT)


def place(number: int) -> LocationId:
    return LocationId(UUID(int=number))


def level(number: int, available: int = 2, *, kind: str = "STORE") -> CandidateLevel:
    """What the store of that number has; the higher, the farther north."""
    return CandidateLevel(
        sku=HAT,
        location_id=place(number),
        code=f"S{number:03}",
        kind=kind,
        country="IT",
        latitude=float(number) / 10,
        longitude=0.0,
        priority=100,
        can_ship=True,
        can_pickup=True,
        cut_off=None,
        time_zone="Europe/Rome",
        opening_hours=[],
        daily_capacity=None,
        trust=Decimal(1),
        tags=[],
        channel_kind="WEB",
        available=available,
    )


@dataclass
class Barring:
    """A policy that is against some stores, and notes what it was asked."""

    barred: Collection[LocationId] = ()
    asked: list[Question] = field(default_factory=list[Question])

    def plan(self, question: Question) -> Plan:
        self.asked.append(question)
        able = [each for each in question.candidates if each.location_id not in self.barred]
        return RuledPolicy().plan(replace(question, candidates=able))

    def forced(self, question: Question, location_id: LocationId) -> Plan:
        return RuledPolicy().forced(question, location_id)


def cart(*levels: CandidateLevel, policy: Barring) -> Cart:
    return Cart(
        channel=ChannelCode("WEB"),
        wanted=[LINE],
        address=None,
        near=None,
        store=None,
        levels=levels,
        works={},
        policy=policy,
        now=datetime(2026, 6, 1, tzinfo=UTC),
    )


def test_stores_that_the_policy_is_against_are_passed_over() -> None:
    policy = Barring(barred=[place(1), place(3)])
    found = planned(cart(*[level(number) for number in range(1, 12)], policy=policy))
    assert [each.store_id for each in found] == [place(n) for n in (2, 4, 5, 6, 7)]
    assert {each.mode for each in found} == {DeliveryMode.PICKUP}
    assert len(found) == MAX_STORES
    assert len(policy.asked) == 7
    question = policy.asked[1].circumstances
    assert (question.delivery_mode, question.country, question.near) == ("PICKUP", "IT", None)
    assert question.order_type == "WEB"


def test_no_more_plans_are_made_than_a_few() -> None:
    policy = Barring(barred=[place(number) for number in range(1, 99)])
    assert planned(cart(*[level(number) for number in range(1, 99)], policy=policy)) == []
    assert len(policy.asked) == MAX_TRIED


def test_no_plan_is_made_for_a_store_that_misses_something_or_is_a_supplier() -> None:
    policy = Barring()
    short, supplier = level(1, available=1), level(2, kind="SUPPLIER")
    found = planned(cart(short, supplier, level(3), policy=policy))
    assert [each.store_id for each in found] == [place(3)]
    assert len(policy.asked) == 1
