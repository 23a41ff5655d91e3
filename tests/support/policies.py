"""Walks a schema for fields without a policy, types without one, and ways around one."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_specified_scalar_type,
)
from strawberry import Schema
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from domain.identity.model import Role
from schema.access import Allow, object_policies

Callers = frozenset[Role | None]
"""Who reads something; None is a caller without a token."""

EVERYBODY: Callers = frozenset({*Role, None})
_GUARDED_BY_TYPE = {("Query", "node")}
"""Resolves objects of any type by that type's own policy, at run time."""


def core(schema: Schema) -> GraphQLSchema:
    """The schema as graphql-core knows it."""
    return schema._schema  # pyright: ignore[reportPrivateUsage]


def roots(schema: Schema) -> dict[str, GraphQLObjectType]:
    """Query, Mutation and Subscription, as far as they exist."""
    given = core(schema)
    found = {
        "Query": given.query_type,
        "Mutation": given.mutation_type,
        "Subscription": given.subscription_type,
    }
    return {name: kind for name, kind in found.items() if kind is not None}


def fields_of(schema: Schema, kind: GraphQLNamedType) -> dict[str, StrawberryField]:
    """The fields of an object type, by their GraphQL names."""
    definition = schema.get_type_by_name(kind.name)
    assert isinstance(definition, StrawberryObjectDefinition), kind.name
    name_of = schema.config.name_converter.get_graphql_name
    return {name_of(each): each for each in definition.fields}


def allowed(field: StrawberryField) -> Callers | None:
    """Who may use the field; None when it has no policy of its own."""
    policies = [each for each in field.extensions if isinstance(each, Allow)]
    if not policies:
        return None
    callers: Callers = EVERYBODY
    for each in policies:
        callers &= each.roles | ({None} if each.anonymous else set())
    return callers


def root_fields_without_policy(schema: Schema) -> list[str]:
    """Root fields that say nothing about who may use them."""
    return [
        f"{root}.{name}"
        for root, kind in roots(schema).items()
        for name, field in fields_of(schema, kind).items()
        if allowed(field) is None
    ]


def policy_of(schema: Schema, kind: GraphQLNamedType) -> frozenset[Role] | None:
    """The declared policy of an object type.

    Raises:
        KeyError: it has none.
    """
    definition = schema.get_type_by_name(kind.name)
    assert isinstance(definition, StrawberryObjectDefinition), kind.name
    declared = object_policies()
    for candidate in (definition, definition.concrete_of):
        if candidate is not None and candidate.origin in declared:
            return declared[candidate.origin]
    raise KeyError(kind.name)


def object_types(schema: Schema) -> list[GraphQLObjectType]:
    """Object types of our own, root types left out."""
    ours = [each for each in core(schema).type_map.values() if isinstance(each, GraphQLObjectType)]
    top = roots(schema).values()
    return [each for each in ours if each not in top and not each.name.startswith("__")]


def types_without_policy(schema: Schema) -> list[str]:
    """Object types that do not say who may see them."""
    missing: list[str] = []
    for kind in object_types(schema):
        try:
            policy_of(schema, kind)
        except KeyError:
            missing.append(kind.name)
    return missing


def leaks(schema: Schema) -> list[str]:
    """Object types that callers reach whom the type's policy does not name.

    Who reaches a type is who reaches a field that returns it and may use that field.
    """
    reached = _reached(schema)
    found: list[str] = []
    for kind in object_types(schema):
        policy = policy_of(schema, kind)
        strangers = reached.get(kind.name, frozenset()) - (policy or EVERYBODY)
        if strangers:
            names = sorted(each.value if each else "ANONYMOUS" for each in strangers)
            found.append(f"{kind.name}: {', '.join(names)}")
    return found


def _reached(schema: Schema) -> dict[str, Callers]:
    reached: dict[str, Callers] = {kind.name: EVERYBODY for kind in roots(schema).values()}
    waiting = [kind.name for kind in roots(schema).values()]
    while waiting:
        parent = core(schema).type_map[waiting.pop()]
        for name, field in fields_of(schema, parent).items():
            if (parent.name, name) in _GUARDED_BY_TYPE:
                continue
            callers = reached[parent.name] & (allowed(field) or EVERYBODY)
            for kind in _returned(schema, parent, name):
                before = reached.get(kind.name, frozenset[Role | None]())
                if not callers <= before:
                    reached[kind.name] = before | callers
                    waiting.append(kind.name)
    return reached


def _returned(schema: Schema, parent: GraphQLNamedType, field: str) -> Iterator[GraphQLObjectType]:
    assert isinstance(parent, GraphQLObjectType)
    kind = get_named_type(parent.fields[field].type)
    if isinstance(kind, GraphQLObjectType):
        yield kind
    elif isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
        yield from core(schema).get_possible_types(kind)


def undescribed(schema: Schema) -> list[str]:
    """Types, fields, arguments, input fields and enum values without a description."""
    found: list[str] = []
    for kind in core(schema).type_map.values():
        if not kind.name.startswith("__") and not is_specified_scalar_type(kind):
            found += [place for place, text in _descriptions(kind) if not (text or "").strip()]
    return found


def _descriptions(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    yield kind.name, kind.description
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            yield f"{kind.name}.{name}", field.description
            for argument, given in field.args.items():
                yield f"{kind.name}.{name}({argument})", given.description
    elif isinstance(kind, GraphQLInputObjectType):
        for name, given in kind.fields.items():
            yield f"{kind.name}.{name}", given.description
    elif isinstance(kind, GraphQLEnumType):
        for name, value in kind.values.items():
            yield f"{kind.name}.{name}", value.description
