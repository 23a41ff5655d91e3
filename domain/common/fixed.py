"""Statements that are built and compiled once, and then sent as text with parameters.

SQLAlchemy looks a statement up in its cache by walking all of it, each time. For one that writes a
dozen tables that costs more than PostgreSQL takes for a few rows. `reading.py` does the same for
reads of documents.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection


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
        """The rows, with these parameters by name."""
        text, constants, parameters = self._compiled
        values = tuple(
            _to_json(given[name]) if is_json else given.get(name, constants.get(name))
            for name, is_json in parameters
        )
        return await connection.exec_driver_sql(text, values)

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any], list[tuple[str, bool]]]:
        """The text, values of constants, and the parameters in order: name, and whether JSON."""
        compiled = self._build().compile(dialect=PGDialect_asyncpg())
        names = compiled.positiontup or []
        kinds = [(name, isinstance(compiled.binds[name].type, JSONB)) for name in names]
        return str(compiled), dict(compiled.params), kinds


def _to_json(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
