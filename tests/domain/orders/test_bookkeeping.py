"""Bookings of orders: they balance, they sum to what the order implies, and the ends are right."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.accounting.model import CHART, TENDER_ACCOUNTS, Account, Entry
from domain.common.ids import (
    ChannelCode,
    CustomerId,
    LineGroupId,
    LocationId,
    OrderId,
    OrderLineId,
    PaymentId,
    Sku,
    new_id,
)
from domain.orders.bookkeeping import booking_of, position
from domain.orders.model import Group, Line, Order
from domain.orders.pricing import PricedLine, totals
from domain.orders.states import (
    RETURNED,
    DeliveryMode,
    GroupState,
    OrderStatus,
    UnfilledPolicy,
)
from domain.payments.model import PaymentState, Tender, intent

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RATES = [Decimal("0.22"), Decimal("0.10"), Decimal("0.055"), Decimal(0)]
PLACES = [LocationId(new_id()), LocationId(new_id())]
Drawn = st.DataObject

priced = st.builds(PricedLine, st.integers(1, 3), st.integers(0, 99_999), st.sampled_from(RATES))


def unbalanced(entries: Iterable[Entry]) -> dict[str, int]:
    """By how much the entries do not balance, by currency; empty when they do."""
    sums: dict[str, int] = {}
    for entry in entries:
        sums[entry.currency] = sums.get(entry.currency, 0) + entry.amount_minor
    return {currency: total for currency, total in sums.items() if total}


def order_of(lines: list[PricedLine], shipping: int, *, included: bool) -> Order:
    """A confirmed order with one group for each unit, paid by card."""
    sums = totals(lines, shipping, tax_included=included)
    made = tuple(
        Line(
            OrderLineId(new_id()), at, Sku(f"S{at}"), {}, line.quantity, line.unit_price_minor,
            line.tax_rate, sums.line_taxes[at], line.total_minor, {Sku(f"S{at}"): 1},
        )
        for at, line in enumerate(lines)
    )  # fmt: skip
    groups = tuple(
        Group(LineGroupId(new_id()), line.id, 1, GroupState.ALLOCATED, PLACES[unit % 2])
        for line in made
        for unit in range(line.ordered_quantity)
    )
    order_id = OrderId(new_id())
    paid = intent(PaymentId(new_id()), order_id, Tender.CARD, "tok", sums.total_minor, "EUR", NOW)
    return Order(
        id=order_id, number="U-1", tracking_token="t", channel=ChannelCode("WEB"),
        external_reference=None, source_code=None, customer_id=CustomerId(new_id()),
        status=OrderStatus.CONFIRMED, holds=frozenset(), delivery_mode=DeliveryMode.SHIP,
        delivery_location_id=None, unfilled_policy=UnfilledPolicy.REFUSE, language="it",
        country="IT", currency="EUR", items_minor=sums.items_minor, shipping_minor=shipping,
        discount_minor=0, tax_minor=sums.tax_minor, tax_included=included,
        total_minor=sums.total_minor, placed_at=NOW, placed_by="TEST", pay_until=None,
        confirmed_at=NOW, closed_at=None, updated_at=NOW, version=1, lines=made, groups=groups,
        payments=(replace(paid, state=PaymentState.AUTHORISED,
                          authorised_minor=sums.total_minor),),
    )  # fmt: skip


orders = st.builds(
    order_of, st.lists(priced, min_size=1, max_size=3), st.integers(0, 999), included=st.booleans()
)


def in_state(order: Order, state: GroupState) -> Order:
    """The order with all its units in one state."""
    return replace(order, groups=tuple(replace(group, state=state) for group in order.groups))


def with_payment(order: Order, **changes: int) -> Order:
    """The order with other amounts on its payment."""
    return replace(order, payments=(replace(order.payments[0], **changes),))


def by_account(order: Order) -> Counter[Account]:
    """The balances by account alone."""
    found: Counter[Account] = Counter()
    for (account, _, _), amount in position(order).items():
        found[account] += amount
    return found


@given(orders, st.data())
def test_whatever_happens_bookings_balance_and_sum_to_the_position(
    order: Order, data: Drawn
) -> None:
    booked: Counter[tuple[Account, LocationId | None, str | None]] = Counter()
    before: Order | None = None
    states = st.sampled_from(sorted(GroupState))
    for version in range(1, 6):
        captured = data.draw(st.integers(0, order.total_minor))
        refunded = data.draw(st.integers(0, captured))
        owed = data.draw(st.integers(0, captured - refunded))
        after = with_payment(
            order, captured_minor=captured, refunded_minor=refunded, refund_due_minor=owed
        )
        after = replace(
            after,
            version=version,
            groups=tuple(replace(each, state=data.draw(states)) for each in order.groups),
            return_fees_minor=data.draw(st.integers(0, 500)),
            exchanged_minor=data.draw(st.integers(0, 500)),
            goodwill_minor=data.draw(st.integers(0, 500)),
        )
        booking = booking_of(before, after, "TEST")
        entries = booking.transactions[0].entries if booking else ()
        assert unbalanced(entries) == {}
        assert all(entry.amount_minor for entry in entries)
        for entry in entries:
            booked[entry.account, entry.location_id, entry.tax_code] += entry.amount_minor
        before = after
    assert before is not None
    assert {key: amount for key, amount in booked.items() if amount} == position(before)


@given(orders)
def test_all_shipped_and_captured_leaves_income_tax_and_money(order: Order) -> None:
    done = with_payment(in_state(order, GroupState.SHIPPED), captured_minor=order.total_minor)
    balances = by_account(done)
    assert balances[Account.DEFERRED_REVENUE] == balances[Account.ACCRUED_RECEIVABLES] == 0
    assert balances[Account.PSP_CLEARING] == order.total_minor
    assert -balances[Account.TAX_PAYABLE] == order.tax_minor
    taxes: Counter[str] = Counter()
    for (account, _, code), amount in position(done).items():
        if account is Account.TAX_PAYABLE:
            taxes[code or ""] -= amount
    expected = {f"IT{(t.rate * 100).normalize():f}": t.tax_minor for t in order.tax_lines}
    assert {k: v for k, v in taxes.items() if v} == {k: v for k, v in expected.items() if v}


@given(orders, st.sampled_from([*sorted(RETURNED), GroupState.CANCELLED]))
def test_what_came_back_and_was_refunded_leaves_nothing(order: Order, end: GroupState) -> None:
    total = order.total_minor
    assert (
        position(with_payment(in_state(order, end), captured_minor=total, refunded_minor=total))
        == {}
    )
    owed = with_payment(in_state(order, end), captured_minor=total, refund_due_minor=total)
    assert by_account(owed) == (
        {Account.PSP_CLEARING: total, Account.REFUNDS_PAYABLE: -total} if total else {}
    )


@given(orders)
def test_money_before_goods_is_deferred_and_goods_before_money_is_accrued(order: Order) -> None:
    early = by_account(with_payment(order, captured_minor=order.total_minor))
    assert -early[Account.DEFERRED_REVENUE] == order.total_minor
    late = by_account(in_state(order, GroupState.LOST))
    assert late[Account.ACCRUED_RECEIVABLES] == order.total_minor


def test_an_authorised_order_books_nothing() -> None:
    order = order_of([PricedLine(2, 1000, RATES[0])], 500, included=True)
    assert booking_of(None, order, "PLACE") is None
    assert booking_of(order, in_state(order, GroupState.PACKED), "PACK") is None


def test_part_of_an_order_leaves_and_comes_back() -> None:
    order = order_of(
        [PricedLine(2, 1000, RATES[0]), PricedLine(1, 500, RATES[1])], 300, included=True
    )
    first = order.groups[0]
    gone = replace(
        with_payment(order, captured_minor=1120),
        version=2,
        groups=(replace(first, state=GroupState.SHIPPED), *order.groups[1:]),
    )
    booking = booking_of(order, gone, "SHIP")
    assert booking is not None
    assert booking.transactions[0].source == f"order:{order.id}:2"
    assert booking.transactions[0].entries == (
        Entry(Account.PSP_CLEARING, "EUR", 1120, order.channel, None, order.id, None),
        *[
            Entry(account, "EUR", amount, order.channel, PLACES[0], order.id, "IT22")
            for account, amount in (
                (Account.SALES, -820),
                (Account.TAX_PAYABLE, -202),
                (Account.SHIPPING_INCOME, -98),
            )
        ],
    )  # fmt: skip
    [due] = booking.due
    assert sum(share.gross_minor for share in due.shares) == 1120
    back = replace(
        gone, version=3, groups=(replace(first, state=GroupState.RESTOCKED), *order.groups[1:])
    )
    again = booking_of(gone, back, "RESTOCK")
    assert again is not None
    assert by_account(back) == {Account.PSP_CLEARING: 1120, Account.DEFERRED_REVENUE: -1120}
    assert sum(share.gross_minor for share in again.due[0].shares) == -1120


def test_a_till_keeps_its_cash_at_its_location() -> None:
    order = order_of([PricedLine(1, 1000, RATES[0])], 0, included=True)
    cash = replace(order.payments[0], tender=Tender.CASH, captured_minor=1000)
    at_till = replace(order, payments=(cash,), delivery_location_id=PLACES[1])
    assert position(at_till)[Account.CASH, PLACES[1], None] == 1000


def test_every_tender_has_an_account_and_every_account_a_place_in_the_chart() -> None:
    assert {tender.value for tender in Tender} <= TENDER_ACCOUNTS.keys()
    assert CHART.keys() == set(Account)
