"""Putting an order on hold and lifting the hold. A held order keeps its stock, and rests."""

from domain.common.errors import check_version
from domain.common.idempotency import once
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.commands import ChangeHold
from domain.orders.lifecycle import with_hold, without_hold
from domain.orders.placing_rules import check_text
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.visibility import require_visible


async def hold_order(tx: Tx, actor: Actor, command: ChangeHold) -> Changed:
    """The order with one more hold.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: its life is over, or it has that hold already.

    Locks: the order.
    """
    check_text("reason", command.reason)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        after = with_hold(before, command.hold)
        detail = {"hold": command.hold.value}
        saved = await save(tx, before, after, "HOLD", reason=command.reason, detail=detail)
        return Changed(saved.id, saved.version)

    return await once(tx, "holdOrder", command, Changed, work)


async def release_hold(tx: Tx, actor: Actor, command: ChangeHold) -> Changed:
    """The order without that hold.

    Raises:
        as `hold_order`; IllegalTransition: it does not have that hold.

    Locks: the order.
    """
    check_text("reason", command.reason)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        after = without_hold(before, command.hold)
        detail = {"hold": command.hold.value}
        saved = await save(tx, before, after, "RELEASE_HOLD", reason=command.reason, detail=detail)
        return Changed(saved.id, saved.version)

    return await once(tx, "releaseHold", command, Changed, work)
