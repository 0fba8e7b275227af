"""Anything that apprise can reach: Telegram, Zalo bots, web push, e-mail and some hundred others."""

from __future__ import annotations

import logging
import warnings
from urllib.parse import quote

with warnings.catch_warnings():
    # On Python 3.11 and 3.12 its mail plugin asks for a module that is to go; plugins are loaded at the first use.
    warnings.simplefilter("ignore", DeprecationWarning)
    import apprise

    apprise.Apprise.instantiate("json://localhost")

from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt

# They name addresses and tokens; what apprise has to say is a yes or a no.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


class AppriseService:
    """One apprise URL with a place for the address. A no counts as not sent, so a message may come twice."""

    on_unknown = OnUnknown.ALARM_ONCE_MORE
    tells_each = False

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url

    def send(self, message: Message) -> Receipt:
        """Sends by a service made for this address."""
        service = apprise.Apprise()
        if not service.add(self._url.replace("{address}", quote(message.address, safe=""))):
            return Receipt(Outcome.REFUSED, "apprise cannot read the address")
        is_sent = service.notify(
            title=" ".join((message.subject or "").split()),
            body=message.text,
            body_format=apprise.NotifyFormat.TEXT,
            interpret_escapes=False,
        )
        return Receipt(Outcome.SENT) if is_sent else Receipt(Outcome.FAILED, "the service did not take it")

    def close(self) -> None:
        """Nothing to let go of: apprise connects for each message."""
