"""What every order mutation owes: one effect per key, no effect when refused, whoever asks."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.common.tables import idempotency_key
from domain.identity.model import Actor, Role
from domain.orders.tables import fulfillment_order, line_group, order_history, sales_order
from domain.payments.tables import payment
from domain.stock.tables import stock_level
from schema.context import Services
from tests.resolvers.test_orders import PLACE, wish
from tests.support.graphql import Api, remembering_schema
from tests.support.shop import ADMIN, MILAN_TILL, ROME, ROME_TILL, Shop, open_shop

ORDER = "order { id status version holds paymentStatus fulfillmentStatus }"
WORK = "fulfillmentOrder { id status version }"
STRANGER = Actor("nobody", Role.CUSTOMER)
PICKUP = {"mode": "PICKUP", "locationId": str(relay.GlobalID("Location", str(ROME)))}


@dataclass(frozen=True)
class Case:
    """A mutation, how to get there, and what else its input needs."""

    name: str
    kind: str
    payload: str
    before: Sequence[str] = ()
    more: Callable[[], dict[str, Any]] = dict[str, Any]
    token: str = "tok_approve"
    outsider: Actor = STRANGER
    """Somebody whose role or scope forbids it."""

    def document(self) -> str:
        fields = f"{ORDER} {WORK}" if self.payload == "FulfillmentOrderPayload" else ORDER
        return f"""mutation($input: {self.kind}!) {{ {self.name}(input: $input) {{ __typename
          ... on {self.payload} {{ {fields} }} ... on Error {{ code message }} }} }}"""


def order_case(name: str, *before: str, **more: Any) -> Case:
    return Case(name, "ChangeOrderInput", "ChangeOrderPayload", before, **more)


def work_case(name: str, *before: str) -> Case:
    return Case(
        name,
        "FulfillmentOrderInput",
        "FulfillmentOrderPayload",
        before,
        outsider=MILAN_TILL,
    )


def hold_case(name: str, *before: str) -> Case:
    return Case(
        name,
        "OrderHoldInput",
        "ChangeOrderPayload",
        before,
        more=lambda: {"hold": "MANUAL", "reason": "look"},
    )


def paid_again() -> dict[str, Any]:
    return {"payment": {"tender": "CARD", "token": "tok_approve"}}


ROAD = ("releaseOrder", "startPicking", "confirmPick", "packFulfillmentOrder", "markReadyForPickup")
CASES = {
    each.name: each
    for each in (
        Case(
            "payOrder",
            "PayOrderInput",
            "PayOrderPayload",
            more=paid_again,
            token="tok_decline",
        ),
        hold_case("holdOrder"),
        hold_case("releaseHold", "holdOrder"),
        order_case("releaseOrder"),
        order_case("cancelOrder"),
        work_case("startPicking", *ROAD[:1]),
        work_case("confirmPick", *ROAD[:2]),
        work_case("packFulfillmentOrder", *ROAD[:3]),
        work_case("markReadyForPickup", *ROAD[:4]),
        order_case("collectOrder", *ROAD, outsider=MILAN_TILL),
    )
}
EVERY = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 5}})


@pytest.fixture
def api(shop: Shop) -> Api:
    schema = remembering_schema()
    return Api(schema, Services(shop.database, shop.gateway, shop.terms))


class Desk:
    """One order, brought to where the mutation is allowed."""

    def __init__(self, api: Api, shop: Shop, case: Case) -> None:
        self.api, self.shop, self.case = api, shop, case
        self.order_id = self.work_id = ""

    async def prepare(self) -> "Desk":
        payment = {"tender": "CARD", "token": self.case.token}
        given = wish("placed", delivery=PICKUP, payment=payment)
        await self.api.ask(ADMIN, PLACE, {"input": given})
        row = (await self.shop.rows(sa.select(sales_order.c.id)))[0]
        self.order_id = str(relay.GlobalID("Order", str(row.id)))
        works = await self.shop.rows(sa.select(fulfillment_order.c.id))
        self.work_id = str(relay.GlobalID("FulfillmentOrder", str(works[0].id))) if works else ""
        for name in self.case.before:
            answer = await self.ask(ADMIN, CASES[name], key=f"before-{name}")
            assert "code" not in answer, answer
        return self

    def input_of(self, case: Case, key: str, **changes: Any) -> dict[str, Any]:
        works = case.kind == "FulfillmentOrderInput"
        target = {"fulfillmentOrderId": self.work_id} if works else {"orderId": self.order_id}
        return {"idempotencyKey": key, **target, **case.more(), **changes}

    async def ask(
        self, actor: Actor | None, case: Case | None = None, *, key: str = "key", **changes: Any
    ) -> Any:
        case = case or self.case
        given = self.input_of(case, key, **changes)
        data, errors = await self.api.ask(actor, case.document(), {"input": given})
        return {"code": errors[0]} if errors else data[case.name]

    async def state(self) -> list[Any]:
        """All that a mutation could have changed."""
        tables = (sales_order, line_group, fulfillment_order, order_history, payment, stock_level)
        return [
            *[
                await self.shop.rows(sa.select(table).order_by(*table.primary_key))
                for table in tables
            ],
            await self.shop.rows(sa.select(idempotency_key.c.key).order_by("key")),
        ]


@pytest.fixture
async def desk(api: Api, shop: Shop, case: Case) -> Desk:
    return await Desk(api, shop, case).prepare()


@EVERY
async def test_one_key_is_one_effect_even_many_times_at_once(desk: Desk) -> None:
    answers = await asyncio.gather(*[desk.ask(ADMIN) for _ in range(5)])
    assert answers[0]["__typename"] == desk.case.payload, answers[0]
    assert all(answer == answers[0] for answer in answers)
    after = await desk.state()
    assert await desk.ask(ADMIN) == answers[0]
    assert await desk.state() == after
    assert await desk.shop.broken_rules() == []


@EVERY
async def test_a_key_with_another_input_is_a_conflict(desk: Desk) -> None:
    await desk.ask(ADMIN)
    after = await desk.state()
    other = await desk.ask(ADMIN, expectedVersion=99)
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert await desk.state() == after


@EVERY
async def test_a_stale_version_changes_nothing(desk: Desk) -> None:
    before = await desk.state()
    assert (await desk.ask(ADMIN, expectedVersion=99))["code"] == "VERSION_CONFLICT"
    assert await desk.state() == before


@EVERY
async def test_others_are_refused_and_change_nothing(desk: Desk) -> None:
    before = await desk.state()
    for actor in (None, desk.case.outsider, Actor("x", Role.CHANNEL)):
        answer = await desk.ask(actor)
        assert answer["code"] in ("UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"), answer
    assert await desk.state() == before


@EVERY
async def test_bad_input_is_a_typed_error(desk: Desk) -> None:
    before = await desk.state()
    wrong = str(relay.GlobalID("Product", "1"))
    name = "fulfillmentOrderId" if "Fulfillment" in desk.case.kind else "orderId"
    assert (await desk.ask(ADMIN, None, **{name: wrong}))["code"] == "VALIDATION_FAILED"
    assert (await desk.ask(ADMIN, key=""))["code"] == "VALIDATION_FAILED"
    assert (await desk.ask(ADMIN, key="k" * 129))["code"] == "VALIDATION_FAILED"
    unknown = str(
        relay.GlobalID(name[0].upper() + name[1:-2], "00000000-0000-7000-8000-000000000000")
    )
    assert (await desk.ask(ADMIN, None, **{name: unknown}))["code"] == "NOT_FOUND"
    assert await desk.state() == before


@EVERY
async def test_a_second_key_finds_the_work_done(desk: Desk) -> None:
    await desk.ask(ADMIN)
    after = await desk.state()
    again = await desk.ask(ADMIN if desk.case.outsider is STRANGER else ROME_TILL, key="second")
    assert again["code"] == "ILLEGAL_TRANSITION"
    assert await desk.state() == after
