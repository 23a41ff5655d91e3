"""Amounts as Stripe counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stripe.amounts import NotRepresentable, from_stripe, to_stripe


@pytest.mark.parametrize(
    ("currency", "minor", "theirs"),
    [
        ("EUR", 1999, 1999),
        ("JPY", 500, 500),
        ("KWD", 5120, 5120),
        ("ISK", 5, 500),
        ("UGX", 500, 500),
        ("VND", 1200, 12),
        ("JOD", 512, 5120),
    ],
)
def test_amounts_in_the_units_of_stripe(currency: str, minor: int, theirs: int) -> None:
    assert to_stripe(minor, currency) == theirs
    assert from_stripe(theirs, currency) == minor


@pytest.mark.parametrize(("currency", "minor"), [("KWD", 5124), ("VND", 1250), ("UGX", 510)])
def test_what_would_be_rounded_is_refused(currency: str, minor: int) -> None:
    with pytest.raises(NotRepresentable):
        to_stripe(minor, currency)
    with pytest.raises(NotRepresentable):
        from_stripe(1, "JOD")


@given(st.integers(0, 10**12), st.sampled_from(["EUR", "JPY", "KWD", "ISK", "UGX", "VND", "CLP"]))
def test_no_amount_changes_on_the_way(minor: int, currency: str) -> None:
    try:
        theirs = to_stripe(minor, currency)
    except NotRepresentable:
        return
    assert from_stripe(theirs, currency) == minor
