"""Writes the function that turns the source of an object into its part of the response.

The text of a function holds response keys, which the parser has limited to letters, digits and
underscores, attribute names that are identifiers, and names of constants; nothing else of a
document gets into it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Protocol, cast

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLString,
    is_abstract_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from strawberry import relay
from strawberry.schema.types.base_scalars import DecimalDefinition, isoformat
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE

from app.projection import values
from app.projection.reading import Constant, Method, NodeId, Reading, definition_of

Project = Callable[[Any], dict[str, Any]]
Fill = Callable[[Any, dict[str, Any]], None]

_INT = "type({0}) is not int or not -2147483648 <= {0} <= 2147483647"
_UNLESS = {
    GraphQLString: "type({0}) is not str",
    GraphQLInt: _INT,
    GraphQLBoolean: "{0} is not True and {0} is not False",
}
"""When a value of a built-in scalar has to be looked at more closely."""


@dataclass(frozen=True, slots=True)
class PlainField:
    """A plain field of a selection: its key in the response, and what comes below it."""

    key: str
    reading: Reading
    kind: GraphQLOutputType
    details: FieldDetailsList


class Below(Protocol):
    """What the writer must know of selections below its own."""

    def plain_fields(
        self, kind: GraphQLObjectType, details: FieldDetailsList
    ) -> Sequence[PlainField]:
        """The fields of a selection that is plain as a whole."""
        ...

    def dispatch(self, kind: Any, details: FieldDetailsList) -> Project:
        """Projects a source of an abstract type, all of whose possible types are plain."""
        ...


class Writer:
    """Writes one function and those that it calls."""

    def __init__(self, below: Below) -> None:
        self._below = below
        self._texts: list[str] = []
        self._names: dict[str, Any] = {"GlobalID": relay.GlobalID, "global_id": values.global_id}
        self._functions: dict[tuple[GraphQLObjectType, tuple[int, ...]], str] = {}
        self._count = 0

    def project(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Project:
        """Makes the dict of a source. It raises for everything that is not as expected."""
        name = self._object(kind, details)
        return cast(Project, self._made()[name])

    def fill(self, kind: GraphQLObjectType, fields: Sequence[PlainField]) -> Fill:
        """Puts these fields of a source into a dict. It raises as `project` does."""
        name = self._new("fill")
        body = self._guard(kind)
        for field in fields:
            value = self._read(field, body)
            body.append(f"    r[{field.key!r}] = {value}")
        self._texts.append("\n".join([f"def {name}(s, r):", *body]))
        return cast(Fill, self._made()[name])

    def _made(self) -> Mapping[str, Any]:
        text = "\n\n".join(self._texts)
        exec(compile(text, "<projection>", "exec"), self._names)  # noqa: S102 - see the module's text
        return self._names

    def _object(self, kind: GraphQLObjectType, details: FieldDetailsList) -> str:
        key = (kind, tuple(id(each.node) for each in details))
        if key in self._functions:
            return self._functions[key]
        name = self._functions[key] = self._new("object")
        body = self._guard(kind)
        fields = self._below.plain_fields(kind, details)
        entries = [f"{field.key!r}: {self._read(field, body)}" for field in fields]
        body.append(f"    return {{{', '.join(entries)}}}")
        self._texts.append("\n".join([f"def {name}(s):", *body]))
        return name

    def _guard(self, kind: GraphQLObjectType) -> list[str]:
        """A source is of the type's own class, or else it is checked as the executor would."""
        definition = definition_of(kind)
        of = self._constant(definition.origin if definition else None)
        if kind.is_type_of is None:
            return [f"    if type(s) is not {of}: {self._constant(values.sound)}(s)"]
        cast_name = self._constant(TYPE_CAST_ATTRIBUTE)
        odd = self._constant(values.odd)
        return [f"    if type(s) is not {of} or getattr(s, {cast_name}, None) is not None: {odd}()"]

    def _read(self, field: PlainField, body: list[str]) -> str:
        """The name of a variable with the field's completed value."""
        reading = field.reading
        value = self._new("v")
        if isinstance(reading, Constant):
            return repr(reading.value)
        if isinstance(reading, NodeId):
            return self._node_id(reading, value, body)
        if isinstance(reading, Method):
            function = self._constant(reading.function)
            given = "".join(
                f", {name}={self._constant(given)}" for name, given in reading.arguments.items()
            )
            body.append(f"    {value} = {function}(s{given})")
        else:
            body.append(f"    {value} = s.{reading.name}")
        body.extend(self._complete(field.kind, field.details, value))
        return value

    def _node_id(self, reading: NodeId, value: str, body: list[str]) -> str:
        of, odd = self._constant(reading.of), self._constant(values.odd)
        body += [
            f"    {value} = s.{reading.attribute}",
            f"    if type({value}) is not str or type(s) is not {of}: {odd}()",
            f"    {value} = global_id({reading.type_name!r}, {value})",
        ]
        return value

    def _complete(self, kind: Any, details: FieldDetailsList, value: str) -> list[str]:
        """Statements that complete the variable `value`."""
        if isinstance(kind, GraphQLNonNull):
            return self._present(kind.of_type, details, value)
        inner = self._present(kind, details, value)
        return [f"    if {value} is not None:", *(f"    {line}" for line in inner)]

    def _present(self, kind: Any, details: FieldDetailsList, value: str) -> list[str]:
        """Statements that complete the variable if it is not null, and raise if it is."""
        if isinstance(kind, GraphQLList):
            return self._list(kind, details, value)
        if isinstance(kind, GraphQLEnumType):
            return self._enum(kind, value)
        if isinstance(kind, GraphQLScalarType):
            return self._scalar(kind, value)
        return [f"    {value} = {self._below_name(kind, details)}({value})"]

    def _below_name(self, kind: Any, details: FieldDetailsList) -> str:
        if is_abstract_type(kind):
            return self._constant(self._below.dispatch(kind, details))
        return self._object(kind, details)

    def _list(self, kind: GraphQLList[Any], details: FieldDetailsList, value: str) -> list[str]:
        item, odd = kind.of_type, self._constant(values.odd)
        bare = item.of_type if isinstance(item, GraphQLNonNull) else None
        if bare is None or isinstance(bare, GraphQLList | GraphQLEnumType | GraphQLScalarType):
            each = self._item(item, details)
        else:
            each = self._below_name(bare, details)
        return [
            f"    if type({value}) is not list and type({value}) is not tuple: {odd}()",
            f"    {value} = [{each}(i) for i in {value}]",
        ]

    def _item(self, kind: Any, details: FieldDetailsList) -> str:
        name = self._new("item")
        lines = [f"def {name}(v):", *self._complete(kind, details, "v"), "    return v"]
        self._texts.append("\n".join(lines))
        return name

    def _enum(self, kind: GraphQLEnumType, value: str) -> list[str]:
        other = self._constant(values.other_enum(kind))
        if (known := values.enum_names(kind)) is None:
            return [f"    {value} = {other}({value})"]
        members, names = known
        of, by_member = self._constant(members), self._constant(names)
        return [
            f"    if type({value}) is {of}: {value} = {by_member}[{value}]",
            f"    else: {value} = {other}({value})",
        ]

    def _scalar(self, kind: GraphQLScalarType, value: str) -> list[str]:
        full = f"{value} = {self._constant(values.scalar(kind))}({value})"
        if kind in _UNLESS:
            return [f"    if {_UNLESS[kind].format(value)}: {full}"]
        if kind is GraphQLID:
            made = f"{value} = global_id({value}.type_name, {value}.node_id)"
            return [
                f"    if type({value}) is GlobalID: {made}",
                f"    elif type({value}) is not str: {full}",
            ]
        if kind.serialize is isoformat:
            moments = self._constant((datetime, date, time))
            made = f"{value} = {value}.isoformat()"
            return [f"    if type({value}) in {moments}: {made}", f"    else: {full}"]
        if kind.serialize is DecimalDefinition.serialize and kind.name == "Decimal":
            made = f"{value} = str({value})"
            return [
                f"    if type({value}) is {self._constant(Decimal)}: {made}",
                f"    else: {full}",
            ]
        return [f"    {full}"]

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _constant(self, value: Any) -> str:
        name = self._new("c")
        self._names[name] = value
        return name
