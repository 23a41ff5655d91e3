"""Which fields are plain, found out from Strawberry's definitions: what is not known is not plain.

Plain are: attributes read by Strawberry's default resolver, `__typename`, the ids of relay nodes,
and sync methods that take nothing but `self` and constant scalar arguments. A field with any
extension (a policy such as `Allow`, a permission class) is never plain, nor is a field that asks
for `info`, nor any field of a root type.
"""

import enum
import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    NullValueNode,
    StringValueNode,
    TypeNameMetaFieldDef,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry import relay
from strawberry.schema.schema_converter import GraphQLCoreConverter, get_arguments
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

_BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF
_CONSTANTS = (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    NullValueNode,
    StringValueNode,
)
_NO_VARIABLES = VariableValues({}, {})
_NODE_ID = next(
    each.base_resolver
    for each in cast(Any, relay.Node).__strawberry_definition__.fields
    if each.graphql_name == "id"
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value is an attribute of the source."""

    name: str


@dataclass(frozen=True, slots=True)
class Method:
    """The value is what a function of the source returns."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """The value is the same for every source."""

    value: str


@dataclass(frozen=True, slots=True)
class NodeId:
    """The value is the global id made of an attribute, for sources of exactly that class."""

    type_name: str
    attribute: str
    of: type


Reading = Attribute | Method | Constant | NodeId


def definition_of(kind: GraphQLObjectType) -> StrawberryObjectDefinition | None:
    """Strawberry's definition of an object type; None when it is not Strawberry's."""
    found = kind.extensions.get(_BACKREF)
    return found if isinstance(found, StrawberryObjectDefinition) else None


def is_root(schema: GraphQLSchema, kind: GraphQLObjectType) -> bool:
    """Whether operations start at this type: its fields may do anything, so none is plain."""
    return kind in (schema.query_type, schema.mutation_type, schema.subscription_type)


def reading_of(
    schema: GraphQLSchema, parent: GraphQLObjectType, field: GraphQLField, node: FieldNode
) -> Reading | None:
    """How the field is read from a source of that type; None when it is not plain."""
    if field is TypeNameMetaFieldDef:
        return Constant(parent.name)
    definition = field.extensions.get(_BACKREF)
    owner = definition_of(parent)
    if owner is None or not isinstance(definition, StrawberryField) or is_root(schema, parent):
        return None
    if type(definition).get_result is not StrawberryField.get_result or definition.extensions:
        return None
    if definition.base_resolver is None:
        return _attribute(definition, field)
    if _is_node_id(definition):
        return _node_id(parent, owner)
    return _method(schema, definition, field, node)


def _attribute(definition: StrawberryField, field: GraphQLField) -> Attribute | None:
    name = definition.python_name
    if not getattr(field.resolve, "_is_default", False) or field.args:
        return None
    if definition.default_resolver is not getattr:
        return None
    return Attribute(name) if name.isidentifier() and not keyword.iskeyword(name) else None


def _is_node_id(definition: StrawberryField) -> bool:
    ours = definition.base_resolver
    return ours is not None and _function(ours.wrapped_func) is _function(_NODE_ID.wrapped_func)


def _node_id(parent: GraphQLObjectType, owner: StrawberryObjectDefinition) -> NodeId | None:
    if not issubclass(owner.origin, relay.Node):
        return None
    origin = owner.origin
    for name in ("resolve_id", "resolve_typename"):
        if _function(getattr(origin, name)) is not _function(getattr(relay.Node, name)):
            return None
    return NodeId(parent.name, origin.resolve_id_attr(), origin)


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)


def _method(
    schema: GraphQLSchema, definition: StrawberryField, field: GraphQLField, node: FieldNode
) -> Method | None:
    resolver = definition.base_resolver
    strawberry_schema: Any = getattr(schema, "_strawberry_schema", None)
    if resolver is None or strawberry_schema is None or strawberry_schema.exception_handlers:
        return None
    if definition.is_async or definition.is_subscription or resolver.self_parameter is None:
        return None
    if resolver.info_parameter or resolver.parent_parameter or resolver.root_parameter:
        return None
    if not all(isinstance(each.value, _CONSTANTS) for each in node.arguments or ()):
        return None
    given = get_argument_values(field, node, _NO_VARIABLES) if field.args else {}
    sources, arguments = get_arguments(
        field=definition,
        source=None,
        info=cast(Any, None),
        kwargs=given,
        config=strawberry_schema.config,
        scalar_registry=strawberry_schema.schema_converter.scalar_registry,
    )
    if len(sources) != 1 or not all(_is_constant(each) for each in arguments.values()):
        return None
    return Method(cast("Callable[..., Any]", resolver.wrapped_func), MappingProxyType(arguments))


def _is_constant(value: object) -> bool:
    return value is None or type(value) in (str, int, float, bool) or isinstance(value, enum.Enum)
