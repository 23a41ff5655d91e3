"""Reads of one column, such as whole aggregates as JSON, that are built and compiled once."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.fixed import Fixed


class Reading(Fixed):
    """A SELECT with parameters (`sa.bindparam`), made at its first use."""

    async def column(self, connection: AsyncConnection, **given: Any) -> Sequence[Any]:
        """The first column of all rows; `given` are the parameters by name."""
        return (await self.run(connection, given)).scalars().all()


def any_of(column: sa.ColumnElement[Any], parameter: str) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the values that are given as the parameter of that name."""
    return column == sa.any_(sa.bindparam(parameter, type_=sa.ARRAY(column.type)))
