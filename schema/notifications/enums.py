"""Kinds, channels and states of notifications, described."""

from domain.notifications.model import NotificationChannel, NotificationKind, NotificationState
from schema.enums import described

__all__ = ["NotificationChannel", "NotificationKind", "NotificationState"]

described(
    NotificationKind,
    "What is told. The type of a webhook is such as `order.shipped` or `order.confirmed`.",
    {
        "ORDER_PLACED": "The order was placed; partners only.",
        "ORDER_CONFIRMED": "The order is confirmed.",
        "PAYMENT_DECLINED": "The payment was declined; goods are kept until the window ends.",
        "ORDER_EXPIRED": "The order was not paid in time and is over.",
        "ORDER_CANCELLED": "All of the order was cancelled.",
        "UNITS_CANCELLED": "A part of the order was cancelled.",
        "CANCEL_REFUSED": "The order can no longer be cancelled.",
        "ORDER_EDITED": "The lines of the order were changed.",
        "PROMISE_MADE": "Goods that the order waits for have a date now.",
        "PROMISE_CHANGED": "Goods that the order waits for come at another date.",
        "SHIPPED": "Goods were handed to the carrier.",
        "DELIVERY_DELAYED": "The carrier is late.",
        "DELIVERED": "A parcel was delivered.",
        "DELIVERY_FAILED": "A parcel was lost, damaged, or refused.",
        "PARCEL_RETURNED": "A parcel is back at its sender.",
        "READY_FOR_PICKUP": "The goods wait in the store.",
        "PICKUP_CHOICE_NEEDED": "The store cannot serve: the customer must choose.",
        "PICKUP_EXPIRED": "The goods were not collected in time.",
        "COLLECTED": "Goods were collected.",
        "REFUNDED": "Money was returned.",
        "REFUND_OWED": "Money is owed that cannot be returned the way it was paid.",
        "RETURN_REQUESTED": "The customer asked to return goods.",
        "RETURN_AUTHORISED": "The customer may return goods.",
        "RETURN_REJECTED": "The customer may not return goods.",
        "RETURN_RECEIVED": "Returned goods have arrived.",
        "RETURN_REFUNDED": "A return is settled.",
    },
)
described(
    NotificationChannel,
    "The way on which something is told.",
    {
        "EMAIL": "E-mail to the customer.",
        "SMS": "Text message to the customer's phone.",
        "WEBHOOK": "Call of a partner's server.",
    },
)
described(
    NotificationState,
    "How far telling something has come.",
    {
        "WAITING": "It is to be sent, for the first time or again.",
        "SENT": "The receiving server has taken it.",
        "SKIPPED": "It was not sent: no address, a channel not set up, or an endpoint that is off.",
        "FAILED": "It was refused for good, or tried too often.",
    },
)
