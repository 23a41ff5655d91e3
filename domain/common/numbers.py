"""Numbers for people (ADR 0010)."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, so that numbers survive the telephone."""


def number_for_people(prefix: str) -> str:
    """`prefix` and 40 random bits in two groups, such as U-7K3F-92QX: readable aloud, not counting
    anything.
    """
    text = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{prefix}-{text[:4]}-{text[4:]}"
