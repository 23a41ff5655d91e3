"""Enums of promotions, described."""

from domain.promotions.choosing import Reason as PromotionReason
from domain.promotions.model import CouponRefusal, PromotionKind, PromotionStatus
from schema.enums import described

__all__ = ["CouponRefusal", "PromotionKind", "PromotionReason", "PromotionStatus"]

described(
    PromotionKind,
    "What a promotion does.",
    {
        "PERCENTAGE": "A part of the price is taken off.",
        "AMOUNT": "An amount is taken off, once or off each unit.",
        "N_FOR_M": "Of every `buy` units `pay` are paid; the cheapest are free.",
        "BUNDLE_PRICE": "Each whole set of some variants costs an amount.",
        "FREE_SHIPPING": "The shipping fee is taken off.",
    },
)

described(
    PromotionStatus,
    "Where a promotion stands.",
    {
        "DRAFT": "It never counts.",
        "ACTIVE": "It counts while its period lasts.",
        "ENDED": "It counts no more.",
    },
)

described(
    PromotionReason,
    "Why a promotion counts for a cart, or does not.",
    {
        "APPLIED": "It takes something off.",
        "OTHER_CHANNEL": "It is for other channels or source codes.",
        "OTHER_SEGMENT": "It is for customers of other segments.",
        "OTHER_COUNTRY": "It is for other countries.",
        "OTHER_CURRENCY": "It is for another currency.",
        "NO_PRODUCTS": "None of the products that it is about is in the cart.",
        "BELOW_MINIMUM": "The products that it is about cost less than its minimum.",
        "NOT_COMBINED": "It cannot be combined with what takes off more.",
        "NOTHING_OFF": "It would take nothing off.",
    },
    name="PromotionReason",
)

described(
    CouponRefusal,
    "Why a code takes nothing off.",
    {
        "UNKNOWN": "There is no such code.",
        "NOT_IN_FORCE": "Its promotion does not count now.",
        "USED_UP": "It was used as often as it may be.",
        "USED_BY_CUSTOMER": "The customer used it as often as each may.",
        "DOES_NOT_APPLY": "Its promotion takes nothing off this cart.",
    },
)
