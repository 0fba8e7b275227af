"""What `lighttrap doctor` finds of the broker and of our programs, by asking them."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from lighttrap.cli.findings import Finding, Verdict
from lighttrap.config import PublicBrokerSettings, broker_parts
from lighttrap.site.certificates import fingerprint

_WITHIN_S = 5.0
_DAY_S = 86_400
_RENEW_DAYS = 30
_RENEW = "renew it: lighttrap init FOLDER --renew-certificate; docs/deployment.md"
_NAMES = "give it one for that name: lighttrap init FOLDER --broker-host NAME"
_OTHER_NAME = {62, 64}
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH."""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Our programs are never behind the proxy that the machine uses for the internet."""


def broker(url: str, ca_file: str | None, public: PublicBrokerSettings | None = None) -> Finding:
    """Whether it answers, and with TLS whether traps would believe it, under the name they have, and for how long."""
    parts = broker_parts(url)
    seen = f"{parts.host}:{parts.port}"
    name = broker_parts(public.url).host if public and public.url else parts.host
    try:
        if not parts.tls:
            socket.create_connection((parts.host, parts.port), timeout=_WITHIN_S).close()
            return Finding(Verdict.OK, "broker", f"{seen} answers")
        if ca_file and not Path(ca_file).is_file():
            return Finding(Verdict.BAD, "broker", f"there is no {ca_file}", "set LIGHTTRAP_BROKER__CA_FILE")
        if (
            ca_file
            and public
            and public.ca_sha256
            and fingerprint(Path(ca_file).read_text("utf-8")) != public.ca_sha256
        ):
            told = f"traps are told of another authority than that of {ca_file}"
            return Finding(Verdict.BAD, "broker", told, "lighttrap init FOLDER, then provision traps again")
        days = _days_of_certificate(parts.host, parts.port, name, ca_file, tries=2)
    except ssl.SSLCertVerificationError as fault:
        advice = _NAMES if fault.verify_code in _OTHER_NAME else _RENEW
        return Finding(Verdict.BAD, "broker", f"{seen} shows a bad certificate: {fault.verify_message}", advice)
    except OSError as fault:
        advice = "start the broker, or mend its address or its files"
        return Finding(Verdict.BAD, "broker", f"{seen} does not answer: {fault}", advice)
    seen += f" answers with TLS; its certificate ends in {days:.0f} days"
    if days < _RENEW_DAYS:
        return Finding(Verdict.NOTE, "broker", seen, _RENEW)
    return Finding(Verdict.OK, "broker", seen)


def _days_of_certificate(host: str, port: int, name: str, ca_file: str | None, *, tries: int) -> float:
    """How long the certificate that is shown there for a name lasts. Raises OSError."""
    context = ssl.create_default_context(cafile=ca_file)
    try:
        with (
            socket.create_connection((host, port), timeout=_WITHIN_S) as line,
            context.wrap_socket(line, server_hostname=name) as door,
        ):
            shown = door.getpeercert() or {}
    except ssl.SSLEOFError:
        # A broker that is just reading its files anew hangs up.
        if tries == 1:
            raise
        time.sleep(1)
        return _days_of_certificate(host, port, name, ca_file, tries=tries - 1)
    return (ssl.cert_time_to_seconds(str(shown["notAfter"])) - time.time()) / _DAY_S


def ingest(urls: Sequence[str]) -> Finding:
    """Well when one worker is active; the others stand by."""
    asked = [(url, *_ask(f"{url}/readyz")) for url in urls]
    seen = "; ".join(f"{url} {word}" for url, _, word in asked)
    if not any(is_ready for _, is_ready, _ in asked):
        return Finding(Verdict.BAD, "ingest", seen, "nobody stores readings: start it; docs/runbooks.md")
    if any(not is_ready and word != "standing by" for _, is_ready, word in asked):
        return Finding(Verdict.NOTE, "ingest", seen, "start the other too: nobody stands by")
    return Finding(Verdict.OK, "ingest", seen)


def program(what: str, url: str, path: str = "/readyz") -> Finding:
    """Whether a program says that it can do its work."""
    is_ready, word = _ask(url + path)
    if is_ready:
        return Finding(Verdict.OK, what, f"{url} {word}")
    return Finding(Verdict.BAD, what, f"{url} {word}", "start it; its log's last lines say why it ended")


def _ask(url: str) -> tuple[bool, str]:
    """Whether 200 is answered, and in which words, or why nothing is."""
    try:
        with _DIRECT.open(url, timeout=_WITHIN_S) as answer:
            return True, _words(answer.read())
    except urllib.error.HTTPError as fault:
        return False, _words(fault.read()) or f"answers {fault.code}"
    except (OSError, http.client.HTTPException) as fault:
        return False, f"does not answer: {getattr(fault, 'reason', fault)}"


def _words(body: bytes) -> str:
    return body.decode("utf-8", "replace").strip()[:200]
