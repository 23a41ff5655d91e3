"""Issuing, correcting and cancelling gift cards; granting store credit."""

import secrets
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import NotFound, ValidationFailed, check_version
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.ids import CustomerId, PaymentId, new_id
from domain.common.money import Money
from domain.common.sql import alone
from domain.common.texts import needed_line, one_line
from domain.common.transaction import Tx
from domain.vouchers.commands import (
    AdjustVoucher,
    CancelGiftCard,
    GrantStoreCredit,
    IssueGiftCard,
)
from domain.vouchers.errors import TenderRefused
from domain.vouchers.model import (
    EntryKind,
    Refusal,
    Voucher,
    VoucherId,
    VoucherKind,
    code_hash,
    code_of,
    shown,
)
from domain.vouchers.repository import add, locked_credit, locked_voucher, moved

MAX_NOTE = 200
MAX_AMOUNT = 10**12
"""Minor units."""


@dataclass(frozen=True, slots=True)
class Issued:
    """The gift card, and its code when it was made just now: it is nowhere else to be had."""

    voucher: Voucher
    code: str | None


async def issue_gift_card(tx: Tx, command: IssueGiftCard) -> Issued:
    """The new gift card with its code; a repeated command gets the same card without the code.

    Raises:
        ValidationFailed: the amount, expiry or note is not acceptable. NotFound: no such customer.
        IdempotencyConflict: see there.
    """
    _check_amount(command.amount)
    note = _line("note", command.note)
    if command.expires_at is not None and command.expires_at.tzinfo is None:
        raise ValidationFailed("expiresAt", "must have an offset from UTC, such as Z")
    made: list[str] = []

    async def work() -> Voucher:
        now = await tx.now()
        if command.expires_at is not None and command.expires_at <= now:
            raise ValidationFailed("expiresAt", "must be in the future")
        code = _new_code()
        new = Voucher(
            id=VoucherId(new_id()),
            kind=VoucherKind.GIFT_CARD,
            currency=command.amount.currency,
            balance_minor=command.amount.amount_minor,
            customer_id=command.customer_id,
            last_four=code[-4:],
            expires_at=command.expires_at,
            cancelled_at=None,
            created_at=now,
            updated_at=now,
            version=1,
        )
        made.append(code)
        return await _added(tx, new, code_hash(code), EntryKind.ISSUE, None, note)

    card = await once(tx, "issueGiftCard", command, Voucher, work)
    return Issued(card, shown(made[0]) if made else None)


async def adjust_voucher(tx: Tx, command: AdjustVoucher) -> Voucher:
    """The gift card or store credit with another balance.

    Raises:
        ValidationFailed: no amount, another currency, or no reason.
        TenderRefused: the balance would be below 0, or the card is cancelled.
        NotFound, VersionConflict, IdempotencyConflict: see there.

    Locks: the voucher.
    """
    reason = _needed("reason", command.reason)
    amount = command.amount.amount_minor
    if not amount or abs(amount) > MAX_AMOUNT:
        raise ValidationFailed("amount", "must not be 0")

    async def work() -> Voucher:
        before = await locked_voucher(tx, command.voucher_id)
        check_version(command.expected_version, before.version)
        if before.currency != command.amount.currency:
            raise ValidationFailed("amount", f"must be in {before.currency}")
        if before.cancelled_at is not None:
            raise TenderRefused(before.kind.value, Refusal.CANCELLED)
        if before.balance_minor + amount < 0:
            refusal = Refusal.INSUFFICIENT_BALANCE
            raise TenderRefused(before.kind.value, refusal, before.balance)
        return await moved(tx, before, EntryKind.ADJUST, amount, note=reason)

    return await once(tx, "adjustVoucher", command, Voucher, work)


async def cancel_gift_card(tx: Tx, command: CancelGiftCard) -> Voucher:
    """The card, cancelled, its balance 0.

    Raises:
        ValidationFailed: no reason. TenderRefused: it is cancelled already.
        NotFound: no such gift card. VersionConflict, IdempotencyConflict: see there.

    Locks: the voucher.
    """
    reason = _needed("reason", command.reason)

    async def work() -> Voucher:
        before = await locked_voucher(tx, command.voucher_id)
        if before.kind is not VoucherKind.GIFT_CARD:
            raise NotFound("gift card", str(command.voucher_id))
        check_version(command.expected_version, before.version)
        if before.cancelled_at is not None:
            raise TenderRefused(before.kind.value, Refusal.CANCELLED)
        lost, now = -before.balance_minor, await tx.now()
        return await moved(tx, before, EntryKind.CANCEL, lost, note=reason, cancelled_at=now)

    return await once(tx, "cancelGiftCard", command, Voucher, work)


async def grant_store_credit(tx: Tx, command: GrantStoreCredit) -> Voucher:
    """The customer's store credit in that currency, with so much more.

    Raises:
        ValidationFailed: the amount or reason is not acceptable. NotFound: no such customer.
        IdempotencyConflict: see there.

    Locks: the customer's store credit.
    """
    _check_amount(command.amount)
    reason = _needed("reason", command.reason)

    async def work() -> Voucher:
        kind = EntryKind.GRANT
        return await credited(tx, command.customer_id, command.amount, kind, note=reason)

    return await once(tx, "grantStoreCredit", command, Voucher, work)


async def credited(
    tx: Tx,
    customer_id: CustomerId,
    amount: Money,
    kind: EntryKind,
    *,
    payment_id: PaymentId | None = None,
    note: str = "",
) -> Voucher:
    """The customer's store credit with so much more; it is made if there was none.

    Raises:
        NotFound: there is no such customer.

    Locks: the customer's store credit, or the right to make it.
    """
    before = await locked_credit(tx, customer_id, amount.currency)
    if before is None:
        await tx.connection.execute(alone(f"store-credit:{customer_id}:{amount.currency}"))
        before = await locked_credit(tx, customer_id, amount.currency)
    if before is not None:
        by = amount.amount_minor
        return await moved(tx, before, kind, by, payment_id=payment_id, note=note)
    now = await tx.now()
    new = Voucher(
        id=VoucherId(new_id()),
        kind=VoucherKind.STORE_CREDIT,
        currency=amount.currency,
        balance_minor=amount.amount_minor,
        customer_id=customer_id,
        last_four=None,
        expires_at=None,
        cancelled_at=None,
        created_at=now,
        updated_at=now,
        version=1,
    )
    return await _added(tx, new, None, kind, payment_id, note)


async def _added(
    tx: Tx,
    new: Voucher,
    hashed_code: str | None,
    kind: EntryKind,
    payment_id: PaymentId | None,
    note: str,
) -> Voucher:
    try:
        return await add(tx, new, hashed_code, kind, payment_id=payment_id, note=note)
    except IntegrityError as error:
        if constraint_of(error) == "fk_voucher_customer_id":
            raise NotFound("customer", str(new.customer_id)) from error
        raise


def _new_code() -> str:
    while True:
        code = code_of(secrets.token_bytes(10))
        if code is not None:
            return code


def _check_amount(amount: Money) -> None:
    if not 0 < amount.amount_minor <= MAX_AMOUNT:
        raise ValidationFailed("amount", "must be more than 0")


def _line(field: str, text: str) -> str:
    line = one_line(field, text, MAX_NOTE)
    check_no_card_number(field, line)
    return line


def _needed(field: str, text: str) -> str:
    line = needed_line(field, text, MAX_NOTE)
    check_no_card_number(field, line)
    return line
