"""A customer wants to give something back: what may come, and how."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import compare_digest
from uuid import UUID

from domain.catalog.traits import traits_of
from domain.common.errors import NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import OrderId, ReturnId, new_id
from domain.common.numbers import number_for_people
from domain.common.transaction import Tx
from domain.identity.model import AT_LOCATION, STAFF, Actor
from domain.orders.lifecycle import Action, move, require_status
from domain.orders.model import Order
from domain.orders.repository import locked_order, order_by_number
from domain.orders.saving import save
from domain.orders.states import WITH_CUSTOMER, OrderStatus
from domain.orders.units import LineUnits, one_of, parted, per_line
from domain.orders.visibility import may_see
from domain.pickup.model import pickup_code
from domain.returns.commands import RequestReturn
from domain.returns.errors import NotReturnable
from domain.returns.model import (
    MAX_LINES,
    Return,
    ReturnLine,
    ReturnMethod,
    ReturnPolicy,
    ReturnReason,
    ReturnState,
)
from domain.returns.policies import policy_of
from domain.returns.repository import store
from domain.returns.results import ReturnChange


async def request_return(tx: Tx, actor: Actor | None, command: RequestReturn) -> ReturnChange:
    """The new return of units that the customer has; authorised at once by staff, or where the
    policy says so. A code for the store comes with STORE_DROP_OFF.

    Raises:
        NotFound: no such order, or the caller may not see it.
        NotReturnable: too late, or a product that is not taken back.
        QuantityExceeded: the customer has fewer units of a line that are not coming back yet.
        IllegalTransition: the order was not confirmed.
        ValidationFailed, VersionConflict, IdempotencyConflict: see there.

    Locks: the order.
    """
    check_lines(command.lines)
    if command.method is ReturnMethod.UNDELIVERED:
        raise ValidationFailed("method", "is not for customers")

    async def work() -> ReturnChange:
        before = await order_of(tx, actor, command.order_id, command.number, command.token)
        check_version(command.expected_version, before.version)
        by_staff = actor is not None and actor.role in STAFF
        after, new = await opened(tx, before, command.lines, command.method, by_staff=by_staff)
        await store(tx, new, before.customer_id)
        saved = await save(
            tx,
            before,
            after,
            Action.REQUEST_RETURN.value,
            detail={"return": new.number, "state": new.state.value},
        )
        return ReturnChange(new.id, saved.id, new.version)

    return await once(tx, "requestReturn", command, ReturnChange, work)


def check_lines(lines: Sequence[ReturnLine]) -> None:
    """Nothing, when some units are named, each line once.

    Raises:
        ValidationFailed: otherwise.
    """
    if not 1 <= len(lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    per_line(LineUnits(line.line_id, line.quantity) for line in lines)
    if any(line.quantity < 1 for line in lines):
        raise ValidationFailed("lines.quantity", "must be 1 or more")
    if any(line.reason is ReturnReason.NOT_DELIVERED for line in lines):
        raise ValidationFailed("lines.reason", "is not for goods that were delivered")


async def order_of(
    tx: Tx, actor: Actor | None, order_id: OrderId | None, number: str | None, token: str | None
) -> Order:
    """The order, locked, of a caller who may give back its goods: who may see it, who holds number
    and token, or staff of a location who read the number on a receipt.

    Raises:
        NotFound: no such order, or the caller is none of them.
        ValidationFailed: neither id nor number, or both.
    """
    if (order_id is None) == (number is None):
        raise ValidationFailed("orderId", "give this or the number, and not both")
    if number is not None:
        found = await order_by_number(tx.connection, number)
        if found is None:
            raise NotFound("order", number)
        order_id = found.id
    assert order_id is not None  # one of them was given
    order = await locked_order(tx.connection, order_id)
    knows = number is not None and token is not None and is_token(order, token)
    at_till = number is not None and actor is not None and actor.role in AT_LOCATION
    if not (knows or at_till or (actor is not None and may_see(actor, order))):
        raise NotFound("order", number or str(order_id))
    return order


def is_token(order: Order, token: str) -> bool:
    """Whether it is the order's tracking token; takes the same time for any mistake."""
    return compare_digest(order.tracking_token.encode(), token.encode())


async def opened(
    tx: Tx,
    order: Order,
    lines: Sequence[ReturnLine],
    method: ReturnMethod,
    *,
    by_staff: bool,
    visit_id: UUID | None = None,
) -> tuple[Order, Return]:
    """`order` with those units on their way into a new return, and the return. Nothing is stored.

    Raises:
        NotReturnable, QuantityExceeded, IllegalTransition: see `request_return`.
        ValidationFailed: a line is not of the order.
    """
    require_status(order, Action.REQUEST_RETURN.value, OrderStatus.CONFIRMED, OrderStatus.CLOSED)
    now, policy = await tx.now(), await policy_of(tx.connection, order.channel)
    await _check_returnable(tx, order, lines, policy, now)
    wanted = {line.line_id: line.quantity for line in lines}
    with_customer = [group for group in order.groups if group.state in WITH_CUSTOMER]
    parts, chosen = parted(order, with_customer, wanted)
    authorised = by_staff or policy.authorises
    return_id = ReturnId(new_id())
    after = move(parts, Action.REQUEST_RETURN, one_of(chosen), return_id=return_id)
    if authorised:
        after = move(after, Action.AUTHORISE_RETURN, one_of(chosen))
    new = Return(
        id=return_id,
        number=number_for_people("R"),
        order_id=order.id,
        method=method,
        state=ReturnState.AUTHORISED if authorised else ReturnState.REQUESTED,
        currency=order.currency,
        requested_by=tx.actor_key,
        requested_at=now,
        updated_at=now,
        version=1,
        lines=tuple(lines),
        visit_id=visit_id,
        expires_at=now + timedelta(days=policy.days_to_send),
    )
    return after, with_code(new) if authorised else new


def with_code(given: Return) -> Return:
    """An authorised return, with what the customer shows in the store if it is brought there."""
    if given.method is not ReturnMethod.STORE_DROP_OFF:
        return given
    return replace(given, code=given.code or pickup_code())


async def _check_returnable(
    tx: Tx, order: Order, lines: Sequence[ReturnLine], policy: ReturnPolicy, now: datetime
) -> None:
    known = {line.id: line.sku for line in order.lines}
    for line in lines:
        if line.line_id not in known:
            raise ValidationFailed("lines", f"line {line.line_id} is not of the order")
    if not policy.is_open(order, now):
        raise NotReturnable(f"more than {policy.window_days} days ago")
    traits = await traits_of(tx.connection, {known[line.line_id] for line in lines})
    final = set(policy.final_sale_tags)
    for line in lines:
        sku = known[line.line_id]
        if sku in traits and final & set(traits[sku].tags):
            raise NotReturnable("the product is not taken back", line.line_id)
