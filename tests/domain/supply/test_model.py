"""Available to promise over time, against a slow and simple reading of its formula."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import LocationId, OrderId, OrderLineId, Sku
from domain.supply.model import (
    Dated,
    Inbound,
    InboundId,
    InboundSource,
    Promise,
    PromiseId,
    atp_at,
    atp_curve,
    cuts,
    of_kit,
    on_curve,
    summed,
)

DAY_ZERO = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = range(8)


def day(number: int) -> datetime:
    return DAY_ZERO + timedelta(days=number)


DATED = st.lists(st.builds(Dated, st.sampled_from([day(n) for n in DAYS]), st.integers(0, 9)))
PHYSICAL = st.integers(0, 9)


def brute_force(
    physical: int, supplies: list[Dated], commitments: list[Dated], at: datetime
) -> int:
    """The formula, word for word, over all days."""
    rest = (balance(physical, supplies, commitments, day(n)) for n in DAYS if day(n) >= at)
    return max(0, min(rest))


def balance(physical: int, supplies: list[Dated], commitments: list[Dated], at: datetime) -> int:
    """What is there and comes until then, less what is promised until then."""
    coming = sum(each.quantity for each in supplies if each.at <= at)
    return physical + coming - sum(each.quantity for each in commitments if each.at <= at)


@given(PHYSICAL, DATED, DATED, st.sampled_from(DAYS))
def test_atp_is_the_formula(
    physical: int, supplies: list[Dated], commitments: list[Dated], number: int
) -> None:
    at = day(number)
    expected = brute_force(physical, supplies, commitments, at)
    assert atp_at(physical, supplies, commitments, at) == expected


@given(PHYSICAL, DATED, DATED)
def test_the_curve_is_the_formula_at_every_moment(
    physical: int, supplies: list[Dated], commitments: list[Dated]
) -> None:
    curve = atp_curve(physical, supplies, commitments, day(0))
    shown = [on_curve(curve, day(n)) for n in DAYS]
    assert shown == [brute_force(physical, supplies, commitments, day(n)) for n in DAYS]
    assert shown == sorted(shown)
    assert len({each.quantity for each in curve}) == len(curve)


@given(PHYSICAL, DATED, DATED, st.sampled_from(DAYS))
def test_promising_all_of_it_leaves_nothing_and_breaks_no_other_promise(
    physical: int, supplies: list[Dated], commitments: list[Dated], number: int
) -> None:
    at = day(number)
    units = atp_at(physical, supplies, commitments, at)
    more = [*commitments, Dated(at, units)]
    assert atp_at(physical, supplies, more, at) == 0
    before = [min(0, balance(physical, supplies, commitments, day(n))) for n in DAYS]
    assert [min(0, balance(physical, supplies, more, day(n))) for n in DAYS] == before


def test_an_early_promise_does_not_take_units_of_a_later_one() -> None:
    supplies, later = [Dated(day(1), 5)], [Dated(day(6), 4)]
    assert atp_at(0, supplies, later, day(2)) == 1
    assert atp_at(0, supplies, [], day(0)) == 0
    assert on_curve((), day(3)) == 0


def test_kits_need_all_their_components_at_one_location() -> None:
    hats = (Dated(day(0), 1), Dated(day(2), 5))
    scarves = (Dated(day(0), 4), Dated(day(3), 8))
    kit = {Sku("HAT"): 1, Sku("SCARF"): 2}
    here = of_kit(kit, {Sku("HAT"): hats, Sku("SCARF"): scarves}, day(0))
    assert here == (Dated(day(0), 1), Dated(day(2), 2), Dated(day(3), 4))
    there = of_kit(kit, {Sku("HAT"): hats}, day(0))
    assert there == (Dated(day(0), 0),)
    assert summed([here, there, here], day(0)) == (
        Dated(day(0), 2),
        Dated(day(2), 4),
        Dated(day(3), 8),
    )


EXPECTED = Inbound(
    id=InboundId(UUID(int=1)),
    source=InboundSource.PURCHASE_ORDER,
    source_id=UUID(int=2),
    reference="P-1",
    sku=Sku("HAT"),
    location_id=LocationId(UUID(int=3)),
    quantity=10,
    received=3,
    eta=day(4),
    confidence=Decimal("0.80"),
    closed_at=None,
    updated_at=day(0),
    version=1,
)


def test_only_the_sure_part_of_what_is_to_come_may_be_promised() -> None:
    assert (EXPECTED.open, EXPECTED.promisable) == (7, 5)
    over = replace(EXPECTED, received=12)
    assert (over.open, over.promisable) == (0, 0)
    closed = replace(EXPECTED, closed_at=day(1))
    assert (closed.open, closed.promisable) == (0, 0)


@given(st.lists(st.integers(1, 5)), st.integers(-2, 20))
def test_what_is_kept_is_as_much_as_is_allowed(units: list[int], allowed: int) -> None:
    promises = [
        Promise(
            id=PromiseId(UUID(int=number)),
            order_id=OrderId(UUID(int=1)),
            line_id=OrderLineId(UUID(int=1)),
            sku=Sku("HAT"),
            location_id=EXPECTED.location_id,
            inbound_id=EXPECTED.id,
            quantity=quantity,
            promised_at=day(4),
            confidence=Decimal(1),
            confirmed_at=day(0),
        )
        for number, quantity in enumerate(units)
    ]
    kept = {cut.promise.id: cut.kept for cut in cuts(promises, allowed)}
    left = [kept.get(each.id, each.quantity) for each in promises]
    assert sum(left) == min(sum(units), max(0, allowed))
    assert all(0 <= some <= each.quantity for some, each in zip(left, promises, strict=True))
    short = [some < each.quantity for some, each in zip(left, promises, strict=True)]
    assert short == sorted(short)
