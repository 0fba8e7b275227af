"""The broker of a site, from the files of `lighttrap init`: TLS, logins, and files that change under it."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from lighttrap import brokersecret
from lighttrap.broker import files, lines
from lighttrap.broker.services import Service
from lighttrap.model import TrapLogin
from tests.fix_site import DOMAIN, IS_ROOT, Site, SiteBroker, init, mosquitto_sub
from tests.waiting import wait_until

PASSWORDS = {one: f"broker_{one.name.lower()}" for one in Service}


def _answer(broker: SiteBroker, user: str, secret: str) -> str:
    """What the broker says to a login by TLS."""
    said: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(user, secret)
    client.tls_set_context(broker.site.trust())
    client.on_connect = lambda _c, _d, _f, reason, _p: said.append(str(reason))
    client.connect("localhost", broker.port)
    client.loop_start()
    wait_until(lambda: said)
    client.disconnect()
    client.loop_stop()
    client.on_connect = None
    return said[0]


def _serial(broker: SiteBroker) -> int:
    """The number of the certificate that it shows."""
    with (
        socket.create_connection(("127.0.0.1", broker.port)) as plain,
        broker.site.trust().wrap_socket(plain, server_hostname=DOMAIN) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown
    return x509.load_der_x509_certificate(shown).serial_number


def _write(site: Site, *logins: TrapLogin) -> None:
    """Writes the broker's files as `lighttrap broker watch` does in its container."""
    secrets: dict[str, str] = {one: site.secret(file) for one, file in PASSWORDS.items()}
    files.replace(site.folder / "broker/acl", lines.acl(logins, list(secrets)))
    kept = files.read(site.folder / "broker/passwords")
    files.replace(site.folder / "broker/passwords", lines.passwords(logins, secrets, kept))


@pytest.mark.parametrize("service", list(Service))
def test_program_of_ours_comes_in_before_any_trap_is_known(site_broker: SiteBroker, service: Service):
    assert _answer(site_broker, service, site_broker.site.secret(PASSWORDS[service])) == "Success"


def test_wrong_secret_stays_out(site_broker: SiteBroker):
    assert _answer(site_broker, "_ingest", "x" * 32) == "Not authorized"


def test_trap_that_is_provisioned_comes_in_and_one_that_is_revoked_stays_out(site_broker: SiteBroker):
    trap = TrapLogin("st-014", "soc-trang", brokersecret.hashed("s" * 32))
    assert _answer(site_broker, "st-014", "s" * 32) == "Not authorized"
    _write(site_broker.site, trap)
    wait_until(lambda: _answer(site_broker, "st-014", "s" * 32), equals="Success")
    _write(site_broker.site)
    wait_until(lambda: _answer(site_broker, "st-014", "s" * 32), equals="Not authorized")


def test_renewed_certificate_is_shown_without_a_restart(site_broker: SiteBroker):
    before, process = _serial(site_broker), site_broker.process
    init(site_broker.site.folder, "--renew-certificate")
    wait_until(lambda: _serial(site_broker) != before)
    assert site_broker.process is process
    assert site_broker.is_running


def test_stranger_with_a_certificate_of_another_authority_is_found_out(site_broker: SiteBroker, tmp_path: Path):
    init(tmp_path / "other", "--domain", DOMAIN, "--web", "internal")
    with (
        socket.create_connection(("127.0.0.1", site_broker.port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        Site(tmp_path / "other").trust().wrap_socket(plain, server_hostname=DOMAIN)


def test_health_check_comes_in_by_the_file_that_holds_its_login(site_broker: SiteBroker):
    site = site_broker.site
    words = ["--host", "localhost", "--port", str(site_broker.port), "--cafile", str(site.folder / "tls/ca.pem")]
    words += ["--protocol-version", "mqttv5", "--topic", "$SYS/broker/uptime", "-C", "1", "-W", "15"]
    environ = {"XDG_CONFIG_HOME": str(site.folder / "broker"), "PATH": os.environ["PATH"]}
    done = subprocess.run([mosquitto_sub(), *words], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("seconds\n")


def test_broker_that_is_stopped_ends_by_itself_and_keeps_its_state(site_broker: SiteBroker):
    state = site_broker.site.folder.parent / "state"
    assert _answer(site_broker, "_ingest", site_broker.site.secret("broker_ingest")) == "Success"
    site_broker.stop()
    assert site_broker.process is not None
    assert site_broker.process.returncode == 0
    assert (state / "mosquitto.db").exists()
    assert not (state / "mosquitto.pid").exists()


def test_shell_ends_when_the_broker_does(site_broker: SiteBroker):
    pid = int((site_broker.site.folder.parent / "state/mosquitto.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not site_broker.is_running)
    assert site_broker.process is not None
    assert site_broker.process.returncode == 128 + signal.SIGKILL


@pytest.mark.skipif(not IS_ROOT, reason="only root gives files away")
def test_files_that_the_watch_writes_are_the_brokers_own(site_broker: SiteBroker):
    _write(site_broker.site, TrapLogin("st-014", "soc-trang", brokersecret.hashed("s" * 32)))
    assert (site_broker.site.folder / "broker/passwords").stat().st_uid == 1883
