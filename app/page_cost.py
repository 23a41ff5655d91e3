"""What a validated operation may cost: its fields, each times the page sizes (`first`) above it.

The shape is found once per document and kept with it; only the numbers depend on the variables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

PAGE_ARGUMENT = "first"


@dataclass(frozen=True, slots=True)
class PageSize:
    """Entries on a page: the value of a variable, or a number."""

    number: int
    variable: str | None = None

    def value(self, variables: Mapping[str, Any]) -> int:
        """The number of entries, at least 1. What is no number at all, execution will refuse."""
        given = variables.get(self.variable, self.number) if self.variable else self.number
        return max(1, given) if isinstance(given, int) else 1


@dataclass(frozen=True, slots=True)
class Shape:
    """Fields outside of pages, and pages with what is selected on each of their entries."""

    fields: int
    pages: tuple[tuple[PageSize, "Shape"], ...]

    def cost(self, variables: Mapping[str, Any]) -> int:
        """How many fields are resolved if every page is full."""
        paged = sum(size.value(variables) * shape.cost(variables) for size, shape in self.pages)
        return self.fields + paged


def shape_of(schema: GraphQLSchema, document: DocumentNode) -> Shape:
    """The shape of the document's first operation. The document must be valid and within limits."""
    operation = next(
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    )
    root = schema.get_root_type(operation.operation)
    if root is None:
        return Shape(0, ())
    return _Shaping(schema, document, operation).of(operation.selection_set, root)


class _Shaping:
    """Walks an operation along the schema's types."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self._schema = schema
        self._fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._defaults = {
            each.variable.name.value: each.default_value
            for each in operation.variable_definitions or ()
        }

    def of(self, selected: SelectionSetNode, parent: GraphQLCompositeType) -> Shape:
        """The shape of a selection on a type."""
        fields = 0
        pages: list[tuple[PageSize, Shape]] = []
        for node, on in self._flat(selected, parent):
            fields += 1
            definition = self._schema.get_field(on, node.name.value)
            below = get_named_type(definition.type) if definition else None
            if definition is None or not node.selection_set or not is_composite_type(below):
                continue
            shape = self.of(node.selection_set, below)
            if (size := self._page_size(node, definition)) is not None:
                pages.append((size, shape))
            else:
                fields += shape.fields
                pages += shape.pages
        return Shape(fields, tuple(pages))

    def _flat(
        self, selected: SelectionSetNode, parent: GraphQLCompositeType
    ) -> Iterator[tuple[FieldNode, GraphQLCompositeType]]:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield node, parent
            elif isinstance(node, InlineFragmentNode):
                named = node.type_condition.name.value if node.type_condition else parent.name
                yield from self._flat(node.selection_set, self._type(named, parent))
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                named = fragment.type_condition.name.value
                yield from self._flat(fragment.selection_set, self._type(named, parent))

    def _type(self, name: str, otherwise: GraphQLCompositeType) -> GraphQLCompositeType:
        found = self._schema.get_type(name)
        return found if is_composite_type(found) else otherwise

    def _page_size(self, node: FieldNode, definition: GraphQLField) -> PageSize | None:
        argument = definition.args.get(PAGE_ARGUMENT)
        if argument is None:
            return None
        default = _default_of(argument)
        given = next(
            (each.value for each in node.arguments or () if each.name.value == PAGE_ARGUMENT), None
        )
        if given is None:
            return PageSize(default)
        if isinstance(given, IntValueNode):
            return PageSize(int(given.value))
        if isinstance(given, VariableNode):
            name = given.name.value
            written = self._defaults.get(name)
            number = int(written.value) if isinstance(written, IntValueNode) else default
            return PageSize(number, name)
        return PageSize(default)


def _default_of(argument: GraphQLArgument) -> int:
    """The argument's default, in whichever of its three forms it was given; 1 without one."""
    given = argument.default
    if given is not None and isinstance(given.literal, IntValueNode):
        return int(given.literal.value)
    value = argument.default_value if given is None else given.value
    return value if isinstance(value, int) else 1
