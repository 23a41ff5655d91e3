"""Axes and states of orders, described."""

from domain.orders.notices import NoticeKind
from domain.orders.states import (
    DeliveryMode,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    GroupState,
    Hold,
    OrderStatus,
    ReturnStatus,
    UnfilledPolicy,
)
from domain.payments.model import PaymentState, PaymentStatus, Tender
from schema.enums import described

__all__ = [
    "DeliveryMode",
    "FulfillmentOrderStatus",
    "FulfillmentStatus",
    "GroupState",
    "Hold",
    "NoticeKind",
    "OrderStatus",
    "PaymentState",
    "PaymentStatus",
    "ReturnStatus",
    "Tender",
    "UnfilledPolicy",
]

described(
    OrderStatus,
    "The life of an order, apart from its goods and its money.",
    {
        "PENDING_PAYMENT": "Stock is reserved; the order waits for its payment.",
        "CONFIRMED": "Paid or authorised; stock is allocated or backordered.",
        "CLOSED": "All units are with the customer or cancelled.",
        "CANCELLED": "All units were cancelled.",
        "EXPIRED": "Not paid in time; stock was given back.",
    },
)
described(
    Hold,
    "A reason why an order must not be worked on. An order can have several.",
    {
        "PAYMENT": "The last payment was declined, or finance must agree to a credit.",
        "FRAUD": "Someone must check for fraud.",
        "ADDRESS": "The address must be checked.",
        "STOCK": "Stock must be checked.",
        "MANUAL": "Held by a person for another reason.",
        "SCHEDULED": "Held until a moment; lifted by itself.",
    },
)
described(
    DeliveryMode,
    "How the goods reach the customer.",
    {
        "SHIP": "A carrier brings them to an address.",
        "PICKUP": "The customer collects them in a store (click & collect).",
        "TAKE_AWAY": "The customer takes them from the store at once.",
        "SHIP_TO_STORE": "The customer collects them in a store that another location supplies.",
        "PICKUP_POINT": "A carrier brings them to its pickup point or locker.",
    },
)
described(
    UnfilledPolicy,
    "What to do with units that no location can serve now.",
    {
        "REFUSE": "Refuse the whole order.",
        "BACKORDER": "Accept them and let them wait for stock; the same as BACKORDER_REST.",
        "SHIP_COMPLETE": "Accept them; nothing of the order leaves before all of it can.",
        "SPLIT": "Accept them; whatever is there leaves, in as many shipments as it takes.",
        "BACKORDER_REST": "What is there leaves; the rest waits for stock and follows.",
        "CANCEL_REST": "What is there leaves; the rest is cancelled at once.",
    },
)
described(
    GroupState,
    "Where some units of an order line are.",
    {
        "NEW": "Reserved, not yet paid for.",
        "PENDING_SOURCE": "No location serves them at the moment; tried again when stock comes.",
        "BACKORDERED": "Waiting for stock.",
        "ALLOCATED": "Stock of a location is theirs.",
        "RELEASED": "In the location's work queue.",
        "PICKING": "Being picked.",
        "PICKED": "Picked.",
        "PACKED": "Packed.",
        "TRANSFER_IN_TRANSIT": "On the way to the store where they will be collected.",
        "SHIPPED": "Handed to the carrier.",
        "IN_TRANSIT": "On the way.",
        "DELIVERED": "Delivered.",
        "READY_FOR_PICKUP": "Waiting for the customer in the store.",
        "COLLECTED": "Collected in the store.",
        "REJECTED": "The pickup store cannot serve them; the customer is asked what to do.",
        "SHORT_PICKED": "The pickup store did not find them; the customer is asked what to do.",
        "PICKUP_EXPIRED": "Not collected in time; the store has them back.",
        "LOST": "Lost by the carrier.",
        "DAMAGED_IN_TRANSIT": "Damaged by the carrier.",
        "REFUSED": "Refused at the door, or undeliverable; on the way back.",
        "RETURNED_TO_ORIGIN": "Back at the location that shipped them.",
        "RETURN_REQUESTED": "The customer wants to give them back.",
        "RETURN_AUTHORISED": "They may come back.",
        "RETURN_IN_TRANSIT": "On their way back.",
        "RETURN_RECEIVED": "Came back; nobody looked at them yet.",
        "RESTOCKED": "Came back, and are for sale again.",
        "QUARANTINED": "Came back, and are set aside.",
        "WRITTEN_OFF": "Came back, and are worth nothing.",
        "SENT_TO_VENDOR": "Came back, and went to the supplier.",
        "TRANSFERRED": "Came back, and are to go to a location that ran out of them.",
        "CANCELLED": "Cancelled.",
    },
)
described(
    FulfillmentStatus,
    "Where an order's goods are, derived from its line groups.",
    {
        "UNFULFILLED": "No location has begun to work.",
        "BACKORDERED": "All open units wait for stock.",
        "IN_PROGRESS": "A location is working.",
        "READY_FOR_PICKUP": "All open units wait for the customer in the store.",
        "PARTIALLY_SHIPPED": "Some units are on the way.",
        "SHIPPED": "All open units are on the way.",
        "PARTIALLY_DELIVERED": "Some units are with the customer.",
        "DELIVERED": "All units are with the customer.",
        "DELIVERY_FAILED": "All open units were lost, damaged, refused or sent back.",
        "CANCELLED": "All units were cancelled.",
    },
)
described(
    ReturnStatus,
    "Whether an order's units come back, derived from its line groups.",
    {
        "NONE": "No unit came back or is to.",
        "RETURNING": "Some units are to come back, or wait for an inspection.",
        "PARTIALLY_RETURNED": "Some units came back.",
        "RETURNED": "All units came back.",
    },
)

described(
    FulfillmentOrderStatus,
    "Where the work of one location stands: as far as its least advanced units.",
    {
        "PLANNED": "Stock is allocated; the work is not released yet.",
        "RELEASED": "Waiting to be picked.",
        "PICKING": "Being picked.",
        "PICKED": "Picked, to be packed.",
        "PACKED": "Packed, to be shipped or put ready.",
        "TRANSFER_IN_TRANSIT": "On the way to the store where the customer collects.",
        "READY_FOR_PICKUP": "Waiting for the customer.",
        "COMPLETED": "All goods have left.",
        "REJECTED": "The location could not serve it.",
        "CANCELLED": "Nothing is left to do.",
    },
)
described(
    Tender,
    "How the customer pays.",
    {
        "CARD": "By a payment service provider's token; authorised now, captured when goods leave.",
        "CASH": "Cash at a till, paid at once. Tills only.",
        "TERMINAL": "A card terminal in the store, paid at once. Tills only.",
        "EXTERNAL": "Paid at the marketplace or another system. Integrations only.",
        "GIFT_CARD": "A gift card, by its code. Redeemed when the order is placed.",
        "EXCHANGE_CREDIT": "The value of goods that came back; by `exchangeReturn` only.",
        "STORE_CREDIT": "The customer's credit with the retailer. Redeemed when placed.",
        "CHEQUE": "A cheque that staff took; the order waits until it has cleared.",
        "BANK_TRANSFER": "The order waits until finance has seen the money.",
        "ON_ACCOUNT": "Invoiced to a customer with a credit limit; beyond it the order is held "
        "until finance agrees.",
    },
)
described(
    PaymentState,
    "Where one payment stands.",
    {
        "PENDING": "Not answered yet; or not received, for CHEQUE and BANK_TRANSFER.",
        "UNKNOWN": "The payment service did not answer in time.",
        "AUTHORISED": "The money is put aside.",
        "DECLINED": "Refused.",
        "CAPTURED": "All that was authorised is taken.",
        "VOIDED": "Let go; nothing was taken.",
    },
)
described(
    PaymentStatus,
    "Where an order's money is, derived from its payments.",
    {
        "PENDING": "No answer yet.",
        "UNKNOWN": "The payment service did not answer in time.",
        "DECLINED": "Every payment was refused.",
        "AUTHORISED": "The money is put aside.",
        "PARTIALLY_CAPTURED": "Some of it is taken.",
        "CAPTURED": "All of it is taken.",
        "PARTIALLY_REFUNDED": "Some of what was taken is given back, or owed to the customer.",
        "REFUNDED": "All that was taken is given back, or owed to the customer.",
        "VOIDED": "Let go; nothing was taken.",
    },
)
described(
    NoticeKind,
    "What a customer is told of an order.",
    {
        "PAYMENT_WINDOW_ENDED": "The order was not paid in time and is over.",
        "PROMISE_MADE": "Goods that the order waits for have a date now.",
        "PROMISE_CHANGED": "The goods will come at another date.",
        "DELIVERY_DELAYED": "The carrier is late.",
        "DELIVERY_FAILED": "A parcel was lost, damaged, refused, or could not be delivered.",
        "PARCEL_RETURNED": "A parcel is back at its sender.",
        "PICKUP_CHOICE_NEEDED": "The store cannot serve: choose another store, a parcel or money.",
        "READY_FOR_PICKUP": "The goods wait in the store.",
        "PICKUP_EXPIRED": "The goods were not collected in time.",
        "CANCEL_ANSWERED": "A request to cancel was accepted or refused.",
        "UNITS_CANCELLED": "Units were cancelled.",
        "ORDER_EDITED": "The lines of the order were changed.",
    },
)
