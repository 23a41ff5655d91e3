"""Relay global ids at the border: UUIDs inside, opaque typed ids outside."""

import contextlib
from collections.abc import Iterable
from uuid import UUID

from strawberry import relay

from domain.common.errors import ValidationFailed


def id_of(global_id: relay.GlobalID, type_name: str, field: str = "id") -> UUID:
    """The UUID inside `global_id`.

    Raises:
        ValidationFailed: for `field`, when the id is of another type or malformed.
    """
    if global_id.type_name != type_name:
        raise ValidationFailed(field, f"is not the id of a {type_name}")
    try:
        return UUID(global_id.node_id)
    except ValueError as error:
        raise ValidationFailed(field, f"is not the id of a {type_name}") from error


def uuid_of(key: str, field: str = "id") -> UUID:
    """The UUID that a plain id is.

    Raises:
        ValidationFailed: for `field`, when it is none.
    """
    try:
        return UUID(key)
    except ValueError as error:
        raise ValidationFailed(field, "is not an id") from error


def key_of(global_id: relay.GlobalID, type_name: str, field: str = "id") -> str:
    """The text key inside `global_id` (for types named by a code, such as a SKU).

    Raises:
        ValidationFailed: for `field`, when the id is of another type.
    """
    if global_id.type_name != type_name:
        raise ValidationFailed(field, f"is not the id of a {type_name}")
    return global_id.node_id


def global_id(type_name: str, key: object) -> relay.GlobalID:
    """The global id of an object that is not loaded."""
    return relay.GlobalID(type_name=type_name, node_id=str(key))


def uuids_of(keys: Iterable[str]) -> list[UUID]:
    """The UUIDs among the keys of global ids; keys that are none are left out."""
    found: list[UUID] = []
    for key in keys:
        with contextlib.suppress(ValueError):
            found.append(UUID(key))
    return found
