"""Handing goods over to somebody who knows the code, or who showed an identity card."""

from dataclasses import replace

from domain.common.database import Database
from domain.common.errors import NotFound, ValidationFailed
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.collect import collect_paid
from domain.orders.commands import ChangeOrder
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.visibility import require_visible
from domain.payments.gateway import PaymentGateway
from domain.pickup.commands import CollectPickup
from domain.pickup.errors import PickupCodeWrong
from domain.pickup.model import MAX_WRONG_CODES, is_code


async def collect_pickup(
    database: Database,
    gateway: PaymentGateway,
    actor: Actor,
    command: CollectPickup,
    correlation_id: str = "",
) -> Changed:
    """The order with all waiting goods handed over (see `orders.collect.collect_paid`).

    Raises:
        as `collect_paid`; ValidationFailed: neither a code nor an identity check.
        PickupCodeWrong: another code, or too many wrong ones before: the try is counted, also
            though nothing else was done.

    Locks: as `collect_paid`; the order for counting a wrong code.
    """
    if not command.identity_checked:
        if not command.code:
            raise ValidationFailed("code", "is required, or an identity check")
        wrong = await database.run(
            lambda tx: _checked(tx, actor, command),
            actor_key=actor.key,
            correlation_id=correlation_id,
        )
        if wrong is not None:
            raise PickupCodeWrong(max(0, MAX_WRONG_CODES - wrong))
    collect = ChangeOrder(command.idempotency_key, command.order_id, command.expected_version)
    return await collect_paid(database, gateway, actor, collect, correlation_id)


async def _checked(tx: Tx, actor: Actor, command: CollectPickup) -> int | None:
    """None when the code is right; else how many tries were wrong, this one counted."""
    order = require_visible(actor, await locked_order(tx.connection, command.order_id))
    if order.delivery_location_id is None or not actor.works_at(order.delivery_location_id):
        raise NotFound("order", str(command.order_id))  # only that store may try codes
    pickup = order.pickup
    if pickup is None or order.closed_at is not None:
        return None  # nothing waits: `collect_paid` says so, and no try is counted
    right = is_code(pickup.code, command.code or "")
    if right and pickup.wrong_codes < MAX_WRONG_CODES:
        return None
    if pickup.wrong_codes >= MAX_WRONG_CODES:
        return pickup.wrong_codes
    wrong = pickup.wrong_codes + 1
    after = replace(order, pickup=replace(pickup, wrong_codes=wrong))
    await save(tx, order, after, "WRONG_PICKUP_CODE")
    return wrong
