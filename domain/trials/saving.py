"""How simulations change: every change is one version and one event."""

import sqlalchemy as sa

from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.trials.events import simulation_changed
from domain.trials.model import Simulation
from domain.trials.repository import SIMULATION_COLUMNS, simulation_of
from domain.trials.tables import sourcing_simulation


async def changed(tx: Tx, condition: sa.ColumnElement[bool], **values: object) -> Simulation | None:
    """The one simulation under the condition with these values; None when there is none. It is
    locked, and SourcingSimulationChanged is published.
    """
    c = sourcing_simulation.c
    change = (
        sa.update(sourcing_simulation)
        .where(condition)
        .values(version=c.version + 1, updated_at=sa.func.now(), **values)
        .returning(*SIMULATION_COLUMNS)
    )
    row = (await tx.connection.execute(change)).mappings().one_or_none()
    if row is None:
        return None
    after = simulation_of(row)
    await publish(tx, simulation_changed(after))
    return after
