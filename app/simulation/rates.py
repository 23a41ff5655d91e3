"""How often things go another way than planned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """Probabilities, each of one thing at one occasion."""

    declined: float = 0.03
    """A card is declined; two in three try another one within the hour."""
    timed_out: float = 0.01
    """The PSP charges but does not answer in time."""
    cancelled_soon: float = 0.03
    """The customer cancels within minutes."""
    cancel_asked: float = 0.03
    """The customer asks to cancel while a location may be at work."""
    lines_cancelled: float = 0.02
    """The customer wants less of a line."""
    moved: float = 0.02
    """The customer corrects the address."""
    held: float = 0.01
    """The call center holds the order, and lets it go on two hours later."""
    rejected: float = 0.03
    """A location rejects its work."""
    silent: float = 0.01
    """A location never answers a request."""
    short: float = 0.02
    """Fewer units are found than asked for."""
    cancel_refused: float = 0.25
    """A location refuses to cancel."""
    cancel_ignored: float = 0.1
    """A location does not answer a request to cancel."""
    two_parcels: float = 0.05
    """The goods of one work leave in two parcels."""
    delayed: float = 0.04
    """A parcel arrives a day late."""
    failed_attempt: float = 0.04
    """Nobody is at home the first time."""
    lost: float = 0.006
    damaged: float = 0.004
    refused: float = 0.01
    """What happens to a parcel on its way."""
    repeated: float = 0.05
    """The carrier repeats an old report after the delivery."""
    transfer_short: float = 0.03
    """A unit is missing when goods arrive in a store."""
    no_show: float = 0.06
    """Nobody comes to collect."""
    proxy: float = 0.05
    """Somebody else comes to collect."""
    extended: float = 0.03
    """The customer asks for more days to collect."""
    miscounted: float = 0.06
    """A shelf holds another number than the books say."""
