"""How many readings ingest has stored, over all its lives, as its metrics tell it."""

from __future__ import annotations

import re
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

_WITHIN_S = 2.0
_STORED = re.compile(r'^lighttrap_ingest_messages_total\{[^}]*result="stored"[^}]*\} (\S+)$', re.MULTILINE)


def get(base: str, path: str) -> tuple[int, str] | None:
    """Status and text of one request to a child's HTTP server; None when it does not answer.

    Never through a proxy, whatever the environment says.
    """
    connection = HTTPConnection(urlsplit(base).netloc, timeout=_WITHIN_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def stored_in(metrics: str) -> int:
    """The counter of stored readings in a text of metrics; 0 when it is not there yet."""
    return sum(int(float(number)) for number in _STORED.findall(metrics))


class Tally:
    """Readings stored since `up` began; a counter that falls belongs to a new life of ingest."""

    def __init__(self) -> None:
        self.total = 0
        self._last = 0

    def note(self, counter: int) -> int:
        """Takes the counter of the present life. Returns how many came since the last note."""
        new = counter - self._last if counter >= self._last else counter
        self._last = counter
        self.total += new
        return new
