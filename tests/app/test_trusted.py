"""Trusted documents: manifest, ids, and who may run nothing else, over HTTP, SSE and WebSockets."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from click.testing import CliRunner
from graphql import GraphQLError

from app.cli import main
from app.schema import Schema, build_schema
from app.settings import SettingsError, load_settings
from app.trusted import Manifest, digest
from domain.identity.model import Actor, Role
from schema.context import Context
from tests.support.api import Api, serving, settings_for
from tests.support.toy_schema import TOYS

QUERY = "{ thing { name } }"
TICKS = "subscription($n: Int! = 1) { ticks(count: $n) }"
CHANGE = "mutation { change }"
MANIFEST = Manifest.of([QUERY, TICKS, CHANGE])
OTHER = "{ subject }"


def named(text: str) -> str:
    return f"sha256:{digest(text)}"


@pytest.fixture(scope="module")
async def api(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Api]:
    home: Path = tmp_path_factory.mktemp("home")
    (home / "manifest.json").write_bytes(MANIFEST.as_json())
    settings = settings_for(
        database_url,
        redis_url,
        home,
        trusted_documents=home / "manifest.json",
        trusted_only_roles="POS,ANONYMOUS",
    )
    async with serving(settings, **TOYS) as opened:
        yield opened


async def send(api: Api, role: Role | None, **body: Any) -> tuple[int, list[str], object]:
    answer = await api.send(orjson.dumps(body), token=api.token(role) if role else None)
    codes = [] if "errors" not in answer.body else answer.codes
    return answer.status, codes, answer.body.get("data")


THING = {"thing": {"name": "thing"}}


@pytest.mark.parametrize("role", [None, Role.POS, Role.ADMIN])
async def test_a_document_is_run_by_its_id(api: Api, role: Role | None) -> None:
    assert await send(api, role, documentId=named(QUERY)) == (200, [], THING)


async def test_the_id_of_apollos_clients_is_understood(api: Api) -> None:
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest(QUERY)}}
    assert await send(api, Role.POS, extensions=persisted) == (200, [], THING)


async def test_a_mutation_is_run_by_its_id(api: Api) -> None:
    assert await send(api, Role.POS, documentId=named(CHANGE)) == (200, [], {"change": "changed"})


async def test_its_text_is_as_good_as_its_id(api: Api) -> None:
    assert await send(api, Role.POS, query=QUERY) == (200, [], THING)
    assert await send(api, Role.POS, query=QUERY, documentId=named(QUERY)) == (200, [], THING)


@pytest.mark.parametrize(
    "wanted", [named(OTHER), "sha256:", "x", named(QUERY).upper(), "x-a:b", named(QUERY) + "0"]
)
async def test_an_unknown_id_has_a_code_of_its_own(api: Api, wanted: str) -> None:
    found = await send(api, Role.ADMIN, documentId=wanted)
    assert found == (200, ["PERSISTED_DOCUMENT_NOT_FOUND"], None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"documentId": 5},
        {"query": OTHER, "documentId": named(QUERY)},
        {"query": QUERY, "documentId": "x"},
        {"query": OTHER, "extensions": {"persistedQuery": {"sha256Hash": digest(QUERY)}}},
    ],
)
async def test_what_says_nothing_or_two_things_is_400(api: Api, body: dict[str, Any]) -> None:
    assert await send(api, Role.ADMIN, **body) == (400, ["BAD_REQUEST"], None)


@pytest.mark.parametrize("role", [None, Role.POS])
@pytest.mark.parametrize("query", [OTHER, "{ nope }", "{ __schema { types { name } } }"])
async def test_roles_of_the_setting_may_run_nothing_else(
    api: Api, role: Role | None, query: str
) -> None:
    for given in ({"query": query}, {"query": query, "documentId": named(query)}):
        assert await send(api, role, **given) == (200, ["PERSISTED_DOCUMENT_REQUIRED"], None)


async def test_other_roles_may(api: Api) -> None:
    assert await send(api, Role.ADMIN, query=OTHER) == (200, [], {"subject": "somebody"})
    # What one caller made known is no more trusted than before.
    assert (await send(api, Role.POS, query=OTHER))[1] == ["PERSISTED_DOCUMENT_REQUIRED"]


async def test_event_streams_take_ids(api: Api) -> None:
    body = orjson.dumps({"documentId": named(TICKS), "variables": {"n": 1}})
    headers = {"accept": "text/event-stream, application/json", "content-type": "application/json"}
    headers["authorization"] = f"Bearer {api.token(Role.POS)}"
    answer = await api.client.post("/graphql", content=body, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"ticks":"somebody 0"' in answer.text.replace(": ", ":").replace("data:", "")


@pytest.mark.parametrize(
    ("payload", "kind", "code"),
    [
        ({"documentId": named(TICKS)}, "next", None),
        ({"query": TICKS}, "next", None),
        ({"documentId": named(OTHER)}, "error", "PERSISTED_DOCUMENT_NOT_FOUND"),
        ({"query": OTHER}, "error", "PERSISTED_DOCUMENT_REQUIRED"),
        ({"query": TICKS + " "}, "error", "PERSISTED_DOCUMENT_REQUIRED"),
        ({"query": OTHER, "documentId": named(TICKS)}, "error", "BAD_REQUEST"),
    ],
)
async def test_sockets_take_ids(
    api: Api, payload: dict[str, str], kind: str, code: str | None
) -> None:
    async with api.socket(api.token(Role.POS)) as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": payload})
        answer = await socket.receive()
        assert answer["type"] == kind
        if code is not None:
            assert [each["extensions"]["code"] for each in answer["payload"]] == [code]


async def test_an_id_before_init_closes_with_4401(api: Api) -> None:
    async with api.open_socket() as socket:
        payload = {"documentId": named(OTHER)}
        await socket.send({"type": "subscribe", "id": "1", "payload": payload})
        assert await socket.close_code() == 4401


def test_trusted_documents_are_known_from_the_start_and_for_good(tmp_path: Path) -> None:
    schema = schema_of(tmp_path, MANIFEST.as_json())
    known = schema.documents.get(QUERY)
    assert known is not None
    assert known.is_trusted
    for number in range(600):
        schema.documents.known(f"{{ a{number}: thing {{ name }} }}")
    assert schema.documents.get(QUERY) is known


def test_the_policy_tells_others_nothing_of_a_document() -> None:
    schema = build_schema(load_settings(), **TOYS)
    schema.trust(MANIFEST)
    policy = type(schema.policy)(open_introspection=True, trusted_only=frozenset({"POS"}))
    till, admin = (
        Context(cast(Any, None), Actor("a", role), "test") for role in (Role.POS, Role.ADMIN)
    )
    refused = policy.known(schema.documents, "{ nope }", till)
    assert isinstance(refused, list)
    assert refused[0].extensions == {"code": "PERSISTED_DOCUMENT_REQUIRED"}
    told = policy.known(schema.documents, "{ nope }", admin)
    assert isinstance(told, list)
    assert "nope" in told[0].message
    assert not isinstance(policy.known(schema.documents, QUERY, till), list)


def schema_of(folder: Path, manifest: bytes) -> Schema:
    path = folder / "manifest.json"
    path.write_bytes(manifest)
    return build_schema(load_settings(trusted_documents=path), **TOYS)


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (b"{", "cannot be read"),
        (b"[]", "must hold a JSON object"),
        (orjson.dumps({named(OTHER): QUERY}), "is not the hash"),
        (orjson.dumps({"a": QUERY}), "is not the hash"),
        (orjson.dumps({named(QUERY): 5}), "is not the hash"),
        (Manifest.of(["{ nope }"]).as_json(), "Cannot query field 'nope'"),
        (Manifest.of(["{ thing "]).as_json(), "Syntax Error"),
    ],
)
def test_a_bad_manifest_stops_the_start(tmp_path: Path, manifest: bytes, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        schema_of(tmp_path, manifest)


def test_a_missing_manifest_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        build_schema(load_settings(trusted_documents=tmp_path / "none.json"), **TOYS)


def test_hashes_need_no_prefix(tmp_path: Path) -> None:
    schema = schema_of(tmp_path, orjson.dumps({digest(QUERY): QUERY}))
    assert schema.manifest.resolve({"documentId": named(QUERY)}) == QUERY


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"trusted_only_roles": "POS"}, "needs UNICO_TRUSTED_DOCUMENTS"),
        ({"trusted_only_roles": "TILL", "trusted_documents": Path("m.json")}, "not TILL"),
    ],
)
def test_bad_settings_are_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        load_settings(**given)


def test_without_a_manifest_every_id_is_unknown() -> None:
    found = Manifest().resolve({"documentId": named(QUERY)})
    assert isinstance(found, GraphQLError)


def test_the_command_writes_the_manifest_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    text = "query Stores { locations(first: 5) { edges { node { code } } } }\n"
    (tmp_path / "deep" / "stores.graphql").write_text(text)
    output = tmp_path / "manifest.json"
    done = CliRunner().invoke(main, ["trusted-documents", str(tmp_path), "--output", str(output)])
    assert done.exit_code == 0, done.output
    assert Manifest.load(output).texts == {digest(text): text}
    assert named(text) in done.output


def test_the_command_names_the_file_that_is_no_good(tmp_path: Path) -> None:
    path = tmp_path / "bad.graphql"
    path.write_text("{ nope }")
    done = CliRunner().invoke(main, ["trusted-documents", str(tmp_path), "--output", "-"])
    assert done.exit_code == 1
    assert "bad.graphql" in done.output
    path.unlink()
    assert CliRunner().invoke(main, ["trusted-documents", str(tmp_path)]).exit_code == 1
