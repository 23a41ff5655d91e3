"""Who pays how much of an order: whatever is given, the payments make up what is due."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, sampled_from

from domain.common.errors import ValidationFailed
from domain.common.ids import OrderId, PaymentId, new_id
from domain.common.money import Money
from domain.orders.commands import GivenPayment
from domain.orders.tendering import is_plain, plain_payments
from domain.payments.model import (
    IN_HOUSE,
    PLAIN,
    RECEIVED_LATER,
    Payment,
    PaymentState,
    Tender,
    captured,
    in_taking_order,
    intent,
    voided,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = OrderId(new_id())
CURRENCIES = sampled_from(["EUR", "JPY", "KWD"])


def card(amount: int | None, currency: str) -> GivenPayment:
    money = None if amount is None else Money(amount, currency)
    return GivenPayment(Tender.CARD, "tok", money)


@given(lists(integers(1, 10**9), max_size=9), integers(0, 10**9), CURRENCIES)
def test_amounts_and_the_rest_are_the_total(parts: list[int], rest: int, currency: str) -> None:
    total = sum(parts) + rest
    given_payments = [card(part, currency) for part in parts] + [card(None, currency)]
    found = plain_payments(given_payments, ORDER, total, currency, NOW)
    assert sum(paid.amount_minor for paid in found) == total
    assert all(paid.amount_minor > 0 for paid in found) or len(found) == 1
    assert [paid.amount_minor for paid in found][: len(parts)] == parts or not parts


@pytest.mark.parametrize("amounts", [[100, 101], [99], [100, 99], [200, None]])
def test_amounts_that_do_not_make_up_the_total(amounts: list[int | None]) -> None:
    with pytest.raises(ValidationFailed):
        plain_payments([card(each, "EUR") for each in amounts], ORDER, 150, "EUR", NOW)


def test_what_has_to_be_looked_up_is_not_plain() -> None:
    for tender in Tender:
        assert is_plain([GivenPayment(tender)]) == (tender in PLAIN)
    assert plain_payments([GivenPayment(Tender.ON_ACCOUNT)], ORDER, 5, "EUR", NOW) == ()


def paid_by(tender: Tender, amount: int) -> Payment:
    return intent(PaymentId(new_id()), ORDER, tender, None, amount, "EUR", NOW)


def test_each_tender_begins_where_its_money_is() -> None:
    for tender in Tender:
        paid = paid_by(tender, 7)
        if tender in IN_HOUSE:
            assert (paid.state, paid.capturable_minor) == (PaymentState.AUTHORISED, 7)
        elif tender in RECEIVED_LATER:
            assert (paid.waits_for_receipt, paid.asks_psp, paid.captured_minor) == (True, False, 0)
        elif tender is Tender.CARD:
            assert (paid.waits_for_receipt, paid.asks_psp) == (False, True)
        else:
            assert (paid.state, paid.captured_minor) == (PaymentState.CAPTURED, 7)


@given(lists(sampled_from(sorted(Tender)), min_size=1, max_size=9))
def test_what_the_customer_holds_with_us_is_taken_before_a_card(tenders: list[Tender]) -> None:
    found = [paid.tender for paid in in_taking_order(paid_by(tender, 1) for tender in tenders)]
    for ours in (Tender.GIFT_CARD, Tender.STORE_CREDIT):
        if ours in found and Tender.CARD in found:
            assert found.index(ours) < found.index(Tender.CARD)


@given(integers(1, 10**9), lists(integers(1, 10**9), max_size=5))
def test_captures_and_a_void_never_exceed_what_was_put_aside(amount: int, parts: list[int]) -> None:
    paid = paid_by(Tender.STORE_CREDIT, amount)
    for part in parts:
        if part <= paid.capturable_minor:
            paid = captured(paid, part, NOW)
    ended = voided(paid, NOW) if paid.capturable_minor else paid
    assert ended.capturable_minor == 0
    assert ended.captured_minor == paid.captured_minor <= amount
    assert (ended.state is PaymentState.VOIDED) == (paid.captured_minor == 0)
