from datetime import UTC, datetime

import pytest

from domain.catalog.drafts import NewPrice, NewVariant, checked_variants
from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, Sku
from domain.common.money import Money

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WEB = ChannelCode("WEB")


def test_variants_come_back_in_normal_form_with_prices_that_begin() -> None:
    price = NewPrice(WEB, Money(100, "EUR"))
    given = NewVariant(Sku("A"), 5, tags=("b", "a", "b"), sellable_on=(WEB, WEB), prices=(price,))
    (checked,) = checked_variants([given], NOW)
    assert checked == NewVariant(
        Sku("A"),
        5,
        names={},
        tags=("a", "b"),
        sellable_on=(WEB,),
        prices=(NewPrice(WEB, Money(100, "EUR"), NOW),),
    )
    assert checked_variants([checked], NOW) == [checked]


def test_there_are_limits() -> None:
    with pytest.raises(ValidationFailed):
        checked_variants([NewVariant(Sku(f"S{i}"), 1) for i in range(501)], NOW)
    prices = tuple(NewPrice(ChannelCode(f"C{i}"), Money(1, "EUR")) for i in range(201))
    with pytest.raises(ValidationFailed):
        checked_variants([NewVariant(Sku("A"), 1, prices=prices)], NOW)
