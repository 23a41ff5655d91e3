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
    """All shelves: one distribution centre at least per variant, and none for kits."""
    return [
        shelf
        for product in products
        for variant in product.variants
        if variant.sku not in product.kits
        for shelf in _shelves(random, variant)
    ]


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


def skus_at(
    shelves: Iterable[Shelf], locations: Sequence[LocationCode], at_least: int
) -> list[Sku]:
    """The SKUs, sorted, of which one of the locations can promise so many units."""
    wanted = set(locations)
    found = {
        shelf.sku
        for shelf in shelves
        if shelf.location in wanted and shelf.available >= at_least
    }
    return sorted(found)
