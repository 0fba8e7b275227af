"""A backup of a site comes back on a server of the same roles, into a database that is made for it or anew."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from lighttrap import migrate
from lighttrap.backup import dump, folder
from lighttrap.cli.main import cli
from lighttrap.store import pool, restores
from tests.fix_site import ROOT, Site
from tests.fix_stack import SiteCluster, a_server
from tests.outbreak import a_village, an_outbreak, store

pytestmark = [pytest.mark.slow, pytest.mark.db]

PAGE = (ROOT / "docs/backup.md").read_text(encoding="utf-8")


@pytest.fixture
def server(site: Site, request: pytest.FixtureRequest) -> Iterator[SiteCluster]:
    """The database server of a site, with readings in its database."""
    with a_server(request.config, site) as made:
        with pool.connect(as_role(made, site, "lighttrap", "db_owner")) as conn:
            migrate.migrate(conn)
            for night in an_outbreak(a_village(conn, 1), sick=0):
                store(conn, night)
        yield made


def as_role(server: SiteCluster, site: Site, role: str, secret: str, database: str = "lighttrap") -> str:
    """The address of a database for one of the site's roles."""
    return f"postgresql://{role}:{site.secret(secret)}@127.0.0.1:{server.port}/{database}"


def back_up(server: SiteCluster, site: Site) -> Path:
    """A dump as the service makes it: by the owner of the tables."""
    with folder.opened(site.folder / "backups"):
        return dump.take(as_role(server, site, "lighttrap", "db_owner"), site.folder / "backups")[0]


def put_back(file: Path, dsn: str, *words: str) -> str:
    """What `lighttrap restore` prints."""
    environ = {"LIGHTTRAP_RESTORE_DSN": dsn}
    return CliRunner().invoke(cli, ["restore", str(file), *words], catch_exceptions=False, env=environ).stdout


def test_database_that_the_superuser_makes_for_a_backup_belongs_to_the_site_and_holds_messages(server, site):
    file = back_up(server, site)
    assert "Messages are held" in put_back(file, server.dsn("lt_new"), "--create")
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    with pool.connect(as_role(server, site, "lighttrap", "db_owner", "lt_new")) as back:
        assert back.execute(owner).fetchone() == ("lighttrap",)
        assert migrate.migrate(back) == []
    with pool.connect(as_role(server, site, "lighttrap_app", "db_app", "lt_new")) as back:
        assert restores.holding(back) is not None
        assert back.execute("SELECT count(*) FROM reading").fetchone() == (48,)


def test_database_is_made_anew_by_the_words_of_the_page(server, site):
    file = back_up(server, site)
    [words] = re.findall(r"psql -U postgres -X (-c '[^']+') \\\n +-f /docker-entrypoint-initdb\.d/900_roles\.sql", PAGE)
    command = f"psql --no-psqlrc {words} --file {ROOT}/deploy/postgres/roles.sql {server.dsn()}"
    environ = {**os.environ, "LIGHTTRAP_ROLE_SECRETS": str(site.folder / "secrets")}
    subprocess.run(["/bin/sh", "-c", command], env=environ, check=True, capture_output=True)
    with psycopg.connect(server.dsn("lighttrap")) as conn:
        assert conn.execute("SELECT to_regclass('reading')").fetchone() == (None,)
    assert "Messages are held" in put_back(file, server.dsn("lighttrap"))


def test_words_of_the_page_save_the_site_folder_and_not_the_dumps(site, tmp_path):
    bash = shutil.which("bash")
    assert bash
    (site.folder / "backups/a.dump").write_bytes(b"x")
    (tmp_path / "srv").mkdir()
    shutil.copytree(site.folder, tmp_path / "srv/lighttrap")
    [words] = re.findall(r"(?m)^ {4}(tar .*?) \| age ", PAGE)
    saved = subprocess.run([bash, "-c", words.replace("/srv", str(tmp_path / "srv"))], check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(saved.stdout)) as archive:
        names = archive.getnames()
    for name in (".env", "secrets/db_superuser", "tls/ca.pem", "broker/passwords"):
        assert f"lighttrap/{name}" in names
    assert [name for name in names if "backups" in name] == []
    assert "set -o pipefail" in PAGE.partition(words)[0]


def test_password_in_the_page_is_read_from_a_file_of_the_site(site):
    [file] = re.findall(r"LIGHTTRAP_RESTORE_DSN=\"postgresql://postgres:\$\(cat ([^)]+)\)@", PAGE)
    read = subprocess.run(["/bin/sh", "-c", f"cat {file}"], cwd=site.folder, check=True, capture_output=True, text=True)
    assert read.stdout.strip() == site.secret("db_superuser")
