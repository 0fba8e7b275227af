"""The proxy is what chaos tests lean on, so it has tests of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.fix_proxy import Proxy, proxy_to, through
from tests.waiting import wait_until


@pytest.fixture
def echo_port() -> Iterator[int]:
    """The port of a server that sends back what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_echo, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _echo(listener: socket.socket) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(client,), daemon=True).start()


def _answer(client: socket.socket) -> None:
    with client, contextlib.suppress(ConnectionResetError):
        while data := client.recv(1024):
            client.sendall(data)


@pytest.fixture
def proxy(echo_port: int) -> Iterator[Proxy]:
    with proxy_to("127.0.0.1", echo_port) as made:
        yield made


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection((proxy.host, proxy.port), timeout=5) as made:
        yield made


def _says(client: socket.socket, text: bytes) -> bytes:
    client.sendall(text)
    return client.recv(1024)


def test_bytes_pass_both_ways(client: socket.socket):
    assert _says(client, b"hello") == b"hello"


def test_stop_resets_connections_and_refuses_new_ones(proxy: Proxy, client: socket.socket):
    _says(client, b"hello")
    proxy.stop()
    with pytest.raises(ConnectionResetError):
        client.recv(1024)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((proxy.host, proxy.port), timeout=5)


def test_start_after_stop_listens_on_the_same_port(proxy: Proxy, client: socket.socket):
    port = proxy.port
    proxy.stop()
    proxy.start()
    with socket.create_connection((proxy.host, port), timeout=5) as again:
        assert _says(again, b"back") == b"back"


def test_deaf_proxy_keeps_the_connection_and_carries_nothing(proxy: Proxy, client: socket.socket):
    _says(client, b"hello")
    proxy.deaf()
    client.sendall(b"anybody?")
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.recv(1024)
    proxy.start()
    client.settimeout(5)
    assert client.recv(1024) == b"anybody?"


def test_connections_are_counted(proxy: Proxy, client: socket.socket):
    wait_until(lambda: proxy.connections, equals=1)
    client.close()
    wait_until(lambda: proxy.connections, equals=0)


def test_stop_ends_deaf_connections_too(proxy: Proxy, client: socket.socket):
    _says(client, b"hello")
    proxy.deaf()
    client.sendall(b"anybody?")
    proxy.stop()
    with pytest.raises(ConnectionResetError):
        client.recv(1024)


def test_url_through_a_proxy_keeps_user_and_path(proxy: Proxy):
    led = through(proxy, "postgresql://lighttrap@127.0.0.1:5432/x")
    assert led == f"postgresql://lighttrap@127.0.0.1:{proxy.port}/x"
