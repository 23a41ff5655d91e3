"""Refusals of a query become GraphQL errors with the domain's code: queries have no error union."""

from collections.abc import Awaitable
from typing import TypeVar

from graphql import GraphQLError

from domain.common.errors import DomainError

T = TypeVar("T")


async def asked(work: Awaitable[T]) -> T:
    """What `work` returns.

    Raises:
        GraphQLError: with the code and message of the domain error that `work` raised.
    """
    try:
        return await work
    except DomainError as error:
        raise GraphQLError(error.message, extensions={"code": error.code}) from error
