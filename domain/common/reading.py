"""Reads that are built and compiled once, and then sent as text with parameters.

Building a statement with SQLAlchemy, finding it in its cache and converting its result costs more
than PostgreSQL takes for it, when it holds a whole aggregate as JSON. The text does not change, nor
do the constants in it, so they are kept; asyncpg keeps it prepared.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection


class Reading:
    """A SELECT with parameters (`sa.bindparam`), made at its first use.

    Values come as asyncpg gives them, JSON parsed; no types of SQLAlchemy are applied.
    """

    def __init__(self, build: Callable[[], sa.Select[Any]]) -> None:
        self._build = build

    async def column(self, connection: AsyncConnection, **given: Any) -> Sequence[Any]:
        """The first column of all rows; `given` are the parameters by name."""
        text, defaults, names = self._compiled
        values = tuple(given[name] if name in given else defaults[name] for name in names)
        return (await connection.exec_driver_sql(text, values)).scalars().all()

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any], tuple[str, ...]]:
        """The text, the values of its constants, and the names of its parameters in order."""
        compiled = self._build().compile(dialect=PGDialect_asyncpg())
        return str(compiled), dict(compiled.params), tuple(compiled.positiontup or ())


def any_of(column: sa.ColumnElement[Any], parameter: str) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the values that are given as the parameter of that name."""
    return column == sa.any_(sa.bindparam(parameter, type_=sa.ARRAY(column.type)))
