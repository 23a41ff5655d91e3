"""Shared subscriptions over real sockets: seats, ids, cursors, and the same words as unshared."""

import contextlib
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.customers.model import GivenCustomer
from domain.identity.model import Role
from domain.stock.model import Level
from tests.support import stock
from tests.support.api import Api, LiveSocket, serving
from tests.support.packed_order import placed
from tests.support.shared_live import (
    cohorts,
    counts,
    goods_came,
    hold_changed,
    is_silent,
    payload_of,
    seating,
    text_of,
    token_of,
    unshared,
    until_all_is_told,
    until_nobody_is_left,
)
from tests.support.shop import ADMIN, AGENT, MILAN, MILAN_TILL, ROME, ROME_TILL, Shop
from tests.support.stage import gid
from tests.support.waiting import until

STOCK = """subscription($places: [ID!]!, $skus: [String!], $after: String) {
  stockChanged(locationIds: $places, skus: $skus, after: $after) {
    kind cursor reason levels { sku onHand version } } }"""
ORDER = """subscription($id: ID!, $after: String) { orderChanged(orderId: $id, after: $after) {
  kind cursor changes { version } } }"""
IN_ROME = {"places": [gid("Location", ROME)]}
HATS_IN_ROME = {**IN_ROME, "skus": ["HAT"]}


async def hats(engine: AsyncEngine) -> Level:
    return await stock.level_at(engine, "HAT")


def versions(payload: Mapping[str, Any]) -> list[int]:
    return [each["version"] for each in payload["levels"]]


async def watch(
    socket: LiveSocket, name: str = "1", variables: Mapping[str, Any] = HATS_IN_ROME
) -> dict[str, Any]:
    """The snapshot of a subscription to stock that has started."""
    await socket.subscribe(STOCK, variables, name=name)
    payload = await payload_of(socket, name)
    assert payload["kind"] == "SNAPSHOT"
    return payload


# ---------------------------------------------------------------- ids and seats


async def test_after_complete_nothing_comes_and_the_id_is_free_at_once(
    api: Api, shop: Shop
) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        for _ in range(3):
            await watch(socket)
            await goods_came(shop)
            assert (await payload_of(socket))["kind"] == "CHANGES"
            await socket.send({"type": "complete", "id": "1"})
        assert await is_silent(socket)
        assert counts(api) == (0, 0)
        await goods_came(shop)
        last = await watch(socket)
        await goods_came(shop)
        assert versions(await payload_of(socket)) == [versions(last)[0] + 1]
        assert await is_silent(socket)


async def test_completing_what_does_not_run_is_harmless(api: Api, shop: Shop) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        await watch(socket)
        for name in ("2", "2", "1", "1"):
            await socket.send({"type": "complete", "id": name})
        assert await is_silent(socket)
        assert counts(api) == (0, 0)


async def test_an_id_in_use_closes_with_4409_and_frees_all_seats(api: Api) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        await watch(socket, "a")
        await watch(socket, "b")
        await socket.subscribe(STOCK, IN_ROME, name="a")
        assert await socket.close_code() == 4409
        await until_nobody_is_left(api)


async def test_one_operation_too_many_is_refused_until_another_completes(api: Api) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        for name in "abc":
            await watch(socket, name)
        await socket.subscribe(STOCK, IN_ROME, name="d")
        answer = await socket.receive()
        assert (answer["type"], answer["id"]) == ("error", "d")
        assert answer["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        assert counts(api)[0] == 3
        await socket.send({"type": "complete", "id": "b"})
        await watch(socket, "d")
        assert counts(api)[0] == 3


@pytest.mark.parametrize("goodbye", ["close", "abort"])
async def test_a_client_that_leaves_frees_its_seats(api: Api, shop: Shop, goodbye: str) -> None:
    async with api.socket(token_of(api, MILAN_TILL)) as stays:
        await watch(stays, variables={"places": [gid("Location", MILAN)]})
        async with api.socket(token_of(api, ROME_TILL)) as leaves:
            await watch(leaves, "a")
            await watch(leaves, "b", IN_ROME)
            assert counts(api) == (3, 3)
            if goodbye == "abort":
                leaves.connection.transport.abort()
            else:
                await leaves.connection.close()
            await until(lambda: counts(api) == (1, 1))
        await goods_came(shop)
        await goods_came(shop, code="MILAN")
        assert (await payload_of(stays))["kind"] == "CHANGES"
    await until_nobody_is_left(api)


async def test_equal_documents_on_one_socket_share_and_end_by_themselves(
    api: Api, shop: Shop
) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        await watch(socket, "a")
        await watch(socket, "b")
        await until(lambda: seating(api) == [{"a", "b"}])
        await goods_came(shop)
        texts = sorted([await text_of(socket), await text_of(socket)])
        assert texts[0].replace('"a"', '"b"', 1) == texts[1]
        await socket.send({"type": "complete", "id": "a"})
        assert await is_silent(socket)
        await goods_came(shop)
        assert (await payload_of(socket, "b"))["kind"] == "CHANGES"
        assert await is_silent(socket)
        assert counts(api) == (1, 1)


async def test_one_that_comes_later_joins_and_both_get_every_version(api: Api, shop: Shop) -> None:
    token = token_of(api, ROME_TILL)
    async with api.socket(token) as first, api.socket(token) as second:
        start = versions(await watch(first, "first"))[0]
        for _ in range(3):
            await goods_came(shop)
        behind = versions(await watch(second, "second"))[0]
        for _ in range(3):
            await goods_came(shop)
        told = [versions(await payload_of(first, "first")) for _ in range(6)]
        assert told == [[start + n] for n in range(1, 7)]
        while behind < start + 6:
            (version,) = versions(await payload_of(second, "second"))
            assert version == behind + 1
            behind = version
        assert seating(api) == [{"first", "second"}]


# ---------------------------------------------------------------- cursors


async def test_after_by_variable_does_not_part_a_cohort_and_resumes(api: Api, shop: Shop) -> None:
    token = token_of(api, ROME_TILL)
    async with api.socket(token) as one, api.socket(token) as two, api.socket(token) as three:
        snapshot = await watch(one, "one")
        await goods_came(shop)
        change = await payload_of(one, "one")
        await goods_came(shop)
        newest = versions(await payload_of(one, "one"))
        for name, socket, cursor, count in (
            ("two", two, snapshot["cursor"], 2),
            ("three", three, change["cursor"], 1),
        ):
            await socket.subscribe(STOCK, {**HATS_IN_ROME, "after": cursor}, name=name)
            told = [await payload_of(socket, name) for _ in range(count)]
            assert {each["kind"] for each in told} == {"CHANGES"}
            assert versions(told[-1]) == newest
        await until(lambda: seating(api) == [{"one", "two", "three"}])
        await goods_came(shop)
        bodies = {
            (await text_of(socket)).replace(f'"{name}"', "", 1)
            for name, socket in (("one", one), ("two", two), ("three", three))
        }
        assert len(bodies) == 1


async def test_after_by_literal_resumes_too(api: Api, shop: Shop) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        snapshot = await watch(socket)
        await goods_came(shop)
        newest = versions(await payload_of(socket))
        document = STOCK.replace("after: $after", f'after: "{snapshot["cursor"]}"')
        document = document.replace(", $after: String", "")
        await socket.subscribe(document, HATS_IN_ROME, name="2")
        resumed = await payload_of(socket, "2")
        assert (resumed["kind"], versions(resumed)) == ("CHANGES", newest)
        await goods_came(shop)
        for _ in range(2):
            assert (await socket.receive())["payload"]["data"]["stockChanged"]["kind"] == "CHANGES"


async def test_after_by_the_default_of_a_variable_resumes_too(api: Api, shop: Shop) -> None:
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        snapshot = await watch(socket)
        await goods_came(shop)
        newest = versions(await payload_of(socket))
        default = f'$after: String = "{snapshot["cursor"]}"'
        document = STOCK.replace("$after: String", default)
        await socket.subscribe(document, HATS_IN_ROME, name="2")
        resumed = await payload_of(socket, "2")
        assert (resumed["kind"], versions(resumed)) == ("CHANGES", newest)
        await socket.subscribe(document, {**HATS_IN_ROME, "after": None}, name="3")
        assert (await payload_of(socket, "3"))["kind"] == "SNAPSHOT"


async def test_a_variable_that_is_a_cursor_and_something_else_parts_cohorts(
    api: Api, shop: Shop
) -> None:
    document = """subscription($places: [ID!]!, $both: String!) {
      stockChanged(locationIds: $places, skus: ["HAT", $both], after: $both) {
        kind cursor levels { sku version } } }"""
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        cursors = [(await watch(socket))["cursor"]]
        await goods_came(shop)
        cursors.append((await payload_of(socket))["cursor"])
        await goods_came(shop)
        await payload_of(socket)
        for name, cursor in zip("ab", cursors, strict=True):
            await socket.subscribe(document, {**IN_ROME, "both": cursor}, name=name)
        told = [(await socket.receive())["id"] for _ in range(3)]
        assert sorted(told) == ["a", "a", "b"]
        await until(lambda: seating(api) == [{"1"}, {"a"}, {"b"}])


async def test_a_cursor_of_another_log_means_resync_for_that_client_only(
    api: Api, shop: Shop
) -> None:
    token = token_of(api, ROME_TILL)
    async with api.socket(token) as one, api.socket(token) as two:
        await watch(one, "one")
        strange = "WyJhbm90aGVyIiwxLHt9XQ"  # ["another",1,{}]
        await two.subscribe(STOCK, {**HATS_IN_ROME, "after": strange}, name="two")
        resync = await payload_of(two, "two")
        assert (resync["kind"], resync["reason"]) == ("RESYNC", "OTHER_LOG")
        assert (await payload_of(two, "two"))["kind"] == "SNAPSHOT"
        await until(lambda: seating(api) == [{"one", "two"}])
        assert await is_silent(one)


async def test_a_restart_closes_with_1012_and_all_resume_without_a_gap(
    api: Api, shop: Shop, engine: AsyncEngine
) -> None:
    sold = await placed(shop, {"HAT": 1}, customer=GivenCustomer(email="ada@example.com"))
    watched = {
        "till": (ROME_TILL, STOCK, HATS_IN_ROME, "levels"),
        "other till": (ROME_TILL, STOCK, HATS_IN_ROME, "levels"),
        "agent": (AGENT, ORDER, {"id": gid("Order", sold.id)}, "changes"),
    }
    seen: dict[str, list[int]] = {}
    cursors: dict[str, str] = {}

    async def take(socket: LiveSocket, name: str) -> str:
        payload = await payload_of(socket, name)
        seen.setdefault(name, []).extend(each["version"] for each in payload[watched[name][3]])
        cursors[name] = payload["cursor"]
        return payload["kind"]

    async def subscribed(to: Api, stack: contextlib.AsyncExitStack) -> dict[str, LiveSocket]:
        sockets: dict[str, LiveSocket] = {}
        for name, (actor, document, variables, _) in watched.items():
            sockets[name] = await stack.enter_async_context(to.socket(token_of(to, actor)))
            after = {"after": cursors[name]} if name in cursors else {}
            await sockets[name].subscribe(document, {**variables, **after}, name=name)
        return sockets

    async with contextlib.AsyncExitStack() as stack:
        async with serving(api.settings) as first:
            sockets = await subscribed(first, stack)
            for name, socket in sockets.items():
                assert await take(socket, name) == "SNAPSHOT"
            await goods_came(shop)
            await hold_changed(shop, sold.id, on=True)
            for name, socket in sockets.items():
                assert await take(socket, name) == "CHANGES"
        assert {await socket.close_code() for socket in sockets.values()} == {1012}
    for number in range(3):
        await goods_came(shop)
        await hold_changed(shop, sold.id, on=number % 2 == 1)
    async with contextlib.AsyncExitStack() as stack:
        second = await stack.enter_async_context(serving(api.settings))
        sockets = await subscribed(second, stack)
        await goods_came(shop)
        for name, socket in sockets.items():
            while len(seen[name]) < (6 if name != "agent" else 5):
                assert await take(socket, name) == "CHANGES"
    for name, told in seen.items():
        assert told == list(range(told[0], told[0] + len(told))), name
    assert seen["till"][-1] == (await hats(engine)).version


# ---------------------------------------------------------------- the same words


REFUSALS: dict[str, tuple[str, Mapping[str, Any] | None, str | None]] = {
    "a bad location": (STOCK, {"places": ["x"]}, None),
    "a location of another kind": (STOCK, {"places": [gid("Order", ROME)]}, None),
    "a foreign location": (STOCK, {"places": [gid("Location", MILAN)]}, None),
    "no location": (STOCK, {"places": []}, None),
    "a bad cursor": (STOCK, {**IN_ROME, "after": "x"}, None),
    "a missing variable": (STOCK, {}, None),
    "no variables": (STOCK, None, None),
    "a variable of another type": (STOCK, {"places": [{"a": 1}]}, None),
    "a null where there must be none": (STOCK, {"places": [None]}, None),
    "a field for others": ('subscription { customerActivity(customerId: "x") { kind } }', {}, None),
    "an unknown order": (ORDER, {"id": gid("Order", ROME)}, None),
    "an unknown field": ("subscription { nothing }", {}, None),
    "a syntax error": ("subscription { stockChanged(", {}, None),
    "an empty document": ("", {}, None),
    "a document that is too complex": ("{ a }" * 300, {}, None),
    "another operation's name": (STOCK, IN_ROME, "Other"),
    "a document without an operation": ("fragment F on StockChange { kind }", {}, None),
    "a root field that is skipped": (
        'subscription { stockChanged(locationIds: ["x"]) @skip(if: true) { kind } }',
        {},
        None,
    ),
    "a query": ("{ viewer { role } }", {}, None),
    "a mutation": ("mutation { revokeSession { __typename } }", {}, None),
}


async def said(api: Api, query: str, variables: Any, operation_name: str | None) -> list[Any]:
    """All that a socket says to that operation, until it answers a ping."""
    payload = {"query": query, "variables": variables, "operationName": operation_name}
    found: list[Any] = []
    async with api.socket(token_of(api, ROME_TILL)) as socket:
        await socket.send({"type": "subscribe", "id": "é", "payload": payload})
        while not found or found[-1]["type"] not in ("error", "complete"):
            found.append(await socket.receive())
        assert await is_silent(socket)
    return found


async def test_refusals_are_told_exactly_as_without_sharing(api: Api) -> None:
    async with unshared(api) as plain:
        for name, given in REFUSALS.items():
            assert await said(api, *given) == await said(plain, *given), name
    await until_nobody_is_left(api)


async def test_payloads_are_the_same_bytes_as_without_sharing(api: Api, shop: Shop) -> None:
    sold = await placed(shop, {"HAT": 1})
    watched = [
        (STOCK.replace("sku onHand", "sku bin { bin } updatedAt"), IN_ROME),
        (STOCK, {**IN_ROME, "after": "WyJhbm90aGVyIiwxLHt9XQ"}),
        (ORDER, {"id": gid("Order", sold.id)}),
    ]
    token = api.token(Role.ADMIN, subject=ADMIN.subject)
    async with (
        unshared(api) as plain,
        api.socket(token) as shared,
        plain.socket(token) as unshared_one,
    ):
        sockets = (shared, unshared_one)
        told: list[list[str]] = [[], []]
        await until_all_is_told(api)
        for number, (document, variables) in enumerate(watched):
            for socket in sockets:
                await socket.subscribe(document, variables, name=f'"{number}"')
        for texts, socket in zip(told, sockets, strict=True):
            texts += [await text_of(socket) for _ in range(4)]
        for number in range(4):
            await goods_came(shop, "HAT", "SCARF")
            await hold_changed(shop, sold.id, on=number % 2 == 0)
            for texts, socket in zip(told, sockets, strict=True):
                texts += [await text_of(socket) for _ in range(3)]
        assert sorted(told[0]) == sorted(told[1])
        kinds = [next(iter(orjson.loads(each)["payload"]["data"].values())) for each in told[0]]
        assert {each["kind"] for each in kinds} == {"SNAPSHOT", "RESYNC", "CHANGES"}
        assert len(cohorts(api)) == len(watched)
