"""Partial changes: a field of a command that is `KEEP` leaves the stored value as it is."""

from enum import Enum
from typing import Final, TypeVar

T = TypeVar("T")


class Keep(Enum):
    """The type of `KEEP`. Its value is a text that no checked input can be equal to."""

    KEEP = "\u0000keep"


KEEP: Final = Keep.KEEP


def kept(given: T | Keep, stored: T) -> T:
    """`given`, or `stored` when `given` is KEEP."""
    return stored if isinstance(given, Keep) else given
