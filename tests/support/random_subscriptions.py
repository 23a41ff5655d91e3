"""Subscription documents at random, with all ways to give an argument, and their variables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    get_named_type,
    parse,
    validate,
)

from tests.support.random_documents import CHOICES, Documents


@dataclass(frozen=True, slots=True)
class Asked:
    """A document with what goes with it."""

    text: str
    variables: dict[str, Any]
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: its name, the type of a variable for it, and its value."""

    name: str
    kind: str
    value: Any


@dataclass
class _Operation:
    declared: list[str] = field(default_factory=list[str])
    given: list[str] = field(default_factory=list[str])
    variables: dict[str, Any] = field(default_factory=dict[str, Any])


class SubscriptionDocuments(Documents):
    """Makes subscriptions to one field after the other."""

    def __init__(self, schema: GraphQLSchema, random: Random, depth: int = 5) -> None:
        super().__init__(schema, random, depth)

    def subscription(self, name: str, arguments: Sequence[Argument]) -> Asked:
        """A valid subscription to the field with these arguments, in any order and any way."""
        while True:
            asked = self._attempt(name, arguments)
            if not validate(self.schema, parse(asked.text), [OverlappingFieldsCanBeMergedRule]):
                return asked

    def _attempt(self, name: str, arguments: Sequence[Argument]) -> Asked:
        self.fragments.clear()
        self.aliases = 0
        operation = _Operation()
        for argument in self.random.sample(arguments, len(arguments)):
            self._give(operation, argument)
        root = self.schema.subscription_type
        assert isinstance(root, GraphQLObjectType)
        below = self._selection(get_named_type(root.fields[name].type), self.depth)
        taken = f"({', '.join(operation.given)})" if operation.given else ""
        top = f"{{ {self._alias()}{name}{taken} {below} }}"
        if self.random.random() < 0.15:
            self.fragments.append(f"fragment Root on {root.name} {top}")
            top = "{ ...Root }"
        text = "\n".join([top, *self.fragments])
        self._choose(operation, text)
        self.random.shuffle(operation.declared)
        declared = f"({', '.join(operation.declared)})" if operation.declared else ""
        title = self.random.choice(("", "Watch"))
        named = "Watch" if title and self.random.random() < 0.5 else None
        return Asked(f"subscription {title}{declared} {text}", operation.variables, named)

    def _give(self, operation: _Operation, argument: Argument) -> None:
        """The argument as a literal, a variable, or the default of a variable."""
        value = orjson.dumps(argument.value).decode()
        way = self.random.choice(("literal", "variable", "default", "overridden"))
        if way == "literal":
            operation.given.append(f"{argument.name}: {value}")
            return
        variable = f"v{len(operation.given)}"
        operation.given.append(f"{argument.name}: ${variable}")
        default = f" = {value}" if way == "default" else ""
        if way == "overridden":
            default = f" = {_other(argument.value)}"
        operation.declared.append(f"${variable}: {argument.kind}{default}")
        if way != "default":
            operation.variables[variable] = argument.value

    def _choose(self, operation: _Operation, text: str) -> None:
        for name in CHOICES:
            if f"${name})" in text:
                value = self._chosen(name)
                default = self.random.choice(("", f" = {str(not value).lower()}"))
                operation.declared.append(f"${name}: Boolean!{default}")
                operation.variables[name] = value

    def _chosen(self, name: str) -> bool:
        return {"yes": True, "no": False}.get(name, self.random.random() < 0.5)


def _other(value: Any) -> str:
    return orjson.dumps(["other"] if isinstance(value, list) else "other").decode()
