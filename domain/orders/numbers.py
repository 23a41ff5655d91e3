"""Order numbers for people, tracking tokens for guests (ADR 0010)."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, so that numbers survive the telephone."""


def order_number() -> str:
    """A number such as U-7K3F-92QX, see `number_for_people`."""
    return number_for_people("U")


def number_for_people(prefix: str) -> str:
    """`prefix` and 40 random bits in two groups: readable aloud, not counting anything."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{prefix}-{text[:4]}-{text[4:]}"


def tracking_token() -> str:
    """A secret of 128 bits: with it and the number, a guest may follow the order."""
    return secrets.token_urlsafe(16)
