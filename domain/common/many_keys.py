"""Idempotency keys of many commands at once: read by one statement, stored with their effects.

`idempotency.claim` inserts a key first, so that a twin waits. Here keys are only looked at, and
inserted with the effects: when a twin was faster, the primary key refuses the whole statement, and
the transaction is decided again; then the key is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql.dml import Update, UpdateBase

from domain.common.fixed import Fixed
from domain.common.idempotency import dump
from domain.common.sql import few_given, insert_given, rows_given
from domain.common.tables import idempotency_key as keys
from domain.common.transaction import Tx

Key = tuple[str, str]
"""Actor and idempotency key."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What a key was used for."""

    operation: str
    input_hash: str
    subject_id: UUID | None
    result: Any


async def known_keys(tx: Tx, wanted: Sequence[Key]) -> Mapping[Key, KnownKey]:
    """Those of the keys that were used before. One statement; it sets the transaction's time."""
    rows = [{"actor": actor, "key": key} for actor, key in wanted]
    found = (await _LOOKING.run(tx.connection, {"keys": rows})).all()
    tx.set_now(found[0].now)
    return {
        (row.actor, row.key): KnownKey(row.operation, row.input_hash, row.subject_id, row.result)
        for row in found
        if row.operation is not None
    }


def begun_row(
    key: Key, operation: str, input_hash: str, subject_id: UUID, now: datetime
) -> dict[str, Any]:
    """The row that ties a new key to the aggregate of a two-step operation, for `key_insert`."""
    actor, name = key
    return {
        "actor": actor,
        "key": name,
        "operation": operation,
        "input_hash": input_hash,
        "subject_id": subject_id,
        "created_at": now,
    }


def finished_row(key: Key, result: object) -> dict[str, Any]:
    """The row that stores a result under its key, for `key_update`."""
    return {"actor": key[0], "key": key[1], "result": dump(result)}


def key_insert() -> UpdateBase:
    """A part of a statement, built once: it inserts the rows given as `keys`. Give them sorted, so
    that two transactions with the same keys do not wait for each other crosswise.
    """
    return insert_given(keys, _BEGUN, "keys")


def key_update() -> Update:
    """A part of a statement, built once: it stores the results given as `results`."""
    done = rows_given([keys.c.actor, keys.c.key, keys.c.result], "results")
    return (
        sa.update(keys)
        .where(keys.c.actor == done.c.actor, keys.c.key == done.c.key)
        .values(result=done.c.result)
    )


_BEGUN = ["actor", "key", "operation", "input_hash", "subject_id", "created_at"]


def _looking() -> sa.Select[*tuple[Any, ...]]:
    wanted = few_given([keys.c.actor, keys.c.key], "keys", "wanted")
    same = sa.and_(keys.c.actor == wanted.c.actor, keys.c.key == wanted.c.key)
    return sa.select(
        wanted.c.actor,
        wanted.c.key,
        keys.c.operation,
        keys.c.input_hash,
        keys.c.subject_id,
        keys.c.result,
        sa.func.now().label("now"),
    ).outerjoin_from(wanted, keys, same)


_LOOKING = Fixed(_looking)
