"""Use cases: create a promotion, change it, put it into force, end it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from domain.catalog.model import checked_texts
from domain.catalog.tables import channel, variant
from domain.common.days import end_of_day, start_of_day
from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.ids import Sku, new_id
from domain.common.patch import KEEP, Keep, kept
from domain.common.sql import among, together
from domain.common.texts import Texts, needed_line, one_line
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor, Role
from domain.promotions.errors import IllegalPromotionStep, PromotionNameTaken
from domain.promotions.events import promotion_changed, promotion_payload
from domain.promotions.forms import MAX_NAME, checked_rules
from domain.promotions.model import Promotion, PromotionId, PromotionStatus, Rules
from domain.promotions.repository import locked_promotion, new_stamp, promotion_row
from domain.promotions.tables import promotion

WRITERS = frozenset({Role.OPERATIONS, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class CreatePromotion:
    """A new promotion, a draft. It counts from the beginning of `starts_on` to the end of `ends_on`
    (days of the merchant's time zone); None is without a limit on that side.
    """

    idempotency_key: str
    name: str
    rules: Rules
    labels: Texts
    campaign: str = ""
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class UpdatePromotion:
    """Other values for a promotion; KEEP leaves a field as it is."""

    idempotency_key: str
    promotion_id: PromotionId
    expected_version: int | None = None
    name: str | Keep = KEEP
    rules: Rules | Keep = KEEP
    labels: Texts | Keep = KEEP
    campaign: str | Keep = KEEP
    starts_on: date | Keep | None = KEEP
    ends_on: date | Keep | None = KEEP


@dataclass(frozen=True, slots=True)
class ChangePromotion:
    """A step of a promotion that needs nothing else."""

    idempotency_key: str
    promotion_id: PromotionId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class PromotionDone:
    """The promotion that a use case changed, with the version it has since."""

    id: PromotionId
    version: int


async def create_promotion(
    tx: Tx, actor: Actor, command: CreatePromotion, time_zone: str
) -> PromotionDone:
    """The new promotion, a DRAFT of version 1; publishes PromotionChanged.

    Raises:
        Forbidden: the actor's role does not change promotions. PromotionNameTaken: see there.
        NotFound: its rules name a channel or a SKU that does not exist.
        ValidationFailed: for the path of the part that is malformed.
        IdempotencyConflict: the key was used with another input.
    """
    check_writer(actor)

    async def work() -> PromotionDone:
        now = await tx.now()
        new = _checked(
            Promotion(
                id=PromotionId(new_id()),
                name=command.name,
                campaign=command.campaign,
                labels=command.labels,
                rules=command.rules,
                status=PromotionStatus.DRAFT,
                valid_from=_start(command.starts_on, time_zone),
                valid_until=_end(command.ends_on, time_zone),
                created_by=tx.actor_key,
                created_at=now,
                updated_at=now,
                version=1,
            )
        )
        await _check_named(tx, new.rules)
        added = insert(promotion).values(_row(new)).on_conflict_do_nothing(index_elements=["name"])
        if await tx.connection.scalar(added.returning(promotion.c.id)) is None:
            raise PromotionNameTaken(new.name)
        await publish(tx, promotion_changed(new, "CREATE"))
        return PromotionDone(new.id, new.version)

    return await once(tx, "createPromotion", command, PromotionDone, work)


async def update_promotion(
    tx: Tx, actor: Actor, command: UpdatePromotion, time_zone: str
) -> PromotionDone:
    """The changed promotion; an ACTIVE one counts as it is now from now on. Orders that were placed
    keep the rules of their time. Publishes PromotionChanged unless every value is as it was.

    Raises:
        Forbidden: the actor's role does not change promotions. NotFound: no such promotion, channel
            or SKU. IllegalPromotionStep: it has ended. PromotionNameTaken: see there.
        ValidationFailed: for the path of the part that is malformed.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the promotion.
    """
    check_writer(actor)

    async def work() -> PromotionDone:
        before = await _locked(tx, command.promotion_id, command.expected_version)
        if before.status is PromotionStatus.ENDED:
            raise IllegalPromotionStep("update", before.status)
        starts, ends = command.starts_on, command.ends_on
        after = _checked(
            replace(
                before,
                name=kept(command.name, before.name),
                campaign=kept(command.campaign, before.campaign),
                labels=kept(command.labels, before.labels),
                rules=kept(command.rules, before.rules),
                valid_from=before.valid_from
                if isinstance(starts, Keep)
                else _start(starts, time_zone),
                valid_until=before.valid_until if isinstance(ends, Keep) else _end(ends, time_zone),
            )
        )
        if after == before:
            return PromotionDone(before.id, before.version)
        await _check_named(tx, after.rules)
        return await save(tx, before, after, "UPDATE")

    return await once(tx, "updatePromotion", command, PromotionDone, work)


async def activate_promotion(tx: Tx, actor: Actor, command: ChangePromotion) -> PromotionDone:
    """The promotion, ACTIVE: it counts while its period lasts. Publishes PromotionChanged.

    Raises:
        Forbidden, NotFound, VersionConflict, IdempotencyConflict: see `update_promotion`.
        IllegalPromotionStep: it is not a draft, or its period is over.

    Locks: the promotion.
    """
    check_writer(actor)

    async def work() -> PromotionDone:
        before = await _locked(tx, command.promotion_id, command.expected_version)
        over = before.valid_until is not None and before.valid_until <= await tx.now()
        if before.status is not PromotionStatus.DRAFT or over:
            raise IllegalPromotionStep("activate", before.status)
        after = replace(before, status=PromotionStatus.ACTIVE)
        return await save(tx, before, after, "ACTIVATE")

    return await once(tx, "activatePromotion", command, PromotionDone, work)


async def end_promotion(tx: Tx, actor: Actor, command: ChangePromotion) -> PromotionDone:
    """The promotion, ENDED: it counts for no order from now on. Publishes PromotionChanged.

    Raises:
        Forbidden, NotFound, VersionConflict, IdempotencyConflict: see `update_promotion`.
        IllegalPromotionStep: it has ended.

    Locks: the promotion.
    """
    check_writer(actor)

    async def work() -> PromotionDone:
        before = await _locked(tx, command.promotion_id, command.expected_version)
        if before.status is PromotionStatus.ENDED:
            raise IllegalPromotionStep("end", before.status)
        return await save(tx, before, replace(before, status=PromotionStatus.ENDED), "END")

    return await once(tx, "endPromotion", command, PromotionDone, work)


def check_writer(actor: Actor) -> None:
    """Nothing, when the actor may change promotions.

    Raises:
        Forbidden: otherwise.
    """
    if actor.role not in WRITERS:
        raise Forbidden("this role does not change promotions")


async def save(
    tx: Tx, before: Promotion, after: Promotion, action: str, *also: Any, **detail: Any
) -> PromotionDone:
    """`after` as the next version of the locked promotion, stored with `also` and published; every
    process reads promotions anew.

    Raises:
        PromotionNameTaken: another promotion has its name.
    """
    after = replace(after, version=before.version + 1, updated_at=await tx.now())
    own = sa.update(promotion).where(promotion.c.id == after.id).values(_row(after))
    try:
        await tx.connection.execute(together(own, new_stamp(), *also))
    except IntegrityError as error:
        if constraint_of(error) == "uq_promotion_name":
            raise PromotionNameTaken(after.name) from error
        raise
    await publish(tx, promotion_changed(after, action, **detail))
    return PromotionDone(after.id, after.version)


async def _locked(tx: Tx, key: PromotionId, expected: int | None) -> Promotion:
    before = await locked_promotion(tx.connection, key)
    check_version(expected, before.version)
    return before


def _row(given: Promotion) -> dict[str, Any]:
    return promotion_row(given, promotion_payload(given)["rules"])


def _checked(given: Promotion) -> Promotion:
    starts, ends = given.valid_from, given.valid_until
    if starts is not None and ends is not None and ends <= starts:
        raise ValidationFailed("endsOn", "must not be before startsOn")
    if not given.labels:
        raise ValidationFailed("labels", "must have a text in at least one language")
    return replace(
        given,
        name=needed_line("name", given.name, MAX_NAME),
        campaign=one_line("campaign", given.campaign, MAX_NAME),
        labels=checked_texts("labels", given.labels, MAX_NAME),
        rules=checked_rules(given.rules),
    )


def _start(day: date | None, time_zone: str) -> datetime | None:
    return None if day is None else start_of_day(day, time_zone)


def _end(day: date | None, time_zone: str) -> datetime | None:
    return None if day is None else end_of_day(day, time_zone)


async def _check_named(tx: Tx, rules: Rules) -> None:
    skus: Sequence[Sku] = [*rules.products.skus, *(part.sku for part in rules.reward.bundle)]
    for kind, column, names in (
        ("channel", channel.c.code, rules.audience.channels),
        ("variant", variant.c.sku, skus),
    ):
        if names:
            known = (
                await tx.connection.scalars(sa.select(column).where(among(column, names)))
            ).all()
            if missing := set(names) - set(known):
                raise NotFound(kind, min(missing))
