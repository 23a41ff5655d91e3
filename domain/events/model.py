"""Events, topics and cursors (ADR 0004, 0015, 0016)."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from domain.common.errors import ValidationFailed


class Aggregate(StrEnum):
    """Kinds of things that have a version and emit events."""

    STOCK_LEVEL = "stock_level"
    STOCK_BIN = "stock_bin"
    ORDER = "order"
    FULFILLMENT_ORDER = "fulfillment_order"
    CUSTOMER = "customer"
    SESSION = "session"
    SHIPMENT = "shipment"
    TRANSFER = "transfer"
    INBOUND = "inbound"
    PURCHASE_ORDER = "purchase_order"
    PICK_LIST = "pick_list"
    WAVE = "wave"
    FULFILLMENT_EXCEPTION = "fulfillment_exception"
    LOCATION = "location"
    PRODUCT = "product"
    CHANNEL = "channel"
    TAX_RATE = "tax_rate"
    CARRIER = "carrier"
    IMPORT_JOB = "import_job"
    RULE_SET = "rule_set"
    PROMOTION = "promotion"
    EXCHANGE_RATE = "exchange_rate"
    SOURCING_SIMULATION = "sourcing_simulation"
    RETURN = "return"
    RETURN_POLICY = "return_policy"
    DISPOSITION_RULES = "disposition_rules"
    VOUCHER = "voucher"
    CREDIT_ACCOUNT = "credit_account"
    NOTIFICATION = "notification"
    WEBHOOK_ENDPOINT = "webhook_endpoint"


class Topic:
    """Names of what can be watched. A topic is `<kind>:<id>`."""

    @staticmethod
    def stock(location_id: UUID) -> str:
        """Stock levels of one location."""
        return f"stock:{location_id}"

    @staticmethod
    def bins(location_id: UUID) -> str:
        """Where the SKUs of one location stand."""
        return f"bins:{location_id}"

    @staticmethod
    def order(order_id: UUID) -> str:
        """One order."""
        return f"order:{order_id}"

    @staticmethod
    def customer(customer_id: UUID) -> str:
        """All that concerns one customer, orders included."""
        return f"customer:{customer_id}"

    @staticmethod
    def queue(location_id: UUID) -> str:
        """Fulfillment work of one location."""
        return f"queue:{location_id}"

    @staticmethod
    def exceptions(location_id: UUID) -> str:
        """Reports on one location's work that contradict orders."""
        return f"exceptions:{location_id}"

    @staticmethod
    def pick_lists(location_id: UUID) -> str:
        """Pick lists and waves of one location."""
        return f"pick_lists:{location_id}"

    @staticmethod
    def transfers(location_id: UUID) -> str:
        """Transfers from and to one location."""
        return f"transfers:{location_id}"

    @staticmethod
    def returns(location_id: UUID) -> str:
        """Returned goods at one location."""
        return f"returns:{location_id}"

    @staticmethod
    def supply(location_id: UUID) -> str:
        """Goods that one location expects."""
        return f"supply:{location_id}"

    @staticmethod
    def import_job(job_id: UUID) -> str:
        """How far one import has come."""
        return f"import:{job_id}"

    @staticmethod
    def sourcing_simulation(simulation_id: UUID) -> str:
        """How far one simulation of sourcing rules has come."""
        return f"sourcing_simulation:{simulation_id}"

    @staticmethod
    def session(session_id: UUID) -> str:
        """A device or token whose sockets must end when it is revoked."""
        return f"session:{session_id}"


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one aggregate. `payload`: its state afterwards, free of personal data."""

    type: str
    aggregate: Aggregate
    aggregate_id: UUID
    version: int
    topics: Sequence[str]
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_record(self, actor: str, at: datetime, correlation_id: str) -> dict[str, object]:
        """The JSON object that stands in the outbox."""
        return {
            "type": self.type,
            "aggregate": self.aggregate.value,
            "aggregate_id": str(self.aggregate_id),
            "version": self.version,
            "topics": list(self.topics),
            "payload": dict(self.payload),
            "actor": actor,
            "at": at.isoformat(),
            "correlation_id": correlation_id,
        }


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event with its place in the log, as watchers get it: without who did it.

    Events of one commit share `commit` and follow each other without a gap.
    """

    seq: int
    commit: int
    type: str
    aggregate: str
    aggregate_id: UUID
    version: int
    topics: tuple[str, ...]
    payload: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the log: everything up to `seq` was seen, and of the aggregates in `ahead`
    everything up to the version given there (ADR 0016).
    """

    incarnation: str
    seq: int
    ahead: Mapping[str, int] = field(default_factory=dict[str, int])

    def encode(self) -> str:
        """An opaque text, safe in URLs."""
        raw = orjson.dumps([self.incarnation, self.seq, dict(self.ahead)])
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The inverse of `encode`.

        Raises:
            ValidationFailed: the text was not made by `encode`.
        """
        try:
            raw = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            incarnation, seq, ahead = raw
            return cls(str(incarnation), int(seq), {str(k): int(v) for k, v in ahead.items()})
        except (ValueError, TypeError, AttributeError, binascii.Error) as error:
            raise ValidationFailed("after", "is not a cursor") from error
