"""The port to carriers, and who stands behind a carrier's code."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.carriers.model import (
    CarrierReport,
    LabelAnswer,
    LabelRequest,
    Place,
    Rate,
    VoidAnswer,
)


class Carrier(Protocol):
    """A carrier, or several behind one API.

    Calls never raise for time-outs or refusals; they answer. No database row is locked meanwhile.
    """

    async def rates(
        self, sender: Place, recipient: Place, weights_g: Sequence[int]
    ) -> Sequence[Rate]:
        """What its services ask for parcels of these weights together; empty if it has none for
        them, or does not answer.
        """
        ...

    async def buy_label(self, wanted: LabelRequest) -> LabelAnswer:
        """The label; idempotent by `wanted.key`."""
        ...

    async def cancel_label(self, reference: str) -> VoidAnswer:
        """Void a label that it sold; DONE for one that is void already."""
        ...

    async def track(self, tracking_number: str) -> Sequence[CarrierReport]:
        """All that it reports of a parcel, the oldest first; empty if it knows nothing of it."""
        ...


Adapters = Mapping[str, Carrier]
"""Carriers with an API of their own, by the code that they have here."""
