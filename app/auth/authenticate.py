"""From an `Authorization` header to an actor."""

from app.auth.errors import TokenRejected
from app.auth.sessions import Sessions
from app.auth.tokens import TokenVerifier
from domain.identity.model import Actor


class Authenticator:
    """Checks bearer tokens and that their sessions still stand."""

    def __init__(self, verifier: TokenVerifier, sessions: Sessions) -> None:
        self._verifier = verifier
        self.sessions = sessions

    async def actor(self, authorization: str | None) -> Actor | None:
        """The bearer of the token; None when there is no header at all.

        Raises:
            TokenRejected: there is one and it is not good.
            IssuerUnavailable: nobody can say now whether it is.
        """
        if authorization is None:
            return None
        token = credentials(authorization, "Bearer")
        actor = await self._verifier.actor(token)
        await self.sessions.check(actor)
        return actor


def credentials(authorization: str, scheme: str) -> str:
    """What follows the scheme in an `Authorization` header (RFC 9110, 11.4).

    Raises:
        TokenRejected: the header is of another scheme, or empty.
    """
    given, _, value = authorization.strip().partition(" ")
    if given.lower() != scheme.lower() or not value.strip():
        raise TokenRejected(f"the authorization header must be: {scheme} <credentials>")
    return value.strip()
