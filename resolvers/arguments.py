"""Bad arguments of queries and subscriptions: top-level errors with a code.

Queries have no error union, so that a malformed id or page size is a GraphQL error.
"""

from collections.abc import Callable
from typing import TypeVar

from graphql import GraphQLError

from domain.common.errors import DomainError

T = TypeVar("T")


def checked(make: Callable[[], T]) -> T:
    """What `make` returns.

    Raises:
        GraphQLError: with the code and message of the domain error that `make` raised.
    """
    try:
        return make()
    except DomainError as error:
        raise GraphQLError(error.message, extensions={"code": error.code}) from error
