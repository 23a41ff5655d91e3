"""No payment card number gets in: variables and documents are looked through before anything runs.

What is refused is named by its place and never repeated. Prices little: a text is looked at closely
only when it has as many digits in a row as a card number.
"""

from collections.abc import Mapping
from typing import Any, cast

import orjson
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    NameNode,
    ObjectFieldNode,
    StringValueNode,
    VariableDefinitionNode,
    Visitor,
    visit,
)

from domain.common.card_numbers import SHORTEST, has_card_number, may_hold_card_number

_SMALLEST = 10 ** (SHORTEST - 1)
_ENOUGH = b"0" * SHORTEST
_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_BETWEEN = b" .-"
_STEPS = (FieldNode, ArgumentNode, ObjectFieldNode)


def card_in_variables(variables: Mapping[str, Any]) -> GraphQLError | None:
    """Why the variables of an operation are refused, naming the value; None when they are not."""
    if not _may_hold_one(variables):
        return None
    for name, given in variables.items():
        if (path := _path_in(given, "a variable" if has_card_number(name) else name)) is not None:
            return _refused(path)
    return None


def _may_hold_one(variables: Mapping[str, Any]) -> bool:
    """Whether there are enough digits in a row anywhere: one look at all of it at once."""
    try:
        text = orjson.dumps(variables)
    except TypeError:
        return True
    if text.isascii():
        return _ENOUGH in text.translate(_ZEROS, _BETWEEN)
    return may_hold_card_number(text.decode())


def card_in_document(document: DocumentNode) -> GraphQLError | None:
    """Why a document is refused, naming the argument; None when it is not."""
    search = _Search()
    visit(document, search)
    return None if search.path is None else _refused(search.path)


def _path_in(given: Any, path: str) -> str | None:
    """The place of a card number in a JSON value at `path`."""
    match given:
        case str():
            return path if len(given) >= SHORTEST and has_card_number(given) else None
        case dict():
            for name, part in cast("dict[str, Any]", given).items():
                if len(name) >= SHORTEST and has_card_number(name):
                    return path
                if (found := _path_in(part, f"{path}.{name}")) is not None:
                    return found
        case list():
            for position, part in enumerate(cast("list[Any]", given)):
                if (found := _path_in(part, f"{path}[{position}]")) is not None:
                    return found
        case int() | float():
            whole = given >= _SMALLEST and given == given // 1
            return path if whole and has_card_number(str(int(given))) else None
        case _:
            pass
    return None


class _Search(Visitor):
    """Finds the first text, number or name in a document that holds a card number."""

    def __init__(self) -> None:
        super().__init__()
        self.path: str | None = None

    def enter(
        self, node: object, key: object, parent: object, path: object, ancestors: list[object]
    ) -> Any:
        """Goes on until something is found."""
        if not isinstance(node, StringValueNode | IntValueNode | FloatValueNode | NameNode):
            return None
        if len(node.value) < SHORTEST or not has_card_number(node.value):
            return None
        self.path = "a name" if isinstance(node, NameNode) else _place([*ancestors, parent])
        return self.BREAK


def _place(ancestors: list[object]) -> str:
    """Where a literal stands, such as `placeOrder.input.note`."""
    names = [each.name.value for each in ancestors if isinstance(each, _STEPS)]
    if names:
        return ".".join(dict.fromkeys(names))
    variables = [each for each in ancestors if isinstance(each, VariableDefinitionNode)]
    return variables[0].variable.name.value if variables else "the document"


def _refused(path: str) -> GraphQLError:
    message = f"{path}: must not contain a payment card number"
    return GraphQLError(message, extensions={"code": "VALIDATION_FAILED", "field": path})
