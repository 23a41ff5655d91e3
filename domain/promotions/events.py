"""News of promotions. Nobody watches them live, so that their events have no topic."""

from typing import Any

from pydantic import TypeAdapter

from domain.events.model import Aggregate, Event
from domain.promotions.model import Promotion

PROMOTION_CHANGED = "PromotionChanged"
_PROMOTION = TypeAdapter(Promotion)


def promotion_payload(promotion: Promotion) -> dict[str, Any]:
    """The whole promotion as JSON values: each version can be read in the log."""
    return _PROMOTION.dump_python(promotion, mode="json")


def promotion_changed(promotion: Promotion, action: str, **detail: Any) -> Event:
    """The event of a promotion's change to its present version."""
    return Event(
        type=PROMOTION_CHANGED,
        aggregate=Aggregate.PROMOTION,
        aggregate_id=promotion.id,
        version=promotion.version,
        topics=(),
        payload={**promotion_payload(promotion), "action": action, **detail},
    )
