"""The locations of the demo chain: real cities with their coordinates, everything else made up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from uuid import UUID

from domain.common.ids import ChannelCode, LocationId
from domain.locations.model import Location, LocationCode, LocationKind, OpeningHours

ZONES = {"IT": "Europe/Rome", "ES": "Europe/Madrid"}
STORE_CHANNELS = ("call-center", "marketplace", "pos", "social", "web")
ONLINE_CHANNELS = ("call-center", "marketplace", "social", "web")


@dataclass(frozen=True, slots=True)
class Site:
    """A location of the chain: what differs between locations of one kind."""

    code: str
    kind: LocationKind
    name: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str
    latitude: float
    longitude: float
    hours: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How locations of a kind work: last hand-over, fulfillment orders a day, rank, abilities."""

    cut_off: time
    daily_capacity: int
    priority: int
    trust: str
    can_pickup: bool
    can_receive_returns: bool


STORE, DC = LocationKind.STORE, LocationKind.DC
SITES = (
    Site("MI-DUOMO", STORE, "Lumera Milano Duomo", "Via Torino 12", "Milano", "MI", "20123",
         "IT", 45.4626, 9.1864, "city"),
    Site("MI-BICOCCA", STORE, "Lumera Milano Bicocca", "Viale Sarca 230", "Milano", "MI", "20126",
         "IT", 45.5190, 9.2110, "mall"),
    Site("TO-ROMA", STORE, "Lumera Torino", "Via Roma 88", "Torino", "TO", "10123",
         "IT", 45.0676, 7.6825, "city"),
    Site("VE-MESTRE", STORE, "Lumera Mestre", "Via Palazzo 31", "Venezia", "VE", "30174",
         "IT", 45.4935, 12.2430, "siesta"),
    Site("BO-CENTRO", STORE, "Lumera Bologna", "Via Rizzoli 9", "Bologna", "BO", "40125",
         "IT", 44.4945, 11.3455, "city"),
    Site("FI-CENTRO", STORE, "Lumera Firenze", "Via Calzaiuoli 40", "Firenze", "FI", "50122",
         "IT", 43.7710, 11.2550, "city"),
    Site("RM-CORSO", STORE, "Lumera Roma Corso", "Via del Corso 150", "Roma", "RM", "00186",
         "IT", 41.9010, 12.4800, "city"),
    Site("NA-TOLEDO", STORE, "Lumera Napoli", "Via Toledo 210", "Napoli", "NA", "80132",
         "IT", 40.8405, 14.2488, "siesta"),
    Site("PA-LIBERTA", STORE, "Lumera Palermo", "Via della Libertà 25", "Palermo", "PA", "90139",
         "IT", 38.1240, 13.3560, "siesta"),
    Site("MD-GRANVIA", STORE, "Lumera Madrid Gran Vía", "Calle Gran Vía 32", "Madrid", "M",
         "28013", "ES", 40.4200, -3.7025, "late"),
    Site("MD-SALAMANCA", STORE, "Lumera Madrid Salamanca", "Calle de Serrano 61", "Madrid", "M",
         "28006", "ES", 40.4310, -3.6870, "late"),
    Site("BCN-GRACIA", STORE, "Lumera Barcelona", "Passeig de Gràcia 45", "Barcelona", "B",
         "08007", "ES", 41.3920, 2.1650, "late"),
    Site("VLC-COLON", STORE, "Lumera Valencia", "Calle de Colón 18", "Valencia", "V", "46004",
         "ES", 39.4690, -0.3720, "late"),
    Site("SVQ-TETUAN", STORE, "Lumera Sevilla", "Calle Tetuán 7", "Sevilla", "SE", "41001",
         "ES", 37.3905, -5.9950, "siesta"),
    Site("BIO-GRANVIA", STORE, "Lumera Bilbao", "Gran Vía 22", "Bilbao", "BI", "48001",
         "ES", 43.2627, -2.9320, "late"),
    Site("AGP-LARIOS", STORE, "Lumera Málaga", "Calle Larios 5", "Málaga", "MA", "29005",
         "ES", 36.7205, -4.4220, "late"),
    Site("MI-LAMBRATE", LocationKind.DARK_STORE, "Lumera Express Lambrate", "Via Conte Rosso 3",
         "Milano", "MI", "20134", "IT", 45.4850, 9.2420, "always"),
    Site("DC-PIACENZA", DC, "Lumera Logistica Piacenza", "Strada della Dogana 5", "Piacenza", "PC",
         "29122", "IT", 45.0400, 9.7400, "shifts"),
    Site("DC-ZARAGOZA", DC, "Lumera Logística Zaragoza", "Avenida de la Autovía 14", "Zaragoza",
         "Z", "50197", "ES", 41.6300, -0.9900, "shifts"),
    Site("SUP-PRATO", LocationKind.SUPPLIER, "Tessitura Valdorata", "Via Pistoiese 400", "Prato",
         "PO", "59100", "IT", 43.8830, 11.0700, "office"),
)  # fmt: skip

MANNERS = {
    STORE: Manner(time(16), 40, 100, "0.95", True, True),
    LocationKind.DARK_STORE: Manner(time(20), 120, 80, "0.98", True, False),
    DC: Manner(time(18), 2000, 90, "1", False, True),
    LocationKind.SUPPLIER: Manner(time(12), 50, 200, "0.8", False, False),
}

_EVERY_DAY, _WORKING_DAYS = range(1, 8), range(1, 6)


def _period(days: Iterable[int], opens: int, closes: int) -> list[OpeningHours]:
    return [OpeningHours(day, time(opens), time(closes % 24)) for day in days]


HOURS = {
    "city": [*_period(range(1, 7), 10, 20), *_period([7], 10, 19)],
    "mall": _period(_EVERY_DAY, 9, 21),
    "siesta": [*_period(range(1, 7), 10, 14), *_period(range(1, 7), 17, 21)],
    "late": [*_period(range(1, 7), 10, 22), *_period([7], 12, 20)],
    "always": _period(_EVERY_DAY, 0, 24),
    "shifts": [*_period(_WORKING_DAYS, 6, 22), *_period([6], 6, 14)],
    "office": _period(_WORKING_DAYS, 8, 17),
}


def demo_locations(make_id: Callable[[], UUID]) -> list[Location]:
    """All locations of the chain, version 1. Stores serve every channel, others the online ones."""
    return [_location(site, MANNERS[site.kind], make_id) for site in SITES]


def _location(site: Site, manner: Manner, make_id: Callable[[], UUID]) -> Location:
    channels = STORE_CHANNELS if site.kind is STORE else ONLINE_CHANNELS
    return Location(
        id=LocationId(make_id()),
        code=LocationCode(site.code),
        name=site.name,
        kind=site.kind,
        street=site.street,
        city=site.city,
        region=site.region,
        postal_code=site.postal_code,
        country=site.country,
        latitude=site.latitude,
        longitude=site.longitude,
        time_zone=ZONES[site.country],
        opening_hours=tuple(sorted(HOURS[site.hours])),
        cut_off=manner.cut_off,
        daily_capacity=manner.daily_capacity,
        priority=manner.priority,
        trust=Decimal(manner.trust),
        can_ship=True,
        can_pickup=manner.can_pickup,
        can_receive_returns=manner.can_receive_returns,
        active=True,
        version=1,
        channels=tuple(ChannelCode(code) for code in channels),
    )
