"""Valid documents at random over a schema: aliases, fragments, directives, merged fields."""

from dataclasses import dataclass, field
from random import Random

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_non_null_type,
    parse,
    validate,
)

CHOICES = ("yes", "no", "either")
LANGUAGES = ('"it"', '"en"', '"xx"')


@dataclass
class Documents:
    """Makes documents from one seed after the other."""

    schema: GraphQLSchema
    random: Random
    depth: int = 4
    aliases: int = 0
    fragments: list[str] = field(default_factory=list[str])

    def one(self, root: GraphQLObjectType) -> str:
        """A valid document, whose only variables are `CHOICES`."""
        while True:
            self.fragments.clear()
            selected = self._selection(root, self.depth)
            below = "\n".join([selected, *self.fragments])
            used = [f"${name}: Boolean!" for name in CHOICES if f"${name})" in below]
            text = f"query({', '.join(used)}) {below}" if used else below
            if not validate(self.schema, parse(text), [OverlappingFieldsCanBeMergedRule]):
                return text

    def _selection(self, kind: GraphQLNamedType, depth: int) -> str:
        parts = [self._part(kind, depth) for _ in range(self.random.randint(1, 4))]
        return "{ " + " ".join([*parts, "__typename"][: self.random.choice((-1, -1, 99))]) + " }"

    def _part(self, kind: GraphQLNamedType, depth: int) -> str:
        dice = self.random.random()
        if dice < 0.12 and depth > 0:
            return self._inline(kind, depth)
        if dice < 0.2 and depth > 0:
            return self._named(kind, depth)
        fields = {} if not hasattr(kind, "fields") else getattr(kind, "fields")  # noqa: B009
        usable = {
            name: each
            for name, each in fields.items()
            if depth > 0 or not is_composite_type(get_named_type(each.type))
        }
        if not usable or dice > 0.97:
            return f"{self._alias()}__typename"
        name = self.random.choice(list(usable))
        return self._field(name, usable[name], depth)

    def _field(self, name: str, definition: GraphQLField, depth: int) -> str:
        below = get_named_type(definition.type)
        nested = self._selection(below, depth - 1) if is_composite_type(below) else ""
        once = f"{name}{self._arguments(definition)}{self._directive()} {nested}"
        if nested and self.random.random() < 0.15:
            again = self._selection(below, depth - 1)
            return f"{once} {name}{self._arguments(definition)} {again}"
        return self._alias() + once

    def _arguments(self, definition: GraphQLField) -> str:
        given: list[str] = []
        for name, argument in definition.args.items():
            kind = get_named_type(argument.type)
            if self.random.random() < 0.5 and not is_non_null_type(argument.type):
                continue
            if kind.name == "String":
                given.append(f"{name}: {self.random.choice(LANGUAGES)}")
            elif kind.name == "Int":
                given.append(f"{name}: {self.random.randint(1, 9)}")
            elif is_enum_type(kind):
                given.append(f"{name}: {self.random.choice(list(kind.values))}")
        return f"({', '.join(given)})" if given else ""

    def _inline(self, kind: GraphQLNamedType, depth: int) -> str:
        on = self._narrower(kind)
        condition = f"on {on.name} " if self.random.random() < 0.7 or on is not kind else ""
        return f"... {condition}{self._directive()} {self._selection(on, depth - 1)}"

    def _named(self, kind: GraphQLNamedType, depth: int) -> str:
        on = self._narrower(kind)
        name = f"F{len(self.fragments)}"
        self.fragments.append("")
        place = len(self.fragments) - 1
        self.fragments[place] = f"fragment {name} on {on.name} {self._selection(on, depth - 1)}"
        return f"...{name}{self._directive()}"

    def _narrower(self, kind: GraphQLNamedType) -> GraphQLNamedType:
        if is_abstract_type(kind):
            return self.random.choice([kind, *self.schema.get_possible_types(kind)])
        return kind

    def _alias(self) -> str:
        self.aliases += 1
        return f"a{self.aliases}: " if self.random.random() < 0.3 else ""

    def _directive(self) -> str:
        dice = self.random.random()
        if dice > 0.15:
            return ""
        name = self.random.choice(("skip", "include"))
        value = self.random.choice(("true", "false", "$yes", "$no", "$either"))
        return f" @{name}(if: {value})"
