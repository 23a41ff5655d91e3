"""The projector answers as the reference executor does: random documents over random sources."""

import re
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import pytest
import strawberry
from graphql import DocumentNode, GraphQLObjectType, parse
from strawberry.extensions import SchemaExtension

from app.executor import LeanExecutor
from app.projection.plans import Plans
from app.schema import Schema, bare_schema
from domain.common.ids import new_id
from domain.identity.model import Actor, Role
from schema.access import Allow
from schema.connections import Connection
from schema.context import Context, Info
from schema.live import CustomerActivity, OrderChange, StockChange, WorkQueueChange
from schema.orders.edits import EditOrderLinesResult, OrderEditPreview
from schema.orders.payloads import PlaceOrderResult
from schema.orders.types import Order
from schema.stock import StockLevel
from tests.support.policies import core
from tests.support.random_documents import Documents
from tests.support.random_sources import Sources

# graphql-core leaves coroutines of siblings behind when a field fails, on both paths.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

RUNS = 3
"""Functions are written when a selection comes by for the second time."""


@strawberry.interface
class Shape:
    label: str
    inner: "Shape | None"


@strawberry.type
class Circle(Shape):
    radius: float


@strawberry.type
class Square(Shape):
    side: int
    corners: list[list[int]]
    maybe: list[list[Circle | None] | None] | None

    @strawberry.field
    def area(self, power: int = 2, unit: str | None = None) -> str:
        return f"{self.side**power}{unit}"

    @strawberry.field
    def breaks(self) -> int | None:
        raise ValueError(f"no {self.label}")

    @strawberry.field(extensions=[Allow(Role.ADMIN)])
    def for_admins(self) -> str:
        return "secret"

    @strawberry.field
    def seen_at(self, info: Info) -> str:
        return str(info.path.key)

    @strawberry.field
    async def later(self) -> "Circle | None":
        return self.maybe[0][0] if self.maybe and self.maybe[0] else None


@strawberry.type
class Drawing:
    shapes: list[Shape]
    first: Circle | Square | None
    numbers: list[float | None]


@strawberry.type
class Query:
    order: Order | None
    orders: list[Order] | None
    page: Connection[Order] | None
    levels: list[StockLevel | None] | None
    stock: StockChange | None
    order_change: OrderChange | None
    activity: CustomerActivity | None
    queue: WorkQueueChange | None
    placed: PlaceOrderResult | None
    edited: EditOrderLinesResult | None
    preview: OrderEditPreview | None
    drawing: Drawing | None
    drawings: list[Drawing] | None


DOCUMENTS: dict[str, DocumentNode] = {}


class Parsed(SchemaExtension):
    """Runs the documents of this test, which are valid, as if they were known already."""

    def on_parse(self) -> Any:
        text = str(self.execution_context.query)
        if text not in DOCUMENTS:
            DOCUMENTS[text] = parse(text)
        self.execution_context.graphql_document = DOCUMENTS[text]
        self.execution_context.pre_execution_errors = []
        yield


def schema_with(plans: Plans | None) -> Schema:
    schema = Schema(
        Query,
        execution_context_class=LeanExecutor,
        config=bare_schema().config,
        types=[Circle],
        extensions=[Parsed],
    )
    schema.plans = plans
    return schema


PROJECTING = schema_with(Plans())
REFERENCE = schema_with(None)
CALLERS = (None, Actor("a", Role.ADMIN), Actor("c", Role.CUSTOMER, customer_id=cast(Any, new_id())))


@dataclass(frozen=True)
class Given:
    """One run of a document; sources of the same seed are equal, and made anew for each run."""

    text: str
    seed: int
    odds: float
    actor: Actor | None
    either: bool


async def answer(schema: Schema, given: Given) -> tuple[object, list[object], list[str]]:
    graphql = core(schema)
    root = cast(GraphQLObjectType, graphql.query_type)
    chosen = {"yes": True, "no": False, "either": given.either}
    result = await schema.execute(
        given.text,
        {name: each for name, each in chosen.items() if f"${name}:" in given.text},
        root_value=Sources(graphql, Random(given.seed), given.odds).roots(root, given.text),
        context_value=Context(cast(Any, None), given.actor, "test"),
    )
    errors = [(error.formatted, error.positions) for error in result.errors or []]
    causes = [repr(error.original_error) for error in result.errors or []]
    return result.data, [*errors], causes


def keys_of(value: Any) -> Any:
    """The keys of all dicts in their order, which `==` does not look at."""
    if isinstance(value, dict):
        given = cast("dict[str, Any]", value)
        return [(key, keys_of(each)) for key, each in given.items()]
    return [keys_of(each) for each in cast("list[Any]", value)] if isinstance(value, list) else None


@pytest.mark.parametrize("odds", [0.0, 0.01, 0.08, 0.3])
@pytest.mark.parametrize("seed", range(5))
async def test_random_documents_are_answered_as_by_the_reference(seed: int, odds: float) -> None:
    graphql = core(PROJECTING)
    root = cast(GraphQLObjectType, graphql.query_type)
    documents = Documents(graphql, Random(seed * 1_000 + int(odds * 100)))
    answered = failed = 0
    for number in range(30):
        text = documents.one(root)
        for run in range(RUNS):
            given = Given(text, number * 10 + run, odds, CALLERS[number % 3], either=run % 2 == 0)
            expected = await answer(REFERENCE, given)
            found = await answer(PROJECTING, given)
            assert _comparable(found) == _comparable(expected), text
            assert keys_of(found[0]) == keys_of(expected[0]), text
            answered += found[0] is not None
            failed += bool(found[1])
    assert answered > 0
    assert failed > 0 or odds < 0.05


def _comparable(given: tuple[object, list[object], list[str]]) -> str:
    """Everything as text, in which addresses of objects play no part."""
    return re.sub(r"0x[0-9a-f]+", "0x", repr(given))


def test_the_projector_was_at_work() -> None:
    plans = cast(Any, PROJECTING.plans)._known.values()
    selections = [
        selection
        for known in plans
        for plan in known.plans.values()
        for selection in plan._selections.values()
    ]
    whole = sum(each.project is not None for each in selections)
    part = sum(each.fill is not None for each in selections)
    assert whole > 500
    assert part > 100
