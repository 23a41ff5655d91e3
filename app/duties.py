"""What nobody asks for and must happen all the same: everything that ends or begins by time.

Each duty is judged by the database's time and works in transactions of its own on what is due, so
that any number of workers may do it at once, and a worker that was away catches up.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from domain.counting.trust import assess_trust
from domain.editing.letting_go import end_unfinished
from domain.fulfillment.accept import reject_silent
from domain.fulfillment.cancelling import refuse_silently
from domain.fulfillment.filling import fill_waiting
from domain.fulfillment.waves import end_finished
from domain.orders.holding import lift_due
from domain.orders.invoicing import issue_due
from domain.orders.psp_news import apply_news
from domain.orders.renewing import renew_promises
from domain.orders.resuming import resume_payments
from domain.orders.sweep import expire_unpaid, void_leftovers
from domain.payments.inbox import apply_waiting
from domain.payments.retrying import Retrying
from domain.pickup.waiting import expire_pickups
from domain.returns.deciding import expire_returns
from domain.returns.exchanging import settle_exchanges
from domain.shipments.asking import ask_about_silent
from domain.shipments.inbox import apply_parked
from domain.shipments.labelling.carrying_out import Office, finish_labels
from domain.stock.expiry import expire_due
from domain.vouchers.expiry import expire_vouchers
from schema.context import Services

BATCH = 100
CALLS = 10
"""At most so many calls of carriers in a sweep: one that is slow must not hold up the rest."""
ACTOR = "SYSTEM:housekeeping"


@dataclass(frozen=True, slots=True)
class Duty:
    """A job; `run` gives the number of things that it did, 0 when nothing was due."""

    name: str
    run: Callable[[], Awaitable[int]]


def duties_of(services: Services) -> Sequence[Duty]:
    """All duties, in the order in which a sweep does them."""
    database, terms = services.database, services.terms
    gateway = Retrying(database, services.gateway)
    return (
        Duty("unpaid orders", lambda: expire_unpaid(database, gateway, limit=BATCH)),
        Duty("payments cut off", lambda: resume_payments(database, gateway, limit=CALLS)),
        Duty("silent locations", lambda: reject_silent(database, terms, limit=BATCH)),
        Duty("unanswered cancels", lambda: refuse_silently(database, limit=BATCH)),
        Duty("pickups not collected", lambda: expire_pickups(database, gateway, limit=BATCH)),
        Duty("returns not sent", lambda: expire_returns(database, limit=BATCH)),
        Duty("exchanges", lambda: settle_exchanges(database, gateway, limit=BATCH)),
        Duty("unfinished edits", lambda: end_unfinished(database, gateway, limit=BATCH)),
        Duty("waiting units", lambda: fill_waiting(database, terms)),
        Duty("finished waves", lambda: end_finished(database, limit=BATCH)),
        Duty("promises", lambda: renew_promises(database, terms.sourcing)),
        Duty("distorted locations", lambda: assess_trust(database, limit=BATCH)),
        Duty("scheduled holds", lambda: lift_due(database, limit=BATCH)),
        Duty("leftover payments", lambda: void_leftovers(database, gateway, limit=BATCH)),
        Duty("messages of PSPs", lambda: apply_waiting(database, apply_news, limit=BATCH)),
        Duty("invoices", lambda: issue_due(database, limit=BATCH)),
        Duty("expired vouchers", lambda: expire_vouchers(database, limit=BATCH)),
        Duty("parked reports", lambda: apply_parked(database, limit=BATCH)),
        Duty(
            "silent parcels",
            lambda: ask_about_silent(database, services.carriers, limit=CALLS),
        ),
        Duty("labels", lambda: finish_labels(Office(database, services.carriers), limit=CALLS)),
        Duty(
            "reservations",
            lambda: database.run(lambda tx: expire_due(tx, BATCH), actor_key=ACTOR),
        ),
    )
