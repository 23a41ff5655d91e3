"""Signatures of Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and raw body."""

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key in a secret of the form `whsec_<base64>`.

    Raises:
        ValueError: it has another form, or fewer than 24 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("must be whsec_ and base64") from error
    if not secret.startswith(_PREFIX) or len(key) < 24:
        raise ValueError("must be whsec_ and base64 of at least 24 bytes")
    return key


def signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """The signature that belongs to a message, with its version."""
    signed = f"{message_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
