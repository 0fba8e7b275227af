"""docker-compose.yml keeps what it promises: pinned, unprivileged, read-only, limited, and with no secret in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest

from lighttrap.site.accounts import CONTAINERS
from lighttrap.site.secrets import SECRETS
from scripts import configuration
from tests import compose
from tests.fix_site import Site

SERVICES = compose.services()
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("lighttrap:"))
FOR_THE_KEEPER = ("prometheus", "alertmanager", "grafana")
LASTING = sorted(name for name, service in SERVICES.items() if service["restart"] != "no")
each = pytest.mark.parametrize("name", sorted(SERVICES))


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(?:\$\{\w+:-)?(\d+)([mg])\}?", text)
    assert found, text
    return int(found[1]) << (20 if found[2] == "m" else 30)


@each
def test_image_is_pinned(name: str):
    tag = SERVICES[name]["image"].partition(":")[2]
    assert re.match(r"(\$\{LIGHTTRAP_VERSION:-)?v?\d+\.\d+\.\d+", tag)


@each
def test_nothing_runs_as_root(name: str):
    user, _, group = SERVICES[name]["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0


@each
def test_file_system_is_read_only_and_what_is_written_is_limited(name: str):
    assert SERVICES[name]["read_only"] is True
    assert [entry for entry in SERVICES[name].get("tmpfs", []) if "size=" not in entry] == []


@each
def test_no_capability_and_no_new_privilege(name: str):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "network_mode", "devices"} & set(service)


@each
def test_memory_processes_and_logs_are_limited(name: str):
    service = SERVICES[name]
    assert 1 << 26 <= _bytes(service["mem_limit"]) <= 2 << 30
    assert service["pids_limit"] <= 400
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


@each
def test_first_process_is_an_init_and_may_end_in_peace(name: str):
    assert SERVICES[name]["init"] is True
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= 30


@pytest.mark.parametrize("name", [name for name in LASTING if name != "simulator"])
def test_what_runs_for_long_has_a_health_check_and_is_started_again(name: str):
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_standby_is_healthy():
    check = SERVICES["ingest-standby"]["healthcheck"]["test"]
    assert check[-1].endswith("/healthz")
    assert SERVICES["ingest-standby"] == SERVICES["ingest"]


def test_only_the_brokers_tls_and_the_proxy_are_reached_from_outside():
    published = {name: service["ports"] for name, service in SERVICES.items() if service.get("ports")}
    assert set(published) == {"mosquitto", "caddy", *FOR_THE_KEEPER}
    assert [port.rpartition(":")[2] for port in published["mosquitto"]] == ["8883"]
    assert [port.rpartition(":")[2] for port in published["caddy"]] == ["80", "443", "443/udp"]
    assert all(port.startswith("127.0.0.1:") for name in FOR_THE_KEEPER for port in published[name])


def test_database_is_in_a_network_that_leads_nowhere():
    assert SERVICES["timescaledb"]["networks"] == ["data"]
    assert compose.parts()["networks"]["data"] == {"internal": True}


def test_dashboard_and_proxy_do_not_reach_the_database():
    with_database = {name for name, service in SERVICES.items() if "data" in service.get("networks", [])}
    assert not {"dashboard", "caddy", "mosquitto", "simulator", *FOR_THE_KEEPER} & with_database


def test_commands_reach_what_doctor_asks():
    own = set(SERVICES["tools"]["networks"])
    asked = ("timescaledb", "mosquitto", "ingest", "ingest-standby", "notify", "api", "dashboard")
    assert [name for name in asked if not own & set(SERVICES[name]["networks"])] == []


def test_no_program_of_ours_can_silence_an_alert():
    reached = set(SERVICES["alertmanager"]["networks"])
    assert {name for name, service in SERVICES.items() if reached & set(service["networks"])} == set(FOR_THE_KEEPER)


def test_proxy_alone_is_believed_who_asks():
    assert set(SERVICES["caddy"]["networks"]) >= {"web"}
    assert {name for name, service in SERVICES.items() if "web" in service.get("networks", [])} == {
        "api", "caddy", "dashboard",
    }  # fmt: skip


def test_proxy_and_dashboard_reach_the_api_by_the_network_that_it_believes():
    aliases = {
        alias: (name, network)
        for name, service in SERVICES.items() if isinstance(service["networks"], dict)
        for network, how in service["networks"].items()
        for alias in (how or {}).get("aliases", [])
    }  # fmt: skip
    assert aliases["api.web"] == ("api", "web")
    asked = [SERVICES["caddy"]["environment"]["LIGHTTRAP_API"], SERVICES["dashboard"]["environment"][
        "LIGHTTRAP_DASHBOARD__API_URL"]]  # fmt: skip
    assert [address.removeprefix("http://") for address in asked] == ["api.web:8080"] * 2


def test_database_is_told_each_setting_once():
    names = [word.removeprefix("-c").partition("=")[0] for word in SERVICES["timescaledb"]["command"][1:]]
    assert len(names) == len(set(names))


@each
def test_no_secret_stands_in_the_file(name: str):
    named = {key: str(value) for key, value in SERVICES[name].get("environment", {}).items()}
    secret = {key for key in named if re.search("PASSWORD|SECRET|TOKEN|KEY", key)}
    assert {key for key in secret if not named[key].startswith("/")} == set()
    assert [value for value in named.values() if re.search(r"://[^/]*:[^/]*@", value)] == []


def test_every_secret_is_a_file_that_init_writes_and_somebody_reads():
    files = {name: one["file"] for name, one in compose.parts()["secrets"].items()}
    ours = {f"${{LIGHTTRAP_SITE:?}}/secrets/{one.name}" for one in SECRETS}
    assert set(files.values()) == ours | {"${LIGHTTRAP_SITE:?}/tls/ca.pem"}
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(files)


@each
def test_secret_can_be_read_by_who_is_given_it(name: str):
    """By its owner or by its group, which `lighttrap init` gives them to."""
    uid, gid = map(int, SERVICES[name]["user"].split(":"))
    known = {one.name: one for one in SECRETS}
    for given in SERVICES[name].get("secrets", []):
        if given in known:
            one = known[given]
            group = one.group or one.owner
            assert uid == CONTAINERS[one.owner].uid or gid == CONTAINERS[group].gid, given


@each
def test_file_named_in_a_setting_is_mounted(name: str):
    named = re.findall(r"/run/secrets/(\w+)", str(SERVICES[name].get("environment", {})))
    assert set(named) <= set(SERVICES[name].get("secrets", []))


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one_of_ours(name: str):
    known = {setting.variable for setting in configuration.settings()} | {"LIGHTTRAP_SECRETS"}
    assert {key for key in SERVICES[name].get("environment", {}) if key not in known} == set()


def test_every_variable_has_a_default_or_is_guarded():
    assert [found[0] for found in compose.VARIABLE.finditer(compose.text()) if not found[2]] == []


def test_every_guarded_variable_is_written_by_init(site: Site):
    guarded = {found[1] for found in compose.VARIABLE.finditer(compose.text()) if found[2] == "?"}
    written = compose.dotenv(site.folder / ".env")
    assert {name for name in guarded if not written.get(name)} == set()


def test_every_variable_that_init_writes_is_used(site: Site):
    named = {found[1] for found in compose.VARIABLE.finditer(compose.text())}
    assert {name for name in compose.dotenv(site.folder / ".env") if name.startswith("LIGHTTRAP_")} <= named


@each
def test_what_is_mounted_from_the_tree_is_there(name: str):
    mounted = [str(volume).split(":")[0] for volume in SERVICES[name].get("volumes", [])]
    lacking = [path for path in mounted if path.startswith("./") and not (compose.ROOT / path).exists()]
    assert lacking == []


@each
def test_an_update_makes_anew_what_has_files_of_the_tree(name: str):
    """The database reads its one when it is made, and never again."""
    mounted = [volume for volume in map(str, SERVICES[name].get("volumes", [])) if volume.startswith("./")]
    if mounted and name != "timescaledb":
        assert "LIGHTTRAP_VERSION" in str(SERVICES[name]["labels"])


@each
def test_what_is_mounted_from_the_site_is_made_by_init(site: Site, name: str):
    start = "${LIGHTTRAP_SITE:?}/"
    mounted = [
        volume.split(":/")[0] for volume in map(str, SERVICES[name].get("volumes", [])) if volume.startswith(start)
    ]
    assert [path for path in mounted if not (site.folder / path.removeprefix(start)).is_dir()] == []


def _compose() -> list[str] | None:
    if found := shutil.which("docker-compose"):
        return [found]
    docker = shutil.which("docker")
    if docker and not subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        return [docker, "compose"]
    return None


@pytest.mark.skipif(_compose() is None, reason="no docker compose on this machine")
def test_docker_compose_understands_it_in_the_folder_of_a_site(site: Site):
    command: Any = _compose()
    done = subprocess.run([*command, "config", "--quiet"], cwd=site.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
