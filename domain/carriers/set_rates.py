"""A carrier's rates, replaced as a whole."""

from dataclasses import asdict, dataclass, replace
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.carriers.events import rates_changed
from domain.carriers.rating import ANYWHERE, MAX_WEIGHT_G, RateRow
from domain.carriers.repository import locked_tariff
from domain.carriers.tables import carrier_rate, carrier_tariff
from domain.common.errors import Forbidden, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import new_id
from domain.common.money import check_currency
from domain.common.postal import postal_key
from domain.common.sql import insert_many
from domain.common.texts import checked_code, checked_country, needed_line
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor, Role

OPERATION = "setCarrierRates"
SETTERS = frozenset({Role.OPERATIONS, Role.ADMIN})
MAX_RATES = 1_000
MAX_DAYS = 365
_COLUMNS = [column.name for column in carrier_rate.columns]


@dataclass(frozen=True, slots=True)
class SetCarrierRates:
    """All rates of a carrier from now on; none takes the carrier out of use."""

    idempotency_key: str
    carrier: str
    rates: tuple[RateRow, ...]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RatesSet:
    """A carrier whose rates were set, with the version of its tariff."""

    carrier: str
    version: int


async def set_carrier_rates(tx: Tx, actor: Actor, given: SetCarrierRates) -> RatesSet:
    """The carrier with these rates and no others. Labels that were bought keep their price.

    Raises:
        Forbidden: the actor's role does not set rates.
        ValidationFailed: a rate is out of range, given twice, or in a second currency.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the carrier's tariff.
    """
    if actor.role not in SETTERS:
        raise Forbidden("this role does not set rates")
    command = checked_rates(given)

    async def work() -> RatesSet:
        now = await tx.now()
        fresh = {"id": new_id(), "carrier": command.carrier, "updated_at": now, "version": 0}
        await tx.connection.execute(insert(carrier_tariff).values(fresh).on_conflict_do_nothing())
        before = await locked_tariff(tx.connection, command.carrier)
        assert before is not None  # inserted above, and never deleted
        check_version(command.expected_version, before.version)
        after = replace(before, updated_at=now, version=before.version + 1, rates=command.rates)
        await _replace(tx, after.id, command.rates)
        await tx.connection.execute(
            sa.update(carrier_tariff)
            .where(carrier_tariff.c.id == after.id)
            .values(updated_at=now, version=after.version)
        )
        await publish(tx, rates_changed(after.id, after.carrier, after.version, len(after.rates)))
        return RatesSet(after.carrier, after.version)

    return await once(tx, OPERATION, command, RatesSet, work)


async def _replace(tx: Tx, tariff_id: UUID, rates: tuple[RateRow, ...]) -> None:
    gone = sa.delete(carrier_rate).where(carrier_rate.c.tariff_id == tariff_id)
    await tx.connection.execute(gone)
    rows = [{"tariff_id": tariff_id, **asdict(rate)} for rate in rates]
    if rows:
        await tx.connection.execute(insert_many(carrier_rate, _COLUMNS, rows))


def checked_rates(command: SetCarrierRates) -> SetCarrierRates:
    """The command with its codes, zones and texts in normal form.

    Raises:
        ValidationFailed: see `set_carrier_rates`.
    """
    if len(command.rates) > MAX_RATES:
        raise ValidationFailed("rates", f"must be at most {MAX_RATES}")
    rates = tuple(_checked(f"rates.{n}", rate) for n, rate in enumerate(command.rates))
    seen: set[tuple[object, ...]] = set()
    for position, rate in enumerate(rates):
        key = (rate.service, rate.country, rate.postal_prefix, rate.max_weight_g)
        if key in seen:
            raise ValidationFailed(f"rates.{position}", "is a step that is given twice")
        seen.add(key)
    if len({rate.currency for rate in rates}) > 1:
        raise ValidationFailed("rates", "must be in one currency")
    carrier = checked_code("carrier", command.carrier.strip().upper())
    return replace(command, carrier=carrier, rates=rates)


def _checked(field: str, rate: RateRow) -> RateRow:
    if not 1 <= rate.max_weight_g <= MAX_WEIGHT_G:
        raise ValidationFailed(f"{field}.maxWeightG", f"must be 1 to {MAX_WEIGHT_G}")
    if not 0 <= rate.price_minor < 10**12:
        raise ValidationFailed(f"{field}.price", "must be 0 or more")
    if rate.transit_days is not None and not 0 <= rate.transit_days <= MAX_DAYS:
        raise ValidationFailed(f"{field}.transitDays", f"must be 0 to {MAX_DAYS}")
    prefix = postal_key(rate.postal_prefix)
    if rate.country == ANYWHERE and prefix:
        raise ValidationFailed(f"{field}.postalPrefix", "needs a country")
    if len(prefix) > 10:
        raise ValidationFailed(f"{field}.postalPrefix", "must have at most 10 characters")
    if rate.country != ANYWHERE:
        checked_country(f"{field}.country", rate.country)
    check_currency(rate.currency)
    service = needed_line(f"{field}.service", rate.service, 64)
    return replace(rate, service=service, postal_prefix=prefix)
