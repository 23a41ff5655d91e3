"""The walk of a picker."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import FulfillmentOrderId, LocationId, Sku
from domain.fulfillment.walk import Wanted, walk
from domain.stock.model import StockBin

PLACE = LocationId(UUID(int=1))


def want(sku: str, order: int, quantity: int) -> Wanted:
    return Wanted(Sku(sku), f"U-{order}", FulfillmentOrderId(UUID(int=order)), quantity)


def bins(**places: tuple[str, str]) -> dict[Sku, StockBin]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        Sku(sku): StockBin(UUID(int=2), PLACE, Sku(sku), zone, name, 1, at)
        for sku, (zone, name) in places.items()
    }


def test_the_walk_goes_by_zone_then_bin_and_numbers_count_as_numbers() -> None:
    places = bins(A=("B", "1"), B=("A", "10"), C=("A", "2"), D=("a", "b3"), F=("", "7"))
    found = walk([want(sku, 1, 1) for sku in "ABCDEF"], places, {})
    assert [line.sku for line in found] == ["F", "C", "B", "D", "A", "E"]
    assert (found[-1].zone, found[-1].bin) == ("", "")


def test_a_sku_is_one_line_with_the_units_of_each_order() -> None:
    wanted = [want("HAT", 1, 2), want("HAT", 2, 1), want("HAT", 1, 3)]
    (line,) = walk(wanted, {}, {Sku("HAT"): "A hat"})
    assert (line.quantity, line.title) == (6, "A hat")
    assert [(share.order_number, share.quantity) for share in line.shares] == [
        ("U-1", 5), ("U-2", 1),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(1, 9), st.integers(1, 5))))
def test_no_unit_is_lost_or_made(wishes: list[tuple[str, int, int]]) -> None:
    found = walk([want(*wish) for wish in wishes], bins(A=("x", "1"), B=("", "y")), {})
    assert sum(line.quantity for line in found) == sum(units for *_, units in wishes)
    assert len({line.sku for line in found}) == len(found)
    for sku, order, _ in wishes:
        mine = sum(units for s, o, units in wishes if (s, o) == (sku, order))
        shares = next(line.shares for line in found if line.sku == sku)
        assert [share.quantity for share in shares if share.order_number == f"U-{order}"] == [mine]
