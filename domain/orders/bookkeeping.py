"""What changes of orders bring into the books (pure). The rules are in `docs/accounting.md`.

An order's money and goods imply balances on accounts: its position. A change books the difference
of the positions before and after it, so an order's entries always sum to its position, whatever
happened in between and in which order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from domain.accounting.model import (
    TENDER_ACCOUNTS,
    Account,
    Booking,
    DocumentDue,
    Entry,
    JournalTransaction,
    Share,
    ShareKind,
    TransactionId,
    TransactionKind,
)
from domain.common.ids import LocationId, OrderLineId, new_id
from domain.common.money import rounded, split_by_weight
from domain.orders.model import Group, Order
from domain.orders.pricing import tax_of
from domain.orders.states import LEFT_US

_IN_STORE = frozenset({"CASH", "TERMINAL", "CHEQUE"})

Key = tuple[Account, LocationId | None, str | None]
Position = dict[Key, int]
"""Debits above 0 by account, location and tax code, minor units. They sum to 0."""


@dataclass(frozen=True, slots=True)
class _Earned:
    """Part of the value of goods that left; minor units."""

    kind: ShareKind
    line_id: OrderLineId | None
    location_id: LocationId | None
    rate: Decimal
    units: int
    gross_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class _State:
    """What is in the books of an order, and what it was earned with."""

    position: Position
    shares: Mapping[tuple[ShareKind, UUID | None, str], tuple[int, int, int]]
    """Units, gross and tax."""


_NOTHING = _State({}, MappingProxyType({}))


def booking_of(before: Order | None, after: Order, memo: str) -> Booking | None:
    """What the change of an order brings into the books; None when neither money nor goods moved.
    `after` has the version and the time of the change.
    """
    was = _NOTHING if before is None or not _in_books(before) else _state(before)
    now = _state(after) if _in_books(after) else _NOTHING
    if was is now:
        return None
    entries = [
        Entry(account, after.currency, amount, after.channel, place, after.id, tax_code)
        for (account, place, tax_code), amount in _more(was.position, now.position)
    ]
    if not entries:
        return None
    source = f"order:{after.id}:{after.version}"
    transaction = JournalTransaction(
        TransactionId(new_id()),
        TransactionKind.ORDER,
        after.number,
        source,
        after.updated_at,
        tuple(entries),
        memo,
    )
    due = _due(was, now, after)
    return Booking([transaction], [due] if due else [])


def bookings(found: Iterable[Booking | None]) -> Booking:
    """All of them as one."""
    some = [each for each in found if each is not None]
    return Booking(
        [transaction for each in some for transaction in each.transactions],
        [due for each in some for due in each.due],
    )


def position(order: Order) -> Position:
    """The balances that an order implies; accounts at 0 are left out."""
    return _state(order).position if _in_books(order) else {}


def tax_code(order: Order, rate: Decimal) -> str:
    """Country and rate in percent, such as IT22 or FR5.5."""
    return f"{order.country}{(rate * 100).normalize():f}"


def _in_books(order: Order) -> bool:
    return any(paid.captured_minor for paid in order.payments) or any(
        group.state in LEFT_US for group in order.groups
    )


def _state(order: Order) -> _State:
    earned = _earned(order)
    allowance = _allowance(order)
    found: Position = {}

    def book(
        account: Account,
        amount: int,
        place: LocationId | None = None,
        code: str | None = None,
    ) -> None:
        key = (account, place, code)
        found[key] = found.get(key, 0) + amount

    net_received = 0
    for paid in order.payments:
        at = order.delivery_location_id if paid.tender in _IN_STORE else None
        book(TENDER_ACCOUNTS[paid.tender], paid.captured_minor - paid.refunded_minor, at)
        book(Account.REFUNDS_PAYABLE, -paid.refund_due_minor)
        net_received += paid.refundable_minor
    for part in (*earned, *allowance):
        code = tax_code(order, part.rate)
        net = part.gross_minor - part.tax_minor
        book(_INCOME[part.kind], -net, part.location_id, code)
        book(Account.TAX_PAYABLE, -part.tax_minor, part.location_id, code)
    book(Account.RETURN_FEES, -order.return_fees_minor)
    book(Account.CUSTOMER_CREDIT, -order.exchanged_minor)
    kept = sum(part.gross_minor for part in (*earned, *allowance)) + order.return_fees_minor
    rest = net_received - kept - order.exchanged_minor
    book(Account.DEFERRED_REVENUE, -max(0, rest))
    book(Account.ACCRUED_RECEIVABLES, max(0, -rest))
    return _State(
        {key: amount for key, amount in found.items() if amount},
        _shares(order, (*earned, *allowance)),
    )


_INCOME = {
    ShareKind.GOODS: Account.SALES,
    ShareKind.SHIPPING: Account.SHIPPING_INCOME,
    ShareKind.ALLOWANCE: Account.SALES_ALLOWANCES,
}


@dataclass(frozen=True, slots=True)
class _Bearer:
    """A line of an order or its shipping, of all units ordered, minor units."""

    line_id: OrderLineId | None
    rate: Decimal
    gross_minor: int
    tax_minor: int


def _bearers(order: Order) -> list[_Bearer]:
    """What the order's total is made of: the lines, and shipping at last."""
    lines = [
        _Bearer(
            line.id,
            line.tax_rate,
            line.total_minor
            - order.discount_of(line.id)
            + (0 if order.tax_included else line.tax_minor),
            line.tax_minor,
        )
        for line in order.lines
    ]
    highest = max((line.tax_rate for line in order.lines), default=Decimal(0))
    rest = order.total_minor - sum(line.gross_minor for line in lines)
    tax = order.tax_minor - sum(line.tax_minor for line in lines)
    return [*lines, _Bearer(None, highest, rest, tax)]


def _earned(order: Order) -> list[_Earned]:
    """The value of the units that left and did not come back, by what bears it and from where. Of
    all units it is the order's total with its tax, to the minor unit.
    """
    gone = [group for group in order.groups if group.state in LEFT_US]
    if not gone:
        return []
    bearers = _bearers(order)
    value = order.value_of(lambda group: group.state in LEFT_US)
    weights = [
        each.gross_minor * _units(gone, each.line_id) // order.line(each.line_id).ordered_quantity
        for each in bearers
        if each.line_id is not None
    ]
    goods = sum(each.gross_minor for each in bearers[:-1])
    weights.append(bearers[-1].gross_minor * sum(weights) // goods if goods else 0)
    if not any(weights):
        weights = [each.gross_minor for each in bearers]
    parts = [
        _Earned(ShareKind.GOODS, each.line_id, place, each.rate, units, gross, 0)
        for each, share in zip(bearers[:-1], split_by_weight(value, weights), strict=False)
        for place, units, gross in _by_place(gone, each.line_id, share)
    ]
    shipping = value - sum(part.gross_minor for part in parts)
    if shipping:
        rate = bearers[-1].rate
        place = gone[0].location_id
        parts.append(_Earned(ShareKind.SHIPPING, None, place, rate, 0, shipping, 0))
    return _taxed(parts, bearers)


def _by_place(
    gone: Iterable[Group], line_id: OrderLineId | None, share: int
) -> list[tuple[LocationId | None, int, int]]:
    units: dict[LocationId | None, int] = {}
    for group in gone:
        if group.line_id == line_id:
            units[group.location_id] = units.get(group.location_id, 0) + group.quantity
    shares = split_by_weight(share, list(units.values()))
    return [(place, units[place], part) for place, part in zip(units, shares, strict=True)]


def _taxed(parts: list[_Earned], bearers: list[_Bearer]) -> list[_Earned]:
    """The parts with their tax: of each rate the tax of the order in proportion to the value."""
    found: list[_Earned] = []
    for rate in dict.fromkeys(part.rate for part in parts):
        whole = sum(each.gross_minor for each in bearers if each.rate == rate)
        tax = sum(each.tax_minor for each in bearers if each.rate == rate)
        mine = [part for part in parts if part.rate == rate]
        gross = sum(part.gross_minor for part in mine)
        due = rounded(Decimal(tax * gross) / whole) if whole else 0
        taxes = split_by_weight(due, [part.gross_minor for part in mine])
        found += [
            _Earned(
                part.kind,
                part.line_id,
                part.location_id,
                rate,
                part.units,
                part.gross_minor,
                share,
            )
            for part, share in zip(mine, taxes, strict=True)
        ]
    return found


def _allowance(order: Order) -> list[_Earned]:
    """What was given back out of goodwill, by rate as the order's total is; below 0."""
    if not order.goodwill_minor:
        return []
    by_rate: dict[Decimal, int] = {}
    for each in _bearers(order):
        by_rate[each.rate] = by_rate.get(each.rate, 0) + each.gross_minor
    shares = split_by_weight(order.goodwill_minor, list(by_rate.values()))
    return [
        _Earned(
            ShareKind.ALLOWANCE, None, None, rate, 0, -share, -tax_of(share, rate, included=True)
        )
        for rate, share in zip(by_rate, shares, strict=True)
        if share
    ]


def _units(gone: Iterable[Group], line_id: OrderLineId) -> int:
    return sum(group.quantity for group in gone if group.line_id == line_id)


def _shares(
    order: Order, parts: Iterable[_Earned]
) -> dict[tuple[ShareKind, UUID | None, str], tuple[int, int, int]]:
    found: dict[tuple[ShareKind, UUID | None, str], tuple[int, int, int]] = {}
    for part in parts:
        key = (part.kind, part.line_id, str(part.rate))
        units, gross, tax = found.get(key, (0, 0, 0))
        found[key] = (units + part.units, gross + part.gross_minor, tax + part.tax_minor)
    if order.return_fees_minor:
        found[ShareKind.FEE, None, "0"] = (0, order.return_fees_minor, 0)
    return found


def _due(was: _State, now: _State, after: Order) -> DocumentDue | None:
    none = (0, 0, 0)
    shares: list[Share] = []
    for key in dict.fromkeys([*was.shares, *now.shares]):
        old, new = was.shares.get(key, none), now.shares.get(key, none)
        if old != new:
            units, gross, tax = (b - a for a, b in zip(old, new, strict=True))
            shares.append(Share(key[0], key[1], key[2], units, gross, tax))
    on_account = sum(
        amount
        for (account, _, _), amount in _more(was.position, now.position)
        if account is Account.TRADE_RECEIVABLES
    )
    if not shares and not on_account:
        return None
    return DocumentDue(after.id, after.version, after.updated_at, tuple(shares), on_account)


def _more(was: Position, now: Position) -> list[tuple[Key, int]]:
    """By how much each balance rose, debits first."""
    keys = dict.fromkeys([*now, *was])
    changed = [(key, now.get(key, 0) - was.get(key, 0)) for key in keys]
    return sorted((each for each in changed if each[1]), key=lambda each: each[1] < 0)
