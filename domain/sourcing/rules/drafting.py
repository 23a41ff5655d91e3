"""Use cases: create a rule set, and draft its next rules."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.catalog.model import ChannelKind
from domain.catalog.repository import require_channel
from domain.common.errors import Forbidden, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import ChannelCode, new_id
from domain.common.texts import checked_country, needed_line, paragraphs
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor, Role
from domain.sourcing.rules.bodies import Body, body_form, checked_body
from domain.sourcing.rules.commands import CreateRuleSet, RuleSetChange, SaveRuleSetDraft
from domain.sourcing.rules.errors import RuleSetNameTaken
from domain.sourcing.rules.events import rule_set_changed
from domain.sourcing.rules.forms import MAX_NAME
from domain.sourcing.rules.model import (
    DELIVERY_MODES,
    RuleSet,
    RuleSetId,
    RuleSetStatus,
    RuleSetVersion,
    RuleSetVersionId,
    Scope,
)
from domain.sourcing.rules.repository import locked_rule_set, scope_columns, versions_of
from domain.sourcing.tables import sourcing_rule_set, sourcing_rule_set_version

WRITERS = frozenset({Role.OPERATIONS, Role.ADMIN})
MAX_NOTE = 2_000


async def create_rule_set(tx: Tx, actor: Actor, command: CreateRuleSet) -> RuleSetChange:
    """The new rule set, version 1, without rules; publishes RuleSetChanged.

    Raises:
        Forbidden: the actor's role does not change rules. RuleSetNameTaken: the name is in use.
        NotFound: the scope names a channel that does not exist.
        ValidationFailed: a value is malformed. IdempotencyConflict: see `once`.
    """
    check_writer(actor)
    name = needed_line("name", command.name, MAX_NAME)
    scope = checked_scope(command.scope)

    async def work() -> RuleSetChange:
        if scope.channel is not None:
            await require_channel(tx.connection, ChannelCode(scope.channel))
        now = await tx.now()
        new = RuleSet(RuleSetId(new_id()), name, scope, tx.actor_key, now, now, 1)
        row = {
            "id": new.id,
            "name": new.name,
            **scope_columns(scope),
            "created_by": new.created_by,
            "created_at": now,
            "updated_at": now,
            "version": new.version,
        }
        added = (
            insert(sourcing_rule_set).values(row).on_conflict_do_nothing(index_elements=["name"])
        )
        if await tx.connection.scalar(added.returning(sourcing_rule_set.c.id)) is None:
            raise RuleSetNameTaken(name)
        await publish(tx, rule_set_changed(new, "CREATE"))
        return RuleSetChange(new.id, new.version)

    return await once(tx, "createRuleSet", command, RuleSetChange, work)


async def save_rule_set_draft(
    tx: Tx, actor: Actor, command: SaveRuleSetDraft, time_zone: str
) -> RuleSetChange:
    """The rule set with these rules as its draft, a new version unless there is a draft already;
    dates in them are those of `time_zone`. Publishes RuleSetChanged.

    Raises:
        Forbidden: the actor's role does not change rules. NotFound: no such rule set.
        ValidationFailed: for the path of the part that is malformed or out of range.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the rule set.
    """
    check_writer(actor)
    body = checked_body(Body(command.rules, command.costs, time_zone))
    note = paragraphs("note", command.note, MAX_NOTE)

    async def work() -> RuleSetChange:
        before = await locked_rule_set(tx.connection, command.rule_set_id)
        check_version(command.expected_version, before.version)
        existing = (await versions_of(tx.connection, [before.id])).get(before.id, [])
        draft = next((each for each in existing if each.status is RuleSetStatus.DRAFT), None)
        draft = draft or fresh_version(before, body, next_number(existing))
        now = await tx.now()
        saved = replace(draft, author=tx.actor_key, note=note, created_at=now)
        await tx.connection.execute(_upsert(version_row(saved, body)))
        return await changed(tx, before, "SAVE_DRAFT", saved)

    return await once(tx, "saveRuleSetDraft", command, RuleSetChange, work)


def check_writer(actor: Actor) -> None:
    """Nothing, when the actor may change rules.

    Raises:
        Forbidden: otherwise.
    """
    if actor.role not in WRITERS:
        raise Forbidden("this role does not change rules")


def checked_scope(scope: Scope) -> Scope:
    """The scope itself; whether its channel exists is not looked at.

    Raises:
        ValidationFailed: a part of it is not known.
    """
    if scope.country is not None:
        checked_country("scope.country", scope.country)
    if scope.order_type is not None and scope.order_type not in frozenset(ChannelKind):
        raise ValidationFailed("scope.orderType", "is not known")
    if scope.delivery_mode is not None and scope.delivery_mode not in DELIVERY_MODES:
        raise ValidationFailed("scope.deliveryMode", "is not known")
    return scope


def next_number(existing: Sequence[RuleSetVersion]) -> int:
    """The number of the next version."""
    return 1 + max((each.number for each in existing), default=0)


def fresh_version(of: RuleSet, body: Body, number: int) -> RuleSetVersion:
    """A draft with that body, not stored yet."""
    return RuleSetVersion(
        id=RuleSetVersionId(new_id()),
        rule_set_id=of.id,
        name=of.name,
        scope=of.scope,
        number=number,
        rules=body.rules,
        costs=body.costs,
        status=RuleSetStatus.DRAFT,
        valid_from=None,
        valid_until=None,
        author="",
        note="",
        created_at=of.updated_at,
        time_zone=body.time_zone,
    )


def version_row(version: RuleSetVersion, body: Body) -> dict[str, Any]:
    """The row of a version, but for its period."""
    return {
        "id": version.id,
        "rule_set_id": version.rule_set_id,
        "number": version.number,
        **scope_columns(version.scope),
        "body": body_form(body),
        "author": version.author,
        "note": version.note,
        "created_at": version.created_at,
    }


async def changed(
    tx: Tx, before: RuleSet, action: str, version: RuleSetVersion | None
) -> RuleSetChange:
    """The rule set with its next version, stored and published."""
    after = replace(before, version=before.version + 1, updated_at=await tx.now())
    await tx.connection.execute(
        sa.update(sourcing_rule_set)
        .where(sourcing_rule_set.c.id == after.id)
        .values(version=after.version, updated_at=after.updated_at)
    )
    await publish(tx, rule_set_changed(after, action, version))
    return RuleSetChange(after.id, after.version)


def _upsert(row: dict[str, Any]) -> sa.Insert:
    added = insert(sourcing_rule_set_version).values(row)
    rewritten = {name: added.excluded[name] for name in ("body", "author", "note", "created_at")}
    return added.on_conflict_do_update(index_elements=["id"], set_=rewritten)
