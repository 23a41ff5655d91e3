"""Payloads with everything that can go wrong: the same errors, masked the same."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any, cast

import orjson
import pytest
import strawberry
from asyncpg import SerializationError
from graphql import GraphQLError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from app.faults import MaskedErrors
from app.limits import DocumentLimits, OperationScope, Policy
from app.live.sharing import Shared, Sharing
from app.schema import Schema, build_schema
from app.settings import load_settings
from domain.common.database import DbConnection
from domain.common.errors import ValidationFailed
from domain.identity.model import Actor, Role
from schema.access import Allow
from schema.context import Context, Info
from subscriptions.feed import Feed, Scope
from subscriptions.following import LiveStream
from subscriptions.mailbox import Mode
from tests.support.shop import ADMIN, ROME_TILL, WEB_SHOP
from tests.support.toy_schema import SECRET, ToyQuery

FAULTS: dict[str, Exception] = {
    "defect": RuntimeError(SECRET),
    "refusal": GraphQLError("not today", extensions={"code": "NOT_TODAY", "more": [1]}),
    "invalid": ValidationFailed("first", "must be small"),
    "crowded": PoolTimeout(SECRET),
    "contended": DBAPIError(SECRET, None, SerializationError(SECRET)),
    "unreachable": ConnectionRefusedError(SECRET),
    "slow": TimeoutError(SECRET),
}


@strawberry.type
class Part:
    name: str = "part"
    number: int = 1
    nothing: str = cast(str, None)
    perhaps: str | None = None
    wrong: int = cast(int, "seven")
    large: int = 2**40

    @strawberry.field
    def parts(self) -> list["Part"]:
        return [Part(name="one"), cast(Part, None), Part(name="three")]

    @strawberry.field
    def loose(self) -> list["Part | None"]:
        return [Part(name="one"), None, cast(Part, object()), Part(name="four")]

    @strawberry.field
    def one(self) -> "Part | None":
        return Part(name="inner")

    @strawberry.field
    def fails(self, how: str) -> str | None:
        raise FAULTS[how]

    @strawberry.field
    def must(self, how: str) -> str:
        raise FAULTS[how]

    @strawberry.field
    async def later(self, how: str = "") -> str | None:
        await asyncio.sleep(0)
        if how:
            raise FAULTS[how]
        return self.name

    @strawberry.field(extensions=[Allow(Role.ADMIN)])
    async def guarded(self) -> str | None:
        return "only for admins"


async def _no_states(connection: DbConnection) -> Sequence[Any]:
    del connection
    return []


PAYLOADS: list[Any] = [
    Part(name="first", perhaps="é \u2028 🏬"),
    None,
    RuntimeError(SECRET),
    GraphQLError("the whole of it", extensions={"code": "GONE"}),
    object(),
    Part(name="last", number=2**40),
]


class Replayed(LiveStream[Any, Any]):
    """A stream that consists of `PAYLOADS`."""

    def __init__(self, scope: Scope) -> None:
        feed: Feed[Any, Any] = Feed(
            topics=(),
            mode=Mode.EVENTS,
            snapshot=_no_states,
            show_snapshot=lambda states, cursor, is_last: None,
            show_changes=lambda events, cursor: None,
            show_resync=lambda reason, cursor: None,
            scope=scope,
        )
        super().__init__(feed, cast(Any, None), cast(Any, None), None)
        self._left = iter(PAYLOADS)

    async def __anext__(self) -> Any:
        for payload in self._left:
            return payload
        raise StopAsyncIteration


def _replayed(scope: Scope = Scope.PRINCIPAL) -> AsyncGenerator[Any]:
    return cast(AsyncGenerator[Any], Replayed(scope))


@strawberry.type
class ToyLive:
    @strawberry.subscription
    async def shown(self, count: int = 1) -> AsyncGenerator[Part]:
        del count
        return _replayed()

    @strawberry.subscription
    async def loosely(self) -> AsyncGenerator[Part | None]:
        return _replayed()

    @strawberry.subscription
    async def nearby(self) -> AsyncGenerator[Part]:
        return _replayed(Scope.LOCATION)

    @strawberry.subscription
    async def everywhere(self) -> AsyncGenerator[Part]:
        return _replayed(Scope.PUBLIC)

    @strawberry.subscription(extensions=[Allow(Role.ADMIN)])
    async def inside(self, info: Info) -> AsyncGenerator[Part]:
        del info
        return _replayed()


SCHEMA = build_schema(load_settings(), query=ToyQuery, mutation=None, subscription=ToyLive)
POLICY = Policy(open_introspection=True)
REFERENCE = Schema(
    query=ToyQuery,
    subscription=ToyLive,
    extensions=[
        MaskedErrors,
        OperationScope.factory(10.0),
        DocumentLimits.factory(POLICY),
    ],
)
REFERENCE.plans = None
"""With Strawberry's own executor."""


@pytest.fixture(autouse=True)
def _quiet() -> Generator[None]:
    """Tracebacks of the faults, with all their locals, are not printed."""
    with capture_logs():
        yield


def context(actor: Actor | None = ADMIN) -> Context:
    return Context(cast(Any, None), actor, correlation_id="here", websocket=True)


async def by_reference(text: str, variables: dict[str, Any], actor: Actor) -> list[bytes]:
    """The bodies on Strawberry's own road."""
    found: list[bytes] = []
    results: Any = await REFERENCE.subscribe(text, variables, context_value=context(actor))
    async for result in results:
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        found.append(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS))
    return found


async def admitted(text: str, actor: Actor | None = ADMIN, **variables: Any) -> Shared:
    found = await Sharing(SCHEMA).admit(text, variables, None, context(actor))
    assert found is not None
    return found


async def shared(text: str, variables: dict[str, Any], actor: Actor) -> list[bytes]:
    """The bodies that a cohort would get."""
    render = (await admitted(text, actor, **variables)).render()
    bodies = [render(payload) for payload in PAYLOADS]
    return [body if isinstance(body, bytes) else await body for body in bodies]


SELECTIONS = {
    "plain": "name number perhaps",
    "null for non-null": "name nothing",
    "null for non-null inside": "name one { name nothing }",
    "null in a list": "name parts { name }",
    "null in a list inside": "one { parts { name } }",
    "null where it may be": "loose { name perhaps }",
    "not an int": "one { wrong } name",
    "not a 32-bit int": "one { large } number",
    "a guarded field": "name guarded loose { guarded }",
    "merged and aliased": "a: name one { name } one { b: number later } __typename",
    "awaited": "later loose { later } one { one { later } }",
    "errors in order": """loose { later(how: "defect") fails(how: "refusal") }
      x: fails(how: "defect") y: later(how: "invalid") z: fails(how: "slow")""",
    "non-null beside awaited": 'one { later(how: "defect") must(how: "invalid") } name',
}
EACH_FAULT = {f"{way} {how}": f'one {{ {way}(how: "{how}") name }} {way}(how: "{how}")'
              for how in FAULTS for way in ("fails", "must", "later")}  # fmt: skip


@pytest.mark.parametrize("actor", [ADMIN, ROME_TILL], ids=["admin", "till"])
@pytest.mark.parametrize("root", ["shown", "loosely"])
@pytest.mark.parametrize("selection", [*SELECTIONS.values(), *EACH_FAULT.values()])
async def test_errors_are_those_of_the_reference(selection: str, root: str, actor: Actor) -> None:
    text = f"subscription {{ it: {root} {{ {selection} }} }}"
    bodies = await shared(text, {}, actor)
    assert bodies == await by_reference(text, {}, actor)
    assert len(bodies) == len(PAYLOADS)
    assert not [body for body in bodies if SECRET.encode() in body]


async def test_variables_and_directives_reach_the_errors() -> None:
    text = """subscription($how: String! = "defect", $no: Boolean!, $yes: Boolean = true) {
      shown { ...P @include(if: $yes) name @skip(if: $yes) one @skip(if: $no) { ...P } } }
    fragment P on Part { fails(how: $how) ... @include(if: $no) { nothing } }"""
    for how in FAULTS:
        for no in (True, False):
            given = {"how": how, "no": no}
            assert await shared(text, given, ADMIN) == await by_reference(text, given, ADMIN)


async def test_who_may_share_depends_on_the_scope_of_the_field() -> None:
    colleague = Actor("till-9", Role.POS, location_ids=ROME_TILL.location_ids)
    manager = Actor("till-1", Role.STORE_MANAGER, location_ids=ROME_TILL.location_ids)
    again = Actor("till-1", Role.POS, location_ids=ROME_TILL.location_ids)
    callers = [ROME_TILL, again, colleague, manager, WEB_SHOP, ADMIN, None, None]
    expected = {
        "everywhere": [0, 0, 0, 0, 0, 0, 0, 0],
        "nearby": [0, 0, 0, 1, 2, 3, 4, 5],
        "shown": [0, 0, 1, 2, 3, 4, 5, 6],
    }
    for root, groups in expected.items():
        text = f"subscription {{ {root} {{ name }} }}"
        keys = [(await admitted(text, actor)).key for actor in callers]
        order = list(dict.fromkeys(keys))
        assert [order.index(key) for key in keys] == groups, root


async def test_keys_are_apart_by_all_that_payloads_depend_on() -> None:
    text = "subscription A($n: Int) { shown(count: $n) { name } }"
    same = [
        await admitted(text, n=1),
        await admitted(text, n=1, other=5),
    ]
    assert same[0].key == same[1].key
    others = [
        await admitted(text),
        await admitted(text, n=2),
        await admitted(text + " ", n=1),
        await admitted(text.replace("A", "B"), n=1),
        await admitted(text, ROME_TILL, n=1),
    ]
    assert len({each.key for each in (same[0], *others)}) == 1 + len(others)


async def test_a_guarded_root_field_is_not_admitted_for_others() -> None:
    text = "subscription { inside { name } }"
    assert await Sharing(SCHEMA).admit(text, {}, None, context(ROME_TILL)) is None
    assert (await admitted(text)).key
