"""How the demo stock is spread: every variant at several locations, never the same everywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from app.demo.places import SITES, Site
from domain.catalog.bulk import ProductDraft
from domain.catalog.drafts import NewVariant
from domain.common.ids import Sku
from domain.locations.model import LocationCode, LocationKind

_CHANCE = {
    LocationKind.STORE: 0.6,
    LocationKind.DARK_STORE: 0.45,
    LocationKind.DC: 0.85,
    LocationKind.SUPPLIER: 0.5,
}
_UNITS = {
    LocationKind.STORE: (2, 18),
    LocationKind.DARK_STORE: (4, 30),
    LocationKind.DC: (40, 400),
    LocationKind.SUPPLIER: (100, 900),
}
SAFETY_SHARE = 0.3
SCARCE = frozenset({"F-TSH-C", "F-SNE-A"})
"""Products of which one variant is nearly sold out: one unit in each of a few stores."""

SCARCE_STORES = 3


@dataclass(frozen=True, slots=True)
class Shelf:
    """Units of a SKU at a location, and how many of them are never promised."""

    sku: Sku
    location: LocationCode
    on_hand: int
    safety: int

    @property
    def available(self) -> int:
        """Units that can be promised."""
        return max(0, self.on_hand - self.safety)


def demo_stock(random: Random, products: Iterable[ProductDraft]) -> list[Shelf]:
    """All shelves: several locations per variant, one of them a distribution centre unless the
    variant is scarce, and none for kits.
    """
    shelves: list[Shelf] = []
    for product in products:
        for place, variant in enumerate(product.variants):
            if place == 0 and product.code in SCARCE:
                shelves += _last_units(random, variant)
            elif variant.sku not in product.kits:
                shelves += _shelves(random, variant)
    return shelves


def _last_units(random: Random, variant: NewVariant) -> list[Shelf]:
    stores = [site for site in SITES if site.kind is LocationKind.STORE]
    chosen = random.sample(stores, SCARCE_STORES)
    return [Shelf(variant.sku, LocationCode(site.code), 1, 0) for site in chosen]


def _shelves(random: Random, variant: NewVariant) -> list[Shelf]:
    centres = [site for site in SITES if site.kind is LocationKind.DC]
    chosen = [site for site in SITES if random.random() < _CHANCE[site.kind]]
    if not any(site in centres for site in chosen):
        chosen.append(random.choice(centres))
    return [_shelf(random, variant, site) for site in chosen]


def _shelf(random: Random, variant: NewVariant, site: Site) -> Shelf:
    least, most = _UNITS[site.kind]
    units = random.randint(least, most) * (2 if "hot" in variant.tags else 1)
    guarded = site.kind is LocationKind.STORE and random.random() < SAFETY_SHARE
    safety = random.randint(1, 2) if guarded else 0
    return Shelf(variant.sku, LocationCode(site.code), units, safety)


def scarce_skus(shelves: Iterable[Shelf]) -> list[Sku]:
    """The SKUs, sorted, of which no location has more than one unit."""
    most: dict[Sku, int] = {}
    for shelf in shelves:
        most[shelf.sku] = max(most.get(shelf.sku, 0), shelf.on_hand)
    return sorted(sku for sku, units in most.items() if units == 1)


def skus_at(
    shelves: Iterable[Shelf], locations: Sequence[LocationCode], at_least: int
) -> list[Sku]:
    """The SKUs, sorted, of which one of the locations can promise so many units."""
    wanted = set(locations)
    found = {
        shelf.sku for shelf in shelves if shelf.location in wanted and shelf.available >= at_least
    }
    return sorted(found)
