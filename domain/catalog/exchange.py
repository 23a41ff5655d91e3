"""Use case: set what a currency is worth in another one from a day on; and reading the rates."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.events import exchange_rate_event
from domain.catalog.model import ExchangeRate
from domain.catalog.tables import exchange_rate
from domain.common.days import start_of_day
from domain.common.errors import ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.money import check_currency
from domain.common.sql import alone
from domain.common.transaction import Tx
from domain.events.outbox import publish

MAX_RATE = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class SetExchangeRate:
    """One `base` is worth `rate` of `quote` from the beginning of `day` (of the merchant's time
    zone) until the day of the next rate. `expected_version` is 0 when the pair has no rate yet.
    """

    idempotency_key: str
    base: str
    quote: str
    day: date
    rate: Decimal
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class ExchangeRateDone:
    """The pair whose rates a use case changed, with the version that they have since."""

    base: str
    quote: str
    version: int


async def set_exchange_rate(tx: Tx, command: SetExchangeRate, time_zone: str) -> ExchangeRateDone:
    """The rates of the pair; publishes ExchangeRateChanged. The rate of a day that is not over can
    be set again; orders keep the one that they were placed at. Waits for other changes of the pair.

    Raises:
        ValidationFailed: a value is malformed, or the day is over. VersionConflict: the rates of
            the pair changed. IdempotencyConflict: the key was used with another input.
    """

    async def work() -> ExchangeRateDone:
        _check(command)
        if command.day < (await tx.now()).astimezone(ZoneInfo(time_zone)).date():
            raise ValidationFailed("day", "must not be over")
        await tx.connection.execute(alone(f"exchange_rate:{command.base}:{command.quote}"))
        c = exchange_rate.c
        newest = sa.select(sa.func.coalesce(sa.func.max(c.version), 0)).where(
            c.base == command.base, c.quote == command.quote
        )
        version = (await tx.connection.execute(newest)).scalar_one()
        check_version(command.expected_version, version)
        row = {
            "base": command.base,
            "quote": command.quote,
            "day": command.day,
            "starts": start_of_day(command.day, time_zone),
            "rate": command.rate,
            "version": version + 1,
        }
        added = insert(exchange_rate).values(row)
        changing = {name: added.excluded[name] for name in ("starts", "rate", "version")}
        keys = ["base", "quote", "day"]
        await tx.connection.execute(added.on_conflict_do_update(index_elements=keys, set_=changing))
        new = ExchangeRate(
            command.base, command.quote, command.day, command.rate, version=version + 1
        )
        await publish(tx, exchange_rate_event(new))
        return ExchangeRateDone(new.base, new.quote, new.version)

    return await once(tx, "setExchangeRate", command, ExchangeRateDone, work)


def _check(command: SetExchangeRate) -> None:
    check_currency(command.base)
    check_currency(command.quote)
    if command.base == command.quote:
        raise ValidationFailed("quote", "must be another currency")
    rate = command.rate
    if not (rate.is_finite() and 0 < rate < MAX_RATE):
        raise ValidationFailed("rate", "must be more than 0, and not absurdly high")
    if rate != rate.quantize(Decimal("0.0000000001")):
        raise ValidationFailed("rate", "must have at most 10 decimals")


async def exchange_rates(
    connection: AsyncConnection, base: str, quote: str, limit: int
) -> list[ExchangeRate]:
    """The rates of the pair, the newest day first. One statement.

    Raises:
        ValidationFailed: one is not a currency code.
    """
    c = exchange_rate.c
    rows = await connection.execute(
        sa.select(c.base, c.quote, c.day, c.rate, c.version)
        .where(c.base == check_currency(base), c.quote == check_currency(quote))
        .order_by(c.day.desc())
        .limit(limit)
    )
    return [ExchangeRate(**row) for row in rows.mappings()]
