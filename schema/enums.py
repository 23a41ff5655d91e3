"""Domain enums as GraphQL enums, each value described."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

E = TypeVar("E", bound=type[StrEnum])


def described(
    enum: E, description: str, values: Mapping[str, str], *, name: str | None = None
) -> E:
    """`enum` registered as a GraphQL enum; `values` describes every value by its name. It is called
    `name`, or as in the domain.

    Raises:
        KeyError: a value has no description.
    """
    made = strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = vars(made)["__strawberry_definition__"]
    for value in definition.values:
        value.description = values[value.name]
    return made
