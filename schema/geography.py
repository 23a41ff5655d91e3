"""Points on earth, and searches around them."""

import strawberry

from domain.locations.model import Coordinates
from domain.locations.repository import Near
from schema.access import access


@access()
@strawberry.type(description="A point on earth (WGS 84).")
class GeoPoint:
    """Twin of domain Coordinates."""

    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")


@strawberry.input(description="A point on earth (WGS 84).")
class GeoPointInput:
    """Input twin of domain Coordinates."""

    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")

    def to_domain(self) -> Coordinates:
        """The point, not yet checked."""
        return Coordinates(self.latitude, self.longitude)


@strawberry.input(description="A circle around a point.")
class NearInput:
    """Input twin of domain Near."""

    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")
    radius_km: float = strawberry.field(
        description="Radius in km, more than 0, at most 20,040.", default=50.0
    )

    def to_domain(self) -> Near:
        """The circle, not yet checked."""
        return Near(Coordinates(self.latitude, self.longitude), self.radius_km)
