"""What the failure of a whole batch means for its orders."""

from sqlalchemy.exc import DBAPIError

from domain.common.faults import FaultClass, classify, constraint_of, sqlstate_of
from domain.orders.batching.lane import Reaction

_LOCK_TIMEOUT = "55P03"
_AWAY = (FaultClass.OUTCOME_UNKNOWN, FaultClass.UNAVAILABLE, FaultClass.OVERLOADED)
_RACES = frozenset(
    {
        "pk_idempotency_key",
        "uq_customer_email",
        "uq_customer_phone",
        "pk_customer_reference",
        "uq_sales_order_channel_external_reference",
    }
)
"""Constraints that another transaction makes us violate when it was faster; decided again, what it
stored is seen.
"""


def reaction(error: Exception) -> Reaction:
    """What to do with the batch. A defect of the code is treated like a row that cannot be stored:
    the order that it hits is found, and the others are decided.
    """
    fault = classify(error)
    if fault in _AWAY:
        return Reaction.GIVE_UP
    if isinstance(error, DBAPIError) and sqlstate_of(error) == _LOCK_TIMEOUT:
        return Reaction.DISBAND
    if fault is FaultClass.RETRY_UNIT or constraint_of(error) in _RACES:
        return Reaction.RERUN
    return Reaction.BISECT
