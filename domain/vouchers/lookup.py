"""Looking up what is on a gift card, not too often: codes must not be found by trying."""

import math

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.common.database import Database
from domain.common.transaction import Tx
from domain.identity.model import Actor, Role
from domain.vouchers.errors import TooManyLookups
from domain.vouchers.model import Voucher, code_hash, normal_code
from domain.vouchers.repository import gift_card
from domain.vouchers.tables import lookup_allowance

AT_ONCE = 20
PER_SECOND = 1 / 6
_CHANNEL_FACTOR = 20
"""A channel asks for all of its customers."""


async def balance_of(database: Database, actor: Actor, code: str) -> Voucher | None:
    """The gift card with that code; None if there is none. Every look-up counts.

    Raises:
        ValidationFailed: it cannot be a code. TooManyLookups: see `count_lookup`.
    """
    hashed = code_hash(normal_code("code", code))
    await count_lookup(database, actor)
    return await database.read_primary(lambda connection: gift_card(connection, hashed))


async def count_lookup(database: Database, actor: Actor) -> None:
    """One look-up is taken from what the caller may do: 20 at once, 10 a minute; a channel 20 times
    as much. It is a transaction of its own, so that a refused attempt counts too.

    Raises:
        TooManyLookups: there is none left.
    """
    capacity, rate = _allowed(actor)

    async def take(tx: Tx) -> bool:
        return (await tx.connection.execute(_take(actor.key, capacity, rate))).first() is not None

    if not await database.run(take, actor_key=actor.key):
        raise TooManyLookups(math.ceil(1 / rate))


async def require_lookups(database: Database, actor: Actor) -> None:
    """Nothing, when the caller may look up another code now. Nothing is counted.

    Raises:
        TooManyLookups: otherwise.
    """
    capacity, rate = _allowed(actor)
    empty = sa.select(lookup_allowance.c.principal).where(
        lookup_allowance.c.principal == actor.key, _filled(capacity, rate) < 1
    )
    if await database.read_primary(lambda connection: connection.scalar(empty)) is not None:
        raise TooManyLookups(math.ceil(1 / rate))


def _allowed(actor: Actor) -> tuple[int, float]:
    """Look-ups at once, and how many more each second."""
    factor = _CHANNEL_FACTOR if actor.role is Role.CHANNEL else 1
    return AT_ONCE * factor, PER_SECOND * factor


def _filled(capacity: int, rate: float) -> sa.ColumnElement[float]:
    """What is in the bucket now."""
    c = lookup_allowance.c
    elapsed = sa.func.extract("epoch", sa.func.now() - c.at)
    return sa.func.least(sa.literal(capacity, sa.Float), c.tokens + elapsed * rate)


def _take(principal: str, capacity: int, rate: float) -> sa.Executable:
    """One row if the bucket had one; it is locked by the statement."""
    c = lookup_allowance.c
    filled, now = _filled(capacity, rate), sa.func.now()
    first = insert(lookup_allowance).values(principal=principal, tokens=capacity - 1, at=now)
    return first.on_conflict_do_update(
        index_elements=[c.principal],
        set_={"tokens": filled - 1, "at": now},
        where=filled >= 1,
    ).returning(c.principal)
