"""From an order to its mail in a real SMTP server, with the ways out that the settings name."""

from sqlalchemy.ext.asyncio import AsyncEngine

from app.mail.settings import MailSecurity
from app.notifying.wiring import notifying, senders_of, shop_of
from app.settings import load_settings
from tests.app.mail.test_smtp import Server, listening
from tests.support.telling import open_telling


async def test_a_confirmed_order_is_in_the_mailbox(
    engine: AsyncEngine, clean_database: str
) -> None:
    async with listening(Server()) as server, open_telling(engine, clean_database) as telling:
        settings = load_settings(
            smtp_host="localhost",
            smtp_port=server.port,
            smtp_security=MailSecurity.NONE,
            mail_from="shop@example.com",
            shop_name="Bottega",
        )
        order = await telling.stage.placed(language="it")
        while await telling.sequencer.move():
            pass
        database = telling.stage.services.database
        async with senders_of(settings) as senders:
            assert senders.texter is None
            for duty in notifying(database, senders, shop_of(settings)):
                assert await duty.run() == 1, duty.name
                assert await duty.run() == 0, duty.name
        (mail,) = server.taken
        assert mail["Subject"] == f"Il tuo ordine {order['number']} è confermato"
        assert server.recipients == ["ada@example.com"]
        assert [each["state"] for each in await telling.seen(order)] == ["SENT"]


async def test_ways_out_are_there_when_they_are_set_up() -> None:
    settings = load_settings(sms_url="https://sms.example/", sms_from="Bottega")
    async with senders_of(settings) as senders:
        assert senders.mailer is None
        assert senders.texter is not None
        assert senders.hooker is not None
