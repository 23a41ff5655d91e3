"""The ways out with their connections, by the settings."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2

from app.duties import Duty
from app.hooks_out.calling import HttpHooker
from app.mail.smtp import SmtpMailer
from app.settings import Settings
from app.sms.twilio import TIMEOUT_S, TwilioTexter
from domain.common.database import Database
from domain.notifications.port import Senders
from domain.notifications.rendering import Shop
from domain.notifications.sending import Desk, send_due
from domain.notifications.telling import tell_news

EVERY_S = 2.0


def shop_of(settings: Settings) -> Shop:
    """In whose name messages are written."""
    return Shop(settings.shop_name, settings.order_page_url, settings.merchant_time_zone.key)


@asynccontextmanager
async def senders_of(settings: Settings) -> AsyncGenerator[Senders]:
    """The ways out that are set up, ready to be used; partners can always be told."""
    async with AsyncExitStack() as stack:
        mailer = SmtpMailer(settings) if settings.smtp_host else None
        texter = None
        if settings.sms_url:
            client = await stack.enter_async_context(httpx2.AsyncClient(timeout=TIMEOUT_S))
            texter = TwilioTexter(settings, client)
        hooker = HttpHooker(settings)
        stack.push_async_callback(hooker.close)
        yield Senders(mailer, texter, hooker)


def notifying(database: Database, senders: Senders, shop: Shop) -> Sequence[Duty]:
    """The duties: events become notifications, and those that are due are sent."""
    desk = Desk(database, senders, shop)
    return (
        Duty("notifications made", lambda: tell_news(database)),
        Duty("notifications sent", lambda: send_due(desk)),
    )
