"""Imports: what can be imported, in which columns, and how far a job has come. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.identity.model import Actor, Role
from domain.imports.errors import WrongHeader

ImportJobId = NewType("ImportJobId", UUID)

MAY_IMPORT = frozenset({Role.OPERATIONS, Role.ADMIN})
"""Roles that import files and see what became of them: rows may hold data of any customer."""

MAX_NAME = 200


IMPORTER = Actor("import", Role.OPERATIONS)
"""Who imports from the command line, and by whose rights orders of files are loaded."""


class ImportKind(StrEnum):
    """What a file tells."""

    STOCK = "STOCK"
    PRODUCTS = "PRODUCTS"
    PRICES = "PRICES"
    CUSTOMERS = "CUSTOMERS"
    ORDERS = "ORDERS"


class JobStatus(StrEnum):
    """QUEUED, then RUNNING; SUCCEEDED and FAILED are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a kind of file. Rows with the same values of `key` are about one thing: the
    last one of a file counts. Without a `key`, all rows do.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that a file may have."""
        return self.needed + self.optional


COLUMNS = {
    ImportKind.STOCK: Columns(
        ("location", "sku", "on_hand"), ("safety_stock",), ("location", "sku")
    ),
    ImportKind.PRODUCTS: Columns(
        ("product", "sku", "name"),
        (
            "language", "category", "tax_category", "barcode", "weight_g", "tags", "active",
            "channels",
        ),
        ("sku",),
    ),
    ImportKind.PRICES: Columns(
        ("sku", "channel", "currency", "amount"),
        ("valid_from", "valid_to"),
        ("sku", "channel", "currency", "valid_from"),
    ),
    ImportKind.CUSTOMERS: Columns(
        ("source", "reference", "channel"),
        ("email", "phone", "phone_country", "first_name", "last_name", "language"),
        ("source", "reference"),
    ),
    ImportKind.ORDERS: Columns(
        (
            "reference", "channel", "placed_at", "status", "sku", "quantity", "unit_price",
            "currency", "location", "customer_source", "customer_reference", "recipient",
            "street", "city", "postal_code", "country",
        ),
        ("region", "shipping", "approved_at", "shipped_at", "delivered_at", "carrier", "language"),
        (),
    ),
}  # fmt: skip


def checked_columns(kind: ImportKind, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that a header names, in its order; case and blanks around do not count.

    Raises:
        WrongHeader: one is missing, unknown, or comes twice.
    """
    wanted = COLUMNS[kind]
    found = tuple(name.strip().lower() for name in names)
    missing = [name for name in wanted.needed if name not in found]
    unknown = [name[:50] for name in found if name not in wanted.all]
    twice = sorted({name for name in found if found.count(name) > 1} - set(unknown))
    if missing or unknown or twice:
        raise WrongHeader(missing, unknown, twice, wanted.all)
    return found


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A file that was taken in, and what became of its rows so far. `as_of` is the moment of which
    the file tells; it `is_snapshot` when whoever sent it named that moment.
    """

    id: ImportJobId
    kind: ImportKind
    status: JobStatus
    name: str
    content_hash: str
    size_bytes: int
    as_of: datetime
    is_snapshot: bool
    requested_by: str
    rows_read: int
    applied: int
    unchanged: int
    quarantined: int
    failure: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    version: int

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in UNFINISHED


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not applied: the line of the file where it begins (the header is line 1), why,
    and what it says, by column; a row that is no proper CSV stands under `line`.
    """

    id: int
    line: int
    reason: str
    row: dict[str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some rows."""

    applied: int = 0
    unchanged: int = 0
    quarantined: int = 0


COUNTS = ("applied", "unchanged", "quarantined")
"""Columns of jobs and chunks that hold a Tally."""
