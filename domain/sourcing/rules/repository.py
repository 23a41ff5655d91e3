"""Reading and locking rule sets: each read is one statement."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.fixed import Fixed
from domain.common.sql import among
from domain.sourcing.rules.bodies import Body, body_of
from domain.sourcing.rules.model import (
    RuleSet,
    RuleSetId,
    RuleSetVersion,
    RuleSetVersionId,
    Scope,
    status_at,
)
from domain.sourcing.tables import sourcing_rule_set, sourcing_rule_set_version

MAX_KEPT_BODIES = 64
_V, _S = sourcing_rule_set_version.c, sourcing_rule_set.c
_STARTS = sa.func.lower(_V.valid).label("valid_from")
_ENDS = sa.func.upper(_V.valid).label("valid_until")
_VERSION = (
    _V.id,
    _V.rule_set_id,
    _S.name,
    _V.channel,
    _V.country,
    _V.order_type,
    _V.delivery_mode,
    _V.number,
    _STARTS,
    _ENDS,
    _V.author,
    _V.note,
    _V.created_at,
    _V.retired_at,
)


class _Bodies:
    """Bodies of versions in force, which never change, by id; the latest used are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, Body] = OrderedDict()

    def known(self) -> dict[UUID, Body]:
        """All that are kept now."""
        return dict(self._kept)

    def keep(self, key: UUID, body: Body) -> Body:
        """The body itself; the one that was not used for longest may go."""
        self._kept[key] = body
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_KEPT_BODIES:
            self._kept.popitem(last=False)
        return body


_BODIES = _Bodies()


async def versions_at(connection: AsyncConnection, at: datetime) -> list[RuleSetVersion]:
    """The versions that count at the moment `at`, one per scope at most. One statement; bodies that
    this process knows already are not sent again.
    """
    known = _BODIES.known()
    rows = await _IN_FORCE.run(connection, {"at": at, "known": list(known)})
    found: list[RuleSetVersion] = []
    for row in rows.mappings():
        key = row["id"]
        body = known[key] if row["body"] is None else body_of(row["body"])
        found.append(_version(row, _BODIES.keep(key, body), at))
    return found


def _in_force() -> sa.Select[*tuple[Any, ...]]:
    known = _V.id == sa.any_(sa.bindparam("known", type_=ARRAY(_V.id.type)))
    body = sa.case((known, None), else_=_V.body).label("body")
    at = sa.bindparam("at", type_=sa.DateTime(timezone=True))
    return (
        sa.select(*_VERSION, body)
        .join(sourcing_rule_set, _S.id == _V.rule_set_id)
        .where(_V.valid.op("@>")(at))
        .order_by(_V.id)
    )


_IN_FORCE = Fixed(_in_force)


async def version_by_id(connection: AsyncConnection, version_id: UUID) -> RuleSetVersion | None:
    """The version of that id, whatever its status."""
    found = await _versions(connection, _V.id == version_id)
    return found[0] if found else None


async def versions_of(
    connection: AsyncConnection, rule_set_ids: Collection[UUID]
) -> Mapping[RuleSetId, list[RuleSetVersion]]:
    """All versions of those rule sets, the newest first; sets without any are absent."""
    found: dict[RuleSetId, list[RuleSetVersion]] = {}
    for each in await _versions(connection, among(_V.rule_set_id, rule_set_ids)):
        found.setdefault(each.rule_set_id, []).append(each)
    return found


async def versions_of_scope(connection: AsyncConnection, scope: Scope) -> list[RuleSetVersion]:
    """The versions of all rule sets of exactly that scope that have a period."""
    same = [_V[name] == value for name, value in scope_columns(scope).items()]
    period = sa.and_(_V.valid.is_not(None), ~sa.func.isempty(_V.valid))
    return await _versions(connection, sa.and_(period, *same))


async def _versions(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[RuleSetVersion]:
    query = (
        sa.select(*_VERSION, _V.body, sa.func.now().label("now"))
        .join(sourcing_rule_set, _S.id == _V.rule_set_id)
        .where(condition)
        .order_by(_V.rule_set_id, _V.number.desc())
    )
    rows = (await connection.execute(query)).mappings()
    return [_version(row, body_of(row["body"]), row["now"]) for row in rows]


async def rule_sets(connection: AsyncConnection) -> Sequence[RuleSet]:
    """All rule sets, by name."""
    return await _rule_sets(connection, sa.true())


async def rule_set_by_id(connection: AsyncConnection, rule_set_id: UUID) -> RuleSet | None:
    """The rule set of that id."""
    found = await _rule_sets(connection, _S.id == rule_set_id)
    return found[0] if found else None


async def locked_rule_set(connection: AsyncConnection, rule_set_id: UUID) -> RuleSet:
    """The rule set, its row locked FOR NO KEY UPDATE.

    Raises:
        NotFound: there is no such rule set.
    """
    query = sa.select(sourcing_rule_set).where(_S.id == rule_set_id)
    row = (await connection.execute(query.with_for_update(key_share=True))).mappings().first()
    if row is None:
        raise NotFound("rule set", str(rule_set_id))
    return _rule_set(row)


async def _rule_sets(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[RuleSet]:
    query = sa.select(sourcing_rule_set).where(condition).order_by(_S.name)
    return [_rule_set(row) for row in (await connection.execute(query)).mappings()]


def scope_columns(scope: Scope) -> dict[str, str]:
    """The columns of a scope; any is the empty text, so that equal scopes have equal columns."""
    return {
        "channel": scope.channel or "",
        "country": scope.country or "",
        "order_type": scope.order_type or "",
        "delivery_mode": scope.delivery_mode or "",
    }


def _scope(row: Mapping[Any, Any]) -> Scope:
    return Scope(
        channel=row["channel"] or None,
        country=row["country"] or None,
        order_type=row["order_type"] or None,
        delivery_mode=row["delivery_mode"] or None,
    )


def _rule_set(row: Mapping[Any, Any]) -> RuleSet:
    return RuleSet(
        id=RuleSetId(row["id"]),
        name=row["name"],
        scope=_scope(row),
        created_by=row["created_by"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


def _version(row: Mapping[Any, Any], body: Body, at: datetime) -> RuleSetVersion:
    starts, ends, retired = row["valid_from"], row["valid_until"], row["retired_at"]
    return RuleSetVersion(
        id=RuleSetVersionId(row["id"]),
        rule_set_id=RuleSetId(row["rule_set_id"]),
        name=row["name"],
        scope=_scope(row),
        number=row["number"],
        rules=body.rules,
        costs=body.costs,
        status=status_at(at, starts, ends, retired),
        valid_from=starts,
        valid_until=ends,
        author=row["author"],
        note=row["note"],
        created_at=row["created_at"],
        retired_at=retired,
        time_zone=body.time_zone,
    )
