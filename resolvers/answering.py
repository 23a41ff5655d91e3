"""Refusals of the domain become members of the result union."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from domain.common.errors import DomainError
from schema.errors import as_error

T = TypeVar("T")


async def answer(work: Awaitable[T]) -> T | Any:
    """What `work` returns, or the GraphQL twin of the domain error that it raises."""
    try:
        return await work
    except DomainError as error:
        return as_error(error)
