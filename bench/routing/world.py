"""Real orders, sellers and coordinates, and a network of stores that is invented around them."""

import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from domain.common.ids import ChannelCode, LocationId, OrderLineId, Sku
from domain.sourcing.model import Candidate, Circumstances, Place, Question, Wanted
from domain.sourcing.rules.model import CostSettings

STORES = 60
STOCKED_SHARE = 0.3
"""Of the products, in each store."""
DC_SHARE = 0.5
UNITS_IN_STORE = 3
COSTS = CostSettings(
    currency="BRL",
    parcel_minor=1_000,
    per_kg_minor=150,
    per_100km_minor=80,
    handling_minor={"STORE": 150, "DC": 50, "SUPPLIER": 100},
)
"""Invented, in the size of the freight that the orders' customers paid."""
COUNTRY, CHANNEL = "BR", ChannelCode("olist")


@dataclass(frozen=True)
class Shelf:
    """A location without its stock."""

    location_id: LocationId
    code: str
    kind: str
    place: Place
    priority: int


@dataclass(frozen=True)
class Wish:
    """A real order: where it goes and what is in it."""

    near: Place
    at: datetime
    lines: tuple[Wanted, ...]


@dataclass(frozen=True)
class World:
    """Locations, orders in the order of their time, and units by location and SKU."""

    shelves: Sequence[Shelf]
    wishes: Sequence[Wish]
    stock: Counter[tuple[LocationId, Sku]]
    left_out: int
    """Orders without items, or whose customer's postal code has no known point."""


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _points(folder: Path) -> dict[str, Place]:
    """The first point of each postal code prefix that lies in Brazil."""
    found: dict[str, Place] = {}
    for row in _rows(folder, "geolocation"):
        latitude, longitude = float(row["geolocation_lat"]), float(row["geolocation_lng"])
        if -34 <= latitude <= 6 and -74 <= longitude <= -34:
            found.setdefault(row["geolocation_zip_code_prefix"], Place(latitude, longitude))
    return found


def read_world(folder: Path, seed: int = 7) -> World:
    """The world of a folder of Olist CSV files; equal seeds, equal worlds."""
    points = _points(folder)
    customers = {
        row["customer_id"]: points.get(row["customer_zip_code_prefix"])
        for row in _rows(folder, "customers")
    }
    sellers = {
        row["seller_id"]: points[row["seller_zip_code_prefix"]]
        for row in _rows(folder, "sellers")
        if row["seller_zip_code_prefix"] in points
    }
    weights = {
        row["product_id"]: int(float(row["product_weight_g"] or 0))
        for row in _rows(folder, "products")
    }
    items = _items(folder, sellers)
    wishes, left_out = _wishes(folder, customers, items, weights)
    shelves = _network(sellers, [wish.near for wish in wishes])
    return World(shelves, wishes, _stock(shelves, items, seed), left_out)


def _items(folder: Path, sellers: dict[str, Place]) -> dict[str, Counter[tuple[str, str]]]:
    """Units by order, of (product, seller)."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    for row in _rows(folder, "order_items"):
        if row["seller_id"] in sellers:
            bought = found.setdefault(row["order_id"], Counter())
            bought[row["product_id"], row["seller_id"]] += 1
    return found


def _wishes(
    folder: Path,
    customers: dict[str, Place | None],
    items: dict[str, Counter[tuple[str, str]]],
    weights: dict[str, int],
) -> tuple[list[Wish], int]:
    wishes: list[Wish] = []
    left_out = 0
    for row in _rows(folder, "orders"):
        near, bought = customers.get(row["customer_id"]), items.get(row["order_id"])
        if near is None or not bought:
            left_out += 1
            continue
        products: Counter[str] = Counter()
        for (product, _), units in bought.items():
            products[product] += units
        lines = tuple(
            Wanted(
                OrderLineId(uuid5(NAMESPACE_URL, f"{row['order_id']} {product}")),
                units,
                {Sku(product): 1},
                Sku(product),
                weight_g=weights.get(product, 0),
            )
            for product, units in sorted(products.items())
        )
        at = datetime.fromisoformat(row["order_purchase_timestamp"]).replace(tzinfo=UTC)
        wishes.append(Wish(near, at, lines))
    return sorted(wishes, key=lambda wish: (wish.at, wish.lines[0].line_id)), left_out


def _network(sellers: dict[str, Place], customers: Sequence[Place]) -> list[Shelf]:
    """The sellers; a store in each of the busiest squares of a degree, a DC in the busiest one."""
    squares = Counter((round(each.latitude), round(each.longitude)) for each in customers)
    middle = [Place(float(lat), float(lon)) for (lat, lon), _ in squares.most_common(STORES)]
    stores = [_shelf(f"STORE-{i:02}", "STORE", place, 2) for i, place in enumerate(middle)]
    suppliers = [_shelf(f"SELLER-{id_}", "SUPPLIER", at, 3) for id_, at in sorted(sellers.items())]
    return [_shelf("DC", "DC", middle[0], 1), *stores, *suppliers]


def _shelf(code: str, kind: str, place: Place, priority: int) -> Shelf:
    return Shelf(LocationId(uuid5(NAMESPACE_URL, code)), code, kind, place, priority)


def _stock(
    shelves: Sequence[Shelf], items: dict[str, Counter[tuple[str, str]]], seed: int
) -> Counter[tuple[LocationId, Sku]]:
    """Each seller has what it sold; each store some units of some products, the DC of half."""
    chance = random.Random(seed)
    by_code = {shelf.code: shelf.location_id for shelf in shelves}
    stock: Counter[tuple[LocationId, Sku]] = Counter()
    sold: Counter[str] = Counter()
    for bought in items.values():
        for (product, seller), units in bought.items():
            stock[by_code[f"SELLER-{seller}"], Sku(product)] += units
            sold[product] += units
    for product in sorted(sold):
        if chance.random() < DC_SHARE:
            stock[by_code["DC"], Sku(product)] += sold[product]
        for shelf in shelves:
            if shelf.kind == "STORE" and chance.random() < STOCKED_SHARE:
                stock[shelf.location_id, Sku(product)] += chance.randint(1, UNITS_IN_STORE)
    return stock


def question_of(
    wish: Wish,
    holders: dict[Sku, list[Shelf]],
    stock: Counter[tuple[LocationId, Sku]],
) -> Question:
    """What sourcing is asked about the order; `holders` are the shelves by SKU."""
    skus = {line.sku for line in wish.lines}
    able = {shelf.location_id: shelf for sku in skus for shelf in holders.get(sku, [])}
    candidates = [
        Candidate(
            shelf.location_id,
            shelf.code,
            shelf.place,
            shelf.priority,
            {sku: stock[shelf.location_id, sku] for sku in skus if stock[shelf.location_id, sku]},
            kind=shelf.kind,
            country=COUNTRY,
        )
        for shelf in able.values()
    ]
    circumstances = Circumstances(CHANNEL, "MARKETPLACE", COUNTRY, "SHIP", wish.at, wish.near)
    return Question(circumstances, wish.lines, candidates)
