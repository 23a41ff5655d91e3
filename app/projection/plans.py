"""What is known of an operation's selections, kept from one run of a document to the next.

Which fields a selection holds depends on the document and on the variables in `@skip` and
`@include`, and on nothing else: so each combination of their values has a plan of its own.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import (
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from app.projection.dispatch import Dispatch
from app.projection.reading import definition_of, reading_of
from app.projection.writing import Fill, PlainField, Project, Writer

_SOURCES_BEFORE_WRITING = 2
_OPERATIONS = 500
_PLANS_EACH = 8

log = structlog.get_logger("unico.graphql")

Key = tuple[GraphQLObjectType, tuple[int, ...]]


@dataclass(slots=True)
class Selection:
    """The fields of one type at one place of the document.

    A plain selection has `project`; one that is plain in part has `fill`, with the keys of all its
    fields in order and, in `rest`, the others. Both are written when the second source comes by.
    """

    kind: GraphQLObjectType
    details: FieldDetailsList
    collected: CollectedFields
    project: Project | None = None
    fill: Fill | None = None
    keys: tuple[str, ...] = ()
    rest: GroupedFieldSet = field(default_factory=dict[str, FieldDetailsList])
    seen: int = 0


class Plan:
    """The selections of one operation, for one combination of the variables that choose fields."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
        operation: OperationDefinitionNode,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._operation = operation
        self._selections: dict[Key, Selection] = {}
        self._plain: dict[Key, Sequence[PlainField] | None] = {}

    def selection(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        """What is known of the selection; each call counts as one source."""
        key = _key(kind, details)
        found = self._selections.get(key)
        if found is None:
            collected = self._collected(kind, details)
            found = self._selections[key] = Selection(kind, details, collected)
        if found.seen < _SOURCES_BEFORE_WRITING:
            found.seen += 1
            if found.seen == _SOURCES_BEFORE_WRITING:
                self._try_to_write(found)
        return found

    def plain_fields(
        self, kind: GraphQLObjectType, details: FieldDetailsList
    ) -> Sequence[PlainField]:
        """The fields of a selection that is plain as a whole."""
        return self._whole(kind, details) or ()

    def dispatch(self, kind: GraphQLAbstractType, details: FieldDetailsList) -> Project:
        """Projects sources of an abstract type, written for each class that comes by."""
        return Dispatch(self._schema, kind, lambda found: Writer(self).project(found, details))

    def _try_to_write(self, selection: Selection) -> None:
        """Its functions are written, or it stays with the reference path, which needs none."""
        try:
            self._write(selection)
        except Exception:
            log.exception("no projection", type=selection.kind.name)
            selection.project = selection.fill = None

    def _write(self, selection: Selection) -> None:
        kind, details = selection.kind, selection.details
        if self._whole(kind, details) is not None:
            selection.project = Writer(self).project(kind, details)
            return
        grouped = selection.collected.grouped_field_set
        found = {key: self._field(kind, key, each) for key, each in grouped.items()}
        plain = [each for each in found.values() if each is not None]
        if definition_of(kind) is None or not plain:
            return
        selection.keys = tuple(grouped)
        selection.rest = {key: grouped[key] for key, each in found.items() if each is None}
        selection.fill = Writer(self).fill(kind, plain)

    def _whole(
        self, kind: GraphQLObjectType, details: FieldDetailsList
    ) -> Sequence[PlainField] | None:
        """All fields of the selection if each of them is plain; else None."""
        key = _key(kind, details)
        if key not in self._plain:
            self._plain[key] = self._find_whole(kind, details)
        return self._plain[key]

    def _find_whole(
        self, kind: GraphQLObjectType, details: FieldDetailsList
    ) -> Sequence[PlainField] | None:
        definition = definition_of(kind)
        if definition is None or definition.is_type_of is not None:
            return None
        fields: list[PlainField] = []
        for key, each in self._collected(kind, details).grouped_field_set.items():
            if (found := self._field(kind, key, each)) is None:
                return None
            fields.append(found)
        return fields

    def _field(
        self, kind: GraphQLObjectType, key: str, details: FieldDetailsList
    ) -> PlainField | None:
        """The field if it is plain, with everything below it."""
        node = details[0].node
        definition = self._schema.get_field(kind, node.name.value)
        if definition is None:
            return None
        try:
            reading = reading_of(self._schema, kind, definition, node)
        except GraphQLError:
            return None  # an argument is no good: the reference path says so
        if reading is None or not self._is_plain_below(definition.type, details):
            return None
        return PlainField(key, reading, definition.type, details)

    def _is_plain_below(self, kind: Any, details: FieldDetailsList) -> bool:
        named = get_named_type(kind)
        if is_leaf_type(named):
            return True
        if is_abstract_type(named):
            return Dispatch.is_known(named) and all(
                self._whole(each, details) is not None
                for each in self._schema.get_possible_types(named)
            )
        return is_object_type(named) and self._whole(named, details) is not None

    def _collected(self, kind: GraphQLObjectType, details: FieldDetailsList) -> CollectedFields:
        return collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, kind, details
        )


class _Known:
    """The plans of one operation, and the variables that choose between them."""

    def __init__(
        self, operation: OperationDefinitionNode, fragments: dict[str, FragmentDetails]
    ) -> None:
        definitions = [operation, *(each.definition for each in fragments.values())]
        self.operation = operation
        self.choosing = tuple(sorted({name for each in definitions for name in _choosing(each)}))
        self.plans: OrderedDict[tuple[object, ...], Plan] = OrderedDict()


class Plans:
    """The plans of a schema: of the 500 operations used last, at most 8 of each."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, _Known] = OrderedDict()

    def plan(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
    ) -> Plan | None:
        """The operation's plan for these variables; None when fragments have variables of their own
        (an experiment of graphql-core).
        """
        known = self._known.get(id(operation))
        if known is None:
            if any(each.variable_signatures for each in fragments.values()):
                return None
            known = self._known[id(operation)] = _Known(operation, fragments)
            if len(self._known) > _OPERATIONS:
                self._known.popitem(last=False)
        self._known.move_to_end(id(operation))
        chosen = tuple(variables.coerced.get(name) for name in known.choosing)
        if (plan := known.plans.get(chosen)) is None:
            kept = _only(variables, known.choosing)
            plan = known.plans[chosen] = Plan(schema, fragments, kept, operation)
            if len(known.plans) > _PLANS_EACH:
                known.plans.popitem(last=False)
        return plan


def _key(kind: GraphQLObjectType, details: FieldDetailsList) -> Key:
    if len(details) == 1:
        return kind, (id(details[0].node),)
    return kind, tuple(id(each.node) for each in details)


def _only(variables: VariableValues, names: Sequence[str]) -> VariableValues:
    """Those variables and no others: what a caller sent must not be kept."""
    sources = {name: each for name, each in variables.sources.items() if name in names}
    coerced = {name: each for name, each in variables.coerced.items() if name in names}
    return VariableValues(sources, coerced)


def _choosing(
    definition: OperationDefinitionNode | FragmentDefinitionNode,
) -> Iterator[str]:
    """The names of variables in directives below the definition."""
    waiting: list[Node] = list(definition.selection_set.selections)
    while waiting:
        node = waiting.pop()
        for directive in getattr(node, "directives", None) or ():
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    yield argument.value.name.value
        selected = getattr(node, "selection_set", None)
        if selected is not None:
            waiting.extend(selected.selections)
