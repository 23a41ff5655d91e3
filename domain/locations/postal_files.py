"""Where the postal codes of a country are, out of a file of GeoNames. Pure.

A line has twelve values, separated by tabs: country, postal code, place, names and codes of three
levels of administration, latitude, longitude, accuracy
(https://download.geonames.org/export/zip/readme.txt).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import atan2, cos, degrees, hypot, radians, sin

from domain.common.errors import ValidationFailed
from domain.common.postal import postal_key
from domain.locations.model import Coordinates, check_coordinates

SHORTEST = 2
"""Characters of the shortest code, and of the shortest beginning that is looked up."""
LONGEST = 12
_VALUES = 12


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that says nothing of use, numbered from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class PostalFile:
    """What a file says of one country: where each code is, and what it says in vain. Lines of
    other countries are only counted.
    """

    points: Mapping[str, Coordinates]
    lines: int
    elsewhere: int
    refused: tuple[RefusedLine, ...]


@dataclass(slots=True)
class _Middle:
    """The middle of points on the sphere: their vectors are added up, so that points on both sides
    of the 180th meridian do not meet at the other end of the world.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0

    def add(self, point: Coordinates) -> None:
        """One more point."""
        latitude, longitude = radians(point.latitude), radians(point.longitude)
        self.x += cos(latitude) * cos(longitude)
        self.y += cos(latitude) * sin(longitude)
        self.z += sin(latitude)

    def point(self) -> Coordinates:
        """The middle, to six decimals: about 10 cm."""
        latitude = degrees(atan2(self.z, hypot(self.x, self.y)))
        return Coordinates(round(latitude, 6), round(degrees(atan2(self.y, self.x)), 6))


@dataclass(slots=True)
class _Reader:
    country: str
    middles: dict[str, _Middle] = field(default_factory=dict[str, _Middle])
    elsewhere: int = 0

    def read(self, line: str) -> None:
        """What the line says is known.

        Raises:
            ValidationFailed: it is no line of such a file.
        """
        values = line.rstrip("\r\n").split("\t")
        if len(values) != _VALUES:
            raise ValidationFailed("line", f"must have {_VALUES} values, separated by tabs")
        if values[0] != self.country:
            self.elsewhere += 1
            return
        code = postal_key(values[1])
        if not SHORTEST <= len(code) <= LONGEST:
            raise ValidationFailed("postal code", f"must be {SHORTEST} to {LONGEST} characters")
        point = _point(values[9], values[10])
        self.middles.setdefault(code, _Middle()).add(point)


def _point(latitude: str, longitude: str) -> Coordinates:
    try:
        point = Coordinates(float(latitude), float(longitude))
    except ValueError as error:
        raise ValidationFailed("latitude, longitude", "must be degrees") from error
    check_coordinates("point", point.latitude, point.longitude)
    return point


def read_postal_file(lines: Iterable[str], country: str) -> PostalFile:
    """What the lines say of `country`; several of one code give their middle. Blank lines do not
    count.
    """
    reader, count = _Reader(country), 0
    refused: list[RefusedLine] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        count += 1
        try:
            reader.read(line)
        except ValidationFailed as error:
            refused.append(RefusedLine(number, error.message))
    points = {code: middle.point() for code, middle in sorted(reader.middles.items())}
    return PostalFile(points, count, reader.elsewhere, tuple(refused))


def with_beginnings(points: Mapping[str, Coordinates]) -> dict[str, Coordinates]:
    """`points`, and for each beginning of theirs that is no code itself, of two characters at
    least: the middle of the codes that begin so.
    """
    middles: dict[str, _Middle] = {}
    for code, point in points.items():
        for beginning in beginnings(code)[1:]:
            middles.setdefault(beginning, _Middle()).add(point)
    return {beginning: middle.point() for beginning, middle in middles.items()} | dict(points)


def beginnings(code: str) -> list[str]:
    """The code and its beginnings of at least two characters, the longest first; of what is longer
    than any code, those that a code can have.
    """
    return [code[:length] for length in range(min(len(code), LONGEST), SHORTEST - 1, -1)]
