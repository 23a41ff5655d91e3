"""Who may call what. Deny by default: a root field without a policy fails a test.

`Allow` guards fields. `access(...)` states the policy of an object type; a type that is not open to
everybody who can reach it must only be returned by fields whose `Allow` is at least as strict,
which `tests/schema/test_access.py` proves by walking the schema.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from graphql import GraphQLError
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver

from domain.identity.model import Role
from schema.context import Info

C = TypeVar("C", bound=type)

EVERY_ROLE = frozenset(Role)


class Allow(FieldExtension):
    """Lets callers of the given roles pass; others get UNAUTHENTICATED or FORBIDDEN and the
    resolver does not run.
    """

    def __init__(self, *roles: Role, anonymous: bool = False) -> None:
        self.roles = frozenset(roles) if roles else EVERY_ROLE
        self.anonymous = anonymous

    def check(self, info: Info) -> None:
        """Nothing, when the caller may use the field.

        Raises:
            GraphQLError: code UNAUTHENTICATED without a caller, FORBIDDEN for another role.
        """
        actor = info.context.actor
        if actor is None:
            if self.anonymous:
                return
            actor = info.context.caller
        if actor.role not in self.roles:
            raise GraphQLError(
                f"{info.field_name} is not for role {actor.role.value}",
                extensions={"code": "FORBIDDEN"},
            )

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: Info, **kwargs: Any) -> Any:
        self.check(info)
        return next_(source, info, **kwargs)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: Info, **kwargs: Any
    ) -> Any:
        self.check(info)
        result = next_(source, info, **kwargs)
        return await result if inspect.isawaitable(result) else result


_OBJECT_POLICIES: dict[type, frozenset[Role] | None] = {}


def access(*roles: Role) -> Callable[[C], C]:
    """Declares an object type's policy: only these roles ever see it.

    Without roles: whoever reached the object through a guarded root field may read it (its rows
    were scoped there).
    """

    def declare(cls: C) -> C:
        _OBJECT_POLICIES[cls] = frozenset(roles) if roles else None
        return cls

    return declare


def object_policies() -> dict[type, frozenset[Role] | None]:
    """All declared object policies, by Python class."""
    return dict(_OBJECT_POLICIES)
