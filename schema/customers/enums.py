"""Purposes of consent, described."""

from domain.customers.model import ConsentPurpose
from schema.enums import described

described(
    ConsentPurpose,
    "What a customer may agree to.",
    {
        "EMAIL_MARKETING": "Advertising by e-mail.",
        "SMS_MARKETING": "Advertising by text message.",
        "PROFILING": "Using what they buy to choose what they are shown.",
        "LOYALTY": "Taking part in the loyalty programme.",
    },
)

__all__ = ["ConsentPurpose"]
