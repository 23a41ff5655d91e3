"""Shipping to another address, as long as nothing of the order is packed."""

from dataclasses import replace

from domain.common.errors import ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.commands import EditAddress
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import require_status
from domain.orders.model import Order
from domain.orders.placing_rules import check_address, check_pickup_point
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.states import (
    CALLED_OFF,
    CARRIED,
    WAITING,
    GroupState,
    OrderStatus,
)
from domain.orders.visibility import require_visible

EDITABLE = WAITING | CALLED_OFF | {GroupState.RELEASED, GroupState.PICKING, GroupState.PICKED}
"""States in which units have no label yet."""


async def edit_address(tx: Tx, actor: Actor, command: EditAddress) -> Changed:
    """The order, to be shipped to the other address; its locations stay.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.
        ValidationFailed: the address is malformed, or in another country, where taxes differ.
        IllegalTransition: it is not shipped, its life is over, or some of it is packed or gone.

    Locks: the order.
    """
    check_address(command.address)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        _require_editable(before)
        check_pickup_point(before.delivery_mode, command.address)
        if command.address.country != before.country:
            raise ValidationFailed("address.country", f"must be {before.country}: taxes differ")
        after = replace(before, address=command.address)
        saved = await save(tx, before, after, "EDIT_ADDRESS")
        return Changed(saved.id, saved.version)

    return await once(tx, "editOrderAddress", command, Changed, work)


def _require_editable(order: Order) -> None:
    require_status(order, "EDIT_ADDRESS", OrderStatus.PENDING_PAYMENT, OrderStatus.CONFIRMED)
    if order.delivery_mode not in CARRIED:
        raise IllegalTransition("EDIT_ADDRESS", f"delivery mode {order.delivery_mode.value}")
    late = [group for group in order.groups if group.state not in EDITABLE]
    if late:
        raise IllegalTransition("EDIT_ADDRESS", late[0].state.value)
