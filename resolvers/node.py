"""`node(id:)`: any object by its global id, for clients that refetch what they hold."""

import inspect
from collections.abc import Iterable
from typing import Annotated, Any, cast

import strawberry
from strawberry import relay
from strawberry.types.base import StrawberryObjectDefinition

from schema.access import Allow, object_policies
from schema.context import Info


@strawberry.type
class NodeQuery:
    """The root field of relay."""

    @strawberry.field(
        description="An object by its global id. Null when it does not exist, when the caller may "
        "not see it, and when the id is of nothing at all: these look alike.",
        extensions=[Allow(anonymous=True)],
    )
    async def node(
        self,
        info: Info,
        global_id: Annotated[
            relay.GlobalID, strawberry.argument(name="id", description="The object's global id.")
        ],
    ) -> relay.Node | None:
        """The object or null."""
        node_type = _node_type(info, global_id.type_name)
        if node_type is None or not _may_see(info, node_type):
            return None
        found = node_type.resolve_nodes(info=info, node_ids=[global_id.node_id])
        if inspect.isawaitable(found):
            found = await found
        return next(iter(cast("Iterable[Any]", found)), None)


def _node_type(info: Info, name: str) -> type[relay.Node] | None:
    definition = info.schema.get_type_by_name(name)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.is_interface:
        return None
    return definition.origin if issubclass(definition.origin, relay.Node) else None


def _may_see(info: Info, node_type: type[relay.Node]) -> bool:
    """Whether the type's policy lets the caller's role see any of it; rows are the type's task."""
    roles = object_policies().get(node_type)
    if roles is None:
        return node_type in object_policies()
    actor = info.context.actor
    return actor is not None and actor.role in roles
