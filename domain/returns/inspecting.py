"""Somebody looks at returned goods: where they go, and what is given back for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import LineGroupId, LocationId, new_id
from domain.common.money import split_by_weight
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.orders.lifecycle import Action, move
from domain.orders.model import Order
from domain.orders.saving import save
from domain.orders.states import NOT_DUE, GroupState
from domain.orders.stock_needs import demand_of_groups
from domain.orders.units import one_of, parted
from domain.returns.commands import Finding, InspectReturn
from domain.returns.model import (
    ACTIONS,
    MAX_LINES,
    DispositionRules,
    Inspection,
    ItemCondition,
    Return,
    ReturnDisposition,
    ReturnPolicy,
    advanced,
    bucket_of,
    fee_of,
    groups_of,
)
from domain.returns.policies import policy_of, rules_of
from domain.returns.receiving import require_receiver
from domain.returns.repository import locked_return, store
from domain.returns.results import ReturnChange
from domain.returns.transferring import destinations, proposed
from domain.stock.allocation import move as move_stock
from domain.stock.locking import lock_levels
from domain.stock.model import Bucket, Demand, MovementReason
from domain.transfers.model import TransferId

INSPECT = "INSPECT_RETURN"


@dataclass(frozen=True, slots=True)
class _Looked:
    """Some units with what becomes of them."""

    finding: Finding
    disposition: ReturnDisposition
    units: frozenset[LineGroupId]
    value_minor: int
    fee_minor: int
    demands: Sequence[Demand]


async def inspect_return(tx: Tx, actor: Actor, command: InspectReturn) -> ReturnChange:
    """The return after somebody looked at the named units: they are where the dispositions say, by
    the rules of the location unless one is named. Nothing is due for them any more, apart from what
    the policy keeps; the caller lets the money go at once (`release_money.settle_leftovers`).

    Raises:
        NotFound: no such return, or it was not received at a location of the actor.
        Forbidden: the actor's role does not receive goods; or names a disposition at a till.
        QuantityExceeded: fewer units of a line were received and not inspected.
        ValidationFailed, VersionConflict, IdempotencyConflict: see there.

    Locks: the order, then stock levels of the location in (location, sku) order.
    """
    require_receiver(actor)
    _check(actor, command.findings)

    async def work() -> ReturnChange:
        before, given = await locked_return(tx.connection, command.return_id)
        place = given.location_id
        if place is None or not actor.works_at(place):
            raise NotFound("return", str(given.id))
        check_version(command.expected_version, given.version)
        rules = await rules_of(tx.connection, place)
        policy = await policy_of(tx.connection, before.channel)
        short = await _short(tx, before, rules, command.findings)
        after, looked = _looked_at(before, given, command.findings, rules, policy, short)
        return await _settled(tx, before, after, given, looked, place, short)

    return await once(tx, "inspectReturn", command, ReturnChange, work)


def _check(actor: Actor, findings: Sequence[Finding]) -> None:
    if not 1 <= len(findings) <= MAX_LINES:
        raise ValidationFailed("findings", f"must be 1 to {MAX_LINES}")
    if any(each.quantity < 1 for each in findings):
        raise ValidationFailed("findings.quantity", "must be 1 or more")
    if actor.role is Role.POS and any(each.disposition is not None for each in findings):
        raise Forbidden("a POS goes by the rules of its location")


Short = dict[tuple[str, ...], LocationId]
"""Locations that ran out of some SKUs, by these SKUs."""


async def _short(
    tx: Tx, order: Order, rules: DispositionRules, findings: Sequence[Finding]
) -> Short:
    """Where the goods are missing that may be transferred, by the SKUs of a line."""
    lines = {line.id: line for line in order.lines}
    wanted = {
        tuple(sorted(lines[each.line_id].components))
        for each in findings
        if each.line_id in lines and _may_go(each, rules)
    }
    return await destinations(tx.connection, rules.location_id, order.channel, wanted)


def _may_go(finding: Finding, rules: DispositionRules) -> bool:
    if finding.disposition is not None:
        return finding.disposition is ReturnDisposition.TRANSFER
    usual = rules.disposition(finding.condition)
    restocked = usual is ReturnDisposition.RESTOCK and rules.transfer_to_short
    return restocked or usual is ReturnDisposition.TRANSFER


def _disposition(
    finding: Finding, rules: DispositionRules, destination: LocationId | None
) -> ReturnDisposition:
    """Where the units go; they stay for sale here, if no location ran out of them."""
    wanted = finding.disposition or rules.disposition(finding.condition)
    if _may_go(finding, rules):
        found = destination is not None
        return ReturnDisposition.TRANSFER if found else ReturnDisposition.RESTOCK
    return wanted


def _looked_at(
    order: Order,
    given: Return,
    findings: Sequence[Finding],
    rules: DispositionRules,
    policy: ReturnPolicy,
    short: Short,
) -> tuple[Order, list[_Looked]]:
    after, looked = order, list[_Looked]()
    for finding in findings:
        here = [
            group
            for group in groups_of(after, given.id)
            if group.state is GroupState.RETURN_RECEIVED
        ]
        parts, units = parted(after, here, {finding.line_id: finding.quantity})
        skus = tuple(sorted(order.line(finding.line_id).components))
        disposition = _disposition(finding, rules, short.get(skus))
        moved = move(parts, ACTIONS[disposition], one_of(units))
        at = [replace(g, location_id=rules.location_id) for g in moved.groups if g.id in units]
        demands = demand_of_groups(order, at)
        looked.append(_Looked(finding, disposition, units, 0, 0, demands))
        after = moved
    after = after.waiving(order)
    valued = _valued(order, after, given, looked, policy)
    fees = sum(each.fee_minor for each in valued)
    return replace(after, return_fees_minor=after.return_fees_minor + fees), valued


def _valued(
    before: Order,
    after: Order,
    given: Return,
    looked: Sequence[_Looked],
    policy: ReturnPolicy,
) -> list[_Looked]:
    """What was looked at with its value, which is what the order costs less without it, shared by
    list price; and with what is kept of it, which is never more than what was paid for it.
    """
    weights = [
        before.line(each.finding.line_id).unit_price_minor * each.finding.quantity
        for each in looked
    ]
    values = split_by_weight(max(0, due_of(before) - due_of(after)), weights)
    fees = [
        fee_of(
            policy,
            before,
            value,
            given.reason_of(each.finding.line_id),
            each.finding.condition,
        )
        for each, value in zip(looked, values, strict=True)
    ]
    paid = sum(each.refundable_minor + each.capturable_minor for each in before.payments)
    if sum(fees) > (most := max(0, paid - all_back(after).payable_minor)):
        fees = split_by_weight(most, fees)
    return [
        replace(each, value_minor=value, fee_minor=fee)
        for each, value, fee in zip(looked, values, fees, strict=True)
    ]


def all_back(order: Order) -> Order:
    """`order` as if all units that wait for an inspection were restocked: what was exchanged for
    them is then the only thing to pay for them.
    """
    waiting = {g.id for g in order.groups if g.state is GroupState.RETURN_RECEIVED}
    if not waiting:
        return order
    return move(order, Action.RESTOCK, one_of(waiting)).waiving(order)


def due_of(order: Order) -> int:
    """What the units cost that are neither called off nor returned."""
    return order.value_of(lambda group: group.state not in NOT_DUE)


async def _settled(
    tx: Tx,
    before: Order,
    after: Order,
    given: Return,
    looked: Sequence[_Looked],
    place: LocationId,
    short: Short,
) -> ReturnChange:
    await lock_levels(tx, [demand for each in looked for demand in each.demands])
    now, found = await tx.now(), list[Inspection]()
    for each in looked:
        await _moved(tx, given, each)
        transfer_id = None
        if each.disposition is ReturnDisposition.TRANSFER:
            skus = tuple(sorted(before.line(each.finding.line_id).components))
            transfer_id = await proposed(tx, place, short[skus], each.demands, given.number)
        found.append(_inspection(each, transfer_id, tx.actor_key, now))
    fee = sum(each.fee_minor for each in looked)
    value = sum(each.value_minor for each in looked)
    credited = replace(
        given,
        fee_minor=given.fee_minor + fee,
        credited_minor=given.credited_minor + value - fee,
    )
    saved = await store(tx, advanced(credited, after, now), before.customer_id, found)
    detail = {"return": saved.number, "state": saved.state.value}
    await save(tx, before, after, INSPECT, detail=detail)
    return ReturnChange(saved.id, before.id, saved.version)


async def _moved(tx: Tx, given: Return, each: _Looked) -> None:
    await move_stock(
        tx,
        Bucket.INSPECTION,
        bucket_of(each.disposition, each.finding.condition),
        each.demands,
        MovementReason.RETURNED,
        given.number,
    )


def _inspection(
    each: _Looked, transfer_id: TransferId | None, actor_key: str, now: datetime
) -> Inspection:
    condition: ItemCondition = each.finding.condition
    return Inspection(
        id=new_id(),
        line_id=each.finding.line_id,
        quantity=each.finding.quantity,
        condition=condition,
        disposition=each.disposition,
        transfer_id=transfer_id,
        value_minor=each.value_minor,
        fee_minor=each.fee_minor,
        inspected_by=actor_key,
        inspected_at=now,
    )
