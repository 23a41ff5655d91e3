"""Mails over a real SMTP server on loopback, which answers as told."""

import asyncio
import email
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from app.mail.settings import MailSecurity
from app.mail.smtp import SmtpMailer
from app.settings import Settings, SettingsError, load_settings
from domain.notifications.model import NotificationId
from domain.notifications.port import Mail, Outcome
from tests.support.certificates import certificate

MAIL = Mail(
    NotificationId(UUID(int=5)), "ada@example.com", "it", "Il tuo ordine è in viaggio",
    "Ciao Ada,\n\nperché no?\n", "<p>Ciao Ada, perché no?</p>",
)  # fmt: skip


@dataclass
class Server:
    """A server that keeps what it takes, and gives these answers first."""

    answers: dict[str, str] = field(default_factory=dict[str, str])
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])
    recipients: list[str] = field(default_factory=list[str])
    encrypted: list[bool] = field(default_factory=list[bool])
    port: int = 0

    async def handle_RCPT(  # noqa: N802 -- the name that the server looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        del session, options
        if (answer := self.answers.get("RCPT")) is not None:
            return answer
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 -- the name that the server looks for
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        if (answer := self.answers.get("DATA")) is not None:
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(email.message_from_bytes(content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        return "250 Queued as 42"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: object
    ) -> AuthResult:
        """Whether it is our user."""
        del server, session, envelope, mechanism
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == b"right", handled=False)


@asynccontextmanager
async def listening(server: Server, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Server]:
    """The server on a free port of loopback; with `tls` it asks for STARTTLS and a login."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            server,
            loop=loop,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=server.authenticate,
            auth_required=tls is not None,
        )

    listener = await loop.create_server(session, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


def settings(server: Server, **changes: Any) -> Settings:
    given = {"smtp_host": "localhost", "smtp_port": server.port, "mail_from": "shop@example.com"}
    plain = {"smtp_security": MailSecurity.NONE, "shop_name": "Bottega", "smtp_timeout_s": 5}
    return load_settings(**{**given, **plain, **changes})


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with listening(Server()) as server:
        yield server


async def test_a_mail_arrives_as_it_is(server: Server) -> None:
    mailer = SmtpMailer(settings(server))
    for _ in range(2):
        sent = await mailer.send_mail(MAIL)
        assert (sent.outcome, sent.reference) == (Outcome.SENT, "Queued as 42")
    first, second = server.taken
    assert server.recipients == ["ada@example.com"] * 2
    assert first["From"] == "Bottega <shop@example.com>"
    assert first["To"] == "ada@example.com"
    assert first["Subject"] == MAIL.subject
    assert first["Message-ID"] == second["Message-ID"] == f"<{UUID(int=5)}@example.com>"
    assert first["Content-Language"] == "it"
    plain, html = first.get_body(("plain",)), first.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == MAIL.text
    assert html.get_content().strip() == MAIL.html


@pytest.mark.parametrize(
    ("step", "answer", "outcome", "reason"),
    [
        ("RCPT", "450 mailbox busy, ada@example.com", Outcome.TRY_AGAIN, "SMTP 450"),
        ("RCPT", "550 no such user ada@example.com", Outcome.REFUSED, "SMTP 550"),
        ("DATA", "451 try later", Outcome.TRY_AGAIN, "SMTP 451"),
        ("DATA", "554 spam", Outcome.REFUSED, "SMTP 554"),
        ("DATA", "421 closing", Outcome.TRY_AGAIN, "SMTP 421"),
    ],
)
async def test_refusals_are_for_now_or_for_good(
    server: Server, step: str, answer: str, outcome: Outcome, reason: str
) -> None:
    server.answers[step] = answer
    sent = await SmtpMailer(settings(server)).send_mail(MAIL)
    assert (sent.outcome, sent.reason) == (outcome, reason)
    assert server.taken == []


async def test_a_server_that_is_away_is_tried_again() -> None:
    async with listening(Server()) as gone:
        mailer = SmtpMailer(settings(gone))
    sent = await mailer.send_mail(MAIL)
    assert sent.outcome is Outcome.TRY_AGAIN
    assert "ada" not in (sent.reason or "")


async def test_an_address_with_a_line_break_is_no_header(server: Server) -> None:
    evil = Mail(MAIL.key, "a@b.c\nBcc: x@y.z", "it", MAIL.subject, MAIL.text, MAIL.html)
    assert (await SmtpMailer(settings(server)).send_mail(evil)).outcome is Outcome.REFUSED
    assert server.taken == []


async def test_the_connection_is_encrypted_before_the_login(tmp_path: Path) -> None:
    pem, here = certificate(tmp_path, "localhost")
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(pem)
    async with listening(Server(), there) as server:
        user: dict[str, Any] = {"smtp_security": MailSecurity.STARTTLS, "smtp_username": "shop"}
        right = settings(server, smtp_password="right", **user)
        assert (await SmtpMailer(right, here).send_mail(MAIL)).outcome is Outcome.SENT
        assert server.encrypted == [True]
        wrong = settings(server, smtp_password="wrong", **user)
        sent = await SmtpMailer(wrong, here).send_mail(MAIL)
        assert (sent.outcome, sent.reason) == (Outcome.TRY_AGAIN, "login refused: SMTP 535")
        untrusting = await SmtpMailer(right).send_mail(MAIL)
        assert untrusting.outcome is Outcome.TRY_AGAIN
    assert len(server.taken) == 1
    assert "right" not in repr(right)


async def test_a_server_without_encryption_gets_nothing(server: Server) -> None:
    given = settings(server, smtp_security=MailSecurity.STARTTLS)
    assert (await SmtpMailer(given).send_mail(MAIL)).outcome is Outcome.TRY_AGAIN
    assert server.taken == []


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(SettingsError, match="UNICO_MAIL_FROM"):
        load_settings(smtp_host="localhost")
    with pytest.raises(SettingsError, match="UNICO_SMTP_SECURITY"):
        load_settings(
            smtp_host="h", mail_from="a@b.c", smtp_password="p", smtp_security=MailSecurity.NONE
        )
