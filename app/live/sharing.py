"""Which subscriptions share what, and how their payloads are made (ADR 0005)."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from graphql import (
    ArgumentNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    get_operation_ast,
    visit,
)
from graphql.execution import create_source_event_stream, execute_subscription_event
from strawberry.types.graphql import OperationType as Kind

from app.executor import LeanExecutor
from app.faults import shown
from app.known_documents import LONGEST_KEPT
from app.limits import Policy
from app.schema import Schema
from domain.identity.model import Actor
from schema.context import Context
from subscriptions.cohort import Render
from subscriptions.feed import Scope
from subscriptions.following import AnyStream, LiveStream

_MOST_TAILS = 1_000


@dataclass(frozen=True, slots=True)
class Shared:
    """A subscription that has been admitted. Equal keys get equal bytes from `render`."""

    key: Hashable
    stream: AnyStream
    render: Callable[[], Render]


class Sharing:
    """Admits subscriptions: parses, checks limits and rights, and finds what they may share."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._tails: dict[tuple[str, str | None], frozenset[str]] = {}

    async def admit(
        self,
        text: str,
        variables: Mapping[str, Any] | None,
        operation_name: str | None,
        context: Context,
    ) -> Shared | None:
        """The subscription; None when it must be refused or cannot be shared, which Strawberry's
        own path then does and tells.
        """
        given = dict(variables or {})
        known = self._schema.documents.known(text)
        if isinstance(known, list):
            return None
        operation = get_operation_ast(known.document, operation_name)
        if operation is None or operation.operation is not OperationType.SUBSCRIPTION:
            return None
        if self._policy.refusal(known, context, Kind.SUBSCRIPTION, given):
            return None
        executor = self._executor(known.document, context.fresh(), given, operation_name)
        stream = None if executor is None else await _stream_of(executor)
        if executor is None or stream is None:
            return None
        names = self._tail(text, operation_name, operation, known.document)
        rights = _rights(stream.feed.scope, context.actor)
        key = (text, operation_name, _canonical(given, names), rights)
        return Shared(key, stream, lambda: Renderer(executor, context.correlation_id))

    @property
    def _policy(self) -> Policy:
        return self._schema.policy

    def _executor(
        self,
        document: DocumentNode,
        context: Context,
        variables: dict[str, Any],
        operation_name: str | None,
    ) -> LeanExecutor | None:
        built = LeanExecutor.build(
            self._schema._schema,  # pyright: ignore[reportPrivateUsage]
            document,
            context_value=context,
            raw_variable_values=variables,
            operation_name=operation_name,
        )
        return None if isinstance(built, list) else cast(LeanExecutor, built)

    def _tail(
        self,
        text: str,
        operation_name: str | None,
        operation: OperationDefinitionNode,
        document: DocumentNode,
    ) -> frozenset[str]:
        key = (text, operation_name)
        if (found := self._tails.get(key)) is None:
            found = tail_variables(document, operation)
            if len(self._tails) >= _MOST_TAILS:
                self._tails.clear()
            if len(text) <= LONGEST_KEPT:
                self._tails[key] = found
        return found


class Renderer:
    """Makes bodies of one cohort's payloads: executed once, encoded once."""

    def __init__(self, executor: LeanExecutor, correlation_id: str) -> None:
        self._executor = executor
        self._correlation_id = correlation_id

    def __call__(self, payload: Any) -> bytes | Awaitable[bytes]:
        """The body, at once unless a field must be awaited."""
        if (data := self._executor.event_data(payload)) is not None:
            return body_of(data, (), self._correlation_id)
        result = execute_subscription_event(self._executor.build_per_event_executor(payload))
        if isinstance(result, ExecutionResult):
            return self._encoded(result)
        return self._later(result)

    async def _later(self, result: Awaitable[ExecutionResult]) -> bytes:
        return self._encoded(await result)

    def _encoded(self, result: ExecutionResult) -> bytes:
        return body_of(result.data, result.errors or (), self._correlation_id)


def body_of(data: Any, errors: Any, correlation_id: str) -> bytes:
    """A result as JSON; the errors as callers may see them."""
    body: dict[str, Any] = {"data": data}
    if errors:
        body["errors"] = [shown(error, correlation_id).formatted for error in errors]
    return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)


def failure_of(error: Exception, correlation_id: str) -> bytes:
    """The last body of a subscription that failed."""
    wrapped = error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)
    return body_of(None, [wrapped], correlation_id)


def tail_variables(document: DocumentNode, operation: OperationDefinitionNode) -> frozenset[str]:
    """Names of the variables on which payloads depend: all but those that only say where to begin
    (the root field's argument `after`).
    """
    beginnings = {
        id(argument)
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
        for argument in field.arguments or ()
        if argument.name.value == "after"
    }
    used = _Used(beginnings)
    visit(document, used)
    return frozenset(used.names)


class _Used(Visitor):
    def __init__(self, beginnings: set[int]) -> None:
        super().__init__()
        self.names: set[str] = set()
        self._beginnings = beginnings

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        return self.SKIP if id(node) in self._beginnings else None

    def enter_variable_definition(self, *_: Any) -> Any:
        return self.SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)


async def _stream_of(executor: LeanExecutor) -> AnyStream | None:
    """What the subscription field answers with, if it can be shared."""
    created: Any = create_source_event_stream(executor)
    stream = await created if executor.is_awaitable(created) else created
    if isinstance(stream, LiveStream):
        return cast(AnyStream, stream)
    if hasattr(stream, "aclose"):
        await stream.aclose()
    return None


def _rights(scope: Scope, actor: Actor | None) -> Hashable:
    """Equal for callers who may share; nobody shares with an anonymous caller."""
    if scope is Scope.PUBLIC:
        return ()
    if actor is None:
        return object()
    return actor.scope if scope is Scope.LOCATION else (actor.subject, *actor.scope)


def _canonical(variables: Mapping[str, Any], names: frozenset[str]) -> bytes:
    used = {name: value for name, value in variables.items() if name in names}
    return orjson.dumps(used, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
