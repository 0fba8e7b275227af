"""Signed CloudEvents to another system. The address is a URL that somebody gave us, so it is looked at first.

The envelope is CloudEvents 1.0 in structured mode; the signature that of Standard Webhooks 1.0: HMAC-SHA256 over id,
timestamp and body. Every try has the same id and body, so the receiver can tell a repetition.
"""

from __future__ import annotations

import json
import time
from typing import Any

from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.channels.exchange import Answer, Exchange, refusal
from lighttrap.notify.channels.settings import WebhookSettings
from lighttrap.notify.channels.signing import signature, signing_key

_NEVER = frozenset({400, 410, 413, 415, 422})


class Webhook:
    """Posts events to https URLs of the public internet, each signed with a key of that URL alone."""

    on_unknown = OnUnknown.SEND_AGAIN
    tells_each = True

    def __init__(self, name: str, settings: WebhookSettings) -> None:
        self.name = name
        self._secret = settings.secret.get_secret_value() if settings.secret else ""
        self._settings = settings
        self._exchange = Exchange(settings.timeout_s, is_guarded=not settings.allow_private)

    def send(self, message: Message) -> Receipt:
        """Posts once. Any 2xx is a yes; a redirect is not followed."""
        body = json.dumps(envelope(message, self._settings.source), ensure_ascii=False, sort_keys=True).encode()
        key = signing_key(self._secret, message.address)
        headers = signature(key, str(message.key), int(time.time()), body)
        headers |= {"Content-Type": "application/cloudevents+json; charset=utf-8", "Idempotency-Key": str(message.key)}
        answer = self._exchange.ask("POST", message.address, headers, body)
        return answer if isinstance(answer, Receipt) else _read(answer)

    def close(self) -> None:
        """Nothing to let go of."""


def _read(answer: Answer) -> Receipt:
    return Receipt(Outcome.SENT) if 200 <= answer.status < 300 else refusal(answer, _NEVER)


def envelope(message: Message, source: str) -> dict[str, Any]:
    """The event as a CloudEvent. Nothing of the recipient is in it."""
    about = message.about
    return {
        "specversion": "1.0",
        "id": str(message.key),
        "source": f"{source}/{about.org_id}",
        "type": f"lighttrap.alert.{about.word}.v1",
        "subject": f"alert/{about.alert_id}",
        "time": about.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "alert_id": about.alert_id,
            "event_id": about.event_id,
            "kind": about.kind,
            "level": about.level,
            "night": about.night.isoformat(),
            "species": about.species,
            "field_id": about.field_id,
            "trap_id": about.trap_id,
            "fault": about.fault,
            "text": message.text,
            "facts": dict(about.facts),
        },
    }
