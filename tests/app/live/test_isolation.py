"""Equal documents and variables, different rights: no body crosses a scope."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import jwt
import pytest
import sqlalchemy as sa
from graphql import ObjectTypeDefinitionNode, parse
from websockets.exceptions import ConnectionClosed

from app.schema import sdl
from domain.identity.model import Role
from domain.orders.commands import ChangeOrder
from domain.orders.tables import sales_order
from domain.orders.work import release_order
from domain.stock.bins import SetStockBin, set_stock_bin
from tests.support.api import Api, LiveSocket
from tests.support.live_audience import (
    CASES,
    OTHER_TILL,
    Audience,
    Case,
    World,
    build_world,
    toggled,
)
from tests.support.shared_live import (
    cohorts,
    counts,
    goods_came,
    is_silent,
    payload_of,
    seating,
    text_of,
    token_of,
    until_nobody_is_left,
)
from tests.support.shop import (
    ADMIN,
    MILAN_TILL,
    ROME,
    ROME_TILL,
    WEB_SHOP,
    Shop,
)
from tests.support.stage import gid
from tests.support.waiting import until

REVOKE = """mutation($input: RevokeSessionInput!) { revokeSession(input: $input) {
  __typename ... on Error { code message } } }"""
every_field = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture
async def world(shop: Shop) -> World:
    return await build_world(shop)


def test_every_subscription_field_has_a_case() -> None:
    (root,) = [
        each
        for each in parse(sdl()).definitions
        if isinstance(each, ObjectTypeDefinitionNode) and each.name.value == "Subscription"
    ]
    assert {field.name.value for field in root.fields or ()} == set(CASES)


@every_field
async def test_no_body_crosses_a_scope(api: Api, world: World, case: Case) -> None:
    async with AsyncExitStack() as stack:
        audience = Audience(api, world, case, stack)
        refused = [
            await audience.refuse(who, code, f"refused {n}")
            for n, (who, code) in enumerate(case.refused.items())
        ]
        one, two = [await audience.watch(who, f"equal {n}") for n, who in enumerate(case.equal)]
        others = {
            name: await audience.watch(who, name)
            for name, who in ((f"other {n}", who) for n, who in enumerate(case.others))
        }
        await until(lambda: seating(api) == [{"equal 0", "equal 1"}, *({name} for name in others)])
        assert {cohort.feed.scope for cohort in cohorts(api)} == {case.scope}
        assert counts(api) == (2 + len(others), 1 + len(others))

        for number in range(3):
            await case.change(world, number)
            first, second = await text_of(one), await text_of(two)
            assert first != second
            assert first.replace('"equal 0"', '"equal 1"', 1) == second
            for name, socket in others.items():
                assert (await payload_of(socket, name))["kind"] == "CHANGES"
        for socket in (one, two, *refused, *others.values()):
            assert await is_silent(socket)
    await until_nobody_is_left(api)


@every_field
async def test_after_a_change_of_role_only_what_the_new_role_may_see(
    api: Api, world: World, case: Case
) -> None:
    leaving = token_of(api, world.actor(case.equal[0]))
    async with AsyncExitStack() as stack:
        audience = Audience(api, world, case, stack)
        leaver = await audience.watch(case.equal[0], "leaver", leaving)
        stayer = await audience.watch(case.equal[1], "stayer")
        await until(lambda: seating(api) == [{"leaver", "stayer"}])
        await case.change(world, 0)
        for socket, name in ((leaver, "leaver"), (stayer, "stayer")):
            assert (await payload_of(socket, name))["kind"] == "CHANGES"

        await revoke(api, leaving)
        with pytest.raises(ConnectionClosed):
            await leaver.receive()
        assert leaver.connection.close_code == 4403
        assert seating(api) == [{"stayer"}]
        await case.change(world, 1)
        assert (await payload_of(stayer, "stayer"))["kind"] == "CHANGES"

        for n, (who, code) in enumerate(case.refused.items()):
            await audience.refuse(who, code, f"refused {n}")
        assert counts(api) == (1, 1)
        for n, who in enumerate(case.others):
            other = await audience.watch(who, f"other {n}")
            await case.change(world, n)
            assert (await payload_of(other, f"other {n}"))["kind"] == "CHANGES"
        assert {frozenset(each) for each in seating(api)} == {
            frozenset({"stayer"}),
            *(frozenset({f"other {n}"}) for n in range(len(case.others))),
        }


async def revoke(api: Api, token: str) -> None:
    session = jwt.decode(token, options={"verify_signature": False})["jti"]
    given = {"idempotencyKey": uuid4().hex, "sessionId": session}
    answer = await api.post(REVOKE, {"input": given}, token=api.token(Role.ADMIN))
    assert answer.data["revokeSession"]["__typename"] == "RevokeSessionPayload"


async def test_a_session_revoked_in_the_middle_of_changes_gets_no_frame_after_its_end(
    api: Api, world: World
) -> None:
    case = CASES["stockChanged"]
    leaving = token_of(api, ROME_TILL)
    async with AsyncExitStack() as stack:
        audience = Audience(api, world, case, stack)
        stayer = await audience.watch(OTHER_TILL, "stayer")
        leaver = await audience.watch(ROME_TILL, "leaver", leaving)
        await until(lambda: seating(api) == [{"leaver", "stayer"}])
        await revoke(api, leaving)
        made = 0
        while {"leaver", "stayer"} in seating(api):
            await case.change(world, made)
            made += 1
        told = await messages_until_closed(leaver)
        assert leaver.connection.close_code == 4403
        await case.change(world, made)
        versions = [
            (await payload_of(stayer, "stayer"))["levels"][0]["version"] for _ in range(made + 1)
        ]
        assert told == versions[: len(told)]
        assert len(told) <= made


async def messages_until_closed(socket: LiveSocket) -> list[int]:
    """The versions of the level in all that comes before the end."""
    found: list[int] = []
    while True:
        try:
            found.append((await payload_of(socket, "leaver"))["levels"][0]["version"])
        except ConnectionClosed:
            return found


async def test_a_field_inside_shows_each_caller_their_own(api: Api, world: World) -> None:
    document = """subscription($places: [ID!]!) { stockChanged(locationIds: $places) {
      levels { sku bin { bin } } } }"""
    variables = {"places": [gid("Location", ROME)]}

    async def stands(name: str) -> None:
        given = SetStockBin(uuid4().hex, "HAT", ROME, "A", name)  # pyright: ignore[reportArgumentType]
        await world.shop.database.run(
            lambda tx: set_stock_bin(tx, ADMIN, given), actor_key=ADMIN.key
        )

    def hats(message: Mapping[str, Any]) -> list[Any]:
        levels = message["payload"]["data"]["stockChanged"]["levels"]
        return [each["bin"] for each in levels if each["sku"] == "HAT"]

    await stands("1")
    actors = (ROME_TILL, OTHER_TILL, WEB_SHOP, ADMIN)
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(api.socket(token_of(api, actor))) for actor in actors
        ]
        for bin_name in ("1", "2"):
            await stands(bin_name)
            for name, socket in enumerate(sockets):
                if bin_name == "1":
                    await socket.subscribe(document, variables, name=str(name))
            if bin_name == "2":
                await goods_came(world.shop)
            for actor, socket in zip(actors, sockets, strict=True):
                message = await socket.receive()
                codes = {
                    each["extensions"]["code"] for each in message["payload"].get("errors", ())
                }
                refused = actor is WEB_SHOP
                assert hats(message) == [None if refused else {"bin": bin_name}]
                assert codes == ({"FORBIDDEN"} if refused else set())
        assert seating(api) == [{"0", "1"}, {"2"}, {"3"}]


async def test_a_guest_shares_with_nobody_not_even_by_the_same_document(
    api: Api, world: World
) -> None:
    query = sa.select(sales_order.c.tracking_token).where(sales_order.c.id == world.ada.id)
    tracking = await world.shop.scalar(query)
    arguments = f'number: "{world.ada.number}", token: "{tracking}"'
    document = f"""subscription {{ orderChanged({arguments}) {{
      kind changes {{ number version }} }} }}"""
    async with AsyncExitStack() as stack:
        guests = [await stack.enter_async_context(api.events(document)) for _ in range(2)]
        bea = await stack.enter_async_context(api.socket(token_of(api, world.actor("bea"))))
        await bea.subscribe(document, name="bea")
        assert (await payload_of(bea, "bea"))["kind"] == "SNAPSHOT"
        for guest in guests:
            assert _told(await guest.next())["kind"] == "SNAPSHOT"
        apart = [{"bea"}, {"event stream"}, {"event stream"}]
        await until(lambda: seating(api) == apart)
        await toggled(world, 0)
        expected = await payload_of(bea, "bea")
        for guest in guests:
            assert _told(await guest.next()) == expected
    async with api.open_socket() as socket:
        await socket.send({"type": "connection_init"})
        await socket.subscribe(document)
        with pytest.raises(ConnectionClosed):
            await socket.receive()
        assert socket.connection.close_code == 4403


def _told(event: tuple[str, dict[str, Any] | None]) -> dict[str, Any]:
    name, data = event
    assert name == "next"
    assert data is not None
    return data["data"]["orderChanged"]


async def test_who_may_work_on_the_order_no_more_shares_nothing_new(api: Api, world: World) -> None:
    release = ChangeOrder(uuid4().hex, world.ada.id)
    case = CASES["orderChanged"]
    async with AsyncExitStack() as stack:
        audience = Audience(api, world, case, stack)
        await audience.watch(ROME_TILL, "one")
        await world.shop.database.run(
            lambda tx: release_order(tx, ADMIN, release), actor_key=ADMIN.key
        )
        await audience.refuse(MILAN_TILL, "NOT_FOUND", "two")
        assert counts(api) == (1, 1)
