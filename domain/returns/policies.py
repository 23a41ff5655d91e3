"""What channels allow of returns, and what locations do with returned goods."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.repository import channel_by_code
from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import ChannelCode, LocationId, new_id
from domain.common.money import check_currency
from domain.common.texts import checked_tags
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor, Role
from domain.locations.repository import all_locations_by_id
from domain.returns.commands import SetDispositionRules, SetReturnPolicy
from domain.returns.events import policy_changed, rules_changed
from domain.returns.model import DispositionRules, ItemCondition, ReturnDisposition, ReturnPolicy
from domain.returns.tables import disposition_rules, return_policy

SETTERS = frozenset({Role.OPERATIONS, Role.ADMIN})
MANAGERS = frozenset({Role.STORE_MANAGER, *SETTERS})
MAX_DAYS = 3650
MAX_LIMITS = 50


async def policy_of(connection: AsyncConnection, channel: ChannelCode) -> ReturnPolicy:
    """The policy of a channel, else that of all channels, else the usual one. One statement."""
    query = (
        sa.select(return_policy)
        .where(return_policy.c.channel.in_([channel, ""]))
        .order_by(return_policy.c.channel.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return ReturnPolicy() if row is None else _policy(row)


async def rules_of(connection: AsyncConnection, location_id: LocationId) -> DispositionRules:
    """What a location does with returned goods; the usual rules if it has none of its own."""
    query = sa.select(disposition_rules).where(disposition_rules.c.location_id == location_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return DispositionRules(location_id)
    rules = {ItemCondition(k): ReturnDisposition(v) for k, v in row["rules"].items()}
    return DispositionRules(location_id, rules, row["transfer_to_short"], row["version"])


async def set_return_policy(tx: Tx, actor: Actor, command: SetReturnPolicy) -> ReturnPolicy:
    """The policy of a channel, or of all that have none of their own, replaced as a whole. Returns
    that were requested before keep their deadline.

    Raises:
        Forbidden: the actor's role does not set policies. NotFound: no such channel.
        ValidationFailed: a value is out of range.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the policy.
    """
    if actor.role not in SETTERS:
        raise Forbidden("this role does not set return policies")
    wanted = _checked(command)

    async def work() -> ReturnPolicy:
        channel = command.channel
        if channel and await channel_by_code(tx.connection, channel) is None:
            raise NotFound("channel", channel)
        now = await tx.now()
        fresh = _row(replace(wanted, version=0)) | {"id": new_id(), "updated_at": now}
        await tx.connection.execute(insert(return_policy).values(fresh).on_conflict_do_nothing())
        mine = return_policy.c.channel == wanted.channel
        query = sa.select(return_policy.c.id, return_policy.c.version).where(mine)
        known = (await tx.connection.execute(query.with_for_update(key_share=True))).one()
        check_version(command.expected_version, known.version)
        after = replace(wanted, version=known.version + 1)
        values = _row(after) | {"updated_at": now}
        await tx.connection.execute(sa.update(return_policy).where(mine).values(values))
        await publish(tx, policy_changed(UUID(str(known.id)), after))
        return after

    return await once(tx, "setReturnPolicy", command, ReturnPolicy, work)


async def set_disposition_rules(
    tx: Tx, actor: Actor, command: SetDispositionRules
) -> DispositionRules:
    """What a location does with returned goods, replaced as a whole; conditions that are not named
    follow the usual rules.

    Raises:
        NotFound: no such location, or the actor does not work there.
        Forbidden: the role does not set rules. ValidationFailed: a condition is named twice.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the rules of the location.
    """
    if actor.role not in MANAGERS:
        raise Forbidden("this role does not set disposition rules")
    if len(dict(command.rules)) < len(command.rules):
        raise ValidationFailed("rules", "name a condition twice")

    async def work() -> DispositionRules:
        place = command.location_id
        known = await all_locations_by_id(tx.connection, [place])
        if place not in known or not actor.works_at(place):
            raise NotFound("location", str(place))
        now = await tx.now()
        mine = disposition_rules.c.location_id == place
        values: dict[str, Any] = {
            "rules": {key.value: to.value for key, to in command.rules},
            "transfer_to_short": command.transfer_to_short,
            "updated_at": now,
        }
        fresh = values | {"location_id": place, "version": 0}
        await tx.connection.execute(
            insert(disposition_rules).values(fresh).on_conflict_do_nothing()
        )
        query = sa.select(disposition_rules.c.version).where(mine)
        version = await tx.connection.scalar(query.with_for_update(key_share=True)) or 0
        check_version(command.expected_version, version)
        values["version"] = version + 1
        await tx.connection.execute(sa.update(disposition_rules).where(mine).values(values))
        after = DispositionRules(place, dict(command.rules), command.transfer_to_short, version + 1)
        await publish(tx, rules_changed(after))
        return after

    return await once(tx, "setDispositionRules", command, DispositionRules, work)


def _checked(command: SetReturnPolicy) -> ReturnPolicy:
    for name, days in (
        ("windowDays", command.window_days),
        ("daysToSend", command.days_to_send),
        ("noReceiptDays", command.no_receipt_days),
    ):
        if not 0 <= days <= MAX_DAYS:
            raise ValidationFailed(name, f"must be 0 to {MAX_DAYS}")
    for name, rate in (
        ("restockingFee", command.restocking_fee),
        ("damageDeduction", command.damage_deduction),
    ):
        if not (rate.is_finite() and 0 <= rate <= 1) or rate != round(rate, 4):
            raise ValidationFailed(name, "must be 0 to 1, with at most 4 decimals")
    limits = dict(command.no_receipt_limits)
    if len(limits) < len(command.no_receipt_limits) or len(limits) > MAX_LIMITS:
        raise ValidationFailed("noReceiptLimits", "name a currency twice, or too many")
    for currency, amount in limits.items():
        check_currency(currency)
        if not 0 <= amount < 10**12:
            raise ValidationFailed("noReceiptLimits", "must be 0 or more")
    return ReturnPolicy(
        channel=command.channel or "",
        window_days=command.window_days,
        days_to_send=command.days_to_send,
        authorises=command.authorises,
        final_sale_tags=checked_tags("finalSaleTags", command.final_sale_tags),
        restocking_fee=command.restocking_fee,
        damage_deduction=command.damage_deduction,
        refunds_shipping=command.refunds_shipping,
        no_receipt_limit=limits,
        no_receipt_days=command.no_receipt_days,
    )


def _row(policy: ReturnPolicy) -> dict[str, Any]:
    return {
        "channel": policy.channel,
        "window_days": policy.window_days,
        "days_to_send": policy.days_to_send,
        "authorises": policy.authorises,
        "final_sale_tags": list(policy.final_sale_tags),
        "restocking_fee": policy.restocking_fee,
        "damage_deduction": policy.damage_deduction,
        "refunds_shipping": policy.refunds_shipping,
        "no_receipt_limit": dict(policy.no_receipt_limit),
        "no_receipt_days": policy.no_receipt_days,
        "version": policy.version,
    }


def _policy(row: Any) -> ReturnPolicy:
    return ReturnPolicy(
        channel=row["channel"],
        window_days=row["window_days"],
        days_to_send=row["days_to_send"],
        authorises=row["authorises"],
        final_sale_tags=tuple(row["final_sale_tags"]),
        restocking_fee=Decimal(row["restocking_fee"]),
        damage_deduction=Decimal(row["damage_deduction"]),
        refunds_shipping=row["refunds_shipping"],
        no_receipt_limit=row["no_receipt_limit"],
        no_receipt_days=row["no_receipt_days"],
        version=row["version"],
    )
