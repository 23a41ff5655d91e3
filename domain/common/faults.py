"""What a database failure means for the caller: retry, unknown, or a defect."""

from enum import StrEnum

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_RETRY = frozenset({"40001", "40P01", "55P03"})
_CONNECTING = frozenset({"57P03", "53300"})
_LOST = frozenset({"08000", "08003", "08006", "57P01", "57P02"})
_RESOURCES = frozenset({"53100", "53200"})


class FaultClass(StrEnum):
    """How to react to a failure of the database."""

    RETRY_UNIT = "RETRY_UNIT"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    UNAVAILABLE = "UNAVAILABLE"
    OVERLOADED = "OVERLOADED"
    DEFECT = "DEFECT"


def sqlstate_of(error: BaseException) -> str | None:
    """The SQLSTATE that the driver reported, if it reported one."""
    original = getattr(error, "orig", None)
    return getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)


def constraint_of(error: BaseException) -> str | None:
    """The name of the violated constraint, if the driver reported one."""
    original = getattr(error, "orig", None)
    cause = getattr(original, "__cause__", None)
    return getattr(cause, "constraint_name", None)


def classify(error: BaseException) -> FaultClass:
    """The class of a failure; whatever is not recognised is a defect.

    RETRY_UNIT: serialization failure, deadlock, lock timeout: run the whole unit again.
    OUTCOME_UNKNOWN: the connection went away; the same idempotency key finds out what happened.
    UNAVAILABLE: the server starts, is full, or cannot be reached. OVERLOADED: no free connection.
    """
    if isinstance(error, PoolTimeout):
        return FaultClass.OVERLOADED
    if isinstance(error, DBAPIError):
        state = sqlstate_of(error)
        if state in _RETRY:
            return FaultClass.RETRY_UNIT
        if state in _CONNECTING or state in _RESOURCES:
            return FaultClass.UNAVAILABLE
        if state in _LOST or error.connection_invalidated:
            return FaultClass.OUTCOME_UNKNOWN
        return FaultClass.DEFECT
    if isinstance(error, OSError | TimeoutError):
        return FaultClass.UNAVAILABLE
    return FaultClass.DEFECT
