"""Who calls a route beside GraphQL, and whether the route is for them."""

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

from app.answers import issuer_unavailable, refusal, rejected
from app.auth.authenticate import Authenticator
from app.auth.errors import IssuerUnavailable, TokenRejected
from domain.identity.model import Actor, Role


async def caller_of(
    authenticator: Authenticator, request: Request, roles: Collection[Role], what: str
) -> Actor | Response:
    """The caller by the bearer token, or the refusal: 401, 403 for other `roles`, or 503. `what` is
    theirs, in the plural.
    """
    try:
        actor = await authenticator.actor(request.headers.get("authorization"))
    except TokenRejected as error:
        return rejected(error)
    except IssuerUnavailable as error:
        return issuer_unavailable(error)
    if actor is None:
        return rejected(TokenRejected("authenticate with a bearer token"))
    if actor.role not in roles:
        return refusal(403, f"{what} are not for role {actor.role.value}")
    return actor
