"""GraphQL over HTTP: what is answered, and what is refused with which status and code."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from graphql import get_introspection_query

from domain.identity.model import Role
from tests.support.api import Api, serving, settings_for
from tests.support.toy_schema import SECRET, TOYS, ToyQuery


@pytest.fixture(scope="module")
async def api(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Api]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = settings_for(database_url, redis_url, home, operation_timeout_s=0.5)
    async with serving(settings, **TOYS) as opened:
        yield opened


async def test_a_query_is_answered_with_security_headers(api: Api) -> None:
    answer = await api.post("{ thing { name } }")
    assert (answer.status, answer.data) == (200, {"thing": {"name": "thing"}})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-correlation-id"]


async def test_a_token_names_the_caller(api: Api) -> None:
    answer = await api.post("{ subject }", token=api.token(Role.ADMIN, subject="ada"))
    assert answer.data == {"subject": "ada"}


async def test_without_a_token_the_caller_is_anonymous(api: Api) -> None:
    assert (await api.post("{ subject }")).data == {"subject": None}


@pytest.mark.parametrize("header", ["Bearer", "Basic abc", "Bearer abc", "abc", ""])
async def test_a_bad_authorization_header_is_401(api: Api, header: str) -> None:
    answer = await api.post("{ subject }", headers={"authorization": header})
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_an_expired_token_is_401(api: Api) -> None:
    token = api.token(Role.ADMIN, lifetime=timedelta(seconds=-60))
    answer = await api.post("{ subject }", token=token)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/application/json", "multipart/form-data", ""]
)
async def test_only_json_is_accepted(api: Api, content_type: str) -> None:
    headers = {"content-type": content_type}
    answer = await api.send(b'{"query": "{ subject }"}', headers=headers)
    assert (answer.status, answer.codes) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


async def test_a_charset_does_no_harm(api: Api) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    answer = await api.send(b'{"query": "{ subject }"}', headers=headers)
    assert answer.status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"1",
        b'"x"',
        b"[" * 5_000,
        b'[{"query": "{ subject }"}]',
        b'{"query": 5}',
        b"{}",
        b'{"query": "{ subject }", "variables": []}',
        b'{"query": "{ subject }", "variables": "x"}',
        b'{"query": "{ subject }", "operationName": 3}',
        b'{"query": "{ subject }", "operationName": "Nobody"}',
        b'{"query": "{ subject }", "extensions": []}',
    ],
)
async def test_what_is_not_one_operation_is_400(api: Api, body: bytes) -> None:
    answer = await api.send(body)
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


async def test_a_long_body_is_413_by_its_header(api: Api) -> None:
    body = b'{"query": "{ subject }", "x": "' + b"x" * api.settings.max_body_bytes + b'"}'
    answer = await api.send(body)
    assert (answer.status, answer.codes) == (413, ["REQUEST_TOO_LARGE"])


async def test_a_long_body_is_413_by_what_arrives(api: Api) -> None:
    async def parts() -> AsyncGenerator[bytes]:
        for _ in range(api.settings.max_body_bytes // 10_000 + 20):
            yield b" " * 10_000

    response = await api.client.post(
        "/graphql", content=parts(), headers={"content-type": "application/json"}
    )
    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "REQUEST_TOO_LARGE"


async def test_a_body_that_does_not_arrive_is_408(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: 100\r\n\r\n{"
    )
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_other_methods_are_405(api: Api, method: str) -> None:
    url = "/graphql?query={subject}"
    response = await api.client.request(method, url, headers={"accept": "*/*"})
    assert response.status_code == 405


async def test_a_browser_gets_graphiql_and_its_files_from_here(api: Api) -> None:
    page = await api.client.get("/graphql", headers={"accept": "text/html,*/*"})
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "http" not in page.text
    for name in ("graphiql.js", "graphiql.css"):
        assert name in page.text
        assert (await api.client.get(f"/graphiql/{name}")).status_code == 200


async def test_a_subscription_over_plain_http_is_refused(api: Api) -> None:
    answer = await api.post("subscription { ticks }")
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert "text/event-stream" in answer.body["errors"][0]["message"]


async def test_an_unknown_path_is_404_in_the_same_form(api: Api) -> None:
    response = await api.client.get("/nothing")
    assert response.status_code == 404
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("field", "code", "is_retryable"),
    [
        ("defect", "INTERNAL", False),
        ("noConnection", "OVERLOADED", True),
        ("contended", "OVERLOADED", True),
        ("unreachable", "UNAVAILABLE", True),
    ],
)
async def test_our_failures_are_masked(
    api: Api, field: str, code: str, *, is_retryable: bool
) -> None:
    answer = await api.post(f"{{ {field} }}", headers={"x-correlation-id": "abc-1"})
    (error,) = answer.body["errors"]
    assert answer.status == 200
    assert error["path"] == [field]
    assert error["extensions"] == {
        "code": code,
        "retryable": is_retryable,
        "correlationId": "abc-1",
    }
    assert SECRET not in orjson.dumps(answer.body).decode()
    assert "password" not in orjson.dumps(answer.body).decode()


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("{ refusal }", "NOT_TODAY", "not today"),
        ("{ domainRefusal }", "VALIDATION_FAILED", "first: must be small"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", "Cannot query field"),
        ("{ ", "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ('{ echo(id: "!") }', "BAD_USER_INPUT", ""),
    ],
)
async def test_refusals_are_not_masked(api: Api, query: str, code: str, message: str) -> None:
    answer = await api.post(query)
    (error,) = answer.body["errors"]
    assert error["extensions"]["code"] == code
    assert error["message"].startswith(message)


async def test_a_bad_variable_is_the_callers_fault(api: Api) -> None:
    answer = await api.post("query($id: ID!) { echo(id: $id) }", {"id": "!"})
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_slow_query_ends(api: Api) -> None:
    answer = await api.post("{ slow }")
    assert answer.codes == ["TIMEOUT"]


async def test_nobody_knows_what_became_of_a_slow_mutation(api: Api) -> None:
    answer = await api.post("mutation { slowChange }")
    assert answer.codes == ["OUTCOME_UNKNOWN"]
    assert answer.body["errors"][0]["extensions"]["retryable"] is True


async def test_graphiqls_introspection_passes_in_development(api: Api) -> None:
    query = get_introspection_query(
        input_value_deprecation=True, schema_description=True, directive_is_repeatable=True
    )
    assert (await api.post(query)).data["__schema"]["queryType"]["name"] == "ToyQuery"


@pytest.mark.parametrize("accept", ["application/json, text/event-stream", "*/*"])
async def test_who_also_takes_json_gets_json_for_all_but_subscriptions(
    api: Api, accept: str
) -> None:
    ToyQuery.calls.clear()
    answer = await api.post("mutation { change }", headers={"accept": accept})
    assert answer.data == {"change": "changed"}
    assert ToyQuery.calls == ["change"]
