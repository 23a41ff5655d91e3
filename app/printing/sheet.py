"""What a printed pick list shows, apart from how: no names of people, no addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from domain.fulfillment.model import PickLine, PickList
from domain.locations.model import Location

NO_PLACE = "No place known"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A pick list with its location; `printed_at` is in the location's time zone."""

    picks: PickList
    location_name: str
    location_code: str
    printed_at: datetime

    @property
    def title(self) -> str:
        """Such as: Pick list P-7K3F-92QX."""
        return f"Pick list {self.picks.number}"

    @property
    def facts(self) -> str:
        """Where, when, for which wave and how much."""
        picks = self.picks
        found = [
            f"{self.location_name} ({self.location_code})",
            f"{self.printed_at:%Y-%m-%d %H:%M}",
            *([f"Wave {picks.wave_number}"] if picks.wave_number else []),
            f"{picks.quantity} units, {len(picks.order_numbers)} orders",
        ]
        return " · ".join(found)

    @property
    def zones(self) -> Sequence[tuple[str, Sequence[PickLine]]]:
        """Lines by heading, in the order of the walk."""
        groups = groupby(self.picks.lines, key=zone_heading)
        return [(heading, list(lines)) for heading, lines in groups]


def zone_heading(line: PickLine) -> str:
    """Such as `Zone A`; what has no place is under a heading of its own."""
    if not line.bin:
        return NO_PLACE
    return f"Zone {line.zone}" if line.zone else "No zone"


def orders_of(line: PickLine) -> Sequence[str]:
    """Whose the units are, such as `U-7K3F-92QX × 2`."""
    return [f"{share.order_number} × {share.quantity}" for share in line.shares]


def sheet_of(picks: PickList, location: Location) -> Sheet:
    """The sheet of a pick list at its location."""
    printed_at = picks.created_at.astimezone(ZoneInfo(location.time_zone))
    return Sheet(picks, location.name, location.code, printed_at)
