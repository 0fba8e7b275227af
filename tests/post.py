"""A notifier that works when it is told to, for tests of what the API says of messages."""

from __future__ import annotations

from datetime import UTC, datetime

from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.fanout import fan_out
from lighttrap.notify.sender import Sender
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import pool

FORMS = {"sms": Kind.SMS, "email": Kind.EMAIL}
DOWN = Receipt(Outcome.FAILED, "HTTP 503")
REFUSED = Receipt(Outcome.REFUSED, "HTTP 400")
LOST = Receipt(Outcome.UNKNOWN, "no answer")


class Post:
    """One channel, whose provider answers by its script, then always `sent`."""

    tells_each = False
    on_unknown = OnUnknown.ALARM_ONCE_MORE

    def __init__(self, dsn: str, name: str = "sms") -> None:
        self.name = name
        self.script: list[Receipt] = []
        self.asked: list[Message] = []
        self._dsn = dsn
        self._settings = NotifierSettings(daily_cap=100, weekly_cap=100)

    def send(self, message: Message) -> Receipt:
        """As a provider does."""
        self.asked.append(message)
        return self.script.pop(0) if self.script else Receipt(Outcome.SENT, provider_id=f"p-{len(self.asked)}")

    def close(self) -> None:
        """Holds nothing."""

    def fan_out(self) -> None:
        """Writes down what waiting events have to say."""
        with pool.connect(self._dsn) as conn:
            while fan_out(conn, self._settings, FORMS, datetime.now(UTC)):
                conn.commit()

    def work(self) -> list[Message]:
        """Does all there is to do now; returns what the provider was asked to send."""
        before = len(self.asked)
        self.fan_out()
        sender = Sender(self, self._settings, self._dsn)
        with pool.connect(self._dsn) as conn:
            while sender.step(conn):
                pass
        sender.close()
        return self.asked[before:]
