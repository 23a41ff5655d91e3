"""Statements of a stable shape: many rows, one statement, one cached plan (ADR 0018)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, aggregate_order_by, insert
from sqlalchemy.sql.dml import UpdateBase

Row = Mapping[str, Any]


def among(column: sa.Column[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """Whether `column` is one of `values`, which travel as one parameter: the text stays the same
    for any number of them.
    """
    return column == sa.any_(sa.literal(list(values), ARRAY(column.type)))


def rows_of(columns: Iterable[sa.Column[Any]], rows: Sequence[Row]) -> sa.TableValuedAlias:
    """A FROM element holding `rows`, one column per given column, typed like it.

    The rows travel as one JSONB parameter, so that the SQL text does not depend on their number.
    """
    return _recordset(columns, sa.bindparam("rows", list(rows), type_=JSONB, unique=True))


def rows_given(columns: Iterable[sa.Column[Any]], parameter: str) -> sa.TableValuedAlias:
    """Like `rows_of`, for a statement that is built once: each execution gives its rows as the
    parameter of that name.
    """
    return _recordset(columns, sa.bindparam(parameter, type_=JSONB))


def few_given(columns: Sequence[sa.Column[Any]], parameter: str, name: str) -> sa.CTE:
    """The rows of `rows_given` as a CTE of that name, for a statement that looks them up in tables.

    The limit is their number, so it cuts off nothing. The planner cannot look into it and takes it
    for 10 rows, not for the 100 of any JSON set, and so finds rows by their index in small tables
    too.
    """
    rows = rows_given(columns, parameter)
    given = sa.bindparam(parameter, type_=JSONB)
    number = sa.select(sa.func.jsonb_array_length(given)).scalar_subquery()
    return sa.select(*rows.c).limit(number).cte(name)


def _recordset(
    columns: Iterable[sa.Column[Any]], parameter: sa.BindParameter[Any]
) -> sa.TableValuedAlias:
    typed = [sa.column(column.name, column.type) for column in columns]
    return (
        sa.func.jsonb_to_recordset(parameter).table_valued(*typed).render_derived(with_types=True)
    )


def insert_many(table: sa.Table, columns: Sequence[str], rows: Sequence[Row]) -> Insert:
    """An INSERT of `rows` into the named `columns` of `table`; absent keys become NULL."""
    source = rows_of([table.c[name] for name in columns], rows)
    chosen = sa.select(*[source.c[name] for name in columns])
    return insert(table).from_select(list(columns), chosen, include_defaults=False)


def insert_given(table: sa.Table, columns: Sequence[str], parameter: str) -> Insert:
    """As `insert_many`, for a statement that is built once (`rows_given`)."""
    source = rows_given([table.c[name] for name in columns], parameter)
    chosen = sa.select(*[source.c[name] for name in columns])
    return insert(table).from_select(list(columns), chosen, include_defaults=False)


def upsert_many(
    table: sa.Table, columns: Sequence[str], changing: Sequence[str], rows: Sequence[Row]
) -> Insert:
    """As `insert_many`; a row whose primary key exists gets its `changing` columns replaced."""
    return _upsert(insert_many(table, columns, rows), table, changing)


def upsert_given(
    table: sa.Table, columns: Sequence[str], changing: Sequence[str], parameter: str
) -> Insert:
    """As `upsert_many`, for a statement that is built once (`rows_given`)."""
    return _upsert(insert_given(table, columns, parameter), table, changing)


def _upsert(wanted: Insert, table: sa.Table, changing: Sequence[str]) -> Insert:
    return wanted.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: wanted.excluded[name] for name in changing},
    )


def children(table: sa.Table, condition: sa.ColumnElement[bool], *order: Any) -> Any:
    """A scalar subquery: the rows of `table` under `condition` as one JSON array, `[]` if none."""
    row = sa.func.to_jsonb(table.table_valued())
    ordered = aggregate_order_by(row, *order) if order else row
    array = sa.func.coalesce(sa.func.jsonb_agg(ordered), sa.text("'[]'::jsonb"))
    return sa.select(array).where(condition).correlate_except(table).scalar_subquery()


def alone(name: str) -> sa.Select[Any]:
    """A SELECT that waits for other transactions that hold `name`; this one holds it to its end."""
    return sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0)))


def together(*writes: UpdateBase) -> sa.Select[int]:
    """One statement that performs all `writes`; it returns a single row with the number 1.

    The writes see the same snapshot and not each other's rows; foreign keys are checked at the end
    of the statement, so parents and children may be inserted together.
    """
    ctes = [write.cte(f"write_{position}") for position, write in enumerate(writes)]
    return sa.select(sa.literal_column("1", sa.Integer)).add_cte(*ctes)
