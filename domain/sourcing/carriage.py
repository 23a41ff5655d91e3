"""What carriers' tables of rates say of the goods of a question. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from domain.carriers.model import Place as Recipient
from domain.carriers.rating import RateRow, rate_for
from domain.sourcing.model import Carriage, Question

Rates = Mapping[str, Sequence[RateRow]]
"""The rows of each carrier, by its code."""


def with_carriage(question: Question, rates: Rates, currency: str) -> Question:
    """The question with the cheapest service that carries all its goods in one parcel, of those
    with prices in the currency; as it is when the goods go to no address or there is none.
    """
    circumstances = question.circumstances
    if not circumstances.postal_code:
        return question
    recipient = Recipient("", "", "", circumstances.postal_code, circumstances.country)
    weight_g = sum(line.weight_g * line.quantity for line in question.wanted)
    found = [
        priced
        for carrier, rows in sorted(rates.items())
        for service, steps in sorted(_services(rows, currency).items())
        if (priced := _priced(carrier, service, steps, recipient, weight_g)) is not None
    ]
    if not found:
        return question
    cheapest = min(found, key=lambda each: each.whole_minor)
    return replace(question, circumstances=replace(circumstances, carriage=cheapest))


def _services(rows: Iterable[RateRow], currency: str) -> dict[str, list[RateRow]]:
    found: dict[str, list[RateRow]] = {}
    for row in rows:
        if row.currency == currency:
            found.setdefault(row.service, []).append(row)
    return found


def _priced(
    carrier: str, service: str, steps: Sequence[RateRow], recipient: Recipient, weight_g: int
) -> Carriage | None:
    light, whole = rate_for(steps, recipient, 0), rate_for(steps, recipient, weight_g)
    if light is None or whole is None:
        return None
    prices = (light.price_minor, whole.price_minor)
    return Carriage(carrier, service, light.currency, *prices, weight_g)
