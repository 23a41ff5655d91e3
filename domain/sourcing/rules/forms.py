"""Rules as JSON values, as they are stored and as clients send and get them; read with all checks.

A condition is an object with one key: `all` or `any` with a list of conditions, `not` with one, or
the name of what is asked. Fields of a `ValidationFailed` are paths such as
`rules.2.when.all.0.skuTags`. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from domain.common.errors import ValidationFailed
from domain.common.texts import needed_line
from domain.sourcing.rules.conditions import (
    ALWAYS,
    EVERYWHERE,
    MAX_DEPTH,
    MAX_NODES,
    All,
    Either,
    Not,
    Tree,
)
from domain.sourcing.rules.model import (
    BARE,
    MAX_CAPACITY,
    MAX_MINOR,
    MAX_PARCELS,
    MAX_RULES,
    Effect,
    EffectKind,
    Rule,
)
from domain.sourcing.rules.predicates import (
    asked_form,
    asked_of,
    location_asked_form,
    location_asked_of,
)

P = TypeVar("P")
Form = dict[str, Any]
MAX_NAME = 120

_LIMITS = {
    EffectKind.PREFER: (-MAX_MINOR, MAX_MINOR),
    EffectKind.MARKDOWN: (0, MAX_MINOR),
    EffectKind.CAP_PARCELS: (1, MAX_PARCELS),
    EffectKind.CAP_CAPACITY: (0, MAX_CAPACITY),
    EffectKind.CAP_SHARE: (1, 100),
}


def rules_of(forms: Sequence[Mapping[str, Any]], path: str = "rules") -> tuple[Rule, ...]:
    """The rules, in the same order, texts and lists in normal form.

    Raises:
        ValidationFailed: more than 100, a name twice, or a part that is malformed or out of range.
    """
    if len(forms) > MAX_RULES:
        raise ValidationFailed(path, f"must be at most {MAX_RULES}")
    rules = tuple(_rule_of(each, f"{path}.{number}") for number, each in enumerate(forms))
    names: set[str] = set()
    for number, rule in enumerate(rules):
        if rule.name in names:
            raise ValidationFailed(f"{path}.{number}.name", "names two rules")
        names.add(rule.name)
    return rules


def rule_form(rule: Rule) -> Form:
    """The rule as JSON values: what `rules_of` reads."""
    return {
        "name": rule.name,
        "when": _form_of(rule.when, asked_form),
        "where": _form_of(rule.where, location_asked_form),
        "effect": {"kind": rule.effect.kind.value, "value": rule.effect.value},
    }


def checked_rules(rules: Sequence[Rule], path: str = "rules") -> tuple[Rule, ...]:
    """The rules in normal form; see `rules_of`."""
    return rules_of([rule_form(each) for each in rules], path)


def _rule_of(form: Mapping[str, Any], path: str) -> Rule:
    name = needed_line(f"{path}.name", _text(form.get("name"), f"{path}.name"), MAX_NAME)
    when, where = form.get("when"), form.get("where")
    rule = Rule(
        name=name,
        effect=_effect_of(form.get("effect"), f"{path}.effect"),
        when=ALWAYS if when is None else _Reader(asked_of).read(when, f"{path}.when"),
        where=EVERYWHERE
        if where is None
        else _Reader(location_asked_of).read(where, f"{path}.where"),
    )
    if rule.effect.kind is EffectKind.CAP_PARCELS and rule.where != EVERYWHERE:
        raise ValidationFailed(f"{path}.where", "must be left out: the effect is on the order")
    return rule


def _effect_of(form: Any, path: str) -> Effect:
    given = object_of(form, path)
    try:
        kind = EffectKind(_text(given.get("kind"), f"{path}.kind"))
    except ValueError as error:
        raise ValidationFailed(f"{path}.kind", "is not known") from error
    value = given.get("value")
    if kind in BARE:
        if value is not None:
            raise ValidationFailed(f"{path}.value", f"must be left out for {kind}")
        return Effect(kind)
    least, most = _LIMITS[kind]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValidationFailed(f"{path}.value", f"must be {least} to {most}")
    return Effect(kind, value)


@dataclass(slots=True)
class _Reader(Generic[P]):
    """Reads one condition; `leaf` reads a predicate by its name, its value and its path."""

    leaf: Callable[[str, Any, str], P]
    nodes: int = 0

    def read(self, form: Any, path: str, depth: int = 1) -> Tree[P]:
        """The condition.

        Raises:
            ValidationFailed: it is too deep or too large, or a part of it is malformed.
        """
        if depth > MAX_DEPTH:
            raise ValidationFailed(path, f"must have at most {MAX_DEPTH} levels")
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ValidationFailed(path, f"must have at most {MAX_NODES} parts")
        given = object_of(form, path)
        if len(given) != 1:
            raise ValidationFailed(path, "must have exactly one key")
        ((key, value),) = given.items()
        inside = f"{path}.{key}"
        match key:
            case "all":
                return All(self._parts(value, inside, depth))
            case "any":
                parts = self._parts(value, inside, depth)
                if not parts:
                    raise ValidationFailed(inside, "must not be empty")
                return Either(parts)
            case "not":
                return Not(self.read(value, inside, depth + 1))
            case _:
                return self.leaf(key, value, inside)

    def _parts(self, forms: Any, path: str, depth: int) -> tuple[Tree[P], ...]:
        if not isinstance(forms, list | tuple):
            raise ValidationFailed(path, "must be a list")
        each = enumerate(cast("Sequence[Any]", forms))
        return tuple(self.read(form, f"{path}.{number}", depth + 1) for number, form in each)


def _form_of(tree: Tree[P], leaf: Callable[[P], Form]) -> Form:
    match tree:
        case All(parts):
            return {"all": [_form_of(part, leaf) for part in parts]}
        case Either(parts):
            return {"any": [_form_of(part, leaf) for part in parts]}
        case Not(part):
            return {"not": _form_of(part, leaf)}
        case _:
            return leaf(cast("P", tree))


def object_of(form: Any, path: str) -> Mapping[str, Any]:
    """The JSON object.

    Raises:
        ValidationFailed: it is none.
    """
    if not isinstance(form, Mapping):
        raise ValidationFailed(path, "must be an object")
    return cast("Mapping[str, Any]", form)


def _text(given: Any, path: str) -> str:
    if not isinstance(given, str):
        raise ValidationFailed(path, "must be a text")
    return given
