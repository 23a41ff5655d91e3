"""Numbers for people (ADR 0010)."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, so that numbers survive the telephone."""


def number_for_people(prefix: str) -> str:
    """`prefix` and 40 random bits in two groups, such as U-7K3F-92QX: readable aloud, not counting
    anything.
    """
    bits = secrets.randbits(40)
    text = "".join(ALPHABET[bits >> shift & 31] for shift in range(35, -1, -5))
    return f"{prefix}-{text[:4]}-{text[4:]}"
