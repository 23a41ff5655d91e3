"""Why a caller could not be told from anybody else."""


class TokenRejected(Exception):
    """The credentials are malformed, forged, expired or revoked (HTTP 401, socket 4403)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IssuerUnavailable(Exception):
    """The issuer's keys could not be fetched, so no token can be checked now (HTTP 503)."""
