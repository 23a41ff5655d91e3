"""What callers see of failures: ours stay inside, with a correlation id to find them by."""

from collections.abc import Generator, Sequence
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import StreamExecutionResult
from strawberry.types.graphql import OperationType

from app.logging import current_correlation_id
from domain.common.card_numbers import without_card_numbers
from domain.common.errors import DomainError, ValidationFailed
from domain.common.faults import FaultClass, classify
from schema.context import Context

_AGAIN = "send it again with the same idempotency key"
_MESSAGES = {
    FaultClass.RETRY_UNIT: ("OVERLOADED", f"too many changes at once: {_AGAIN}"),
    FaultClass.OVERLOADED: ("OVERLOADED", "too many requests at once: try again"),
    FaultClass.UNAVAILABLE: ("UNAVAILABLE", "the service is not available now: try again"),
    FaultClass.OUTCOME_UNKNOWN: ("OUTCOME_UNKNOWN", f"it may have happened or not: {_AGAIN}"),
}
_REQUEST_ERRORS = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)

log = structlog.get_logger("unico.graphql")


class MaskedErrors(SchemaExtension):
    """Replaces the errors of a result by what the caller may know of them.

    Must be the first extension, so that it sees the failures of the others.
    """

    _has_streamed = False

    def on_operation(self) -> Generator[None]:
        """The errors of a single result, and failures of extensions."""
        try:
            yield
        except _REQUEST_ERRORS:
            raise
        except Exception as error:
            # Strawberry makes the answer of this outside of all hooks.
            raise self._shown_one(_as_graphql(error)) from error
        result: Any = self.execution_context.result
        if not self._has_streamed and result is not None and result.errors:
            result.errors = self._shown(result.errors)

    def on_stream_result(self, result: StreamExecutionResult) -> Generator[None]:
        """The errors of each result of a stream."""
        self._has_streamed = True
        given: Any = result
        if given.errors:
            given.errors = self._shown(given.errors)
        yield

    def _shown(self, errors: Sequence[GraphQLError]) -> list[GraphQLError]:
        return [self._shown_one(error) for error in errors]

    def _shown_one(self, error: GraphQLError) -> GraphQLError:
        context = self.execution_context.context
        correlation_id = (
            context.correlation_id if isinstance(context, Context) else current_correlation_id()
        )
        document = self.execution_context.graphql_document
        is_mutation = (
            document is not None and self.execution_context.operation_type is OperationType.MUTATION
        )
        return shown(error, correlation_id, is_mutation=is_mutation)


def shown(error: GraphQLError, correlation_id: str, *, is_mutation: bool = False) -> GraphQLError:
    """The error as a caller may see it. Failures that are not the caller's are logged here.

    Every error gets `extensions.code`; ours also `retryable` and `correlationId`.
    """
    cause = _cause(error)
    if cause is None:
        known = {"code": _default_code(error)} | (error.extensions or {})
        return _with(error, error.message, known)
    if isinstance(cause, DomainError):
        extra = {"field": cause.field} if isinstance(cause, ValidationFailed) else {}
        return _with(error, cause.message, {"code": cause.code, **extra})
    if isinstance(cause, _REQUEST_ERRORS):
        return _with(error, error.message, {"code": "OPERATION_NOT_ALLOWED"})
    if error.path is None and error.nodes:
        # Raised while variables were read, by a scalar that did not like what it got.
        return _with(error, error.message, {"code": "BAD_USER_INPUT"})
    return _masked(error, cause, correlation_id, is_mutation=is_mutation)


def _masked(
    error: GraphQLError, cause: Exception, correlation_id: str, *, is_mutation: bool
) -> GraphQLError:
    fault = classify(cause)
    if is_mutation and isinstance(cause, TimeoutError):
        fault = FaultClass.OUTCOME_UNKNOWN
    path = ".".join(str(part) for part in error.path or ())
    if fault is FaultClass.DEFECT:
        log.error("internal error", path=path, correlation=correlation_id, exc_info=cause)
        given = {"code": "INTERNAL", "retryable": False, "correlationId": correlation_id}
        return _with(error, "internal error", given)
    code, message = _MESSAGES[fault]
    log.warning("fault", code=code, path=path, correlation=correlation_id, reason=repr(cause))
    given = {"code": code, "retryable": True, "correlationId": correlation_id}
    return _with(error, message, given)


def _cause(error: GraphQLError) -> Exception | None:
    """The exception behind the error that is not itself a GraphQL error."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _default_code(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "GRAPHQL_VALIDATION_FAILED" if error.path is None else "BAD_USER_INPUT"


def _with(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    """A new error at the same place, with nothing else of the old one. GraphQL itself repeats
    what it does not like; a card number is not repeated.
    """
    return GraphQLError(
        without_card_numbers(message),
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _as_graphql(error: Exception) -> GraphQLError:
    return error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)
