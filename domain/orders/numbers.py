"""Order numbers for people, tracking tokens for guests (ADR 0010)."""

import secrets

from domain.common.numbers import number_for_people


def order_number() -> str:
    """A number such as U-7K3F-92QX."""
    return number_for_people("U")


def tracking_token() -> str:
    """A secret of 128 bits: with it and the number, a guest may follow the order."""
    return secrets.token_urlsafe(16)
