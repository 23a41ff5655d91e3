"""Which of several prices a customer pays, and how one is converted."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.model import TaxCategory
from domain.catalog.quote import Asked, Conversion, Offer, converted
from domain.common.ids import ProductId, Sku, new_id

FRANCS = Conversion("EUR", "CHF", Decimal("0.9333"), date(2026, 3, 1))


def offer(prices: Mapping[str, Asked], rates: Mapping[str, Decimal] | None = None) -> Offer:
    """A hat at these prices by segment, and tax rates by region."""
    return Offer(
        sku=Sku("HAT"),
        product_id=ProductId(new_id()),
        names={"en": "Hat"},
        weight_g=1,
        tags=(),
        tax_category=TaxCategory("standard"),
        tax_rate=Decimal("0.22"),
        price_minor=None,
        currency="CHF",
        tax_included=True,
        sellable=True,
        components={Sku("HAT"): 1},
        prices=prices,
        regional_rates=rates,
    )


@pytest.mark.parametrize(
    ("prices", "segments", "expected"),
    [
        ({"": Asked(100), "gold": Asked(80)}, [], 100),
        ({"": Asked(100), "gold": Asked(80)}, ["gold"], 80),
        ({"": Asked(100), "gold": Asked(120)}, ["gold"], 120),
        ({"": Asked(100), "gold": Asked(80), "vip": Asked(70)}, ["gold", "vip"], 70),
        ({"": Asked(100), "gold": Asked(50, FRANCS)}, ["gold"], 100),
        ({"": Asked(100, FRANCS), "gold": Asked(50)}, ["gold"], 50),
        ({"": Asked(100, FRANCS), "gold": Asked(50)}, [], 100),
        ({"gold": Asked(50)}, [], None),
    ],
)
def test_the_most_specific_price_counts(
    prices: dict[str, Asked], segments: list[str], expected: int | None
) -> None:
    found = offer(prices).price_for(segments)
    assert (found.amount_minor if found else None) == expected


def test_a_region_without_a_rate_has_that_of_the_country() -> None:
    free = offer({}, {"": Decimal("0.22"), "LIVIGNO": Decimal(0)})
    assert (free.rate_in("LIVIGNO"), free.rate_in("ROMA")) == (Decimal(0), Decimal("0.22"))


@given(
    st.integers(0, 10**9),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.sampled_from(["CHF", "KRW", "BHD"]),
    st.decimals("0.0001", "2000", places=4),
)
def test_a_converted_price_is_the_nearest_amount(
    amount: int, base: str, quote: str, rate: Decimal
) -> None:
    by = Conversion(base, quote, rate, date(2026, 3, 1))
    decimals = {"EUR": 2, "JPY": 0, "KWD": 3, "CHF": 2, "KRW": 0, "BHD": 3}
    exact = Decimal(amount) * rate * Decimal(10) ** (decimals[quote] - decimals[base])
    assert abs(converted(amount, by) - exact) <= Decimal("0.5")
