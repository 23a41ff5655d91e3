"""Reading simulations. Each read is one statement."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.sourcing.rules.model import RuleSetId, RuleSetVersionId
from domain.trials.model import Position, Simulation, SimulationId, SimulationStatus
from domain.trials.tables import sourcing_simulation

_C = sourcing_simulation.c
SIMULATION_COLUMNS = [column for column in _C if column is not _C.heartbeat_at]


def simulation_of(row: sa.RowMapping) -> Simulation:
    """The simulation in a row of SIMULATION_COLUMNS."""
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    done_at, done_id = values.pop("done_at"), values.pop("done_id")
    values |= {
        "id": SimulationId(values["id"]),
        "status": SimulationStatus(values["status"]),
        "rule_set_id": RuleSetId(values["rule_set_id"]),
        "version_id": RuleSetVersionId(values["version_id"]),
        "position": None if done_id is None else Position(done_at, done_id),
    }
    return Simulation(**values)


async def simulation_by_id(
    connection: AsyncConnection, simulation_id: SimulationId
) -> Simulation | None:
    """The simulation, if there is one."""
    query = sa.select(*SIMULATION_COLUMNS).where(_C.id == simulation_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else simulation_of(row)


async def page_of_simulations(
    connection: AsyncConnection, request: PageRequest
) -> Page[Simulation]:
    """A page of simulations, the newest first."""
    query = sa.select(*SIMULATION_COLUMNS)
    if request.after is not None:
        place = sa.tuple_(_C.created_at, _C.id)
        query = query.where(place < sa.tuple_(request.after.at, request.after.id))
    query = query.order_by(_C.created_at.desc(), _C.id.desc()).limit(request.first + 1)
    found = [simulation_of(row) for row in (await connection.execute(query)).mappings()]
    return page_of(found, request, lambda each: Keyset(each.created_at, each.id))


async def count_of_simulations(connection: AsyncConnection) -> int:
    """The number of simulations in the whole list."""
    query = sa.select(sa.func.count()).select_from(sourcing_simulation)
    return await connection.scalar(query) or 0
