"""What becomes of a return before its goods arrive: authorised, rejected, cancelled, sent."""

from collections.abc import Callable
from dataclasses import replace

from domain.common.database import Database
from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LineGroupId, ReturnId
from domain.common.transaction import Tx
from domain.identity.model import AT_LOCATION, STAFF, Actor
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import COMING_BACK, Action, move
from domain.orders.model import Group, Order
from domain.orders.placing_rules import check_text
from domain.orders.saving import save
from domain.orders.states import GroupState
from domain.orders.units import one_of
from domain.orders.visibility import may_see
from domain.returns.commands import ChangeReturn, SendReturn
from domain.returns.model import Return, ReturnState, advanced, groups_of
from domain.returns.opening import is_token, with_code
from domain.returns.repository import due_returns, locked_return, store
from domain.returns.results import ReturnChange
from domain.shipments.labels import carrier_code, tracking_number

TIMER = "SYSTEM:return-timer"


async def authorise_return(tx: Tx, actor: Actor, command: ChangeReturn) -> ReturnChange:
    """The return, whose goods may come.

    Raises:
        Forbidden: the actor is not staff.
        NotFound, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: it was not only requested.

    Locks: the order.
    """
    _require_staff(actor)

    def change(order: Order, given: Return) -> tuple[Order, Return]:
        units = _in(order, given, GroupState.RETURN_REQUESTED)
        if not units:
            raise IllegalTransition(Action.AUTHORISE_RETURN.value, given.state.value)
        return move(order, Action.AUTHORISE_RETURN, one_of(units)), with_code(given)

    return await _changed(tx, actor, command, "authoriseReturn", Action.AUTHORISE_RETURN, change)


async def send_return(tx: Tx, actor: Actor | None, command: SendReturn) -> ReturnChange:
    """The return, whose goods are on their way, with the parcel that they are in, if it is known.

    Raises:
        NotFound, ValidationFailed, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: it is not authorised, or was sent before.

    Locks: the order.
    """
    if (command.carrier is None) != (command.tracking_number is None):
        raise ValidationFailed("trackingNumber", "goes with a carrier")
    carrier = number = None
    if command.carrier is not None and command.tracking_number is not None:
        carrier = carrier_code(command.carrier)
        number = tracking_number("trackingNumber", command.tracking_number)

    def change(order: Order, given: Return) -> tuple[Order, Return]:
        units = _in(order, given, GroupState.RETURN_AUTHORISED)
        if not units:
            raise IllegalTransition(Action.SEND_RETURN.value, given.state.value)
        sent = replace(given, carrier=carrier, tracking_number=number)
        return move(order, Action.SEND_RETURN, one_of(units)), sent

    return await _changed(tx, actor, command, "sendReturn", Action.SEND_RETURN, change)


async def cancel_return(tx: Tx, actor: Actor | None, command: ChangeReturn) -> ReturnChange:
    """The return without the units that did not arrive: the customer keeps them.

    Raises:
        NotFound, ValidationFailed, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: nothing is to come any more.

    Locks: the order.
    """
    return await _ended(tx, actor, command, "cancelReturn", ReturnState.CANCELLED)


async def reject_return(tx: Tx, actor: Actor, command: ChangeReturn) -> ReturnChange:
    """The return, which staff did not allow: the customer keeps the units.

    Raises:
        Forbidden: the actor is not staff.
        NotFound, ValidationFailed, VersionConflict, IdempotencyConflict: see there.
        IllegalTransition: nothing is to come any more.

    Locks: the order.
    """
    _require_staff(actor)
    return await _ended(tx, actor, command, "rejectReturn", ReturnState.REJECTED)


async def expire_returns(database: Database, *, limit: int = 100) -> int:
    """How many returns ended, as far as their goods did not arrive in time (database time): the
    customer keeps these units. Each in a transaction of its own.
    """
    due = await database.read(lambda connection: due_returns(connection, limit))
    expired = 0
    for return_id in due:
        expired += await database.run(lambda tx, one=return_id: _expire(tx, one), actor_key=TIMER)
    return expired


async def _expire(tx: Tx, return_id: ReturnId) -> int:
    before, given = await locked_return(tx.connection, return_id)
    if given.expires_at is None or given.expires_at > await tx.now():
        return 0
    after = _without_coming(before, given)
    await _stored(tx, before, after, given, Action.CANCEL_RETURN, ReturnState.EXPIRED, "expired")
    return 1


async def _ended(
    tx: Tx, actor: Actor | None, command: ChangeReturn, operation: str, end: ReturnState
) -> ReturnChange:
    check_text("reason", command.reason)

    def change(order: Order, given: Return) -> tuple[Order, Return]:
        return _without_coming(order, given), replace(given, reason=command.reason)

    return await _changed(
        tx, actor, command, operation, Action.CANCEL_RETURN, change, end, command.reason
    )


def _without_coming(order: Order, given: Return) -> Order:
    """`order` with the return's units that did not arrive back with the customer.

    Raises:
        IllegalTransition: there are none.
    """
    coming = _in(order, given, *COMING_BACK)
    if not coming:
        raise IllegalTransition(Action.CANCEL_RETURN.value, given.state.value)
    moved = move(order, Action.CANCEL_RETURN, one_of(coming))

    def kept(group: Group) -> Group:
        return replace(group, return_id=None) if group.id in coming else group

    return replace(moved, groups=tuple(kept(group) for group in moved.groups))


def _in(order: Order, given: Return, *states: GroupState) -> frozenset[LineGroupId]:
    return frozenset(g.id for g in groups_of(order, given.id) if g.state in states)


async def _changed(
    tx: Tx,
    actor: Actor | None,
    command: ChangeReturn | SendReturn,
    operation: str,
    action: Action,
    change: Callable[[Order, Return], tuple[Order, Return]],
    end: ReturnState = ReturnState.CANCELLED,
    reason: str | None = None,
) -> ReturnChange:
    async def work() -> ReturnChange:
        before, given = await locked_return(tx.connection, command.return_id)
        require_seen(actor, before, given, command.token)
        check_version(command.expected_version, given.version)
        after, changed = change(before, given)
        saved = await _stored(tx, before, after, changed, action, end, reason)
        return ReturnChange(saved.id, before.id, saved.version)

    return await once(tx, operation, command, ReturnChange, work)


async def _stored(
    tx: Tx,
    before: Order,
    after: Order,
    given: Return,
    action: Action,
    end: ReturnState,
    reason: str | None,
) -> Return:
    saved = await store(tx, advanced(given, after, await tx.now(), end), before.customer_id)
    detail = {"return": saved.number, "state": saved.state.value}
    await save(tx, before, after, action.value, reason=reason, detail=detail)
    return saved


def require_seen(actor: Actor | None, order: Order, given: Return, token: str | None) -> None:
    """Nothing, when the caller may see the return: with its order, by the order's tracking token,
    or at the location where it was received.

    Raises:
        NotFound: otherwise.
    """
    if token is not None and is_token(order, token):
        return
    if actor is not None:
        here = given.location_id in actor.location_ids and actor.role in AT_LOCATION
        if here or may_see(actor, order):
            return
    raise NotFound("return", str(given.id))


def _require_staff(actor: Actor) -> None:
    if actor.role not in STAFF:
        raise Forbidden("only staff decide on returns")
