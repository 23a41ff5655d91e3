from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.errors import ValidationFailed
from domain.customers.model import (
    Address,
    AddressId,
    ConsentId,
    ConsentPurpose,
    ConsentRecord,
    Reference,
    checked_address,
    checked_name,
    checked_note,
    checked_reference,
    current_consents,
    with_address,
    without_address,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOME = Address(
    id=AddressId(UUID(int=1)),
    label="home",
    recipient="Ada Verdi",
    street="Via Roma 1",
    city="Roma",
    region="",
    postal_code="00100",
    country="IT",
    is_default=False,
    created_at=NOW,
)


def address(key: int, *, is_default: bool = False) -> Address:
    return replace(HOME, id=AddressId(UUID(int=key)), is_default=is_default)


def consent(key: int, purpose: ConsentPurpose, day: int, *, granted: bool) -> ConsentRecord:
    at = NOW + timedelta(days=day)
    return ConsentRecord(ConsentId(UUID(int=key)), purpose, granted, "form", at, "CUSTOMER:ada")


def test_what_holds_is_the_latest_record_of_each_purpose() -> None:
    loyalty = consent(1, ConsentPurpose.LOYALTY, 5, granted=True)
    given_first = consent(2, ConsentPurpose.EMAIL_MARKETING, 1, granted=True)
    taken_back = consent(3, ConsentPurpose.EMAIL_MARKETING, 2, granted=False)
    assert current_consents([taken_back, loyalty, given_first]) == [taken_back, loyalty]
    assert current_consents([]) == []


def test_the_first_address_is_the_default_and_a_later_one_can_take_over() -> None:
    (first,) = with_address((), address(1))
    assert first.is_default
    plain = with_address((first,), address(2))
    assert [each.is_default for each in plain] == [True, False]
    taken = with_address(plain, address(3, is_default=True))
    assert [each.is_default for each in taken] == [False, False, True]
    assert [each.is_default for each in without_address(taken, address(3).id)] == [False, True]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_there_is_one_default_as_long_as_there_is_an_address(
    steps: list[tuple[bool, bool]],
) -> None:
    known: tuple[Address, ...] = ()
    for number, (adding, asks) in enumerate(steps):
        if adding:
            known = with_address(known, address(number + 10, is_default=asks))
        elif known:
            known = without_address(known, known[0 if asks else -1].id)
        assert sum(each.is_default for each in known) == (1 if known else 0)


def test_a_customer_has_at_most_50_addresses() -> None:
    many = tuple(address(key) for key in range(50))
    with pytest.raises(ValidationFailed):
        with_address(many, address(99))


def test_addresses_are_clean_lines() -> None:
    assert checked_address(replace(HOME, street=" Via  Roma 1 ")) == HOME
    for wrong in (
        replace(HOME, recipient=""),
        replace(HOME, street=" "),
        replace(HOME, country="Italy"),
        replace(HOME, city="x" * 201),
        replace(HOME, label="4111 1111 1111 1111"),
    ):
        with pytest.raises(ValidationFailed):
            checked_address(wrong)


def test_names_notes_and_references_hold_no_card_number() -> None:
    assert checked_name("firstName", " Ada ") == "Ada"
    assert checked_note(" Likes hats.\nCalls often. ") == "Likes hats.\nCalls often."
    assert checked_reference(Reference(" ebay ", "u-1")) == Reference("ebay", "u-1")
    card = "4111111111111111"
    with pytest.raises(ValidationFailed):
        checked_name("firstName", card)
    for note in ("", " \n ", f"card {card}", "x" * 4001):
        with pytest.raises(ValidationFailed):
            checked_note(note)
    for reference in (Reference("", "x"), Reference("ebay", ""), Reference("ebay", card)):
        with pytest.raises(ValidationFailed):
            checked_reference(reference)
