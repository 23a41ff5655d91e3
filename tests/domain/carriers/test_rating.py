"""Which rate counts, and the numbers of our own labels."""

from hypothesis import given
from hypothesis import strategies as st

from domain.carriers.model import Place
from domain.carriers.numbers import check_digit, s10_number
from domain.carriers.rating import ANYWHERE, RateRow, rate_for, rates_for
from domain.common.postal import postal_key


def row(country: str = "IT", prefix: str = "", heaviest: int = 1000, price: int = 500) -> RateRow:
    return RateRow("STD", country, prefix, heaviest, price, "EUR", 2)


def place(postal_code: str = "00100", country: str = "IT") -> Place:
    return Place("Ada", "Via Roma 1", "Rome", postal_code, country)


def test_the_most_precise_zone_and_the_lowest_step_count() -> None:
    rows = [
        row(ANYWHERE, price=2000),
        row(price=500),
        row(heaviest=5000, price=900),
        row(prefix="07", price=800),
        row(prefix="0702", price=950),
    ]
    assert [
        (found.price_minor if (found := rate_for(rows, place(*to), grams)) else None)
        for to, grams in (
            (("00100",), 1000),
            (("00100",), 1001),
            (("07100",), 10),
            (("070 20",), 10),
            (("07100",), 1001),
            (("1010", "AT"), 10),
            (("1010", "AT"), 1001),
        )
    ] == [500, 900, 800, 950, None, 2000, None]


def test_several_parcels_cost_their_sum_and_one_too_heavy_rules_the_service_out() -> None:
    fast = RateRow("FAST", "IT", "", 500, 900, "EUR", 1)
    rows = [row(price=500), row(heaviest=2000, price=700), fast]
    both = rates_for("GLS", rows, place(), [300, 1500])
    assert [(each.service, each.price_minor, each.transit_days) for each in both] == [
        ("STD", 1200, 2)
    ]
    assert [each.service for each in rates_for("GLS", rows, place(), [300])] == ["STD", "FAST"]
    assert rates_for("GLS", [], place(), [1]) == []


def test_postal_codes_are_compared_without_blanks_and_case() -> None:
    assert postal_key(" sw1a-1aa ") == "SW1A1AA"


def test_numbers_have_the_form_of_s10() -> None:
    # The example of UPU S10: serial 47312482 has check digit 9.
    assert check_digit("47312482") == 9
    assert s10_number(47312482, "IT") == "LA473124829IT"
    assert s10_number(10**8, "ES") == "LB000000005ES"


@given(st.integers(0, 26 * 10**8 - 1), st.integers(0, 26 * 10**8 - 1))
def test_different_serials_have_different_numbers(one: int, other: int) -> None:
    assert (s10_number(one, "IT") == s10_number(other, "IT")) == (one == other)
    assert len(s10_number(one, "IT")) == 13


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=4), st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(weights: list[int], order: list[int]) -> None:
    steps = [row(heaviest=1000 * n, price=100 * n) for n in range(1, 6)] + [row(ANYWHERE)]
    shuffled = [steps[position] for position in order]
    assert rates_for("X", shuffled, place(), weights) == rates_for("X", steps, place(), weights)
