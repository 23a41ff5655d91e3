"""S34, live: call center and app see a delay at once, and the customer is told once."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.schema import bare_schema, build_schema
from app.settings import load_settings
from domain.notifications.port import Senders
from domain.notifications.sending import Desk, send_due
from domain.notifications.telling import tell_news
from schema.context import Services
from subscriptions.fields import Subscription
from tests.scenarios.test_deliveries import report, shipped
from tests.scenarios.test_pickup import owner
from tests.subscriptions.watching import LiveApi
from tests.support.graphql import Api
from tests.support.road import running_road
from tests.support.shop import AGENT, Shop, open_shop
from tests.support.stage import Stage, gid
from tests.support.telling import SHOP, PostOffice
from tests.support.waiting import until

ORDER = """subscription($id: ID) { orderChanged(orderId: $id) { kind
  shipments { status parcels { trackingNumber notice expectedAt } } } }"""
CUSTOMER = """subscription($id: ID!) { customerActivity(customerId: $id) { kind
  shipments { parcels { trackingNumber notice } } } }"""


async def test_s34_call_center_app_and_mailbox_hear_of_a_delay_once(
    engine: AsyncEngine, clean_database: str, clean_redis: str
) -> None:
    made = await open_shop(engine, {"HAT": {"ROME": 5}})
    async with running_road(clean_database, clean_redis) as road:
        shop = Shop(road.database, made.gateway)
        services = Services(road.database, shop.gateway, shop.terms, road.hub)
        stage = Stage(engine, shop, services, Api(bare_schema(), services))
        live = LiveApi(build_schema(load_settings(), subscription=Subscription), services)
        order = await shipped(stage)
        ada = await owner(stage)
        person = gid("Customer", ada.customer_id)
        async with (
            live.watch(ada, ORDER, id=order["id"]) as app,
            live.watch(AGENT, CUSTOMER, id=person) as desk,
        ):
            assert (await app.next())["kind"] == "SNAPSHOT"
            assert (await desk.next())["kind"] == "SNAPSHOT"
            for _ in range(2):
                late = {"externalId": "d1", "expectedAt": "2026-12-09T12:00:00Z"}
                await report(stage, "DELAYED", **late)
            await report(stage, "DELIVERED")
            parcels = [
                [shipment["parcels"][0] for shipment in (await watching.next())["shipments"]]
                for watching in (app, desk, app, desk)
            ]
        delayed, seen_at_desk, delivered, _ = parcels
        assert delayed == [
            {"trackingNumber": "T1", "notice": "DELAYED", "expectedAt": "2026-12-09T12:00:00+00:00"}
        ]
        assert seen_at_desk == [{"trackingNumber": "T1", "notice": "DELAYED"}]
        assert delivered[0]["notice"] is None

        office = PostOffice()
        desk_of_mails = Desk(road.database, Senders(office, office), SHOP)

        async def everything_is_told() -> bool:
            await tell_news(road.database)
            await send_due(desk_of_mails)
            return len(office.mails) >= 4

        await until(everything_is_told)
        assert office.subjects.count("Your parcel for order is late") == 1
        assert len(office.mails) == 4


pytestmark = pytest.mark.usefixtures("clean_database")
