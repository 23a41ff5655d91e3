"""By what policy locations are chosen: the rule sets that count at the moment of the decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.carriers.repository import all_tariffs
from domain.sourcing.deciding import RuledPolicy
from domain.sourcing.model import SourcingPolicy
from domain.sourcing.rules.repository import versions_at


class Sourcing(Protocol):
    """Knows by what policy locations are chosen at a moment."""

    async def policy(self, connection: AsyncConnection, at: datetime) -> SourcingPolicy:
        """The policy that counts at `at`, read by two statements at most."""
        ...


@dataclass(frozen=True, slots=True)
class ByRuleSets:
    """Sourcing by the rule sets in the database. They are read for each decision, so that a change
    counts from its instant on every worker.
    """

    async def policy(self, connection: AsyncConnection, at: datetime) -> RuledPolicy:
        """See `Sourcing.policy`."""
        versions = await versions_at(connection, at)
        if not any(each.costs.carrier_rates for each in versions):
            return RuledPolicy(versions)
        tariffs = await all_tariffs(connection)
        return RuledPolicy(versions, {tariff.carrier: tariff.rates for tariff in tariffs})
