"""States, reasons and dispositions of returns, described."""

from domain.returns.model import (
    ItemCondition,
    ReturnDisposition,
    ReturnMethod,
    ReturnReason,
    ReturnState,
)
from schema.enums import described

__all__ = ["ItemCondition", "ReturnDisposition", "ReturnMethod", "ReturnReason", "ReturnState"]

described(
    ReturnMethod,
    "How returned goods come back.",
    {
        "LABEL": "In a parcel, with a return label or the customer's own carrier.",
        "STORE_DROP_OFF": "Somebody brings them to a store.",
        "UNDELIVERED": "They never reached the customer: the parcel came back.",
    },
)
described(
    ReturnState,
    "Where a return stands: where its least advanced units are.",
    {
        "REQUESTED": "Staff have to allow it.",
        "AUTHORISED": "The goods may come.",
        "IN_TRANSIT": "The goods are on their way.",
        "RECEIVED": "The goods are at a location and wait for an inspection.",
        "COMPLETED": "All units that came were inspected.",
        "CANCELLED": "It was called off before goods came.",
        "EXPIRED": "Its time was over before goods came.",
        "REJECTED": "Staff did not allow it.",
    },
)
described(
    ReturnReason,
    "Why a customer gives something back.",
    {
        "CHANGED_MIND": "Not wanted any more.",
        "WRONG_SIZE": "It does not fit.",
        "NOT_AS_DESCRIBED": "It is not what the description says; nothing is deducted.",
        "DAMAGED": "It arrived damaged; nothing is deducted.",
        "DEFECTIVE": "It does not work; nothing is deducted.",
        "WRONG_ITEM": "Something else was ordered; nothing is deducted.",
        "NOT_DELIVERED": "The parcel came back; only for goods that never arrived.",
        "OTHER": "Something else.",
    },
)
described(
    ItemCondition,
    "What an inspection found.",
    {
        "AS_NEW": "As it was sold.",
        "OPENED": "Opened or tried, without harm.",
        "DAMAGED": "Harmed; a deduction is made by policy, unless the retailer stands for it.",
        "DEFECTIVE": "It does not work.",
        "UNSELLABLE": "Worth nothing any more; a deduction is made as for DAMAGED.",
    },
)
described(
    ReturnDisposition,
    "Where goods go that came back.",
    {
        "RESTOCK": "For sale at the location.",
        "QUARANTINE": "On hand and not for sale: damaged, or on quality hold.",
        "WRITE_OFF": "Thrown away.",
        "SEND_TO_VENDOR": "Back to the supplier.",
        "TRANSFER": "To a store that ran out of them, by a proposed transfer; for sale at the "
        "location if no store did.",
    },
)
