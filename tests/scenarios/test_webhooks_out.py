"""Partners are told by webhooks: what they asked for, signed, again until they have it."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from app.hooks_out.calling import HttpHooker
from app.settings import load_settings
from domain.common.ids import ChannelCode
from domain.customers.tables import customer
from domain.identity.model import Actor, Role
from domain.notifications.endpoints import RECEIVER_GONE
from domain.notifications.port import Senders
from tests.support.mutations import Mutation, events
from tests.support.partner import Partner, open_partner
from tests.support.shop import ADMIN, WEB_SHOP
from tests.support.stage import gid
from tests.support.telling import Telling, open_telling

ENDPOINT = "endpoint { id url kinds channels enabled disabledReason version }"
CREATE = Mutation("createWebhookEndpoint", f"secret {ENDPOINT}")
UPDATE = Mutation("updateWebhookEndpoint", ENDPOINT)
ROTATE = Mutation("rotateWebhookSecret", f"secret {ENDPOINT}")
DISABLE = Mutation("disableWebhookEndpoint", ENDPOINT)
RESEND = Mutation("resendNotification", "notification { id state }")
PREFER = Mutation("setNotificationPreferences", "preferences { channels }")
OPERATIONS = Actor("olga", Role.OPERATIONS)
OTHER_SHOP = Actor("other", Role.CHANNEL, channel_codes=frozenset({ChannelCode("POS")}))
MANAGERS = (ADMIN, OPERATIONS, WEB_SHOP)
DELIVERIES = """{ webhookEndpoints { id enabled deliveries { totalCount edges { node {
  id kind state attempts reason } } } } }"""


@pytest.fixture
async def partner() -> AsyncGenerator[Partner]:
    async with open_partner() as partner:
        yield partner


@pytest.fixture
async def telling(engine: AsyncEngine, clean_database: str) -> AsyncGenerator[Telling]:
    settings = load_settings(webhooks_to_loopback=True, webhook_timeout_s=5)
    hooker = HttpHooker(settings)
    async with open_telling(engine, clean_database, Senders(hooker=hooker)) as telling:
        yield telling
    await hooker.close()


def wanted(url: str = "https://partner.example/hook", **changes: Any) -> dict[str, Any]:
    return {"idempotencyKey": uuid4().hex, "url": url, "channels": ["WEB"], **changes}


def about(endpoint: Any, **changes: Any) -> dict[str, Any]:
    return {"idempotencyKey": uuid4().hex, "endpointId": endpoint["id"], **changes}


async def deliveries(telling: Telling, actor: Actor = ADMIN) -> list[Any]:
    found = await telling.stage.api.do(actor, DELIVERIES)
    return [edge["node"] for each in found for edge in each["deliveries"]["edges"]]


async def test_a_partner_is_told_of_orders_of_its_channels_once(
    telling: Telling, partner: Partner
) -> None:
    api = telling.stage.api
    made = await CREATE.succeed(api, WEB_SHOP, wanted(partner.url))
    await CREATE.succeed(api, ADMIN, wanted(partner.url, channels=["POS"]))
    only = wanted(partner.url, channels=[], kinds=["ORDER_CANCELLED"])
    await CREATE.succeed(api, ADMIN, only)
    order = await telling.stage.placed()
    await telling.told()
    assert await telling.told() == 0
    told = [orjson.loads(body) for body in partner.bodies]
    assert {each["type"] for each in told} == {"order.placed", "order.confirmed"}
    assert {each["data"]["orderId"] for each in told} == {order["id"]}
    assert all(partner.verified(made["secret"], number) for number in (0, 1))
    assert len({each["webhook-id"] for each in partner.headers}) == 2
    text = b" ".join(partner.bodies)
    assert not any(word in text for word in (b"Ada", b"ada@", b"Via Roma", b"tok_"))
    assert await deliveries(telling, WEB_SHOP) == await deliveries(telling)
    assert await deliveries(telling, OTHER_SHOP) == []


async def test_a_partner_that_fails_is_told_again_under_the_same_id(
    telling: Telling, partner: Partner
) -> None:
    api = telling.stage.api
    await CREATE.succeed(api, WEB_SHOP, wanted(partner.url, kinds=["ORDER_CONFIRMED"]))
    await telling.stage.placed()
    partner.answer = Response(status_code=503, headers={"retry-after": "3600"})
    await telling.told()
    node = (await deliveries(telling))[0]
    assert (node["state"], node["reason"]) == ("WAITING", "status 503")
    partner.answer = Response(status_code=200)
    await telling.stage.make_due("notification", "next_try_at")
    assert await telling.send() == 1
    again = {"idempotencyKey": uuid4().hex, "notificationId": node["id"]}
    for actor in (OTHER_SHOP, Actor("none", Role.CHANNEL)):
        refused = await RESEND.refused(api, telling.stage.engine, actor, again)
        assert refused["code"] == "NOT_FOUND"
    await RESEND.check_contract(
        api, telling.stage.engine, WEB_SHOP, again,
        other={"notificationId": gid("Notification", uuid4())},
        allowed=[*MANAGERS, Actor("carla", Role.CALL_CENTER)],
    )  # fmt: skip
    assert await telling.send() == 1
    ids = [each["webhook-id"] for each in partner.headers]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    document = "query($id: ID!) { node(id: $id) { ... on Notification { state } } }"
    assert await api.do(WEB_SHOP, document, id=node["id"]) == {"state": "SENT"}
    assert await api.do(OTHER_SHOP, document, id=node["id"]) is None


async def test_a_partner_that_is_gone_is_told_nothing_more(
    telling: Telling, partner: Partner
) -> None:
    api = telling.stage.api
    made = await CREATE.succeed(api, WEB_SHOP, wanted(partner.url, kinds=["ORDER_CONFIRMED"]))
    await telling.stage.placed()
    partner.answer = Response(status_code=410)
    await telling.told()
    await telling.stage.placed()
    await telling.told()
    assert len(partner.bodies) == 1
    assert [each["state"] for each in await deliveries(telling)] == ["FAILED"]
    off = await api.do(WEB_SHOP, "{ webhookEndpoints { enabled disabledReason version } }")
    assert off == [{"enabled": False, "disabledReason": RECEIVER_GONE, "version": 2}]
    enabled = await UPDATE.succeed(api, WEB_SHOP, about(made["endpoint"], enabled=True))
    assert enabled["endpoint"]["enabled"]
    assert enabled["endpoint"]["version"] == 3
    assert enabled["endpoint"]["disabledReason"] is None


async def test_secrets_are_shown_once_and_replaced(telling: Telling, partner: Partner) -> None:
    api, engine = telling.stage.api, telling.stage.engine
    given = wanted(partner.url, kinds=["ORDER_CONFIRMED"])
    await CREATE.check_roles(api, engine, given, MANAGERS)
    first = await CREATE.succeed(api, WEB_SHOP, given)
    assert first["secret"].startswith("whsec_")
    assert (await CREATE.succeed(api, WEB_SHOP, given)) == {**first, "secret": None}
    rotate = about(first["endpoint"], expectedVersion=1)
    await ROTATE.check_roles(api, engine, rotate, MANAGERS)
    second = await ROTATE.succeed(api, WEB_SHOP, rotate)
    assert (await ROTATE.succeed(api, WEB_SHOP, rotate))["secret"] is None
    stale = await ROTATE.refused(api, engine, WEB_SHOP, {**rotate, "idempotencyKey": "other"})
    assert stale["code"] == "VERSION_CONFLICT"
    await telling.stage.placed()
    await telling.told()
    assert partner.verified(first["secret"])
    assert partner.verified(second["secret"])
    logged = str([each["payload"] for each in await events(engine)])
    assert "whsec_" not in logged


async def test_endpoints_are_changed_and_disabled(telling: Telling) -> None:
    api, engine = telling.stage.api, telling.stage.engine
    endpoint = (await CREATE.succeed(api, WEB_SHOP, wanted()))["endpoint"]
    changed = await UPDATE.check_contract(
        api, engine, WEB_SHOP,
        about(endpoint, url="https://new.example/", kinds=["SHIPPED", "DELIVERED"]),
        other={"url": "https://third.example/"}, allowed=MANAGERS,
    )  # fmt: skip
    assert changed["endpoint"]["url"] == "https://new.example/"
    assert changed["endpoint"]["kinds"] == ["SHIPPED", "DELIVERED"]
    done = await DISABLE.check_contract(
        api, engine, WEB_SHOP, about(endpoint, reason="moved"), other={"reason": "x"},
        allowed=MANAGERS,
    )  # fmt: skip
    assert done["endpoint"]["disabledReason"] == "moved"
    await telling.stage.placed()
    await telling.told()
    assert await deliveries(telling) == []


async def test_integrations_keep_to_their_channels(telling: Telling) -> None:
    api, engine = telling.stage.api, telling.stage.engine
    for channels in ([], ["POS"], ["WEB", "POS"]):
        refused = await CREATE.refused(api, engine, WEB_SHOP, wanted(channels=channels))
        assert refused["code"] == "FORBIDDEN"
    unknown = await CREATE.refused(api, engine, ADMIN, wanted(channels=["NOWHERE"]))
    assert unknown["code"] == "NOT_FOUND"
    bad = await CREATE.refused(api, engine, ADMIN, wanted("http://partner.example"))
    assert (bad["code"], bad["field"]) == ("VALIDATION_FAILED", "url")
    everyone = (await CREATE.succeed(api, ADMIN, wanted(channels=[])))["endpoint"]
    mine = (await CREATE.succeed(api, WEB_SHOP, wanted()))["endpoint"]
    for mutation in (UPDATE, ROTATE, DISABLE):
        strange = await mutation.refused(api, engine, WEB_SHOP, about(everyone))
        assert strange["code"] == "NOT_FOUND"
        other = await mutation.refused(api, engine, OTHER_SHOP, about(mine))
        assert other["code"] == "NOT_FOUND"
    wider = await UPDATE.refused(api, engine, WEB_SHOP, about(mine, channels=["WEB", "POS"]))
    assert wider["code"] == "FORBIDDEN"
    seen = await api.do(WEB_SHOP, "{ webhookEndpoints { id } }")
    assert [each["id"] for each in seen] == [mine["id"]]
    node = "query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { url } } }"
    assert await api.do(WEB_SHOP, node, id=everyone["id"]) is None
    assert (await api.do(ADMIN, node, id=mine["id"]))["url"] == mine["url"]


async def test_customers_and_staff_only_set_preferences(telling: Telling) -> None:
    given = {
        "idempotencyKey": "k",
        "customerId": gid("Customer", uuid4()),
        "channels": ["SMS"],
    }
    roles = (Role.CUSTOMER, Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN)
    allowed = [Actor("x", role) for role in roles]
    await PREFER.check_roles(telling.stage.api, telling.stage.engine, given, allowed)
    strange = await PREFER.refused(telling.stage.api, telling.stage.engine, ADMIN, given)
    assert strange["code"] == "NOT_FOUND"
    await telling.stage.placed()
    key = await telling.stage.shop.scalar(sa.select(customer.c.id))
    known = given | {"customerId": gid("Customer", key)}
    await PREFER.check_contract(
        telling.stage.api, telling.stage.engine, ADMIN, known, other={"channels": ["EMAIL"]},
        allowed=allowed,
    )  # fmt: skip
