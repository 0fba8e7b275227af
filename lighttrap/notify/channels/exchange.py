"""One HTTP exchange within one deadline: to an address that was looked at before it was dialled, and never elsewhere.

A name is resolved once, and what was checked is what is connected to, so that a name which answers differently the
second time gains nothing. No redirect is followed, no proxy of the environment used, no connection kept: a kept one
that the other side has just closed would look like a message that nobody can say was taken.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore

from lighttrap.notify.channels.channel import Outcome, Receipt

ANSWER_LIMIT: Final = 65_536
"""Bytes of an answer that are read; the rest stays where it is."""
_HTTPS_ONLY: Final = frozenset({443, 8443})
_CARRIED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""NAT64 (RFC 6052, RFC 8215): the last 32 bits are an IPv4 address."""
_CONNECTING: Final = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.UnsupportedProtocol)
_MAY_BE_TAKEN: Final = frozenset({502, 504})
_ALL_WAIT: Final = frozenset({401, 402, 403, 407, 429, 500, 503})


# At DEBUG it writes whole headers, and with them tokens.
logging.getLogger("httpcore").setLevel(logging.WARNING)


class NotSent(Exception):
    """The request did not get there; trying again may help."""


class NotAllowed(Exception):
    """The address is one that we do not send to."""


class NoAnswer(Exception):
    """The request got there, or part of it, and no whole answer came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers with names in lower case, and the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, what is not UTF-8 replaced."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Exchange:
    """How requests are made. With `is_guarded`, only https to public addresses, on ports where https is usual."""

    timeout_s: float
    is_guarded: bool
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer | Receipt:
        """The answer to a request, or what the lack of one says of the message."""
        try:
            return self.request(method, url, headers, body)
        except NotSent as fault:
            return Receipt(Outcome.FAILED, f"not connected: {fault}", is_down=True)
        except NotAllowed as fault:
            return Receipt(Outcome.REFUSED, f"not sent there: {fault}")
        except NoAnswer as fault:
            return Receipt(Outcome.UNKNOWN, f"no answer: {fault}")

    def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends a request and returns the answer. Raises NotSent, NotAllowed or NoAnswer, and nothing else."""
        self._require(url)
        deadline = time.monotonic() + self.timeout_s
        dialler = _Dialler(deadline, is_guarded=self.is_guarded)
        pool = httpcore.ConnectionPool(self.context, max_keepalive_connections=0, network_backend=dialler)
        try:
            with pool, pool.stream(method, url, headers=list(headers.items()), content=body) as response:
                return Answer(response.status, _headers(response.headers), _beginning(response.iter_stream()))
        except (*_CONNECTING, httpcore.LocalProtocolError) as fault:
            raise NotSent(_word(fault)) from fault
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.RemoteProtocolError) as fault:
            raise NoAnswer(_word(fault)) from fault

    def _require(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as fault:
            raise NotAllowed("not a URL") from fault
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise NotAllowed("not an http or https URL without a login")
        if self.is_guarded and (parts.scheme != "https" or port not in _HTTPS_ONLY):
            raise NotAllowed("only https on port 443 or 8443")


def refusal(answer: Answer, refused_status: Collection[int]) -> Receipt:
    """What an answer other than success says of the message (RFC 9110, section 15).

    A gateway that waited in vain for the server behind it cannot know. What is wrong with us, such as a login, is not
    the message's fault: it may go when that is mended.
    """
    detail = f"HTTP {answer.status}"
    if answer.status in _MAY_BE_TAKEN:
        return Receipt(Outcome.UNKNOWN, detail)
    if answer.status in refused_status:
        return Receipt(Outcome.REFUSED, detail)
    wait_s = retry_after_s(answer.headers.get("retry-after"), datetime.now(UTC))
    return Receipt(Outcome.FAILED, detail, retry_after_s=wait_s, is_down=answer.status in _ALL_WAIT)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also inside of one that carries another."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        carried = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if any(ip in network for network in _CARRIED):
            carried.append(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
        if any(one is not None and not is_public(str(one)) for one in carried):
            return False
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class _Dialler(httpcore.NetworkBackend):
    """Resolves, checks and connects, all before the deadline."""

    def __init__(self, deadline: float, *, is_guarded: bool) -> None:
        self._deadline = deadline
        self._is_guarded = is_guarded
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the name's addresses that takes one."""
        addresses = self._resolve(host, port)
        fault: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            try:
                left = _left(self._deadline, httpcore.ConnectTimeout)
                stream = self._plain.connect_tcp(address, port, left, local_address, socket_options)
                return _Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as one:
                fault = one
        raise fault

    def _resolve(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as fault:
            raise httpcore.ConnectError("the name cannot be resolved") from fault
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if self._is_guarded and not all(map(is_public, addresses)):
            raise NotAllowed("the name leads to an address that is not public")
        return addresses


class _Stream(httpcore.NetworkStream):
    """A stream whose every step ends at the deadline: one byte now and then must not hold us for ever."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore has it
        return self._stream.get_extra_info(info)


def _left(deadline: float, fault: type[httpcore.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise fault("the deadline has passed")
    return left


def _headers(found: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("ascii", "replace").lower(): value.decode("latin-1") for name, value in found}


def _beginning(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) >= ANSWER_LIMIT:
            break
    return bytes(body[:ANSWER_LIMIT])


def _word(fault: Exception) -> str:
    """The kind of fault, without its text: that may hold an address."""
    return type(fault).__name__
