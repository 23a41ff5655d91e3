"""Why a message of a carrier is not taken in."""


class SignatureRejected(Exception):
    """The message is not from the carrier, or too old: 401, and nothing is changed."""


class MessageMalformed(Exception):
    """The message is signed well and cannot be read: 400, and nothing is changed."""
