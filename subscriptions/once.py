"""Things that are made of an event once, although many cohorts show it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from domain.events.model import LoggedEvent

T = TypeVar("T")

_KEPT = 256


class Once(Generic[T]):
    """Calls `make` once for an event; what it makes must not be changed. Keeps the newest 256."""

    def __init__(self, make: Callable[[LoggedEvent], T]) -> None:
        self._make = make
        self._made: OrderedDict[int, tuple[LoggedEvent, T]] = OrderedDict()

    def __call__(self, event: LoggedEvent) -> T:
        """What `make` made of this very event."""
        found = self._made.get(id(event))
        if found is not None:
            return found[1]  # the event is kept as well, so that no other can have its id
        made = self._make(event)
        self._made[id(event)] = (event, made)
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return made
