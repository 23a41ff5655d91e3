"""The concrete type of a source whose type is an interface or a union, as Strawberry finds it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from graphql import GraphQLAbstractType, GraphQLObjectType, GraphQLSchema, is_object_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.union import StrawberryUnion

from app.projection.values import Odd

Project = Callable[[Any], dict[str, Any]]


class Dispatch:
    """Projects a source by its class. Asked once per class, where the class alone decides.

    Sources that are cast (`strawberry.cast`), of generic types, or of classes that are not
    Strawberry's, are odd.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        kind: GraphQLAbstractType,
        write: Callable[[GraphQLObjectType], Project],
    ) -> None:
        self._schema = schema
        self._kind = kind
        self._write = write
        self._by_class: dict[type, Project] = {}

    @staticmethod
    def is_known(kind: GraphQLAbstractType) -> bool:
        """Whether Strawberry itself tells the concrete types, and not a function of ours."""
        definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if isinstance(definition, StrawberryUnion):
            return True
        return isinstance(definition, StrawberryObjectDefinition) and not definition.resolve_type

    def __call__(self, source: Any) -> dict[str, Any]:
        """The source's part of the response.

        Raises:
            Odd: its class alone does not tell the type.
        """
        project = self._by_class.get(type(source))
        if project is None:
            project = self._by_class[type(source)] = self._write(self._type_of(source))
        if getattr(source, TYPE_CAST_ATTRIBUTE, None) is not None:
            raise Odd
        return project(source)

    def _type_of(self, source: Any) -> GraphQLObjectType:
        definition = getattr(type(source), "__strawberry_definition__", None)
        if not isinstance(definition, StrawberryObjectDefinition) or definition.is_graphql_generic:
            raise Odd
        if getattr(source, TYPE_CAST_ATTRIBUTE, None) is not None:
            raise Odd
        info = cast(Any, SimpleNamespace(field_name="", schema=self._schema))
        resolve = self._kind.resolve_type
        found = (
            self._schema.get_type(cast(str, resolve(source, info, self._kind))) if resolve else None
        )
        if not is_object_type(found) or not self._schema.is_sub_type(self._kind, found):
            raise Odd
        return found
