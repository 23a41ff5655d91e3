"""Use case: set a country's tax rate for a category; and reading the rates."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.errors import TaxRateOverlap
from domain.catalog.events import tax_rate_event
from domain.catalog.model import TaxCategory, TaxRate, checked_region
from domain.catalog.periods import Fitting, Overlapping, Period, check_order, fit
from domain.catalog.tables import tax_rate
from domain.common.errors import ValidationFailed, check_version
from domain.common.faults import constraint_of
from domain.common.idempotency import once
from domain.common.ids import new_id
from domain.common.sql import alone
from domain.common.texts import checked_code, checked_country
from domain.common.transaction import Tx
from domain.events.outbox import publish


@dataclass(frozen=True, slots=True)
class SetTaxRate:
    """Goods of the category are taxed with `rate` (0.22 is 22 %) in the country from `valid_from`
    (None: from now) on; with `valid_to`, the open rate that it interrupts goes on afterwards.

    With a `region` of the country it is the rate there. `expected_version` is 0 when there is no
    rate for the category yet.
    """

    idempotency_key: str
    country: str
    tax_category: TaxCategory
    rate: Decimal
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    expected_version: int | None = None
    region: str = ""


@dataclass(frozen=True, slots=True)
class TaxRateDone:
    """The rates that a use case changed, with the version they have since."""

    country: str
    tax_category: TaxCategory
    version: int
    region: str = ""


async def set_tax_rate(tx: Tx, given: SetTaxRate) -> TaxRateDone:
    """The rates of the country, region and category; publishes TaxRateChanged.

    The open rate ends where this one starts; one with the same limits that is not in force yet is
    replaced. Waits for other changes of the same rates; the exclusion constraint of the table is
    the last line.

    Raises:
        TaxRateOverlap: another rate is valid in a part of the period.
        VersionConflict: the rates changed. ValidationFailed: a value is malformed.
        IdempotencyConflict: the key was used with another input.
    """

    async def work() -> TaxRateDone:
        command = _checked(given)
        now = await tx.now()
        starts = command.valid_from or now
        check_order(starts, command.valid_to)
        name = f"tax_rate:{command.country}:{command.tax_category}:{command.region}"
        await tx.connection.execute(alone(name))
        version, periods = await _known(tx, command)
        check_version(command.expected_version, version)
        try:
            fitting = fit(periods, starts, command.valid_to, now=now)
        except Overlapping as error:
            raise TaxRateOverlap(error.period.starts, error.period.ends) from error
        await _write(tx, command, starts, fitting, version + 1)
        rate = TaxRate(
            country=command.country,
            tax_category=command.tax_category,
            rate=command.rate,
            valid_from=starts,
            valid_to=command.valid_to,
            version=version + 1,
            region=command.region,
        )
        await publish(tx, tax_rate_event(rate))
        return TaxRateDone(rate.country, rate.tax_category, rate.version, rate.region)

    return await once(tx, "setTaxRate", given, TaxRateDone, work)


def _checked(command: SetTaxRate) -> SetTaxRate:
    checked_country("country", command.country)
    checked_code("taxCategory", command.tax_category)
    rate = command.rate
    if not (rate.is_finite() and 0 <= rate < 1 and rate == rate.quantize(Decimal("0.0001"))):
        raise ValidationFailed("rate", "must be 0 to 0.9999, with at most 4 decimals")
    return replace(command, region=checked_region("region", command.region))


async def _known(tx: Tx, command: SetTaxRate) -> tuple[int, list[Period]]:
    """The version of the rates, 0 when there are none, and their periods in order."""
    rows = await tx.connection.execute(
        sa.select(tax_rate.c.id, tax_rate.c.valid, tax_rate.c.version)
        .where(
            tax_rate.c.country == command.country,
            tax_rate.c.tax_category == command.tax_category,
            tax_rate.c.region == command.region,
        )
        .order_by(tax_rate.c.valid)
    )
    found = rows.all()
    version = max((row.version for row in found), default=0)
    return version, [Period(row.id, row.valid.lower, row.valid.upper) for row in found]


async def _write(
    tx: Tx, command: SetTaxRate, starts: datetime, fitting: Fitting, version: int
) -> None:
    if fitting.replaced is not None:
        await tx.connection.execute(
            sa.update(tax_rate)
            .where(tax_rate.c.id == fitting.replaced)
            .values(rate=command.rate, version=version)
        )
        return
    if fitting.cut is not None:
        shorter = sa.func.tstzrange(sa.func.lower(tax_rate.c.valid), starts, "[)")
        await tx.connection.execute(
            sa.update(tax_rate).where(tax_rate.c.id == fitting.cut).values(valid=shorter)
        )
    values = {
        "country": command.country,
        "tax_category": command.tax_category,
        "region": command.region,
        "version": version,
    }
    valid = Range(starts, command.valid_to, bounds="[)")
    added = insert(tax_rate).values(id=new_id(), rate=command.rate, valid=valid, **values)
    try:
        await tx.connection.execute(added)
    except IntegrityError as error:
        if constraint_of(error) == "ex_tax_rate_valid":
            raise TaxRateOverlap from error
        raise
    if fitting.resumes:
        old = sa.select(tax_rate.c.rate).where(tax_rate.c.id == fitting.cut).scalar_subquery()
        rest = Range(command.valid_to, None, bounds="[)")
        await tx.connection.execute(
            insert(tax_rate).values(id=new_id(), rate=old, valid=rest, **values)
        )


async def tax_rates_of(connection: AsyncConnection, country: str) -> list[TaxRate]:
    """All rates of a country, past and planned, by category, region and time. One statement.

    Raises:
        ValidationFailed: `country` is not a country code.
    """
    rows = await connection.execute(
        sa.select(tax_rate)
        .where(tax_rate.c.country == checked_country("country", country))
        .order_by(tax_rate.c.tax_category, tax_rate.c.region, tax_rate.c.valid)
    )
    return [
        TaxRate(
            country=row.country,
            tax_category=TaxCategory(row.tax_category),
            rate=row.rate,
            valid_from=row.valid.lower,
            valid_to=row.valid.upper,
            version=row.version,
            region=row.region,
        )
        for row in rows
    ]
