"""Domain enums as GraphQL enums, each value described."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import strawberry

E = TypeVar("E", bound=type[StrEnum])


def described(enum: E, description: str, values: Mapping[str, str]) -> E:
    """`enum` registered as a GraphQL enum; `values` describes every value by its name.

    Raises:
        KeyError: a value has no description.
    """
    made = strawberry.enum(enum, description=description)
    for value in made.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[value.name]
    return made
