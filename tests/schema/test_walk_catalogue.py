"""Whoever adds a mutation says what it may do to orders: the walk of illegal calls calls it."""

from app.schema import bare_schema
from tests.stateful.catalogue import CALLS, EXEMPT


def test_every_mutation_is_walked_or_exempt_with_a_reason() -> None:
    mutation = bare_schema().as_str().split("type Mutation {")[1].split("\n}")[0]
    names = {line.split("(")[0].strip() for line in mutation.splitlines() if line.endswith("(")}
    walked = {call.name for call in CALLS}
    missing = names - walked - EXEMPT.keys()
    assert not missing, f"add to CALLS or EXEMPT in tests/stateful/catalogue.py: {sorted(missing)}"
    assert walked | EXEMPT.keys() <= names
    assert not walked & EXEMPT.keys()
