"""The connect code: all that a trap must know to connect, as one line of text and as a QR code. It holds the secret.

`mqtts://TRAP:SECRET@HOST:PORT/lighttrap/v1/ORG/TRAP?ca=SHA256`; docs/protocol.md, section 18, is the contract.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import segno

from lighttrap import topics
from lighttrap.errors import InputFault, TopicError


@dataclass(frozen=True, slots=True)
class ConnectCode:
    """How one trap connects. The user name and the client id are the trap id.

    `broker_url` is `mqtts://host:port` without a login; `ca_sha256` is the fingerprint of the certificate authority
    that the broker's certificate must come from, in hexadecimal digits, or None for one the trap knows already.
    """

    org: str
    trap_id: str
    secret: str
    broker_url: str
    ca_sha256: str | None = None

    @property
    def topic_prefix(self) -> str:
        """What the trap's topics begin with."""
        return f"{topics.PREFIX}/{self.org}/{self.trap_id}"

    @property
    def text(self) -> str:
        """The line that the QR code holds."""
        scheme, _, address = self.broker_url.partition("://")
        ca = f"?ca={self.ca_sha256}" if self.ca_sha256 else ""
        return f"{scheme}://{self.trap_id}:{self.secret}@{address}/{self.topic_prefix}{ca}"

    def svg(self) -> str:
        """The QR code as an SVG picture, fit for a file and for a page."""
        out = io.BytesIO()
        self._qr().save(out, kind="svg", scale=4, xmldecl=False)
        return out.getvalue().decode()

    def blocks(self) -> str:
        """The QR code for a terminal: two rows of it in each line."""
        out = io.StringIO()
        self._qr().terminal(out, compact=True)
        return out.getvalue()

    def _qr(self) -> segno.QRCode:
        # Labels in the open get dirty: level M bears 15 % of damage.
        return segno.make(self.text, error="m", micro=False)


def parse(text: str) -> ConnectCode:
    """The parts of a connect code. Raises InputFault, without the text, for it holds a secret."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        topic = topics.parse(f"{parts.path.removeprefix('/')}/{topics.Kind.READING}")
    except (ValueError, TopicError):
        raise InputFault("this is no connect code") from None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or not port or not parts.password:
        raise InputFault("this is no connect code: it has no broker, port or secret")
    if parts.username != topic.trap_id:
        raise InputFault(f"a connect code of {topic.trap_id} under another user name")
    _, _, address = parts.netloc.rpartition("@")
    ca = parse_qs(parts.query).get("ca", [""])[0]
    return ConnectCode(topic.org, topic.trap_id, parts.password, f"{parts.scheme}://{address}", ca or None)
