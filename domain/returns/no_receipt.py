"""Goods without a receipt: whose they may be, what they are worth at least, and store credit."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.repository import channel_by_code
from domain.catalog.tables import price
from domain.common.errors import Forbidden, NotFound, ValidationFailed
from domain.common.idempotency import once
from domain.common.ids import ChannelCode, CustomerId, LocationId, Sku, new_id
from domain.common.money import Money
from domain.common.numbers import number_for_people
from domain.common.sql import alone, among
from domain.common.transaction import Tx
from domain.customers.model import GivenCustomer
from domain.customers.resolve import resolve_customer
from domain.events.outbox import publish
from domain.identity.model import Actor
from domain.orders.states import WITH_CUSTOMER, OrderStatus
from domain.orders.tables import line_group, order_line, sales_order
from domain.payments.tables import payment
from domain.returns.errors import NoReceiptLimitReached, NotReturnable, ReceiptFound
from domain.returns.events import returned_without_receipt
from domain.returns.model import (
    MAX_LINES,
    DispositionRules,
    ItemCondition,
    ReturnDisposition,
    ReturnPolicy,
    Unreceipted,
    bucket_of,
)
from domain.returns.policies import MANAGERS, policy_of, rules_of
from domain.returns.receiving import require_place
from domain.returns.tables import no_receipt_return
from domain.stock.allocation import move as move_stock
from domain.stock.locking import lock_levels
from domain.stock.model import MAX_QUANTITY, Bucket, Demand, MovementReason
from domain.stock.receive import open_levels
from domain.vouchers.issuing import credited
from domain.vouchers.model import EntryKind


@dataclass(frozen=True, slots=True)
class GivenItem:
    """Units of a SKU that somebody brought, and what they are like."""

    sku: Sku
    quantity: int
    condition: ItemCondition


@dataclass(frozen=True, slots=True)
class ReturnWithoutReceipt:
    """Somebody brings goods to a store and has no receipt. `card_token`: of the card that they may
    have been paid with.
    """

    idempotency_key: str
    location_id: LocationId
    channel: ChannelCode
    customer: GivenCustomer
    items: tuple[GivenItem, ...]
    card_token: str | None = None


@dataclass(frozen=True, slots=True)
class CreditGiven:
    """Store credit that was given for goods without a receipt."""

    number: str
    customer_id: CustomerId
    amount_minor: int
    currency: str


async def return_without_receipt(
    tx: Tx, actor: Actor, command: ReturnWithoutReceipt
) -> CreditGiven:
    """The store credit for the goods, at the lowest price of the policy's days; the goods are where
    the rules of the location say. A manager's call is the approval.

    Raises:
        Forbidden: the actor is no manager.
        NotFound: no such location or channel, or the actor does not work there.
        ReceiptFound: the customer, or the card, has orders with such goods: return these.
        NotReturnable: a SKU had no price on that channel.
        NoReceiptLimitReached: the customer would get more than the policy allows.
        ValidationFailed, IdempotencyConflict: see there.

    Locks: the right to give this customer such credit, stock levels of the location in (location,
    sku) order, the customer's store credit.
    """
    if actor.role not in MANAGERS:
        raise Forbidden("goods without a receipt need a manager")
    _check(command)

    async def work() -> CreditGiven:
        await require_place(tx, actor, command.location_id)
        channel = await channel_by_code(tx.connection, command.channel)
        if channel is None:
            raise NotFound("channel", command.channel)
        customer = await resolve_customer(tx, command.customer, command.channel, seen_by=actor)
        await tx.connection.execute(alone(f"no-receipt:{customer.id}"))
        policy = await policy_of(tx.connection, command.channel)
        await _refuse_matched(tx.connection, command, customer.id, policy)
        rules = await rules_of(tx.connection, command.location_id)
        goods = await _valued(tx.connection, command, channel.currency, policy, rules)
        amount = sum(each.quantity * each.unit_price_minor for each in goods)
        await _check_limit(tx.connection, customer.id, Money(amount, channel.currency), policy)
        return await _credited(tx, command, customer.id, Money(amount, channel.currency), goods)

    return await once(tx, "returnWithoutReceipt", command, CreditGiven, work)


def _check(command: ReturnWithoutReceipt) -> None:
    if not 1 <= len(command.items) <= MAX_LINES:
        raise ValidationFailed("items", f"must be 1 to {MAX_LINES}")
    if len({(item.sku, item.condition) for item in command.items}) < len(command.items):
        raise ValidationFailed("items", "name a SKU in one condition twice")
    if any(not 1 <= item.quantity <= MAX_QUANTITY for item in command.items):
        raise ValidationFailed("items.quantity", f"must be 1 to {MAX_QUANTITY}")
    who = command.customer
    if not (who.id or who.reference or who.email or who.phone):
        raise ValidationFailed("customer", "must be known by id, reference, e-mail or phone")


async def _refuse_matched(
    connection: AsyncConnection,
    command: ReturnWithoutReceipt,
    customer_id: CustomerId,
    policy: ReturnPolicy,
) -> None:
    """Nothing, when neither the customer nor the card has orders with such goods.

    Raises:
        ReceiptFound: there are some that can still be returned.
    """
    skus = {item.sku for item in command.items}
    mine = sales_order.c.customer_id == customer_id
    if command.card_token is not None:
        by_card = sa.select(payment.c.order_id).where(payment.c.token == command.card_token)
        mine = sa.or_(mine, sales_order.c.id.in_(by_card))
    since = sa.func.now() - timedelta(days=policy.window_days)
    query = (
        sa.select(sales_order.c.number)
        .join(order_line, order_line.c.order_id == sales_order.c.id)
        .join(line_group, line_group.c.line_id == order_line.c.id)
        .where(
            mine,
            order_line.c.sku.in_(sorted(skus)),
            line_group.c.state.in_(sorted(state.value for state in WITH_CUSTOMER)),
            sa.func.coalesce(sales_order.c.closed_at, sa.func.now()) >= since,
        )
        .distinct()
        .order_by(sales_order.c.number)
        .limit(MAX_LINES)
    )
    if numbers := (await connection.scalars(query)).all():
        raise ReceiptFound(numbers)


async def _valued(
    connection: AsyncConnection,
    command: ReturnWithoutReceipt,
    currency: str,
    policy: ReturnPolicy,
    rules: DispositionRules,
) -> list[Unreceipted]:
    lowest = await lowest_prices(
        connection,
        command.channel,
        currency,
        {item.sku for item in command.items},
        policy.no_receipt_days,
    )
    if missing := {item.sku for item in command.items} - lowest.keys():
        raise NotReturnable(f"{min(missing)} was not sold here lately")
    return [
        Unreceipted(
            item.sku,
            item.quantity,
            item.condition,
            _disposition(rules, item.condition),
            lowest[item.sku],
        )
        for item in command.items
    ]


def _disposition(rules: DispositionRules, condition: ItemCondition) -> ReturnDisposition:
    wanted = rules.disposition(condition)
    return ReturnDisposition.RESTOCK if wanted is ReturnDisposition.TRANSFER else wanted


async def lowest_prices(
    connection: AsyncConnection,
    channel: ChannelCode,
    currency: str,
    skus: Collection[Sku],
    days: int,
) -> dict[Sku, int]:
    """The lowest price of each SKU on a channel within so many days, minor units: listed for any
    segment, or sold at. SKUs without one are absent.
    """
    since = sa.func.now() - timedelta(days=days)
    span = sa.func.tstzrange(since, sa.func.now(), "[]", type_=TSTZRANGE)
    listed = sa.select(price.c.sku, price.c.amount_minor.label("amount")).where(
        among(price.c.sku, skus),
        price.c.channel == channel,
        price.c.currency == currency,
        price.c.valid.op("&&")(span),
    )
    paid = order_line.c.total_minor / order_line.c.ordered_quantity
    sold = (
        sa.select(order_line.c.sku, sa.func.floor(paid))
        .join(sales_order, sales_order.c.id == order_line.c.order_id)
        .where(
            among(order_line.c.sku, skus),
            sales_order.c.channel == channel,
            sales_order.c.currency == currency,
            sales_order.c.status.in_([OrderStatus.CONFIRMED.value, OrderStatus.CLOSED.value]),
            sales_order.c.placed_at >= since,
        )
    )
    both = listed.union_all(sold).subquery()
    query = sa.select(both.c.sku, sa.func.min(both.c.amount)).group_by(both.c.sku)
    return {Sku(sku): int(amount) for sku, amount in await connection.execute(query)}


async def _check_limit(
    connection: AsyncConnection, customer_id: CustomerId, asked: Money, policy: ReturnPolicy
) -> None:
    c = no_receipt_return.c
    given = sa.select(sa.func.coalesce(sa.func.sum(c.credited_minor), 0)).where(
        c.customer_id == customer_id,
        c.currency == asked.currency,
        c.at > sa.func.now() - timedelta(days=policy.no_receipt_days),
    )
    used = int(await connection.scalar(given) or 0)
    left = max(0, policy.no_receipt_limit.get(asked.currency, 0) - used)
    if asked.amount_minor > left:
        raise NoReceiptLimitReached(asked.amount_minor, left, asked.currency)
    if not asked.amount_minor:
        raise NotReturnable("worth nothing")


async def _credited(
    tx: Tx,
    command: ReturnWithoutReceipt,
    customer_id: CustomerId,
    amount: Money,
    goods: Sequence[Unreceipted],
) -> CreditGiven:
    number, return_id, now = number_for_people("N"), new_id(), await tx.now()
    demands = [Demand(each.sku, command.location_id, each.quantity) for each in goods]
    await open_levels(tx, demands)
    await lock_levels(tx, demands)
    for each, demand in zip(goods, demands, strict=True):
        await _shelved(tx, each, demand, number)
    credit = await credited(tx, customer_id, amount, EntryKind.RETURN, note=number)
    await tx.connection.execute(
        sa.insert(no_receipt_return).values(
            id=return_id,
            number=number,
            location_id=command.location_id,
            customer_id=customer_id,
            channel=command.channel,
            currency=amount.currency,
            lines=[asdict(each) for each in goods],
            credited_minor=amount.amount_minor,
            store_credit_id=credit.id,
            approved_by=tx.actor_key,
            at=now,
        )
    )
    await publish(tx, returned_without_receipt(UUID(str(return_id)), number, amount))
    return CreditGiven(number, customer_id, amount.amount_minor, amount.currency)


async def _shelved(tx: Tx, each: Unreceipted, demand: Demand, number: str) -> None:
    """The units come in for inspection and go where they belong, so that the ledger tells both."""
    why, target = MovementReason.RETURNED, bucket_of(each.disposition, each.condition)
    await move_stock(tx, Bucket.EXTERNAL, Bucket.INSPECTION, [demand], why, number)
    await move_stock(tx, Bucket.INSPECTION, target, [demand], why, number)
