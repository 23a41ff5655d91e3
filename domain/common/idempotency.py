"""Same key and same input, same result: the key, the input's hash and the result live in the
effect's own transaction (ADR 0009).
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import Update

from domain.common.errors import IdempotencyConflict, ValidationFailed
from domain.common.tables import idempotency_key as keys
from domain.common.transaction import Tx

T = TypeVar("T")


class Command(Protocol):
    """A frozen dataclass that asks for a change and carries the caller's key (1 to 128 chars)."""

    @property
    def idempotency_key(self) -> str:
        """The caller's own name of this attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known about a key: new, finished (`result`), or begun (`subject_id`)."""

    new: bool
    subject_id: UUID | None = None
    result: Any = None


def input_hash(command: Command) -> str:
    """SHA-256 of the command's canonical JSON; equal commands have equal hashes."""
    body = orjson.dumps(command, default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def check_key(key: str) -> None:
    """Nothing, when it may be an idempotency key.

    Raises:
        ValidationFailed: the key is empty or longer than 128 characters.
    """
    if not 1 <= len(key) <= 128:
        raise ValidationFailed("idempotencyKey", "must have 1 to 128 characters")


def check_use(key: str, operation: str, input_hash: str, *, before: tuple[str, str]) -> None:
    """Nothing, when a key that was used `before`, for an operation and an input's hash, is used for
    the same again.

    Raises:
        IdempotencyConflict: otherwise.
    """
    if before != (operation, input_hash):
        raise IdempotencyConflict(key)


async def claim(tx: Tx, operation: str, command: Command) -> Claim:
    """Take the command's key for this actor, or say what the first use of it came to.

    Waits for a concurrent transaction that holds the same key. Sets the transaction's time.

    Raises:
        IdempotencyConflict: the key was used with another input or for another operation.
        ValidationFailed: the key is empty or longer than 128 characters.
    """
    key, digest = command.idempotency_key, input_hash(command)
    check_key(key)
    first = await tx.connection.execute(
        insert(keys)
        .values(actor=tx.actor_key, key=key, operation=operation, input_hash=digest)
        .on_conflict_do_nothing()
        .returning(sa.func.now())
    )
    if (now := first.scalar_one_or_none()) is not None:
        tx.set_now(now)
        return Claim(new=True)
    row = (
        await tx.connection.execute(
            sa.select(keys, sa.func.now().label("now")).where(
                keys.c.actor == tx.actor_key, keys.c.key == key
            )
        )
    ).one()
    tx.set_now(row.now)
    check_use(key, operation, digest, before=(row.operation, row.input_hash))
    return Claim(new=False, subject_id=row.subject_id, result=row.result)


def begun(tx: Tx, command: Command, subject_id: UUID) -> Update:
    """The UPDATE that ties the key to the aggregate of a two-step operation (ADR 0017)."""
    return _of(tx, command).values(subject_id=subject_id)


def finished(tx: Tx, command: Command, result: object) -> Update:
    """The UPDATE that stores `result` (a frozen dataclass) under the command's key."""
    return _of(tx, command).values(result=dump(result))


async def stored(tx: Tx, command: Command, result_type: type[T]) -> T | None:
    """The result that a twin of this request stored under the same key, if it has finished."""
    found = await tx.connection.scalar(
        sa.select(keys.c.result).where(
            keys.c.actor == tx.actor_key, keys.c.key == command.idempotency_key
        )
    )
    return None if found is None else load(result_type, found)


async def once(
    tx: Tx,
    operation: str,
    command: Command,
    result_type: type[T],
    work: Callable[[], Awaitable[T]],
) -> T:
    """The result of `work`, performed at most once for the command's key.

    A refusal (`DomainError`) rolls the key back with everything else, so it can be tried again.

    Raises:
        IdempotencyConflict: see `claim`. DomainError: whatever `work` raises.
    """
    known = await claim(tx, operation, command)
    if not known.new:
        return load(result_type, known.result)
    result = await work()
    await tx.connection.execute(finished(tx, command, result))
    return result


@lru_cache(maxsize=256)
def _adapter(result_type: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(result_type)


def dump(result: object) -> Any:
    """`result` as JSON values."""
    return _adapter(type(result)).dump_python(result, mode="json")


def load(result_type: type[T], stored: Any) -> T:
    """The inverse of `dump`."""
    return _adapter(result_type).validate_python(stored, strict=False)


def _of(tx: Tx, command: Command) -> Update:
    return sa.update(keys).where(
        keys.c.actor == tx.actor_key, keys.c.key == command.idempotency_key
    )
