"""Gift cards and store credit: what is seen, what may be asked, and how it is refused."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.ids import CustomerId
from domain.identity.model import HEAD_OFFICE, Role
from domain.payments.model import Tender
from domain.vouchers import commands, errors
from domain.vouchers import model as domain
from domain.vouchers.model import EntryKind, Refusal, VoucherId, VoucherKind
from domain.vouchers.repository import Entry, entries_of
from schema.access import Allow, access
from schema.context import Info
from schema.enums import described
from schema.errors import (
    Error,
    ForbiddenError,
    IdempotencyConflictError,
    NotFoundError,
    ValidationError,
    VersionConflictError,
    twin_of,
)
from schema.ids import global_id, id_of, uuid_of
from schema.inputs import KEY, VERSION, utc_moment
from schema.money import Money, MoneyInput

REASON = "Why, for the book; 1 to 200 characters."
ISSUERS = (Role.STORE_MANAGER, Role.CHANNEL, Role.FINANCE, Role.OPERATIONS, Role.ADMIN)
GRANTERS = (
    Role.STORE_MANAGER, Role.CALL_CENTER, Role.FINANCE, Role.OPERATIONS, Role.ADMIN,
)  # fmt: skip
BOOKKEEPERS = (Role.FINANCE, Role.ADMIN)
HOLDERS = tuple({*ISSUERS, *GRANTERS, *HEAD_OFFICE})

described(
    VoucherKind,
    "Whose money it is.",
    {"GIFT_CARD": "That of whoever has the code.", "STORE_CREDIT": "That of a customer."},
)
described(
    EntryKind,
    "Why the balance of a gift card or store credit changed.",
    {
        "ISSUE": "A gift card was issued.",
        "GRANT": "Store credit was granted.",
        "REDEEM": "An order is paid with it.",
        "RETURN": "Given for goods that came back without a receipt.",
        "RESTORE": "An order that had redeemed it ended without taking it.",
        "REFUND": "Money of an order was given back to it.",
        "ADJUST": "Corrected by hand.",
        "EXPIRE": "Its time was over.",
        "CANCEL": "The card was cancelled.",
    },
    name="VoucherEntryKind",
)
described(
    Refusal,
    "Why a gift card, store credit or credit account cannot pay.",
    {
        "UNKNOWN_CODE": "There is no gift card with that code.",
        "EXPIRED": "Its time is over.",
        "CANCELLED": "It was cancelled.",
        "OTHER_CURRENCY": "It is in another currency than the order.",
        "INSUFFICIENT_BALANCE": "There is less on it.",
        "NO_ACCOUNT": "The customer does not buy on account in that currency.",
    },
    name="TenderRefusal",
)


@access(*HOLDERS)
@strawberry.type(description="One change of a balance. Entries are never changed.")
class VoucherEntry:
    """Twin of domain Entry."""

    kind: EntryKind = strawberry.field(description="Why it changed.")
    amount: Money = strawberry.field(description="By how much; less than 0 when it was used.")
    balance: Money = strawberry.field(description="What was left after it.")
    note: str | None = strawberry.field(description="The reason that was given, if any.")
    actor: str = strawberry.field(description="Role and subject of who did it.")
    at: datetime = strawberry.field(description="When (UTC).")

    @staticmethod
    def of(entry: Entry, currency: str) -> "VoucherEntry":
        """The twin."""
        return VoucherEntry(
            kind=entry.kind,
            amount=Money.of(entry.amount_minor, currency),
            balance=Money.of(entry.balance_minor, currency),
            note=entry.note,
            actor=entry.actor,
            at=entry.at,
        )


@access(*HOLDERS)
@strawberry.type(description="A gift card or the store credit of a customer. Codes are not kept.")
class Voucher:
    """Twin of domain Voucher."""

    id: strawberry.ID = strawberry.field(description="Its id; not the code.")
    kind: VoucherKind = strawberry.field(description="Which of the two.")
    balance: Money = strawberry.field(description="What is left on it.")
    last_four: str | None = strawberry.field(description="The last four symbols of a card's code.")
    customer_id: relay.GlobalID | None = strawberry.field(
        description="Whose store credit it is, or who bought the gift card, if known."
    )
    expires_at: datetime | None = strawberry.field(description="When its time is over (UTC).")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled (UTC).")
    created_at: datetime = strawberry.field(description="When it was made (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    twin: strawberry.Private[domain.Voucher]

    @strawberry.field(
        description="All changes of the balance, oldest first.",
        extensions=[Allow(*HEAD_OFFICE)],
    )
    async def entries(self, info: Info) -> list[VoucherEntry] | None:
        """The entries, loaded for all vouchers of the operation at once."""

        async def load(keys: list[VoucherId]) -> list[list[Entry]]:
            found = await info.context.read(lambda c: entries_of(c, keys))
            return [found.get(key, []) for key in keys]

        entries = await info.context.loader("voucher_entries", load).load(self.twin.id)
        return [VoucherEntry.of(each, self.twin.currency) for each in entries]

    @staticmethod
    def of(voucher: domain.Voucher) -> "Voucher":
        """The twin."""
        owner = voucher.customer_id
        return Voucher(
            id=strawberry.ID(str(voucher.id)),
            kind=voucher.kind,
            balance=Money.of(voucher.balance_minor, voucher.currency),
            last_four=voucher.last_four,
            customer_id=global_id("Customer", owner) if owner else None,
            expires_at=voucher.expires_at,
            cancelled_at=voucher.cancelled_at,
            created_at=voucher.created_at,
            version=voucher.version,
            twin=voucher,
        )


@access()
@strawberry.type(description="What whoever has the code of a gift card may know of it.")
class GiftCardBalance:
    """What is left, and until when."""

    balance: Money = strawberry.field(description="What is left on it.")
    last_four: str = strawberry.field(description="The last four symbols of its code.")
    expires_at: datetime | None = strawberry.field(description="When its time is over (UTC).")
    usable: bool = strawberry.field(description="Whether it is neither expired nor cancelled.")

    @staticmethod
    def of(card: domain.Voucher, now: datetime) -> "GiftCardBalance":
        """What may be known of the card."""
        return GiftCardBalance(
            balance=Money.of(card.balance_minor, card.currency),
            last_four=card.last_four or "",
            expires_at=card.expires_at,
            usable=card.refusal(now) is None,
        )


@strawberry.input(description="A new gift card.")
class IssueGiftCardInput:
    """Twin of IssueGiftCard."""

    idempotency_key: str = strawberry.field(description=KEY)
    amount: MoneyInput = strawberry.field(description="What is on it, more than 0.")
    expires_at: datetime | None = strawberry.field(
        default=None, description="When its time is over, with offset from UTC; never if absent."
    )
    customer_id: relay.GlobalID | None = strawberry.field(
        default=None, description="Who buys it, if known."
    )
    note: str = strawberry.field(default="", description="For the book; at most 200 characters.")

    def to_domain(self) -> commands.IssueGiftCard:
        """The command."""
        owner = self.customer_id
        return commands.IssueGiftCard(
            idempotency_key=self.idempotency_key,
            amount=self.amount.to_domain(),
            expires_at=utc_moment("expiresAt", self.expires_at),
            customer_id=_customer(owner) if owner else None,
            note=self.note,
        )


@strawberry.input(description="Correct the balance of a gift card or of store credit.")
class AdjustVoucherInput:
    """Twin of AdjustVoucher."""

    idempotency_key: str = strawberry.field(description=KEY)
    voucher_id: strawberry.ID = strawberry.field(description="Which.")
    amount: MoneyInput = strawberry.field(description="What is added; less than 0 to take off.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.AdjustVoucher:
        """The command."""
        return commands.AdjustVoucher(
            idempotency_key=self.idempotency_key,
            voucher_id=_voucher(self.voucher_id),
            amount=self.amount.to_domain(),
            reason=self.reason,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Nothing can be paid with the card any more; its balance is lost.")
class CancelGiftCardInput:
    """Twin of CancelGiftCard."""

    idempotency_key: str = strawberry.field(description=KEY)
    voucher_id: strawberry.ID = strawberry.field(description="Which.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.CancelGiftCard:
        """The command."""
        return commands.CancelGiftCard(
            self.idempotency_key, _voucher(self.voucher_id), self.reason, self.expected_version
        )


@strawberry.input(description="Money that a customer may spend with the retailer.")
class GrantStoreCreditInput:
    """Twin of GrantStoreCredit."""

    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description="Who gets it.")
    amount: MoneyInput = strawberry.field(description="How much, more than 0.")
    reason: str = strawberry.field(description=REASON)

    def to_domain(self) -> commands.GrantStoreCredit:
        """The command."""
        return commands.GrantStoreCredit(
            self.idempotency_key,
            _customer(self.customer_id),
            self.amount.to_domain(),
            self.reason,
        )


@access(*ISSUERS)
@strawberry.type(description="The new gift card.")
class IssueGiftCardPayload:
    """Answer of issueGiftCard."""

    gift_card: Voucher = strawberry.field(description="The card.")
    gift_card_code: str | None = strawberry.field(
        description="Its code, shown once: null when the same key is sent again."
    )


@access(*HOLDERS)
@strawberry.type(description="The changed gift card or store credit.")
class VoucherPayload:
    """Answer of adjustVoucher, cancelGiftCard and grantStoreCredit."""

    voucher: Voucher = strawberry.field(description="As it is now.")


@twin_of(errors.TenderRefused)
@access()
@strawberry.type(description="A gift card, store credit or credit account cannot pay its part.")
class TenderRefusedError(Error):
    """Twin of TenderRefused."""

    tender: Tender = strawberry.field(description="Which tender.")
    refusal: Refusal = strawberry.field(description="Why.")
    available: Money | None = strawberry.field(
        description="What is left on it, for INSUFFICIENT_BALANCE."
    )

    @staticmethod
    def of(error: errors.TenderRefused) -> "TenderRefusedError":
        """The twin."""
        left = error.available
        return TenderRefusedError(
            code=error.code,
            message=error.message,
            tender=Tender(error.tender),
            refusal=error.refusal,
            available=Money.of(left.amount_minor, left.currency) if left else None,
        )


@twin_of(errors.TooManyLookups)
@access()
@strawberry.type(description="The caller has tried too many codes of gift cards.")
class TooManyLookupsError(Error):
    """Twin of TooManyLookups."""

    retry_after_s: int = strawberry.field(description="Seconds until another may be tried.")

    @staticmethod
    def of(error: errors.TooManyLookups) -> "TooManyLookupsError":
        """The twin."""
        return TooManyLookupsError(
            code=error.code, message=error.message, retry_after_s=error.retry_after_s
        )


IssueGiftCardResult = Annotated[
    IssueGiftCardPayload
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | IdempotencyConflictError,
    strawberry.union("IssueGiftCardResult", description="What issueGiftCard answers."),
]

VoucherResult = Annotated[
    VoucherPayload
    | TenderRefusedError
    | ValidationError
    | NotFoundError
    | ForbiddenError
    | VersionConflictError
    | IdempotencyConflictError,
    strawberry.union(
        "VoucherResult", description="What changes of gift cards and store credit answer."
    ),
]


def _customer(given: relay.GlobalID) -> CustomerId:
    return CustomerId(id_of(given, "Customer", "customerId"))


def _voucher(given: strawberry.ID) -> VoucherId:
    return VoucherId(uuid_of(given, "voucherId"))
