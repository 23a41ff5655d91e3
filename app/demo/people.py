"""Two hundred customers who do not exist: names by chance, addresses at reserved domains."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import UUID

from app.demo.assortment import CHANNELS
from domain.common.ids import CustomerId
from domain.customers.model import (
    Address,
    AddressId,
    ConsentId,
    ConsentPurpose,
    ConsentRecord,
    Customer,
    Reference,
)

CUSTOMERS = 200
SOURCE = "demo"
MAIL_DOMAINS = ("example.com", "example.org")
"""Reserved for examples, nobody gets this mail (RFC 2606)."""


@dataclass(frozen=True, slots=True)
class Town:
    """A place where customers live; a real town with made-up streets."""

    city: str
    region: str
    postal_code: str
    country: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Nation:
    """How customers of a country are called, reached and where they live.

    `phone_prefix` is followed by three digits: a number of a range that is not in use, or reserved
    for fiction.
    """

    language: str
    phone_prefix: str
    first_names: Sequence[str]
    last_names: Sequence[str]
    streets: Sequence[str]
    towns: Sequence[Town]


ITALY = Nation(
    "it",
    "+393990000",
    ("Ada", "Bruno", "Chiara", "Dario", "Elena", "Fabio", "Giulia", "Ivo", "Lara", "Marco",
     "Nadia", "Oscar", "Paola", "Rocco", "Silvia", "Tito", "Ugo", "Viola"),
    ("Verdi", "Neri", "Bassi", "Colombo", "Fontana", "Galli", "Longo", "Marini", "Parisi",
     "Rinaldi", "Serra", "Testa", "Villa", "Zanetti"),
    ("Via dei Tigli", "Via della Fonte", "Viale dei Pini", "Via del Mulino", "Corso del Sole"),
    (
        Town("Milano", "MI", "20131", "IT", 45.4850, 9.2230),
        Town("Monza", "MB", "20900", "IT", 45.5845, 9.2744),
        Town("Torino", "TO", "10128", "IT", 45.0620, 7.6680),
        Town("Bergamo", "BG", "24121", "IT", 45.6983, 9.6773),
        Town("Padova", "PD", "35121", "IT", 45.4064, 11.8768),
        Town("Bologna", "BO", "40121", "IT", 44.5000, 11.3440),
        Town("Firenze", "FI", "50123", "IT", 43.7750, 11.2480),
        Town("Roma", "RM", "00153", "IT", 41.8800, 12.4700),
        Town("Napoli", "NA", "80121", "IT", 40.8330, 14.2400),
        Town("Palermo", "PA", "90144", "IT", 38.1400, 13.3400),
    ),
)  # fmt: skip
SPAIN = Nation(
    "es",
    "+34799000",
    ("Alba", "Carlos", "Diana", "Elías", "Gloria", "Hugo", "Inés", "Javier", "Lucía", "Mateo",
     "Nuria", "Pablo", "Rocío", "Sergio", "Teresa", "Vega"),
    ("Aguilar", "Blanco", "Castro", "Delgado", "Fuentes", "Gil", "Herrera", "León", "Molina",
     "Navarro", "Ortega", "Prieto", "Ramos", "Soler"),
    ("Calle del Olmo", "Calle de la Fuente", "Avenida del Parque", "Calle del Molino"),
    (
        Town("Madrid", "M", "28015", "ES", 40.4310, -3.7120),
        Town("Alcalá de Henares", "M", "28801", "ES", 40.4820, -3.3635),
        Town("Barcelona", "B", "08013", "ES", 41.3990, 2.1830),
        Town("Valencia", "V", "46010", "ES", 39.4790, -0.3580),
        Town("Sevilla", "SE", "41010", "ES", 37.3790, -6.0060),
        Town("Bilbao", "BI", "48011", "ES", 43.2640, -2.9460),
        Town("Málaga", "MA", "29016", "ES", 36.7220, -4.4080),
        Town("Zaragoza", "Z", "50006", "ES", 41.6390, -0.8870),
    ),
)  # fmt: skip
ABROAD = Nation(
    "en",
    "+33639980",
    ("Anna", "Ben", "Claire", "Jonas", "Louise", "Max", "Nora", "Paul"),
    ("Berger", "Keller", "Lambert", "Morel", "Vogel", "Winter"),
    ("Rue du Moulin", "Lindenweg", "Quai du Port"),
    (
        Town("Lyon", "", "69002", "FR", 45.7570, 4.8320),
        Town("Nice", "", "06000", "FR", 43.7030, 7.2660),
        Town("München", "", "80331", "DE", 48.1370, 11.5750),
        Town("Zürich", "ZH", "8001", "CH", 47.3720, 8.5400),
    ),
)
SHARES = ((ITALY, 50), (SPAIN, 40), (ABROAD, 10))


@dataclass(frozen=True, slots=True)
class Person:
    """A demo customer, and the town of the one address they have."""

    customer: Customer
    town: Town


def demo_people(random: Random, make_id: Callable[[], UUID], now: datetime) -> list[Person]:
    """The customers, version 1. Equal states of `random` give equal people, but for their ids."""
    weights = [share for _, share in SHARES]
    chosen = random.choices([nation for nation, _ in SHARES], weights, k=CUSTOMERS)
    return [
        _person(number, nation, random, make_id, now)
        for number, nation in enumerate(chosen, start=1)
    ]


def _person(
    number: int, nation: Nation, random: Random, make_id: Callable[[], UUID], now: datetime
) -> Person:
    first, last = random.choice(nation.first_names), random.choice(nation.last_names)
    town = random.choice(nation.towns)
    domain = random.choice(MAIL_DOMAINS)
    address = Address(
        id=AddressId(make_id()),
        label="home",
        recipient=f"{first} {last}",
        street=f"{random.choice(nation.streets)} {random.randint(1, 120)}",
        city=town.city,
        region=town.region,
        postal_code=town.postal_code,
        country=town.country,
        is_default=True,
        created_at=now,
    )
    consents = [
        _consent(purpose, make_id, now) for purpose in ConsentPurpose if random.random() < 0.3
    ]
    customer = Customer(
        id=CustomerId(make_id()),
        email=f"{_plain(first)}.{_plain(last)}.{number:03d}@{domain}",
        phone=f"{nation.phone_prefix}{number:03d}",
        first_name=first,
        last_name=last,
        language=nation.language,
        preferred_location_id=None,
        first_channel=random.choice(CHANNELS),
        created_at=now,
        version=1,
        addresses=(address,),
        consents=tuple(consents),
        references=(Reference(SOURCE, f"C-{number:04d}"),),
    )
    return Person(customer, town)


def _consent(purpose: ConsentPurpose, make_id: Callable[[], UUID], now: datetime) -> ConsentRecord:
    return ConsentRecord(ConsentId(make_id()), purpose, True, "web", now, "SYSTEM:demo")


def _plain(name: str) -> str:
    """The name in small ASCII letters."""
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())
