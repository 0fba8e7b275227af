"""Mail through an SMTP server. smtplib and not apprise: each try must have the same Message-ID, and a refusal a reason.

A mailbox shows two mails of one Message-ID once, or as the same: so one that may have been taken is sent again.
"""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.channels.settings import EmailSettings


class Email:
    """Sends each message as a mail of its own."""

    on_unknown = OnUnknown.AT_LEAST_ONCE
    tells_each = False

    def __init__(self, name: str, settings: EmailSettings) -> None:
        self.name = name
        self._settings = settings
        self._sender = settings.sender or ""
        self._context = ssl.create_default_context(cafile=settings.ca_file)

    def send(self, message: Message) -> Receipt:
        """One conversation with the server. Until the text is handed over, nothing can have been sent."""
        try:
            mail = mail_of(message, self._sender)
        except ValueError:
            return Receipt(Outcome.REFUSED, "the address is none")
        try:
            server = self._open()
        except (OSError, smtplib.SMTPException) as fault:
            return Receipt(Outcome.FAILED, f"no server: {_word(fault)}", is_down=True)
        try:
            return self._converse(server, message.address, mail)
        finally:
            server.close()

    def close(self) -> None:
        """Nothing to let go of: each message has its own connection."""

    def _open(self) -> smtplib.SMTP:
        settings = self._settings
        host, port, timeout_s = settings.host or "", settings.port, settings.timeout_s
        if settings.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=self._context)
        else:
            server = smtplib.SMTP(host, port, timeout=timeout_s)
        try:
            if settings.tls == "starttls":
                server.starttls(context=self._context)
            server.ehlo_or_helo_if_needed()
            if settings.user is not None and settings.password is not None:
                server.login(settings.user, settings.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _converse(self, server: smtplib.SMTP, address: str, mail: bytes) -> Receipt:
        try:
            code, _ = server.mail(self._sender)
            if code != 250:
                return Receipt(Outcome.FAILED, f"the sender is not taken: SMTP {code}", is_down=True)
            code, _ = server.rcpt(address)
            if code not in (250, 251):
                return _refusal("the address is not taken", code)
        except (OSError, smtplib.SMTPException) as fault:
            return Receipt(Outcome.FAILED, f"broken off before the text: {_word(fault)}")
        try:
            code, _ = server.data(mail)
        except smtplib.SMTPDataError as fault:
            return _refusal("the text is not asked for", fault.smtp_code)
        except (OSError, smtplib.SMTPException) as fault:
            return Receipt(Outcome.UNKNOWN, f"broken off with the text: {_word(fault)}")
        return Receipt(Outcome.SENT) if code == 250 else _refusal("the text is not taken", code)


def mail_of(message: Message, sender: str) -> bytes:
    """The mail, the same at every try. Raises ValueError for an address that is none."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = Address(addr_spec=message.address)
    mail["Subject"] = " ".join((message.subject or message.text[:60]).split())
    mail["Date"] = message.about.at
    mail["Message-ID"] = f"<{message.key}@{sender.rpartition('@')[2].strip('> ')}>"
    # RFC 3834: nobody's holiday note shall answer.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail.as_bytes()


def _refusal(what: str, code: int) -> Receipt:
    """RFC 5321, 4.2.1: 4xx may go later, 5xx never."""
    return Receipt(Outcome.REFUSED if code >= 500 else Outcome.FAILED, f"{what}: SMTP {code}")


def _word(fault: Exception) -> str:
    """The kind of fault, without its text: that may hold an address."""
    code = getattr(fault, "smtp_code", None)
    return f"{type(fault).__name__} {code}" if code else type(fault).__name__
