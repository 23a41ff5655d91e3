"""Why a message of a carrier or PSP is not taken in."""


class SignatureRejected(Exception):
    """The message is not from its sender, or too old: 401, and nothing is changed."""


class MessageMalformed(Exception):
    """The message is signed well and cannot be read: 400, and nothing is changed."""
