"""What an operation may ask for, and for how long. Extensions of the schema."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from typing import Any, cast

from graphql import DocumentNode, GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document
from strawberry.types.graphql import OperationType

from app import documents
from app.documents import TooComplex
from app.page_cost import Shape, shape_of
from domain.identity.model import Actor, Role
from schema.context import Context

MAX_TOKENS = 1_000
MAX_COST = 10_000

_CACHED = 500
_LONGEST_CACHED = 20_000
_NO_INTROSPECTION = frozenset({Role.CUSTOMER, Role.POS})


@dataclass(frozen=True, slots=True)
class Known:
    """A document that was parsed, measured and validated before."""

    document: DocumentNode
    introspects: bool
    shape: Shape


class DocumentCache:
    """The good documents used last, by their text: at most 500 of at most 20,000 characters."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()

    def get(self, text: str | None) -> Known | None:
        """What is known of the document."""
        if text is None or (known := self._known.get(text)) is None:
            return None
        self._known.move_to_end(text)
        return known

    def put(self, text: str | None, known: Known) -> None:
        """Remember a good document; the one that was not used for longest may be forgotten."""
        if text is None or len(text) > _LONGEST_CACHED:
            return
        self._known[text] = known
        if len(self._known) > _CACHED:
            self._known.popitem(last=False)


class DocumentLimits(SchemaExtension):
    """Parses, measures, validates and prices a document; the first three only when it is new.

    Refusals: DOCUMENT_TOO_COMPLEX, INTROSPECTION_DISABLED, MUTATION_OVER_WEBSOCKET.
    """

    def __init__(self, cache: DocumentCache, *, open_introspection: bool) -> None:
        self._cache = cache
        self._open_introspection = open_introspection
        self._known: Known | None = None

    @classmethod
    def factory(cls, *, open_introspection: bool) -> Callable[[], "DocumentLimits"]:
        """Makes the extension for each operation, with one cache for all."""
        cache = DocumentCache()
        return lambda: cls(cache, open_introspection=open_introspection)

    def on_operation(self) -> Generator[None]:
        """The parser stops at the largest number of tokens."""
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        yield

    def on_parse(self) -> Generator[None]:
        """A known document is not parsed again."""
        self._known = self._cache.get(self.execution_context.query)
        if self._known is not None:
            self.execution_context.graphql_document = self._known.document
        yield

    def on_validate(self) -> Generator[None]:
        """A known document is not validated again; limits come before validation."""
        execution = self.execution_context
        if self._known is None:
            execution.pre_execution_errors = self._learn()
        if self._known is not None:
            refusal = self._refusal(self._known)
            execution.pre_execution_errors = [refusal] if refusal else []
        yield

    def _learn(self) -> list[GraphQLError]:
        """The errors of a new document; when it has none, it is known from now on."""
        execution = self.execution_context
        document = cast(DocumentNode, execution.graphql_document)
        schema = cast(Any, execution.schema)._schema
        try:
            measure = documents.check(document)
        except TooComplex as error:
            return [_refused("DOCUMENT_TOO_COMPLEX", str(error))]
        errors = validate_document(schema, document, execution.validation_rules)
        if not errors:
            self._known = Known(document, measure.introspects, shape_of(schema, document))
            self._cache.put(execution.query, self._known)
        return errors

    def _refusal(self, known: Known) -> GraphQLError | None:
        """Why this caller may not run it now, with these variables, over this transport."""
        execution = self.execution_context
        context = cast(Context, execution.context)
        if context.websocket and execution.operation_type is OperationType.MUTATION:
            return _refused("MUTATION_OVER_WEBSOCKET", "send mutations over HTTP")
        if known.introspects and not (self._open_introspection or _may_introspect(context.actor)):
            return _refused("INTROSPECTION_DISABLED", "introspection is not allowed")
        cost = known.shape.cost(execution.variables or {})
        if cost > MAX_COST:
            message = f"up to {cost} fields would be resolved, more than {MAX_COST}: ask for less"
            return _refused("DOCUMENT_TOO_COMPLEX", message)
        return None


class OperationScope(SchemaExtension):
    """Every operation has a context of its own and, unless it is a subscription, a time limit."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    @classmethod
    def factory(cls, timeout_s: float) -> Callable[[], "OperationScope"]:
        """Makes the extension for each operation."""
        return lambda: cls(timeout_s)

    def on_operation(self) -> Generator[None]:
        """The context is fresh."""
        # The operations of one socket share what the view made: no loader may be shared.
        self.execution_context.context = cast(Context, self.execution_context.context).fresh()
        yield

    async def on_execute(self) -> AsyncGenerator[None]:
        """Execution is cancelled when its time is over."""
        kind = self.execution_context.operation_type
        if kind is OperationType.SUBSCRIPTION:
            yield
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except TimeoutError as error:
            raise _out_of_time(kind, self._timeout_s) from error


def _may_introspect(actor: Actor | None) -> bool:
    if actor is None or actor.device_id is not None:
        return False
    return actor.role not in _NO_INTROSPECTION


def _out_of_time(kind: OperationType, timeout_s: float) -> GraphQLError:
    """A query failed; a mutation may have happened: its idempotency key will tell."""
    is_mutation = kind is OperationType.MUTATION
    message = f"not finished within {timeout_s:g} seconds"
    if is_mutation:
        message += ": send it again with the same idempotency key"
    code = "OUTCOME_UNKNOWN" if is_mutation else "TIMEOUT"
    return GraphQLError(message, extensions={"code": code, "retryable": True})


def _refused(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
