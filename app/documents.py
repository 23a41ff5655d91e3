"""How large a GraphQL document is, found out in bounded time, before it is validated.

Fragments are expanded as execution would do it, but the count stops at the first limit that is
passed, so a document costs at most a few thousand steps whatever it says: neither fragments that
spread each other (exponential) nor repeated fields (quadratic in validation) cost more.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

D = TypeVar("D", OperationDefinitionNode, FragmentDefinitionNode)
INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one document may have. Fragments count as often as they are spread.

    `same_key`: fields of one response key at one place and type condition; `merged_keys`: the same
    over all type conditions. `selections` bounds the work on the whole document: fields and spreads
    of the operation, and again of each fragment by itself.
    """

    operations: int = 1
    fragments: int = 20
    depth: int = 12
    fields: int = 300
    root_fields: int = 10
    aliases: int = 30
    directives: int = 20
    same_key: int = 5
    merged_keys: int = 20
    selections: int = 1_500


NORMAL = Limits()
INTROSPECTING = Limits(depth=20, fields=600)
"""For operations that ask for nothing but the schema: the usual query is 14 fields deep."""


class TooComplex(Exception):
    """The document passes a limit; the message says which."""


@dataclass(slots=True)
class Measure:
    """What was counted in one operation or fragment."""

    fields: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    introspects: bool = False


@dataclass(slots=True)
class _Place:
    """One place in the response: how often each key was selected there, and what is below."""

    by_condition: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    by_key: Counter[str] = field(default_factory=Counter[str])
    below: dict[str, "_Place"] = field(default_factory=dict[str, "_Place"])


@dataclass(frozen=True, slots=True)
class _Here:
    """Where the walk is: place in the response, type condition, depth, fragments it is inside."""

    place: _Place
    condition: str = ""
    depth: int = 1
    inside: frozenset[str] = frozenset()


def check(document: DocumentNode, limits: Limits | None = None) -> Measure:
    """The measure of the document's operation, when every limit is kept.

    Fragments that no operation uses are measured too, since validation looks at them.

    Raises:
        TooComplex: a limit is passed.
    """
    operations = list(_definitions(document, OperationDefinitionNode))
    fragments = list(_definitions(document, FragmentDefinitionNode))
    if limits is None:
        limits = INTROSPECTING if _only_introspects(operations) else NORMAL
    _within("operations", len(operations), limits.operations)
    _within("fragments", len(document.definitions) - len(operations), limits.fragments)
    counting = Counting(limits, {each.name.value: each for each in fragments})
    for fragment in fragments:
        counting.fragment(fragment)
    return [counting.operation(each) for each in operations][-1] if operations else Measure()


class Counting:
    """Walks the definitions of a document, one after the other, and stops at the first limit.

    `steps` is the work so far: how many selections were looked at.
    """

    def __init__(self, limits: Limits, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._limits = limits
        self._fragments = fragments
        self._found = Measure()
        self.steps = 0

    def operation(self, node: OperationDefinitionNode) -> Measure:
        """The measure of an operation, the fragments that it spreads included."""
        self._found = Measure()
        self._directives(node)
        for variable in node.variable_definitions or ():
            self._directives(variable)
        top = _Here(_Place())
        self._walk(node.selection_set, top)
        self._found.root_fields = sum(top.place.by_key.values())
        _within("root fields", self._found.root_fields, self._limits.root_fields)
        return self._found

    def fragment(self, node: FragmentDefinitionNode) -> None:
        """The fragment is measured as if it were an operation of its own."""
        self._found = Measure()
        self._directives(node)
        self._walk(node.selection_set, _Here(_Place(), inside=frozenset({node.name.value})))

    def _walk(self, selected: SelectionSetNode, here: _Here) -> None:
        for node in selected.selections:
            self.steps += 1
            _within("selections", self.steps, self._limits.selections)
            self._directives(node)
            if isinstance(node, FieldNode):
                self._field(node, here)
            elif isinstance(node, InlineFragmentNode):
                self._inline(node, here)
            elif isinstance(node, FragmentSpreadNode):
                self._spread(node, here)

    def _field(self, node: FieldNode, here: _Here) -> None:
        found, limits = self._found, self._limits
        found.fields += 1
        found.aliases += node.alias is not None
        found.depth = max(found.depth, here.depth)
        found.introspects |= node.name.value in INTROSPECTION
        _within("fields", found.fields, limits.fields)
        _within("aliases", found.aliases, limits.aliases)
        _within("levels of fields", here.depth, limits.depth)
        key = (node.alias or node.name).value
        here.place.by_condition[here.condition, key] += 1
        here.place.by_key[key] += 1
        same = here.place.by_condition[here.condition, key]
        _within("fields of one name in one place", same, limits.same_key)
        _within("fields of one name", here.place.by_key[key], limits.merged_keys)
        if node.selection_set:
            below = here.place.below.setdefault(key, _Place())
            self._walk(node.selection_set, _Here(below, "", here.depth + 1, here.inside))

    def _inline(self, node: InlineFragmentNode, here: _Here) -> None:
        named = node.type_condition
        condition = named.name.value if named else here.condition
        self._walk(node.selection_set, replace(here, condition=condition))

    def _spread(self, node: FragmentSpreadNode, here: _Here) -> None:
        name = node.name.value
        fragment = self._fragments.get(name)
        if fragment is None or name in here.inside:
            return  # unknown and cyclic fragments are for the validation rules to report
        condition = fragment.type_condition.name.value
        inside = here.inside | {name}
        self._walk(fragment.selection_set, replace(here, condition=condition, inside=inside))

    def _directives(self, node: Node) -> None:
        self._found.directives += len(getattr(node, "directives", None) or ())
        _within("directives", self._found.directives, self._limits.directives)


def _within(what: str, found: int, most: int) -> None:
    if found > most:
        raise TooComplex(f"the document has more than {most} {what}")


def _definitions(document: DocumentNode, kind: type[D]) -> Iterator[D]:
    return (each for each in document.definitions if isinstance(each, kind))


def _only_introspects(operations: list[OperationDefinitionNode]) -> bool:
    roots = [each for operation in operations for each in operation.selection_set.selections]
    names = [each.name.value if isinstance(each, FieldNode) else "" for each in roots]
    return any(name in INTROSPECTION for name in names) and all(
        name in INTROSPECTION or name == "__typename" for name in names
    )
