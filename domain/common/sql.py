"""Statements of a stable shape: many rows, one statement, one cached plan (ADR 0018)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import Insert, UpdateBase

Row = Mapping[str, Any]


def rows_of(columns: Iterable[sa.Column[Any]], rows: Sequence[Row]) -> sa.TableValuedAlias:
    """A FROM element holding `rows`, one column per given column, typed like it.

    The rows travel as one JSONB parameter, so that the SQL text does not depend on their number.
    """
    typed = [sa.column(column.name, column.type) for column in columns]
    parameter = sa.bindparam("rows", list(rows), type_=JSONB, unique=True)
    return (
        sa.func.jsonb_to_recordset(parameter).table_valued(*typed).render_derived(with_types=True)
    )


def insert_many(table: sa.Table, columns: Sequence[str], rows: Sequence[Row]) -> Insert:
    """An INSERT of `rows` into the named `columns` of `table`; absent keys become NULL."""
    source = rows_of([table.c[name] for name in columns], rows)
    chosen = sa.select(*[source.c[name] for name in columns])
    return sa.insert(table).from_select(list(columns), chosen, include_defaults=False)


def together(*writes: UpdateBase) -> sa.Select[tuple[int]]:
    """One statement that performs all `writes`; it returns a single row with the number 1.

    The writes see the same snapshot and not each other's rows; foreign keys are checked at the end
    of the statement, so parents and children may be inserted together.
    """
    ctes = [write.cte(f"write_{position}") for position, write in enumerate(writes)]
    return sa.select(sa.literal_column("1", sa.Integer)).add_cte(*ctes)
