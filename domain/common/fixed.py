"""Statements that are built and compiled once, and then sent as text with parameters.

SQLAlchemy looks a statement up in its cache by walking all of it, each time. For one that writes a
dozen tables that costs more than PostgreSQL takes for a few rows. The text does not change, nor do
the constants in it, so they are kept; asyncpg keeps it prepared.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import to_json


class Fixed:
    """A statement with parameters (`sa.bindparam`), made at its first use.

    Parameters of type JSONB take any JSON values; ids and times in them travel as text. Results
    come as asyncpg gives them, JSON parsed; no types of SQLAlchemy are applied.
    """

    def __init__(self, build: Callable[[], sa.Select[*tuple[Any, ...]]]) -> None:
        self._build = build

    async def run(
        self, connection: AsyncConnection, given: Mapping[str, Any]
    ) -> CursorResult[*tuple[Any, ...]]:
        """The rows, with these parameters by name; all that the statement has are needed."""
        text, constants, parameters = self._compiled
        known = {**constants, **given}
        values = tuple(
            to_json(known[name]) if is_json else known[name] for name, is_json in parameters
        )
        return await connection.exec_driver_sql(text, values)

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any], list[tuple[str, bool]]]:
        """The text, values of its constants, and all that is sent with it in order: name, and
        whether JSON.
        """
        compiled = self._build().compile(dialect=PGDialect_asyncpg())
        names = compiled.positiontup or []
        kinds = [(name, isinstance(compiled.binds[name].type, JSONB)) for name in names]
        constants = {name: each.value for name, each in compiled.binds.items() if not each.required}
        return str(compiled), constants, kinds
