"""Reading a directory of Olist CSV files, and its sellers, products and people into the system."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa

from app.batches import batches
from domain.catalog.bulk import ProductDraft, add_products
from domain.catalog.channels import create_channel
from domain.catalog.repository import channel_by_code
from domain.catalog.taxes import set_tax_rate, tax_rates_of
from domain.common.database import Database
from domain.common.errors import DomainError
from domain.common.transaction import Tx
from domain.customers.bulk import add_customers
from domain.integrations.assembly import (
    CUSTOMERS,
    GEOLOCATION,
    ITEMS,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    SELLERS,
    Assembled,
    Assembly,
)
from domain.integrations.model import HistoricOrder
from domain.integrations.olist import CHANNEL, COUNTRY, channel_command, customer_of, tax_command
from domain.integrations.reading import Accepted, R, Rejected, read_rows
from domain.integrations.rows import (
    CustomerRow,
    GeolocationRow,
    OrderItemRow,
    OrderRow,
    PaymentRow,
    ProductRow,
    SellerRow,
)
from domain.integrations.stocking import Need, stock_up
from domain.locations.bulk import add_locations, location_ids
from domain.locations.model import Location
from domain.stock.model import Demand

T = TypeVar("T")
M = TypeVar("M")
Added = Awaitable[int]
FILES = (GEOLOCATION, SELLERS, PRODUCTS, CUSTOMERS, ITEMS, PAYMENTS, ORDERS)
ACTOR = "SYSTEM:import"
AT_ONCE = 1_000
_EVERY = 2_000


class Progress(Protocol):
    """Is told how far a step has come."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """`done` of `total` parts of `step` are finished."""
        ...


class DirectoryUnfit(DomainError):
    """The directory does not hold the files of the data set."""

    code = "DIRECTORY_UNFIT"


@dataclass
class DataSet:
    """What a directory holds: what fits together, and the rows that were refused."""

    name: str
    assembly: Assembly = field(default_factory=Assembly)
    orders: list[Assembled] = field(default_factory=list[Assembled])
    refused: list[Rejected] = field(default_factory=list[Rejected])
    rows: int = 0

    def refuse(self, row: Rejected) -> None:
        """The row will not be loaded."""
        self.assembly.note(row)
        self.refused.append(row)

    def master(self) -> "Master":
        """All sellers, products and people of the data set."""
        known = self.assembly
        return Master(list(known.sellers.values()), list(known.products.values()), known.people)

    def master_of(self, orders: Sequence[HistoricOrder]) -> "Master":
        """Those that the orders refer to."""
        commands = [order.command for order in orders]
        codes = {code for order in orders for code in order.sellers}
        skus = {line.sku for command in commands for line in command.lines}
        people = {command.customer.reference for command in commands}
        known = self.assembly
        return Master(
            [each for each in known.sellers.values() if each.code in codes],
            [each for each in known.products.values() if each.code in skus],
            [each for each in known.people if each in people],
        )


@dataclass(frozen=True, slots=True)
class Master:
    """What orders refer to."""

    sellers: Sequence[Location]
    products: Sequence[ProductDraft]
    people: Sequence[str]


def check_directory(directory: Path) -> None:
    """Nothing, when all files are there.

    Raises:
        DirectoryUnfit: the directory is not there, or it lacks a file.
    """
    if not directory.is_dir():
        raise DirectoryUnfit(f"{directory} is not a directory: give the one with the CSV files.")
    missing = [name for name in FILES if not (directory / name).is_file()]
    if missing:
        raise DirectoryUnfit(
            f"{directory} has no {', '.join(missing)}: give a directory with the CSV files "
            "of the Olist data set."
        )


def read_directory(directory: Path, progress: Progress) -> DataSet:
    """The data set of the directory; its orders are sorted by time.

    Raises:
        DirectoryUnfit: see `check_directory`. WrongColumns: a file is another one.
    """
    check_directory(directory)
    data = DataSet(directory.resolve().name)
    reader = _Reader(directory, data, progress)
    known = data.assembly
    reader.feed(GEOLOCATION, GeolocationRow, known.add_point)
    reader.feed(SELLERS, SellerRow, known.add_seller)
    reader.feed(PRODUCTS, ProductRow, known.add_product)
    reader.feed(CUSTOMERS, CustomerRow, known.add_customer)
    reader.feed(ITEMS, OrderItemRow, known.add_item)
    reader.feed(PAYMENTS, PaymentRow, known.add_payment)
    for given in reader.rows(ORDERS, OrderRow):
        for made in known.add_order(given):
            if isinstance(made, Rejected):
                data.refuse(made)
            else:
                data.orders.append(made)
    for row in known.left_over():
        data.refuse(row)
    data.orders.sort(key=lambda each: (each.order.placed_at, each.order.reference))
    return data


@dataclass
class _Reader:
    """Streams the files of a directory, one line at a time."""

    directory: Path
    data: DataSet
    progress: Progress

    def feed(
        self, file: str, model: type[R], add: Callable[[Accepted[R]], Rejected | None]
    ) -> None:
        """Every good row of the file is added; what is refused is noted."""
        for given in self.rows(file, model):
            refused = add(given)
            if refused is not None:
                self.data.refuse(refused)

    def rows(self, file: str, model: type[R]) -> Iterator[Accepted[R]]:
        """The good rows of the file; bad ones are noted."""
        for read in read_rows(file, self._lines(file), model):
            self.data.rows += 1
            if isinstance(read, Rejected):
                self.data.refuse(read)
            else:
                yield read

    def _lines(self, file: str) -> Iterator[str]:
        path = self.directory / file
        total, done = path.stat().st_size, 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines):
                text = line.decode("utf-8", "replace")
                yield text.removeprefix("\ufeff") if number == 0 else text
                done += len(line)
                if number % _EVERY == 0:
                    self.progress(file, done, total)
        self.progress(file, total, total)


async def load_master_data(
    database: Database, master: Master, progress: Progress
) -> Mapping[str, int]:
    """How many of each kind are new: channel, tax rate, sellers, products, customers.

    What is known already, by code or reference, stays as it is.
    """

    async def customers(tx: Tx, people: Sequence[str]) -> int:
        now = await tx.now()
        return await add_customers(tx, [customer_of(each, now) for each in people])

    async def load(kind: str, things: Sequence[M], add: Callable[[Tx, Sequence[M]], Added]) -> int:
        new = done = 0
        for part in batches(things, AT_ONCE):
            new += await _run(database, lambda tx, some=part: add(tx, some))
            done += len(part)
            progress(kind, done, len(things))
        return new

    return {
        **await _run(database, _open_channel),
        "sellers": await load("sellers", master.sellers, add_locations),
        "products": await load("products", master.products, add_products),
        "customers": await load("customers", master.people, customers),
    }


async def _open_channel(tx: Tx) -> dict[str, int]:
    added = {"channels": 0, "tax rates": 0}
    if await channel_by_code(tx.connection, CHANNEL) is None:
        await create_channel(tx, channel_command())
        added["channels"] = 1
    if not await tax_rates_of(tx.connection, COUNTRY):
        await set_tax_rate(tx, tax_command())
        added["tax rates"] = 1
    return added


async def load_stock(
    database: Database, needs: Mapping[Need, int], reference: str, progress: Progress
) -> int:
    """The number of levels that received units, so that all needs can be met."""
    received = done = 0
    for part in batches(list(needs.items()), AT_ONCE):
        received += await _run(database, lambda tx, some=part: _receive(tx, some, reference))
        done += len(part)
        progress("stock levels", done, len(needs))
    return received


async def _receive(tx: Tx, needs: Sequence[tuple[Need, int]], reference: str) -> int:
    codes = sorted({code for (code, _), _ in needs})
    ids = await location_ids(tx, codes)
    wanted = [Demand(sku, ids[code], quantity) for (code, sku), quantity in needs]
    return await stock_up(tx, wanted, reference)


async def analyse(database: Database) -> None:
    """Statistics for the planner, which would guess wrong until autovacuum came by."""

    async def work(tx: Tx) -> None:
        await tx.connection.execute(sa.text("ANALYZE"))

    await database.run(work, actor_key=ACTOR)


async def _run(database: Database, work: Callable[[Tx], Awaitable[T]]) -> T:
    return await database.run(work, actor_key=ACTOR)
