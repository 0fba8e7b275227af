"""An SMS gateway that is spoken to by HTTP, whichever it is: the settings describe it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.channels.exchange import Answer, Exchange, refusal
from lighttrap.notify.channels.settings import SmsSettings, statuses

_PLACE = re.compile(r"\{(address|text|key|unicode)\}")


class SmsHttp:
    """A gateway described by its URL, body and rule of success. It may stand in the own network, as a modem does."""

    tells_each = False

    def __init__(self, name: str, settings: SmsSettings) -> None:
        self.name = name
        self._settings = settings
        self.on_unknown = OnUnknown.SEND_AGAIN if settings.key_header else OnUnknown.ALARM_ONCE_MORE
        self._url = settings.url.get_secret_value() if settings.url else ""
        self._exchange = Exchange(settings.timeout_s, is_guarded=False)

    def send(self, message: Message) -> Receipt:
        """Asks the gateway once."""
        settings = self._settings
        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        if settings.key_header:
            headers[settings.key_header] = str(message.key)
        body = b""
        if settings.method != "GET":
            headers.setdefault("Content-Type", settings.content_type)
            body = fill(settings.body.get_secret_value(), message, _ESCAPES[settings.content_type]).encode()
        url = fill(self._url, message, _quoted)
        answer = self._exchange.ask(settings.method, url, headers, body)
        return answer if isinstance(answer, Receipt) else self._read(answer)

    def close(self) -> None:
        """Nothing to let go of: each message has its own connection."""

    def _read(self, answer: Answer) -> Receipt:
        settings = self._settings
        if settings.refused_pattern and re.search(settings.refused_pattern, answer.text):
            return Receipt(Outcome.REFUSED, f"HTTP {answer.status}: {told(answer.text)}")
        if answer.status not in statuses(settings.success_status):
            return refusal(answer, statuses(settings.refused_status))
        if settings.success_pattern and not re.search(settings.success_pattern, answer.text):
            return Receipt(Outcome.FAILED, f"no success: {told(answer.text)}")
        return Receipt(Outcome.SENT, provider_id=found_at(answer.text, settings.id_path) if settings.id_path else None)


def fill(template: str, message: Message, escape: Callable[[str], str]) -> str:
    """A template with the message's parts, each escaped; other braces stay as they are.

    The text is composed (NFC), as its segments were counted.
    """
    values: Mapping[str, str] = {
        "address": message.address,
        "text": unicodedata.normalize("NFC", message.text),
        "key": str(message.key),
        "unicode": "0" if message.text.isascii() else "1",
    }
    return _PLACE.sub(lambda place: escape(values[place[1]]), template)


def found_at(text: str, path: str) -> str | None:
    """What stands in a JSON text at a path such as `messages.0.id`; None when nothing does."""
    try:
        value: Any = json.loads(text)
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return None if value is None or isinstance(value, dict | list) else str(value)


def told(text: str) -> str:
    """The beginning of an answer, without what may be a telephone number: details are kept and shown."""
    return re.sub(r"\+?\d{8,}", "…", text)[:200]


def _quoted(value: str) -> str:
    return quote(value, safe="")


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


_ESCAPES: Mapping[str, Callable[[str], str]] = {
    "application/json": _in_json,
    "application/x-www-form-urlencoded": _quoted,
    "text/plain": str,
}
