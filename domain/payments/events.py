"""News of what customers owe."""

from domain.events.model import Aggregate, Event
from domain.payments.model import CreditAccount

CREDIT_ACCOUNT_CHANGED = "CreditAccountChanged"


def credit_account_changed(account: CreditAccount) -> Event:
    """The event of a credit account's new version."""
    return Event(
        type=CREDIT_ACCOUNT_CHANGED,
        aggregate=Aggregate.CREDIT_ACCOUNT,
        aggregate_id=account.id,
        version=account.version,
        topics=(),
        payload={
            "account_id": str(account.id),
            "customer_id": str(account.customer_id),
            "version": account.version,
            "currency": account.currency,
            "limit_minor": account.limit_minor,
            "used_minor": account.used_minor,
        },
    )
