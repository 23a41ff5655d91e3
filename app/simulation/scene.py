"""The chain before the first day: channels, locations, products and stock, made through the API."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from app.client import Caller
from app.demo.places import HOURS, MANNERS, SITES, ZONES, Site
from app.simulation.documents import MUTATIONS
from app.simulation.world import Place
from domain.locations.model import LocationKind

CHANNELS = {
    "web": "WEB",
    "pos": "POS",
    "call-center": "CALL_CENTER",
    "marketplace": "MARKETPLACE",
    "social": "SOCIAL",
}
CURRENCY = "EUR"
PRICES_FROM = "2020-01-01T00:00:00Z"
TAX = {"IT": "0.22", "ES": "0.21"}
KINDS = ("Coat", "Dress", "Jeans", "Shirt", "Skirt", "Sneakers", "Sweater", "Hat", "Scarf", "Bag")
PRODUCTS = 60
UNITS_AN_ORDER = 2
_LINES = 100


def sites(stores: int) -> list[Site]:
    """So many stores and the distribution centres; further stores are neighbours of the first."""
    known = [site for site in SITES if site.kind is LocationKind.STORE]
    chosen: list[Site] = []
    for number in range(stores):
        turn, place = divmod(number, len(known))
        site = known[place]
        chosen.append(replace(site, code=f"{site.code}-{turn + 1}") if turn else site)
    return [*chosen, *(site for site in SITES if site.kind is LocationKind.DC)]


class Builder:
    """Sets the scene as the head office would."""

    def __init__(self, admin: Caller, random: Random) -> None:
        self._admin = admin
        self._random = random

    async def _do(self, name: str, /, **given: Any) -> Any:
        key = str(uuid5(NAMESPACE_URL, f"{name}{sorted(given.items())}"))
        return await self._admin.do(MUTATIONS[name], {"idempotencyKey": key} | given)

    async def channels(self) -> None:
        """All sales channels, and the tax of both countries."""
        for code, kind in CHANNELS.items():
            await self._do("createChannel", code=code, kind=kind, name=code, currency=CURRENCY)
        for country, rate in TAX.items():
            await self._do(
                "setTaxRate",
                country=country,
                taxCategory="standard",
                rate=rate,
                validFrom=PRICES_FROM,
            )

    async def places(self, stores: int) -> list[Place]:
        """The locations, all of which serve all channels; the distribution centres all but POS."""
        made: list[Place] = []
        for site in sites(stores):
            payload = await self._do("createLocation", **_location(site))
            made.append(Place(payload["location"]["id"], site))
        for code in CHANNELS:
            serving = [place.id for place in made if place.is_store or code != "pos"]
            await self._do("assignChannelLocations", channel=code, locationIds=serving)
        return made

    async def products(self) -> list[str]:
        """SKUs of the assortment, sold everywhere."""
        skus: list[str] = []
        for number in range(PRODUCTS):
            kind = KINDS[number % len(KINDS)]
            sku = f"{kind[:3].upper()}-{number + 1:03d}"
            amount = f"{self._random.randrange(900, 19_900, 100) / 100:.2f}"
            price = {"amount": amount, "currency": CURRENCY}
            variant = {
                "sku": sku,
                "weightG": self._random.randrange(100, 2_000, 50),
                "sellableOn": list(CHANNELS),
                "prices": [
                    {"channel": code, "amount": price, "validFrom": PRICES_FROM}
                    for code in CHANNELS
                ],
            }
            names = [{"language": "en", "text": f"{kind} {number + 1}"}]
            await self._do("createProduct", code=f"P-{sku}", names=names, variants=[variant])
            skus.append(sku)
        return skus

    async def stock(
        self, places: Sequence[Place], skus: Sequence[str], orders: int
    ) -> dict[str, list[str]]:
        """SKUs by location id that were put on shelves: in all about what the orders of a day want,
        so that some popular SKUs run out here and there.
        """
        found: dict[str, list[str]] = {}
        stores = sum(place.is_store for place in places)
        wanted = [orders * UNITS_AN_ORDER * share for share in popularity(skus)]
        for place in places:
            chance = 0.6 if place.is_store else 0.97
            part = 0.5 / stores if place.is_store else 0.6
            lines = [
                {"sku": sku, "quantity": 1 + round(units * part * self._random.uniform(0.4, 1.6))}
                for sku, units in zip(skus, wanted, strict=True)
                if self._random.random() < chance
            ]
            found[place.id] = [str(line["sku"]) for line in lines]
            for start in range(0, len(lines), _LINES):
                batch = lines[start : start + _LINES]
                await self._do(
                    "receiveStock", locationId=place.id, lines=batch, reference=f"opening-{start}"
                )
        return found


def popularity(skus: Sequence[str]) -> list[float]:
    """The share of each SKU in what customers want: the first are the favourites."""
    weights = [1 / (rank + 3) for rank in range(len(skus))]
    return [weight / sum(weights) for weight in weights]


def _location(site: Site) -> dict[str, Any]:
    manner = MANNERS[site.kind]
    return {
        "code": site.code,
        "name": site.name,
        "kind": site.kind.value,
        "address": {
            "city": site.city,
            "country": site.country,
            "street": site.street,
            "region": site.region,
            "postalCode": site.postal_code,
        },
        "position": {"latitude": site.latitude, "longitude": site.longitude},
        "timeZone": ZONES[site.country],
        "canShip": True,
        "canPickup": manner.can_pickup,
        "canReceiveReturns": manner.can_receive_returns,
        "openingHours": [
            {"weekday": each.weekday, "opens": f"{each.opens}", "closes": f"{each.closes}"}
            for each in sorted(HOURS[site.hours])
        ],
        "cutOff": f"{manner.cut_off}",
        "dailyCapacity": 1_000 if site.kind is LocationKind.STORE else manner.daily_capacity,
        "priority": manner.priority,
        "trust": manner.trust,
    }
