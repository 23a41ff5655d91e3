"""Bad arguments of queries and subscriptions: top-level errors with a code.

Queries and subscriptions have no error union: what they refuse is a GraphQL error.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from graphql import GraphQLError

from domain.common.errors import DomainError, ValidationFailed

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


async def asked(work: Awaitable[T]) -> T:
    """What `work` returns; the twin of `checked` for reads.

    Raises:
        GraphQLError: with the code and message of the domain error that `work` raised.
    """
    try:
        return await work
    except DomainError as error:
        raise refused(error.code, error.message) from error


def only_one(**arguments: object) -> None:
    """Nothing, when exactly one of the `arguments` (in camelCase) is given.

    Raises:
        GraphQLError: none is given, or several are.
    """
    if sum(value is not None for value in arguments.values()) != 1:
        names = ", ".join(arguments)
        raise refused(ValidationFailed.code, f"give one of {names}")
