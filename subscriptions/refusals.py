"""Why a subscription does not start: GraphQL errors with a code."""

from collections.abc import Callable
from typing import TypeVar

from graphql import GraphQLError

from domain.common.errors import DomainError

T = TypeVar("T")


def refused(code: str, message: str) -> GraphQLError:
    """The error to raise."""
    return GraphQLError(message, extensions={"code": code})


def checked(make: Callable[[], T]) -> T:
    """What `make` returns.

    Raises:
        GraphQLError: with the code and message of the domain error that `make` raised.
    """
    try:
        return make()
    except DomainError as error:
        raise refused(error.code, error.message) from error
