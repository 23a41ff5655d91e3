"""News of rule sets."""

from datetime import datetime

from domain.events.model import Aggregate, Event
from domain.sourcing.rules.model import RuleSet, RuleSetVersion

RULE_SET_CHANGED = "RuleSetChanged"


def rule_set_changed(changed: RuleSet, action: str, version: RuleSetVersion | None = None) -> Event:
    """The event of a rule set's change to its present version; `version` is the version of its
    rules that the change was about.
    """
    scope = changed.scope
    return Event(
        type=RULE_SET_CHANGED,
        aggregate=Aggregate.RULE_SET,
        aggregate_id=changed.id,
        version=changed.version,
        topics=(),
        payload={
            "rule_set_id": str(changed.id),
            "version": changed.version,
            "name": changed.name,
            "action": action,
            "scope": {
                "channel": scope.channel,
                "country": scope.country,
                "order_type": scope.order_type,
                "delivery_mode": scope.delivery_mode,
            },
            "number": version.number if version else None,
            "valid_from": _text(version.valid_from) if version else None,
            "valid_until": _text(version.valid_until) if version else None,
        },
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
