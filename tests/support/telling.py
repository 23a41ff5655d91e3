"""Customers and partners are told, by post offices of tests that keep what they are given."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.events.sequencing import Sequencer, open_sequencer
from domain.notifications.model import NotificationId
from domain.notifications.port import Mail, Outcome, Senders, Sending, Sms
from domain.notifications.rendering import Shop
from domain.notifications.sending import Desk, send_due
from domain.notifications.telling import tell_news
from tests.support.shop import ADMIN
from tests.support.stage import Stage, open_stage

SHOP = Shop("Bottega", "https://bottega.example/orders/{number}?t={token}", "Europe/Rome")
FIELDS = "id kind channel state attempts reason address sentAt"


@dataclass
class PostOffice:
    """Takes mails and text messages; `answer` says what comes of a message, by its key."""

    mails: list[Mail] = field(default_factory=list[Mail])
    texts: list[Sms] = field(default_factory=list[Sms])
    answer: Callable[[NotificationId], Sending] = lambda _: Sending(Outcome.SENT)

    async def send_mail(self, mail: Mail) -> Sending:
        """The answer; the mail is kept."""
        self.mails.append(mail)
        return self.answer(mail.key)

    async def send_sms(self, sms: Sms) -> Sending:
        """The answer; the text is kept."""
        self.texts.append(sms)
        return self.answer(sms.key)

    @property
    def subjects(self) -> list[str]:
        """Subjects of the mails, without numbers of orders."""
        words = [mail.subject.split() for mail in self.mails]
        return [" ".join(word for word in each if not word.startswith("U-")) for each in words]


@dataclass
class Telling:
    """A stage whose events are logged and told at once when asked."""

    stage: Stage
    sequencer: Sequencer
    office: PostOffice
    desk: Desk

    async def tell(self) -> int:
        """The number of notifications that the events since the last call have made."""
        while await self.sequencer.move():
            pass
        return await tell_news(self.stage.services.database)

    async def send(self) -> int:
        """The number of notifications that were tried."""
        return await send_due(self.desk)

    async def told(self) -> int:
        """As `tell`; all that is due is sent too."""
        made = await self.tell()
        while await self.send():
            pass
        return made

    async def seen(self, order: Any, fields: str = FIELDS) -> list[Any]:
        """The notifications of an order, as staff sees them."""
        found = await self.stage.order(order["id"], f"notifications {{ {fields} }}", ADMIN)
        return found["notifications"]

    async def kinds(self, order: Any) -> list[str]:
        """What was told of an order, oldest first, with its channel."""
        return [f"{each['kind']} {each['channel']}" for each in await self.seen(order)]


@asynccontextmanager
async def open_telling(
    engine: AsyncEngine, url: str, senders: Senders | None = None
) -> AsyncGenerator[Telling]:
    """A stage over a clean database with ten hats in Rome, told by `senders`, or a post office."""
    stage = await open_stage(engine, {"HAT": {"ROME": 10}, "SCARF": {"ROME": 10}})
    office = PostOffice()
    async with open_sequencer(url) as sequencer:
        assert await sequencer.try_lead()
        ways = senders or Senders(office, office)
        yield Telling(stage, sequencer, office, Desk(stage.services.database, ways, SHOP))
