"""Money never loses or makes a cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.errors import ValidationFailed
from domain.common.money import Money, rounded, split_by_weight


@given(
    st.integers(0, 10**9),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30),
)
def test_shares_sum_to_the_total_and_are_fair(total: int, weights: list[int]) -> None:
    shares = split_by_weight(total, weights)
    assert sum(shares) == total
    parts = weights if any(weights) else [1] * len(weights)
    for share, part in zip(shares, parts, strict=True):
        assert abs(share - Decimal(total) * part / sum(parts)) < 1


def test_no_weights_no_shares() -> None:
    assert split_by_weight(5, []) == []


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_decimal_and_minor_units_are_inverse(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.from_decimal(money.amount, currency) == money


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1.001", "EUR"), ("0.5", "JPY"), ("NaN", "EUR"), ("Infinity", "EUR"), ("1", "eur")],
)
def test_what_the_currency_cannot_hold_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValidationFailed):
        Money.from_decimal(Decimal(amount), currency)


def test_ties_round_to_even() -> None:
    assert [rounded(Decimal(text)) for text in ("0.5", "1.5", "2.5", "-0.5")] == [0, 2, 2, 0]
