"""What we write on objects of Stripe to find them again. Pure."""

import hashlib

KEY = "unico_psp_key"
"""In the metadata of a PaymentIntent or refund: the key of the call that made it."""

MARK = "unico_capture_"
"""How names in a PaymentIntent's metadata begin whose values are the keys of captures made."""

ALIVE = frozenset({"requires_capture", "succeeded"})
"""Statuses of a PaymentIntent that was authorised and not given up."""


def capture_mark(psp_key: str) -> str:
    """The name in a PaymentIntent's metadata that says that the capture of that key was made; the
    key itself is longer than names may be.
    """
    return MARK + hashlib.sha256(psp_key.encode()).hexdigest()[:24]
