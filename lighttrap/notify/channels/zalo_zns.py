"""Zalo Notification Service, by its public documentation. Unproven: nobody has sent through it from here."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.channels.exchange import Answer, Exchange, refusal
from lighttrap.notify.channels.settings import ZnsSettings
from lighttrap.notify.channels.sms_http import found_at, told

_NOT_ON_ZALO = -118
"""The one error of a number on which public sources agree; every other one may be ours, and is tried again."""
_TOKEN_ENDED = (-124, -216, -220)
_RENEW_BEFORE_S = 600.0


class ZaloZns:
    """Template messages to telephone numbers; `tracking_id` is our key, for reconciliation and not for idempotency."""

    on_unknown = OnUnknown.ALARM_ONCE_MORE
    tells_each = True

    def __init__(self, name: str, settings: ZnsSettings) -> None:
        self.name = name
        self._settings = settings
        self._exchange = Exchange(settings.timeout_s, is_guarded=False)
        self._tokens = Path(settings.token_file or "")
        self._renewing = threading.Lock()

    def send(self, message: Message) -> Receipt:
        """Asks the service once, after renewing our token when it must be."""
        template = self._template(message)
        if template is None:
            return Receipt(Outcome.FAILED, f"no template for {message.about.word}-{message.about.level}")
        token = self._token()
        if isinstance(token, Receipt):
            return token
        body = {
            "phone": international(message.address),
            "template_id": template,
            "template_data": dict(message.values),
            "tracking_id": str(message.key),
        }
        headers = {"access_token": token, "Content-Type": "application/json"}
        answer = self._exchange.ask("POST", self._settings.url, headers, json.dumps(body, ensure_ascii=False).encode())
        return answer if isinstance(answer, Receipt) else self._read(answer)

    def close(self) -> None:
        """Nothing to let go of."""

    def _template(self, message: Message) -> str | None:
        templates, about = self._settings.templates, message.about
        return templates.get(f"{about.word}-{about.level}") or templates.get(about.word)

    def _read(self, answer: Answer) -> Receipt:
        """The service answers 200 with its own error number, 0 being success."""
        if answer.status != 200:
            return refusal(answer, ())
        said = _document(answer.text)
        error = said.get("error")
        if not isinstance(error, int):
            return Receipt(Outcome.UNKNOWN, "an answer that cannot be read")
        if error == 0:
            return Receipt(Outcome.SENT, provider_id=found_at(answer.text, "data.msg_id"))
        if error in _TOKEN_ENDED:
            with self._renewing:
                self._write({**self._read_tokens(), "expires_at": 0})
            return Receipt(Outcome.FAILED, f"Zalo {error}: the token has ended", retry_after_s=0, is_down=True)
        outcome = Outcome.REFUSED if error == _NOT_ON_ZALO else Outcome.FAILED
        return Receipt(outcome, told(f"Zalo {error}: {said.get('message')}"))

    def _token(self) -> str | Receipt:
        """A token that holds for a while.

        A refresh token is good for one use, so the next one is written down before anything else is done.
        """
        with self._renewing:
            return self._read_or_renew()

    def _read_or_renew(self) -> str | Receipt:
        try:
            tokens = self._read_tokens()
            if tokens.get("access_token") and float(tokens.get("expires_at", 0)) > time.time() + _RENEW_BEFORE_S:
                return str(tokens["access_token"])
            return self._renew(str(tokens["refresh_token"]))
        except (OSError, ValueError, KeyError) as fault:
            return Receipt(Outcome.FAILED, f"the token file cannot be used: {type(fault).__name__}", is_down=True)

    def _renew(self, refresh_token: str) -> str | Receipt:
        settings = self._settings
        secret = settings.app_secret.get_secret_value() if settings.app_secret else ""
        headers = {"secret_key": secret, "Content-Type": "application/x-www-form-urlencoded"}
        form = {"refresh_token": refresh_token, "app_id": settings.app_id or "", "grant_type": "refresh_token"}
        answer = self._exchange.ask("POST", settings.token_url, headers, urlencode(form).encode())
        said = {} if isinstance(answer, Receipt) else _document(answer.text)
        if not (_has(said, "access_token") and _has(said, "refresh_token")):
            return Receipt(Outcome.FAILED, "Zalo gives no new token", is_down=True)
        lasts_s = float(said.get("expires_in") or 3600)
        kept = {name: str(said[name]) for name in ("access_token", "refresh_token")}
        self._write({**kept, "expires_at": time.time() + lasts_s})
        return kept["access_token"]

    def _read_tokens(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._tokens.read_text(encoding="utf-8"))
        return found

    def _write(self, tokens: Mapping[str, object]) -> None:
        """Whole or not at all: a lost refresh token must be asked for by hand."""
        new = self._tokens.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(tokens), encoding="utf-8")
        new.replace(self._tokens)


def international(phone: str) -> str:
    """A Vietnamese telephone number as Zalo wants it: 0912345678 and +84912345678 are 84912345678."""
    digits = "".join(character for character in phone if character.isdigit())
    return f"84{digits[1:]}" if digits.startswith("0") else digits


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _has(found: Any, name: str) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(found, dict) and bool(found.get(name))
