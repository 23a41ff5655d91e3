"""News of gift cards and store credit. Payloads hold neither codes nor personal data."""

from domain.events.model import Aggregate, Event
from domain.vouchers.model import EntryKind, Voucher

VOUCHER_CHANGED = "VoucherChanged"


def voucher_changed(voucher: Voucher, kind: EntryKind | None, amount_minor: int) -> Event:
    """The event of a voucher's new version; `kind` is None when its balance stayed."""
    return Event(
        type=VOUCHER_CHANGED,
        aggregate=Aggregate.VOUCHER,
        aggregate_id=voucher.id,
        version=voucher.version,
        topics=(),
        payload={
            "voucher_id": str(voucher.id),
            "version": voucher.version,
            "kind": voucher.kind.value,
            "currency": voucher.currency,
            "balance_minor": voucher.balance_minor,
            "entry": kind.value if kind else None,
            "amount_minor": amount_minor,
            "expires_at": voucher.expires_at.isoformat() if voucher.expires_at else None,
            "cancelled_at": voucher.cancelled_at.isoformat() if voucher.cancelled_at else None,
        },
    )
