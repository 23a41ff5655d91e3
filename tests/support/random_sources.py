"""Sources for the types of a schema at random; on request with everything that can be wrong."""

import re
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import strawberry
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from strawberry import relay
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

START = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


class Later:
    """A value that has to be awaited."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __await__(self) -> Generator[None, None, object]:
        yield from ()
        return self.value


@dataclass
class Sources:
    """Makes sources; `odds` is the share of values that are not as they should be."""

    schema: GraphQLSchema
    random: Random
    odds: float = 0.0
    longest: int = 3

    def of(self, kind: Any, depth: int = 5) -> Any:
        """A value for a field of that type."""
        if self.random.random() < self.odds:
            return self._odd(kind, depth)
        if is_non_null_type(kind):
            return self._present(kind.of_type, depth)
        return None if self.random.random() < 0.25 else self._present(kind, depth)

    def roots(self, root: GraphQLObjectType, text: str) -> SimpleNamespace:
        """A root value with the attributes for which the document asks."""
        definition = root.extensions["strawberry-definition"]
        assert isinstance(definition, StrawberryObjectDefinition)
        names = {each.python_name: self.schema_name(each) for each in definition.fields}
        asked = {name: each for name, each in names.items() if re.search(rf"\b{each}\b", text)}
        made = {name: self.of(root.fields[each].type) for name, each in asked.items()}
        return SimpleNamespace(**made)

    def _present(self, kind: Any, depth: int) -> Any:
        if is_list_type(kind):
            count = self.random.randint(0, self.longest) if depth > 0 else 0
            return [self.of(kind.of_type, depth) for _ in range(count)]
        if is_abstract_type(kind):
            return self._object(self.random.choice(self.schema.get_possible_types(kind)), depth)
        if is_object_type(kind):
            return self._object(kind, depth)
        if is_enum_type(kind):
            return self.random.choice([each.value for each in kind.values.values()])
        return self._scalar(kind.name)

    def _scalar(self, name: str) -> Any:
        number = self.random.randint(0, 999)
        if name == "ID":
            chosen = relay.GlobalID(type_name="Thing", node_id=str(number))
            return self.random.choice((str(number), chosen))
        return {
            "String": f"text {number} é",
            "Int": number,
            "Float": number / 8,
            "Boolean": number % 2 == 0,
            "DateTime": START + timedelta(minutes=number),
            "Date": date(2026, 1, 1) + timedelta(days=number),
            "Decimal": Decimal(number) / 100,
            "UUID": UUID(int=number),
        }.get(name, {"any": number})

    def _object(self, kind: GraphQLObjectType, depth: int) -> Any:
        definition = kind.extensions["strawberry-definition"]
        assert isinstance(definition, StrawberryObjectDefinition)
        made = object.__new__(definition.origin)
        names = {"names": {"en": "Chair", "it": "Sedia"}, "pickup_secret": "7" * 6, "id": "17"}
        vars(made).update(names)
        for field in definition.fields:
            if field.base_resolver is None and self.random.random() >= self.odds / 4:
                name = self.schema_name(field)
                vars(made)[field.python_name] = self.of(kind.fields[name].type, depth - 1)
        return made

    def schema_name(self, field: StrawberryField) -> str:
        """The GraphQL name of a field."""
        made: Any = self.schema
        return made._strawberry_schema.config.name_converter.get_graphql_name(field)

    def _odd(self, kind: Any, depth: int) -> Any:
        usual = self._present(kind.of_type if is_non_null_type(kind) else kind, depth)
        if isinstance(usual, list):
            many: list[Any] = usual
            return self.random.choice(
                (tuple(many), iter(many), {"a": 1}.keys(), None, 5, Later(many), ValueError("l"))
            )
        if hasattr(usual, "__strawberry_definition__"):
            kinds = [each for each in self.schema.type_map.values() if is_object_type(each)]
            other: Any = self.random.choice(kinds).extensions.get("strawberry-definition")
            vague = strawberry.cast(getattr(other, "origin", object), usual)
            return self.random.choice(
                (None, {"id": 1}, object(), Later(usual), ValueError("o"), vague)
            )
        wrong = (None, True, 2**40, -1.5, "word", object, [1], {"a": 1}, ValueError("v"))
        return self.random.choice((*wrong, Later(usual), strawberry.UNSET, b"bytes"))
