"""What the customer wants when the store cannot serve: another store, a parcel, or the money."""

from dataclasses import replace

from domain.common.errors import NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.transaction import Tx
from domain.fulfillment.failing import sourced_anew
from domain.identity.model import Actor
from domain.locations.repository import all_locations_by_id
from domain.orders.cancel import cancel_units
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move
from domain.orders.model import Group, Order
from domain.orders.place import Terms
from domain.orders.placing_rules import check_address
from domain.orders.repository import locked_order
from domain.orders.results import Changed
from domain.orders.saving import save
from domain.orders.states import (
    ASKING_CUSTOMER,
    CALLED_OFF,
    COLLECTED_IN_STORE,
    WAITING,
    DeliveryMode,
)
from domain.orders.visibility import require_visible
from domain.pickup.commands import Alternative, ChooseAlternative


async def choose_alternative(
    tx: Tx, actor: Actor, command: ChooseAlternative, terms: Terms
) -> Changed:
    """The order after the customer's choice: the units that the store could not serve are sourced
    for another store or for shipping, or cancelled. What finds no stock waits for some. After
    REFUND the caller lets the money go at once (`release_money.settle_leftovers`).

    The whole order moves: OTHER_STORE and SHIP_HOME are refused while other units of it wait in
    the store, are being worked on or are handed over already.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict, ValidationFailed: see there.
        IllegalTransition: no choice is asked for, or other units stand in the way.

    Locks: the order, then stock levels in (location, sku) order.
    """
    _check(command)

    async def work() -> Changed:
        before = require_visible(actor, await locked_order(tx.connection, command.order_id))
        check_version(command.expected_version, before.version)
        if before.delivery_mode not in COLLECTED_IN_STORE or not any(map(_asks, before.groups)):
            raise IllegalTransition("CHOOSE", before.fulfillment_status.value)
        if command.choice is Alternative.REFUND:
            asking = {group.id for group in before.groups if _asks(group)}
            saved = await cancel_units(tx, before, before, asking, "customer's choice")
        else:
            saved = await _moved(tx, before, command, terms)
        return Changed(saved.id, saved.version)

    return await once(tx, "choosePickupAlternative", command, Changed, work)


def _check(command: ChooseAlternative) -> None:
    match command.choice:
        case Alternative.OTHER_STORE:
            if command.location_id is None:
                raise ValidationFailed("locationId", "is required for OTHER_STORE")
        case Alternative.SHIP_HOME:
            if command.address is None:
                raise ValidationFailed("address", "is required for SHIP_HOME")
            check_address(command.address)
        case Alternative.REFUND:
            pass


def _asks(group: Group) -> bool:
    return group.state in ASKING_CUSTOMER


async def _moved(tx: Tx, before: Order, command: ChooseAlternative, terms: Terms) -> Order:
    in_the_way = [g for g in before.groups if g.state not in WAITING | CALLED_OFF]
    if in_the_way:
        raise IllegalTransition("CHOOSE", in_the_way[0].state.value)
    after = move(before, Action.REROUTE, _asks)
    if command.choice is Alternative.SHIP_HOME:
        assert command.address is not None
        if command.address.country != before.country:
            raise ValidationFailed("address.country", f"must be {before.country}: taxes differ")
        after = replace(
            after,
            delivery_mode=DeliveryMode.SHIP,
            delivery_location_id=None,
            address=command.address,
        )
    else:
        after = await _to_store(tx, after, command)
    saved = await save(tx, before, after, "CHOOSE_" + command.choice.value)
    return await sourced_anew(tx, saved, terms)


async def _to_store(tx: Tx, order: Order, command: ChooseAlternative) -> Order:
    place = command.location_id
    assert place is not None
    found = (await all_locations_by_id(tx.connection, [place])).get(place)
    if found is None or not (found.active and found.can_pickup):
        raise NotFound("location", str(place))
    if found.country != order.country:
        raise ValidationFailed("locationId", f"must be in {order.country}: taxes differ")
    return replace(order, delivery_location_id=place)
