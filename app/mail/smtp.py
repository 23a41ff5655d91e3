"""A `Mailer` over SMTP."""

import ssl
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, localtime

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from app.mail.settings import MailSecurity, MailSettings
from domain.notifications.port import Mail, Outcome, Sending

_PERMANENT = 500


class SmtpMailer:
    """Sends each mail on a connection of its own. A mail keeps its Message-ID over all tries, by
    which mail systems recognise one that comes twice.
    """

    def __init__(self, settings: MailSettings, tls: ssl.SSLContext | None = None) -> None:
        """`tls`: whom to trust; the system's authorities unless given."""
        self._settings = settings
        self._tls = tls or ssl.create_default_context()

    async def send_mail(self, mail: Mail) -> Sending:
        """See the port. A refusal for now (4xx), silence, and a login that fails are tried again;
        a refusal for good (5xx) is one.
        """
        settings = self._settings
        try:
            message = self._message(mail)
            _, said = await aiosmtplib.send(
                message,
                sender=settings.mail_from,
                recipients=[mail.to],
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username or None,
                password=settings.smtp_password or None,
                use_tls=settings.smtp_security is MailSecurity.TLS,
                start_tls=settings.smtp_security is MailSecurity.STARTTLS,
                timeout=settings.smtp_timeout_s,
                tls_context=self._tls,
            )
        except SMTPRecipientsRefused as refused:
            return _refusal(min(each.code for each in refused.recipients))
        except SMTPAuthenticationError as refused:
            return Sending(Outcome.TRY_AGAIN, f"login refused: SMTP {refused.code}")
        except SMTPResponseException as refused:
            return _refusal(refused.code)
        except (SMTPException, OSError, TimeoutError) as error:
            return Sending(Outcome.TRY_AGAIN, type(error).__name__)
        except ValueError:
            return Sending(Outcome.REFUSED, "the address cannot be written in a mail")
        return Sending(Outcome.SENT, reference=said[:200] or None)

    def _message(self, mail: Mail) -> EmailMessage:
        """The mail in its form, with text and HTML.

        Raises:
            ValueError: the address cannot stand in a header.
        """
        sender = self._settings.mail_from
        message = EmailMessage()
        message["From"] = formataddr((self._settings.shop_name, sender))
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<{mail.key}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        message["Content-Language"] = mail.language
        return message


def _refusal(code: int) -> Sending:
    """What a refusal means; the server's words may repeat the address, so they are not kept."""
    outcome = Outcome.REFUSED if code >= _PERMANENT else Outcome.TRY_AGAIN
    return Sending(outcome, f"SMTP {code}")
