"""Where postal codes are: the middle of the points that are known of them. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from domain.integrations.rows import GeolocationRow


@dataclass(frozen=True, slots=True)
class Area:
    """The middle of some points, in degrees, and the name that most of them have."""

    city: str
    latitude: float
    longitude: float


@dataclass(slots=True)
class _Sum:
    points: int = 0
    latitude: float = 0.0
    longitude: float = 0.0
    cities: Counter[str] = field(default_factory=Counter[str])

    def add(self, row: GeolocationRow) -> None:
        self.points += 1
        self.latitude += row.geolocation_lat
        self.longitude += row.geolocation_lng
        self.cities[row.geolocation_city] += 1

    def area(self) -> Area:
        (city, _), *_ = self.cities.most_common(1)
        latitude, longitude = self.latitude / self.points, self.longitude / self.points
        return Area(city, round(latitude, 6), round(longitude, 6))


class Gazetteer:
    """Areas by postal code prefix, and by city for codes that are not known."""

    def __init__(self) -> None:
        self._by_code: dict[str, _Sum] = {}
        self._by_city: dict[tuple[str, str], _Sum] = {}
        self._found: dict[tuple[str, str, str], Area | None] = {}

    def add(self, row: GeolocationRow) -> None:
        """One more point is known."""
        self._found.clear()
        city = (row.geolocation_state, row.geolocation_city.casefold())
        self._by_code.setdefault(row.geolocation_zip_code_prefix, _Sum()).add(row)
        self._by_city.setdefault(city, _Sum()).add(row)

    def find(self, code: str, city: str, state: str) -> Area | None:
        """The area of the postal code, else of the city; None when neither is known."""
        key = (code, city, state)
        if key not in self._found:
            known = self._by_code.get(code) or self._by_city.get((state, city.casefold()))
            self._found[key] = known.area() if known else None
        return self._found[key]
