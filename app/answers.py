"""Answers of the HTTP edge that are not results of GraphQL, in the form of GraphQL errors."""

from collections.abc import Mapping

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.auth.errors import IssuerUnavailable, TokenRejected
from app.logging import current_correlation_id
from domain.common.card_numbers import without_card_numbers

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "TIMEOUT",
    413: "REQUEST_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "TOO_MANY_REQUESTS",
    503: "UNAVAILABLE",
}
_CHALLENGE = {"www-authenticate": 'Bearer error="invalid_token"'}


def refusal(
    status: int,
    message: str,
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response with one GraphQL error; its code follows from the status unless given. A message
    that repeats what was sent repeats no card number.
    """
    extensions: dict[str, object] = {"code": code or _CODES.get(status, "INTERNAL")}
    if status >= 500:
        extensions |= {"retryable": status == 503, "correlationId": current_correlation_id()}
    body = {"errors": [{"message": without_card_numbers(message), "extensions": extensions}]}
    return Response(
        orjson.dumps(body), status_code=status, headers=headers, media_type="application/json"
    )


def rejected(error: TokenRejected) -> Response:
    """401: the credentials are not good."""
    return refusal(401, error.reason, headers=_CHALLENGE)


def issuer_unavailable(error: IssuerUnavailable) -> Response:
    """503: nobody can say whether the credentials are good."""
    return refusal(503, str(error), headers={"retry-after": "5"})


async def on_http_exception(_: Request, error: Exception) -> Response:
    """The answer to an exception of the framework, such as an unknown path."""
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, error.detail, headers=error.headers)


async def on_exception(_: Request, __: Exception) -> Response:
    """The answer to a defect; what it was stands in the log only."""
    return refusal(500, "internal error")
