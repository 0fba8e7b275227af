"""The command `lighttrap` of a site: the script in its folder, run by the machine's own shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
import pytest

from lighttrap.cli.doctor_settings import DoctorSection
from lighttrap.site.accounts import House
from lighttrap.site.layout import script
from tests import compose
from tests.deploy.test_systemd import _settings
from tests.fix_site import DOMAIN, ROOT, Site, init
from tests.fix_stack import LIGHTTRAP, a_server

STUB = """#!/bin/sh
case "$*" in
'compose version') {compose} ;;
*'config --images') echo caddy:1; echo lighttrap:7.0.0; exit ;;
esac
printf '%s\\n' "$(pwd)" "$(basename "$0")" "$@" > {told}
"""


class Docker:
    """A stand-in that writes down where and with which words it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = folder / "told"
        self.offer("docker")

    def offer(self, name: str, compose: str = "exit 0") -> None:
        """A program of this name; `compose` is what the plugin does."""
        (self.folder / name).write_text(STUB.format(told=self.told, compose=compose))
        (self.folder / name).chmod(0o755)

    def called_by(self, script: Path, *words: str, cwd: Path, **environ: str) -> list[str]:
        """The lines that it wrote down."""
        run(script, words, {"PATH": f"{self.folder}:{os.environ['PATH']}", **environ}, cwd)
        return self.told.read_text().splitlines()


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    (tmp_path / "bin").mkdir()
    return Docker(tmp_path / "bin")


def run(script: Path, words: Sequence[str], environ: Mapping[str, str], cwd: Path) -> str:
    """What it prints once it has ended well."""
    done = subprocess.run([script, *words], env=environ, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_words_reach_the_service_tools_as_they_are_and_the_current_folder_can_only_be_read(site, docker, tmp_path):
    link = tmp_path / "bin/lighttrap"
    link.symlink_to(site.folder / "lighttrap")
    here = tmp_path / "my files"
    here.mkdir()
    words = ["user", "add", "lan@example.org", "--name", "Lan  $HOME 'x' *"]
    assert docker.called_by(link, *words, cwd=here) == [
        str(site.folder), "docker", "compose", "run", "--rm", "--no-TTY",
        "--volume", f"{here}:/here:ro", "--workdir", "/here", "tools", *words,
    ]  # fmt: skip


def test_password_of_a_restore_is_passed_by_name_and_never_as_a_word(site, docker, tmp_path):
    called = docker.called_by(
        site.folder / "lighttrap", "restore", "x.dump", cwd=tmp_path, LIGHTTRAP_RESTORE_DSN="postgresql://a:secret@b/c"
    )
    assert called[6:8] == ["--env", "LIGHTTRAP_RESTORE_DSN"]
    assert "secret" not in " ".join(called)


def test_debians_docker_compose_will_do(site, docker, tmp_path):
    docker.offer("docker", compose="exit 1")
    docker.offer("docker-compose")
    called = docker.called_by(site.folder / "lighttrap", "doctor", cwd=tmp_path)
    assert (called[1:3], called[-1]) == (["docker-compose", "run"], "doctor")


def test_init_runs_as_root_with_the_site_and_the_tree_and_can_write_nothing_else(site, docker, tmp_path):
    words = ["init", str(site.folder), "--renew-certificate"]
    assert docker.called_by(site.folder / "lighttrap", *words, cwd=tmp_path)[1:] == [
        "docker", "run", "--rm", "--read-only", "--user", "0", "--volume", f"{ROOT}:{ROOT}:ro",
        "--volume", f"{site.folder}:{site.folder}", "--workdir", str(tmp_path), "lighttrap:7.0.0", *words,
    ]  # fmt: skip


def test_older_site_gets_the_command_and_an_older_command_is_written_anew(site: Site):
    text = site.text("lighttrap")
    (site.folder / "lighttrap").unlink()
    assert "wrote lighttrap" in init(site.folder, "--domain", DOMAIN, "--web", "internal")
    (site.folder / "lighttrap").write_text("#!/bin/sh\n")
    assert "wrote lighttrap" in init(site.folder, "--domain", DOMAIN, "--web", "internal")
    assert site.text("lighttrap") == text
    assert os.access(site.folder / "lighttrap", os.X_OK)


def _for_debian(site: Site, tmp_path: Path, port: int = 5432) -> Path:
    """The command as on Debian, with our program and this machine's database in their places."""
    text = script(House.DEBIAN).replace("/opt/lighttrap/bin/lighttrap", str(LIGHTTRAP))
    text = text.replace("127.0.0.1:5432", f"127.0.0.1:{port}").replace("/var/lib/", f"{tmp_path}/")
    # Who calls it here is not the account postgres.
    text = text.replace("runuser -u postgres -- ", "").replace("unset ", ": ")
    text = text.replace(
        "postgresql:///lighttrap?host=/run/postgresql", f"postgresql://lighttrap@127.0.0.1:{port}/lighttrap"
    )
    made = site.folder / "lighttrap"
    made.write_text(text)
    return made


@pytest.mark.db
@pytest.mark.slow
def test_on_debian_it_is_the_owner_of_the_database_with_the_settings_of_the_site(site, tmp_path, request):
    settings = 'LIGHTTRAP_PUBLIC_BROKER__URL="mqtts://a b:8883"\n# LIGHTTRAP_X=y\nMAIL=$(touch x)\n'
    (site.folder / "lighttrap.env").write_text(settings)
    environ = {"PATH": os.environ["PATH"]}
    with a_server(request.config, site) as server:
        command = _for_debian(site, tmp_path, server.port)
        run(command, ["migrate"], environ, tmp_path)
        run(command, ["trap", "add", "st-014", "--org", "soc-trang"], environ, tmp_path)
        with psycopg.connect(server.dsn("lighttrap")) as conn:
            assert conn.execute("SELECT trap_id FROM trap").fetchall() == [("st-014",)]
        file = run(command, ["backup"], environ, tmp_path).strip()
        assert Path(file).name in run(command, ["backup", "list", "--format", "csv"], environ, tmp_path)
        assert "whole" in run(command, ["backup", "verify", Path(file).name], environ, tmp_path)
    assert (tmp_path / "lighttrap-backup/figures.prom").exists()
    assert not (tmp_path / "x").exists()


def test_on_debian_settings_are_read_as_systemd_reads_them(site, tmp_path):
    (site.folder / "lighttrap.env").write_text(
        'LIGHTTRAP_A="b c"\nLIGHTTRAP_D={\'e\': "$f"}\n#LIGHTTRAP_G=h\nI=j\n'
        "LIGHTTRAP_K L=m\n  LIGHTTRAP_N=o p \r\nLIGHTTRAP_LAST=90/30"
    )
    command = _for_debian(site, tmp_path)
    command.write_text(command.read_text().replace(str(LIGHTTRAP), "/usr/bin/env"))
    told = dict(line.split("=", 1) for line in run(command, [], {}, tmp_path).splitlines())
    assert (told["LIGHTTRAP_A"], told["LIGHTTRAP_D"]) == ("b c", "{'e': \"$f\"}")
    assert (told["LIGHTTRAP_N"], told["LIGHTTRAP_LAST"]) == ("o p", "90/30")
    assert {"LIGHTTRAP_G", "I"} & told.keys() == set()


def test_on_debian_who_is_not_root_is_told_so(site, tmp_path):
    (site.folder / "secrets/db_owner").unlink()
    done = subprocess.run([_for_debian(site, tmp_path), "doctor"], capture_output=True, text=True, check=False)
    assert (done.returncode, "sudo lighttrap" in done.stderr) == (2, True)


@pytest.mark.parametrize("house", list(House))
def test_doctor_is_told_where_everything_is(house: House, site, tmp_path):
    settings = compose.services()["tools"]["environment"]
    if house is House.DEBIAN:
        command = _for_debian(site, tmp_path)
        command.write_text(command.read_text().replace(str(LIGHTTRAP), "/usr/bin/env"))
        settings = dict(line.split("=", 1) for line in run(command, [], {}, tmp_path).splitlines())
    asked = {f"LIGHTTRAP_DOCTOR__{name.upper()}" for name in DoctorSection.model_fields}
    assert asked | {"LIGHTTRAP_BROKER__URL", "LIGHTTRAP_DATABASE__DSN"} <= set(settings)


def test_backups_by_hand_are_those_of_the_night(tmp_path, site):
    command = _for_debian(site, Path("/var/lib"))
    command.write_text(command.read_text().replace(str(LIGHTTRAP), "/usr/bin/env"))
    told = dict(line.split("=", 1) for line in run(command, [], {}, tmp_path).splitlines())
    nightly = {name: value for name, value in _settings("lighttrap-backup.service").items() if "BACKUP" in name}
    assert {name: value for name, value in told.items() if "BACKUP" in name} == nightly
    assert set(nightly) == {name for name in compose.services()["tools"]["environment"] if "BACKUP" in name}
