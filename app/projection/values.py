"""Single values, completed as graphql-core completes them, or refused as odd.

What is odd (null where none may be, an awaitable, an exception as a value, a failing serializer)
is not decided here: it raises, and the reference executor does the whole object again.
"""

import contextlib
import enum
from binascii import b2a_base64
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from graphql import GraphQLEnumType, GraphQLError, GraphQLScalarType, Undefined
from strawberry.execution import optimized_is_awaitable

Complete = Callable[[Any], Any]

_TEXT = frozenset({datetime, date, time})
_SAFE = frozenset({str, int, float, bool, Decimal, UUID, *_TEXT, dict, list, tuple})


class Odd(Exception):
    """A value is not what the fast path expects; the reference path decides."""


def sound(value: Any) -> None:
    """Nothing, when the value can be the source of an object's fields.

    Raises:
        Odd: it is null, undefined, an exception or awaitable.
    """
    if value is None or value is Undefined or isinstance(value, Exception):
        raise Odd
    if optimized_is_awaitable(value):
        raise Odd


def odd() -> None:
    """Never returns.

    Raises:
        Odd: always.
    """
    raise Odd


def scalar(kind: GraphQLScalarType) -> Complete:
    """Completes a value of the scalar; raises Odd, or what its serializer raises."""
    coerce = kind.coerce_output_value

    def complete(value: Any) -> Any:
        if type(value) not in _SAFE:
            sound(value)
        completed = coerce(value)
        if completed is None or completed is Undefined:
            raise Odd
        return completed

    return complete


def enum_names(kind: GraphQLEnumType) -> tuple[type[enum.Enum], dict[enum.Enum, str]] | None:
    """The Python enum behind the type, and the GraphQL name of each member; None if there is none.

    A member that the type does not know is absent.
    """
    wrapped = getattr(kind, "wrapped_cls", None)
    if not isinstance(wrapped, enum.EnumMeta):
        return None
    members = cast("type[enum.Enum]", wrapped)
    names: dict[enum.Enum, str] = {}
    for each in members:
        with contextlib.suppress(ValueError, GraphQLError):
            names[each] = kind.coerce_output_value(each)
    return members, names


def other_enum(kind: GraphQLEnumType) -> Complete:
    """Completes a value that is not a member of the type's own Python enum."""

    def complete(value: Any) -> Any:
        sound(value)
        return kind.coerce_output_value(value)

    return complete


def global_id(type_name: str, node_id: str) -> str:
    """Relay's global id in its text form: base64 of `type:id`."""
    return b2a_base64(f"{type_name}:{node_id}".encode(), newline=False).decode()
