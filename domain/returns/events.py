"""What the returns area publishes. Payloads are public state: no name, code or reason in words."""

from typing import Any
from uuid import UUID

from domain.common.ids import CustomerId
from domain.common.money import Money
from domain.events.model import Aggregate, Event, Topic
from domain.returns.model import DispositionRules, Return, ReturnPolicy

RETURN_CHANGED = "ReturnChanged"
POLICY_CHANGED = "ReturnPolicyChanged"
WITHOUT_RECEIPT = "GoodsReturnedWithoutReceipt"
RULES_CHANGED = "DispositionRulesChanged"


def return_payload(given: Return) -> dict[str, Any]:
    """The return's public state."""
    return {
        "return_id": str(given.id),
        "order_id": str(given.order_id),
        "number": given.number,
        "version": given.version,
        "state": given.state.value,
        "method": given.method.value,
        "location_id": str(given.location_id) if given.location_id else None,
        "tracking_number": given.tracking_number,
        "expires_at": given.expires_at.isoformat() if given.expires_at else None,
        "updated_at": given.updated_at.isoformat(),
        "currency": given.currency,
        "credited_minor": given.credited_minor,
        "lines": [
            {"line_id": str(line.line_id), "quantity": line.quantity, "reason": line.reason.value}
            for line in given.lines
        ],
    }


def return_changed(given: Return, customer_id: CustomerId) -> Event:
    """The event of a return's new version."""
    topics = [Topic.order(given.order_id), Topic.customer(customer_id)]
    if given.location_id is not None:
        topics.append(Topic.returns(given.location_id))
    return Event(
        type=RETURN_CHANGED,
        aggregate=Aggregate.RETURN,
        aggregate_id=given.id,
        version=given.version,
        topics=topics,
        payload=return_payload(given),
    )


def policy_changed(policy_id: UUID, policy: ReturnPolicy) -> Event:
    """The event of a return policy in its present version."""
    return Event(
        type=POLICY_CHANGED,
        aggregate=Aggregate.RETURN_POLICY,
        aggregate_id=policy_id,
        version=policy.version,
        topics=(),
        payload={"channel": policy.channel, "version": policy.version},
    )


def rules_changed(rules: DispositionRules) -> Event:
    """The event of a location's disposition rules in their present version."""
    return Event(
        type=RULES_CHANGED,
        aggregate=Aggregate.DISPOSITION_RULES,
        aggregate_id=rules.location_id,
        version=rules.version,
        topics=(),
        payload={"location_id": str(rules.location_id), "version": rules.version},
    )


def returned_without_receipt(return_id: UUID, number: str, credit: Money) -> Event:
    """The event of goods that came back without a receipt; it happens once."""
    return Event(
        type=WITHOUT_RECEIPT,
        aggregate=Aggregate.RETURN,
        aggregate_id=return_id,
        version=1,
        topics=(),
        payload={
            "number": number,
            "credited_minor": credit.amount_minor,
            "currency": credit.currency,
        },
    )
