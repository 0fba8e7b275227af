"""The units of systemd: understood, shut in, and with the same settings as the containers."""

from __future__ import annotations

import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lighttrap.site.secrets import SECRETS
from scripts import configuration
from tests import compose
from tests.fix_site import DOMAIN, init, needs_debians_accounts

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/systemd"
UNITS = sorted(path.name for path in FOLDER.glob("lighttrap*.service"))
DROP_INS = ("mosquitto", "caddy")
DEBIANS = {
    "mosquitto": "[Service]\nType=notify\nExecStart=/bin/true\n",
    "caddy": "[Service]\nType=notify\nUser=caddy\nExecStart=/bin/true\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n",
}
MOST_EXPOSED = 20  # tenths of what `systemd-analyze security` says; 50 is its "medium"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


def _settings(unit: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^Environment=(LIGHTTRAP_\w+)=(.*)$", (FOLDER / unit).read_text(encoding="utf-8")))


@pytest.fixture
def laid_out(tmp_path: Path) -> Path:
    """The units as on a server, with a command that is there, and stand-ins for Debian's own units."""
    for path in FOLDER.glob("lighttrap*"):
        name = path.name.replace("@.", "@9190.")
        text = path.read_text(encoding="utf-8").replace("/opt/lighttrap/bin/lighttrap", "/bin/true")
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in DROP_INS:
        (tmp_path / f"{name}.service").write_text(DEBIANS[name], encoding="utf-8")
        shutil.copytree(FOLDER / f"{name}.service.d", tmp_path / f"{name}.service.d")
        drop_in = tmp_path / f"{name}.service.d/lighttrap.conf"
        drop_in.write_text(re.sub(r"ExecStart=/usr\S+", "ExecStart=/bin/true", drop_in.read_text(encoding="utf-8")))
    return tmp_path


def _own(name: str) -> str:
    return name.replace("@.", "@9190.")


@needs_systemd
@pytest.mark.parametrize(
    "name", [*UNITS, "lighttrap-backup.timer", "lighttrap.target", "mosquitto.service", "caddy.service"]
)
def test_systemd_understands_the_unit(laid_out: Path, name: str):
    words = ["systemd-analyze", "verify", "--man=no", str(laid_out / _own(name))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "lighttrap" in line or name in line]
    assert ours == []


@needs_systemd
@pytest.mark.parametrize("name", [*UNITS, "mosquitto.service", "caddy.service"])
def test_unit_is_shut_in(laid_out: Path, name: str):
    words = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(laid_out / _own(name))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd is older than Debian 12's")
    assert done.returncode == 0, done.stdout[-400:]


@pytest.mark.parametrize("name", UNITS)
def test_every_setting_is_one_of_ours(name: str):
    known = {setting.variable for setting in configuration.settings()}
    assert set(_settings(name)) <= known


@pytest.mark.parametrize("name", UNITS)
def test_unit_gets_only_secrets_that_init_writes_and_reads_only_what_it_gets(name: str):
    text = (FOLDER / name).read_text(encoding="utf-8")
    given = dict(re.findall(r"(?m)^LoadCredential=(\w+):/etc/lighttrap/secrets/(\w+)$", text))
    assert set(given.values()) <= {one.name for one in SECRETS}
    assert set(re.findall(r"=%d/(\w+)", text)) == set(given)


@pytest.mark.parametrize("name", UNITS)
def test_program_has_the_database_role_of_its_container(name: str):
    service = re.sub(r"^lighttrap-|@?\.service$", "", name)
    if service == "backup":  # the superuser over its socket, as whom it runs
        assert _settings(name)["LIGHTTRAP_DATABASE__DSN"] == "postgresql:///lighttrap?host=/run/postgresql"
        return
    theirs = str(compose.services()[service].get("environment", {}).get("LIGHTTRAP_DATABASE__DSN", ""))
    assert _settings(name).get("LIGHTTRAP_DATABASE__DSN", "") == theirs.replace("@timescaledb:", "@127.0.0.1:")


def test_a_backup_leaves_the_shared_memory_of_the_database_server_whose_account_it_has():
    text = (FOLDER / "lighttrap-backup.service").read_text(encoding="utf-8")
    assert "User=postgres\n" in text
    assert re.findall(r"(?m)^RemoveIPC=(.*)$", text) == ["no"]


def test_nothing_of_the_site_overrides_what_a_unit_says():
    """systemd lets EnvironmentFile= win over Environment=."""
    site = "".join(
        (ROOT / "lighttrap/site" / name).read_text(encoding="utf-8") for name in ("programs.env", "debian.env")
    )
    named = set(re.findall(r"(?m)^(LIGHTTRAP_\w+)=", site))
    assert {key for unit in UNITS for key in _settings(unit)} & named == set()


@needs_debians_accounts
def test_site_for_debian_has_all_that_the_units_name(tmp_path: Path):
    init(tmp_path / "site", "--domain", DOMAIN, "--web", "internal", "--for", "debian")
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.rglob("*") if path.is_file()]
    named = {found for text in texts for found in re.findall(r"/etc/lighttrap/([\w./-]+)", text)}
    assert {path for path in named if not (tmp_path / "site" / path).exists()} == set()
    assert (tmp_path / "site/broker/passwords").stat().st_uid == pwd.getpwnam("mosquitto").pw_uid
