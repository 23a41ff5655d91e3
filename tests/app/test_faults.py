"""What callers see of a failure, by what it was."""

from typing import Any

import asyncpg
import pytest
from graphql import GraphQLError, GraphQLSyntaxError, Source, parse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from app.faults import shown
from domain.common.errors import NotFound, ValidationFailed

SECRET = "postgresql://user:password@host/database"


def database_error(original: BaseException, *, is_lost: bool = False) -> DBAPIError:
    return DBAPIError(SECRET, None, original, connection_invalidated=is_lost)


def seen(cause: Exception, *, is_mutation: bool = False) -> GraphQLError:
    """What becomes of an exception in a resolver."""
    error = GraphQLError(SECRET, path=["placeOrder"], original_error=cause)
    return shown(error, "c-1", is_mutation=is_mutation)


@pytest.mark.parametrize(
    ("cause", "is_mutation", "code"),
    [
        (RuntimeError(SECRET), False, "INTERNAL"),
        (KeyError(SECRET), True, "INTERNAL"),
        (database_error(asyncpg.UniqueViolationError(SECRET)), True, "INTERNAL"),
        (database_error(asyncpg.SerializationError(SECRET)), True, "OVERLOADED"),
        (database_error(asyncpg.DeadlockDetectedError(SECRET)), True, "OVERLOADED"),
        (PoolTimeout(SECRET), True, "OVERLOADED"),
        (database_error(asyncpg.CannotConnectNowError(SECRET)), True, "UNAVAILABLE"),
        (database_error(asyncpg.DiskFullError(SECRET)), True, "UNAVAILABLE"),
        (ConnectionRefusedError(SECRET), True, "UNAVAILABLE"),
        (database_error(OSError(SECRET), is_lost=True), True, "OUTCOME_UNKNOWN"),
        (database_error(asyncpg.AdminShutdownError(SECRET)), True, "OUTCOME_UNKNOWN"),
        (TimeoutError(SECRET), False, "UNAVAILABLE"),
        (TimeoutError(SECRET), True, "OUTCOME_UNKNOWN"),
    ],
)
def test_our_failures_say_nothing_but_what_to_do(
    cause: Exception, is_mutation: bool, code: str
) -> None:
    error = seen(cause, is_mutation=is_mutation)
    assert error.extensions == {
        "code": code,
        "retryable": code != "INTERNAL",
        "correlationId": "c-1",
    }
    assert error.path == ["placeOrder"]
    assert error.original_error is None
    assert "postgresql" not in str(error.formatted)


def test_extensions_of_a_masked_exception_do_not_come_through() -> None:
    class Telling(Exception):
        def __init__(self) -> None:
            self.extensions = {"secret": SECRET}

    assert "secret" not in (seen(Telling()).extensions or {})


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (ValidationFailed("first", "is big"), {"code": "VALIDATION_FAILED", "field": "first"}),
        (NotFound("order", "x"), {"code": "NOT_FOUND"}),
    ],
)
def test_refusals_of_the_domain_keep_message_and_code(cause: Any, expected: dict[str, str]) -> None:
    error = seen(cause)
    assert (error.message, error.extensions) == (cause.message, expected)


def test_errors_that_were_meant_for_the_caller_pass() -> None:
    inner = GraphQLError("not today", extensions={"code": "NOT_TODAY", "until": "noon"})
    outer = GraphQLError(
        inner.message, path=["x"], original_error=inner, extensions=inner.extensions
    )
    error = shown(outer, "c-1")
    assert (error.message, error.extensions) == ("not today", inner.extensions)


def test_mistakes_in_the_document_get_a_code() -> None:
    source = Source("{")
    syntax = GraphQLSyntaxError(source, 1, "Expected Name")
    assert (shown(syntax, "c-1").extensions or {})["code"] == "GRAPHQL_PARSE_FAILED"
    nodes = list(parse("{ a }").definitions)
    invalid = GraphQLError("Cannot query field", nodes)
    assert (shown(invalid, "c-1").extensions or {})["code"] == "GRAPHQL_VALIDATION_FAILED"
    bad_variable = GraphQLError("Variable '$id'", nodes, original_error=ValueError("no id"))
    assert (shown(bad_variable, "c-1").extensions or {})["code"] == "BAD_USER_INPUT"


def test_an_operation_of_the_wrong_kind_is_not_our_failure() -> None:
    cause = InvalidOperationTypeError(OperationType.MUTATION)
    error = shown(GraphQLError("mutations are not allowed", original_error=cause), "c-1")
    assert error.extensions == {"code": "OPERATION_NOT_ALLOWED"}
    assert error.message == "mutations are not allowed"


def test_a_failure_of_an_extension_is_masked_though_it_has_no_place() -> None:
    error = shown(GraphQLError("", original_error=RuntimeError(SECRET)), "c-1")
    assert (error.extensions or {})["code"] == "INTERNAL"
