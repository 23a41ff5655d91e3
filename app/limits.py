"""What an operation may ask for, and for how long. Extensions of the schema."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import DocumentNode, GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from app.card_guard import card_in_variables
from app.known_documents import MAX_TOKENS, Documents, Known
from app.settings import ANONYMOUS
from domain.identity.model import Actor, Role
from schema.context import Context

MAX_COST = 10_000

_NO_INTROSPECTION = frozenset({Role.CUSTOMER, Role.POS})


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may run which documents."""

    open_introspection: bool
    trusted_only: frozenset[str] = frozenset()
    """Roles (`ANONYMOUS` for callers without one) that may only run trusted documents."""

    def known(
        self, documents: Documents, text: str, context: Context
    ) -> Known | list[GraphQLError]:
        """What is known of the document, for a caller who may know; else why not."""
        if (refusal := self.distrust(documents.get(text), context)) is not None:
            return [refusal]
        return documents.known(text)

    def distrust(self, known: Known | None, context: Context) -> GraphQLError | None:
        """Why this caller may not run a document that is not trusted. To be asked before it is
        validated: whoever may not run it need not learn what is wrong with it.

        Code: PERSISTED_DOCUMENT_REQUIRED.
        """
        role = context.actor.role if context.actor else ANONYMOUS
        if role not in self.trusted_only or (known is not None and known.is_trusted):
            return None
        message = f"only documents that were registered are run for {role}"
        return _refused("PERSISTED_DOCUMENT_REQUIRED", message)

    def refusal(
        self, known: Known, context: Context, kind: OperationType, variables: Mapping[str, Any]
    ) -> GraphQLError | None:
        """Why this caller may not run it now, with these variables, over this transport.

        Codes: PERSISTED_DOCUMENT_REQUIRED, MUTATION_OVER_WEBSOCKET, INTROSPECTION_DISABLED,
        DOCUMENT_TOO_COMPLEX; VALIDATION_FAILED for a payment card number among the variables.
        """
        if (refusal := self.distrust(known, context)) is not None:
            return refusal
        if context.websocket and kind is OperationType.MUTATION:
            return _refused("MUTATION_OVER_WEBSOCKET", "send mutations over HTTP")
        if known.introspects and not (self.open_introspection or _may_introspect(context.actor)):
            return _refused("INTROSPECTION_DISABLED", "introspection is not allowed")
        cost = known.shape.cost(variables)
        if cost > MAX_COST:
            message = f"up to {cost} fields would be resolved, more than {MAX_COST}: ask for less"
            return _refused("DOCUMENT_TOO_COMPLEX", message)
        return card_in_variables(variables)


class DocumentLimits(SchemaExtension):
    """Parses, measures, validates and prices a document; the first three only when it is new.

    What is known of documents is kept by the schema (`app.schema.Schema.documents`). Refusals:
    DOCUMENT_TOO_COMPLEX, INTROSPECTION_DISABLED, MUTATION_OVER_WEBSOCKET,
    PERSISTED_DOCUMENT_REQUIRED.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: Known | None = None

    @classmethod
    def factory(cls, policy: Policy) -> Callable[[], "DocumentLimits"]:
        """Makes the extension for each operation."""
        return lambda: cls(policy)

    def on_operation(self) -> Generator[None]:
        """The parser stops at the largest number of tokens."""
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        yield

    def on_parse(self) -> Generator[None]:
        """A known document is not parsed again."""
        self._known = self._documents.get(self.execution_context.query)
        if self._known is not None:
            self.execution_context.graphql_document = self._known.document
        yield

    def on_validate(self) -> Generator[None]:
        """A known document is not validated again; limits come before validation."""
        execution = self.execution_context
        refusal = self._policy.distrust(self._known, execution.context)
        if self._known is None and refusal is None:
            execution.pre_execution_errors = self._learn()
        if self._known is not None and refusal is None:
            refusal = self._refusal(self._known)
            execution.pre_execution_errors = []
        if refusal is not None:
            execution.pre_execution_errors = [refusal]
        yield

    @property
    def _documents(self) -> Documents:
        return cast(Any, self.execution_context.schema).documents

    def _learn(self) -> list[GraphQLError]:
        """The errors of a new document; when it has none, it is known from now on."""
        execution = self.execution_context
        document = cast(DocumentNode, execution.graphql_document)
        found = self._documents.learn(execution.query, document, execution.validation_rules)
        if isinstance(found, list):
            return found
        self._known = found
        return []

    def _refusal(self, known: Known) -> GraphQLError | None:
        execution = self.execution_context
        context = cast(Context, execution.context)
        variables = execution.variables or {}
        return self._policy.refusal(known, context, execution.operation_type, variables)


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
