"""The broker's TLS: who does not keep to it gets no answer, and our programs give their secret to no other broker."""

from __future__ import annotations

import socket
import ssl
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

from lighttrap.broker.services import Service
from tests.fix_secured import SECRETS, SecuredBroker, make_certificates
from tests.waiting import wait_until

CONNECT = bytes.fromhex("10100004" + b"MQTT".hex() + "04020014" + "0004" + b"trap".hex())
"""MQTT 3.1.1, clean session, client id `trap`, no login."""
CONNACK = 0x20
Encrypted = tuple[SecuredBroker, Path]


def asked(broker: SecuredBroker, context: ssl.SSLContext | None) -> bytes:
    """What the broker answers to a CONNECT, in TLS by that context or in the clear. OSError: it hung up."""
    with socket.create_connection((broker.host, broker.port), timeout=5) as raw:
        if context is None:
            raw.sendall(CONNECT)
            return raw.recv(100)
        with context.wrap_socket(raw, server_hostname=broker.host) as line:
            line.sendall(CONNECT)
            return line.recv(100)


def only(version: ssl.TLSVersion, side: ssl._SSLMethod, ca: Path | None = None) -> ssl.SSLContext:
    """A context of one version of TLS, an old one too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.SSLContext(side)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    if ca:
        context.load_verify_locations(ca)
    return context


def agree(client: ssl.SSLContext, server: ssl.SSLContext) -> str | None:
    """The version on which two contexts of this process agree."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for end in (near, far):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return near.version()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_broker_speaks_tls_1_2_and_later(encrypted: Encrypted, version: ssl.TLSVersion):
    broker, ca = encrypted
    assert asked(broker, only(version, ssl.PROTOCOL_TLS_CLIENT, ca))[0] == CONNACK


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_broker_speaks_no_older_tls(encrypted: Encrypted, version: ssl.TLSVersion):
    broker, ca = encrypted
    client, server = only(version, ssl.PROTOCOL_TLS_CLIENT, ca), only(version, ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(ca.parent / "broker.pem", ca.parent / "broker.key")
    assert agree(client, server) == {"TLSv1": "TLSv1", "TLSv1_1": "TLSv1.1"}[version.name]  # else nobody would
    with pytest.raises(ssl.SSLError):
        asked(broker, client)


def test_plain_mqtt_gets_no_answer_on_the_door_of_tls(encrypted: Encrypted):
    with suppress(OSError):  # it may hang up before it is asked
        assert asked(encrypted[0], None)[:1] != bytes([CONNACK])


def test_client_that_trusts_another_authority_turns_away(encrypted: Encrypted, tmp_path: Path):
    stranger = make_certificates(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        asked(encrypted[0], ssl.create_default_context(cafile=stranger.ca))


def test_client_turns_away_from_a_certificate_of_another_name(encrypted: Encrypted):
    broker, ca = encrypted
    context = ssl.create_default_context(cafile=ca)
    address = (broker.host, broker.port)
    with socket.create_connection(address, timeout=5) as raw, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(raw, server_hostname="mqtt.example.org")


def test_ingest_tells_its_secret_to_no_broker_that_its_authority_has_not_signed(
    encrypted: Encrypted, database: str, start_ingest, tmp_path: Path
):
    broker, ca = encrypted
    url = broker.url_of(Service.INGEST, SECRETS[Service.INGEST])
    stranger = make_certificates(tmp_path)
    lost = start_ingest(database, url, ready=False, LIGHTTRAP_BROKER__CA_FILE=str(stranger.ca))
    wait_until(lambda: broker.output().count("OpenSSL Error") + broker.output().count("SSL"))
    assert not lost.is_ready()
    assert "as _ingest" not in broker.output()
    lost.kill()
    start_ingest(database, url, LIGHTTRAP_BROKER__CA_FILE=str(ca))
    wait_until(lambda: "as _ingest" in broker.output())
