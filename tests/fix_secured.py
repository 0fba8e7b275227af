"""A Mosquitto set up as for the field: logins and rights from our files, and clients that log in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import SecretStr

from lighttrap.broker import files, lines, reload
from lighttrap.broker.listener import Certificates, Listener
from lighttrap.broker.services import Service
from lighttrap.broker.settings import FileSettings
from lighttrap.model import TrapLogin
from lighttrap.up import account
from tests.fix_broker import Broker, find_mosquitto
from tests.services import free_port, missing, server_folder
from tests.waiting import wait_until

SECRETS: dict[str, str] = {service: f"secret of {service} in tests" for service in Service}
SESSION_S = 3600


class SecuredBroker(Broker):
    """Mosquitto with the settings of `lighttrap broker config`; it needs its two files before it starts."""

    def __init__(self, binary: str, folder: Path, certificates: Certificates | None = None) -> None:
        super().__init__(binary, folder)
        self.port = free_port()
        self.ca = certificates.ca if certificates else None
        self.files = FileSettings(
            passwords=folder / "passwords", acl=folder / "acl", pid_file=folder / "mosquitto.pid", poll_s=1, rest_s=0,
            **{f"{service.name.lower()}_secret": SecretStr(SECRETS[service]) for service in Service},
        )  # fmt: skip
        assert self.files.pid_file is not None
        place = Listener(
            self.files.passwords, self.files.acl, folder, self.files.pid_file, self.port, "127.0.0.1", certificates
        )
        self.config.write_text(place.text())

    def admit(self, *logins: TrapLogin) -> None:
        """Writes the files for these traps and our services."""
        files.replace(self.files.acl, lines.acl(logins, list(Service)))
        before = files.read(self.files.passwords)
        files.replace(self.files.passwords, lines.passwords(logins, SECRETS, before))

    def tell(self) -> None:
        """Makes it read its files again, once it listens."""
        wait_until(self._is_told)

    def _is_told(self) -> bool:
        try:
            return reload.tell(self.files)
        except reload.NotReloaded:
            return False

    def url_of(self, user: str, secret: str) -> str:
        """Where a program with that login connects."""
        return f"mqtt{'s' if self.ca else ''}://{user}:{secret}@{self.host}:{self.port}"


class Login:
    """A client with a login; keeps what it hears, and what the broker said to it."""

    def __init__(
        self, broker: SecuredBroker, user: str | None, secret: str | None, *, client_id: str | None = None,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5, will: str | None = None, insists: bool = True,
    ) -> None:  # fmt: skip
        self._insists = insists
        self.heard: list[tuple[str, bytes]] = []
        self.connacks: list[ReasonCode] = []
        self.drops = 0
        self._subscribed: set[int] = set()
        chosen = client_id or user or "somebody"
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=chosen, protocol=protocol)
        if user is not None:
            self.client.username_pw_set(user, secret)
        if broker.ca:
            self.client.tls_set(str(broker.ca))
        if will:
            self.client.will_set(will, b"will", qos=1, retain=True)
        self.client.on_message = lambda _c, _d, message: self.heard.append((message.topic, bytes(message.payload)))
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_subscribe = lambda _c, _d, mid, _r, _p: self._subscribed.add(mid)
        self.client.reconnect_delay_set(1, 1)
        with suppress(OSError):  # the broker may hang up at once
            self.client.connect(broker.host, broker.port, **self._options(protocol))
        self.client.loop_start()

    @staticmethod
    def _options(protocol: MQTTProtocolVersion) -> dict[str, Any]:
        if protocol != MQTTProtocolVersion.MQTTv5:
            return {}
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_S
        return {"clean_start": False, "properties": properties}

    def _on_connect(self, _client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _: object) -> None:
        self.connacks.append(reason)
        if reason.is_failure and not self._insists:
            self.client.disconnect()

    def _on_disconnect(self, *_: object) -> None:
        self.drops += 1
        if not self._insists:
            self.client.disconnect()

    def is_in(self) -> bool:
        """Whether the broker let it in; waits for its answer."""
        wait_until(lambda: self.connacks)
        return not self.connacks[0].is_failure

    def subscribe(self, *filters: str) -> None:
        """Asks for these, and waits for the broker's answer, whatever it is."""
        _, mid = self.client.subscribe([(one, 1) for one in filters])
        wait_until(lambda: mid in self._subscribed)

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> None:
        """Hands a message to the broker, without waiting."""
        self.client.publish(topic, payload, qos=1, retain=retain)

    def topics(self) -> set[str]:
        """The topics it heard on."""
        return {topic for topic, _ in self.heard}

    def break_off(self) -> None:
        """Loses the connection, as a trap without power does; for who does not insist."""
        sock: Any = self.client.socket()
        with suppress(OSError, AttributeError):  # it may be gone already
            sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the connection."""
        self.client.disconnect()
        self.client.loop_stop()
        # Else client and callbacks hold each other, and their sockets are warned about when both are found as rubbish.
        self.client.on_message = self.client.on_connect = self.client.on_disconnect = self.client.on_subscribe = None


class Logins:
    """The clients of one test, closed with it."""

    def __init__(self, stack: ExitStack, broker: SecuredBroker) -> None:
        self._stack = stack
        self._broker = broker

    def __call__(self, user: str | None, secret: str | None = None, **options: Any) -> Login:  # noqa: ANN401 - Login's
        """A client that has asked to be let in; a service knows its own secret."""
        known = SECRETS.get(Service(user)) if secret is None and user in set(Service) else secret
        made = Login(self._broker, user, known, **options)
        self._stack.callback(made.close)
        return made


@pytest.fixture
def secured(request: pytest.FixtureRequest) -> Iterator[SecuredBroker]:
    """A broker for the field that knows our services and no trap; running."""
    if request.config.option.broker:
        pytest.skip("the broker of --broker does not read our files")
    binary = find_mosquitto()
    if binary is None:
        missing("no mosquitto found")
    with server_folder("secured") as folder:
        made = SecuredBroker(binary, folder)
        made.admit()
        made.start()
        yield made
        made.stop()


@pytest.fixture
def login(secured: SecuredBroker) -> Iterator[Logins]:
    """Connects with a login."""
    with ExitStack() as stack:
        yield Logins(stack, secured)


def make_certificates(folder: Path) -> Certificates:
    """A certificate authority of our own, and what it gave the broker of 127.0.0.1."""
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lighttrap tests")])
    own = ec.generate_private_key(ec.SECP256R1())
    made = [
        (authority, key, x509.BasicConstraints(ca=True, path_length=0), "ca.pem"),
        (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")]), own, None, "broker.pem"),
    ]
    for name, subject_key, constraints, file in made:
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(authority).public_key(subject_key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(days=1))
            .add_extension(constraints or x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(subject_key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        )  # fmt: skip
        certificate = builder.sign(key, hashes.SHA256())
        (folder / file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "broker.key").write_bytes(
        own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for path in folder.iterdir():
        account.give(path, account.unprivileged())
    return Certificates(folder / "ca.pem", folder / "broker.pem", folder / "broker.key")


@pytest.fixture
def encrypted(request: pytest.FixtureRequest) -> Iterator[tuple[SecuredBroker, Path]]:
    """The same with TLS, and the file of who vouches for it."""
    if request.config.option.broker:
        pytest.skip("the broker of --broker does not read our files")
    binary = find_mosquitto()
    if binary is None:
        missing("no mosquitto found")
    with server_folder("encrypted") as folder:
        certificates = make_certificates(folder)
        made = SecuredBroker(binary, folder, certificates)
        made.admit()
        made.start()
        yield made, certificates.ca
        made.stop()
