"""What payouts of Stripe are made up of: the balance transactions of each."""

from typing import Any

import stripe

from app.stripe.amounts import from_stripe
from app.stripe.objects import moment
from domain.payments.payouts import PayoutLine

_THE_PAYOUT_ITSELF = "payout"


def lines_of(client: stripe.StripeClient, reference: str) -> list[PayoutLine]:
    """The lines of the payout. It waits for Stripe: call it in a thread.

    Raises:
        stripe.StripeError: no answer, or a refusal.
        NotRepresentable: an amount is no whole number of minor units.
    """
    params: Any = {"payout": reference, "limit": 100, "expand": ["data.source"]}
    found = client.v1.balance_transactions.list(params)
    return [_line(each) for each in found.auto_paging_iter() if each.type != _THE_PAYOUT_ITSELF]


def _line(booked: stripe.BalanceTransaction) -> PayoutLine:
    currency = booked.currency.upper()
    about = getattr(booked.source, "payment_intent", None)
    return PayoutLine(
        reference=booked.id,
        kind=booked.type,
        payment_reference=getattr(about, "id", about),
        currency=currency,
        amount_minor=from_stripe(booked.amount, currency),
        fee_minor=from_stripe(booked.fee, currency),
        net_minor=from_stripe(booked.net, currency),
        occurred_at=moment(booked.created),
    )
