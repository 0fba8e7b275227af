"""When the certificate ends that a server shows, seen by a connection of its own, by which nothing is sent."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from contextlib import suppress

from cryptography import x509

from lighttrap.monitor.asker import Asker

log = logging.getLogger(__name__)

LOOK_EACH_S = 300.0
_WITHIN_S = 3.0


class Certificate:
    """Of the server at an address, under a name; looked at again each few minutes, for it may be renewed."""

    def __init__(self, host: str, port: int, name: str, look_each_s: float = LOOK_EACH_S) -> None:
        self._host, self._port, self._name = host, port, name
        self._look_each_s, self._look_again_s = look_each_s, 0.0
        self._ends_s: float | None = None
        self._looker = Asker("certificate", self._look)
        self.is_shown = False
        self.lifetime_s = 0.0
        """From its beginning to its end, 0 before one was seen."""

    def seconds_left(self) -> float | None:
        """Until it ends, less than 0 when it has ended; None before one was seen. Waits for 3 s at most."""
        now_s = time.monotonic()
        if now_s >= self._look_again_s:
            self._look_again_s = now_s + self._look_each_s
            # To say that a stopped container has no name takes Docker 10 s, for which no scrape waits.
            with suppress(TimeoutError):
                self._looker.answer(_WITHIN_S)
        return None if self._ends_s is None else self._ends_s - time.time()

    def _look(self) -> None:
        context = ssl.create_default_context()
        # Not verified: one that has ended must be seen too.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection((self._host, self._port), timeout=_WITHIN_S) as line,
                context.wrap_socket(line, server_hostname=self._name) as door,
            ):
                shown = door.getpeercert(binary_form=True)
            seen = x509.load_der_x509_certificate(shown or b"")
            self._ends_s = seen.not_valid_after_utc.timestamp()
            self.lifetime_s = (seen.not_valid_after_utc - seen.not_valid_before_utc).total_seconds()
            self.is_shown = True
        except (OSError, ValueError) as fault:
            self.is_shown = False
            log.warning("no certificate is shown", extra={"of": self._name, "error": str(fault)})
