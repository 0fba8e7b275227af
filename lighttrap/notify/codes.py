"""The messages that prove a sign-up: six digits to a telephone, sent beside the alerts and never in their way."""

from __future__ import annotations

from lighttrap.night import night_of
from lighttrap.notify.channels.channel import About, Message
from lighttrap.notify.sender import Sender
from lighttrap.store import signups
from lighttrap.store.pool import Connection
from lighttrap.store.signups import DueCode


class CodeSender(Sender):
    """Sends what waits of one channel, one after the other. Who gets none asks again, so nothing is sent twice."""

    def step(self, conn: Connection) -> bool:
        """Leases and sends the next message. Returns whether there was one."""
        due = signups.lease(conn, self.channel.name, self._clock(), self._settings.lease_s)
        conn.commit()
        if due is None:
            return False
        what: dict[str, object] = {"signup": due.signup_id, "attempt": due.attempts}
        receipt = self._send(self._message(due), what)

        def write(conn: Connection) -> bool:
            signups.record(conn, due, receipt.outcome, self._clock())
            conn.commit()
            return True

        self._insist(write, receipt, what)
        return True

    def _message(self, due: DueCode) -> Message:
        now = self._clock()
        about = About(
            event_id=0, alert_id=0, org_id=due.org_id, word="signup", level=0, night=night_of(now), at=now,
            kind="signup",
        )  # fmt: skip
        return Message(due.key, due.address, due.text, about, subject=due.text)
