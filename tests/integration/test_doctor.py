"""What `lighttrap doctor` says of each thing that it looks at, and of what it was not told of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from lighttrap import healthserver
from lighttrap.cli import doctor, doctor_programs
from lighttrap.cli.findings import Verdict
from lighttrap.cli.main import cli
from lighttrap.config import PublicBrokerSettings
from lighttrap.site import certificates
from lighttrap.store import checks, pool
from tests.fix_site import DOMAIN, Site, SiteBroker, init
from tests.outbreak import a_night, a_village, store
from tests.services import free_port

Serve = Callable[[bool, str], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a program's health with a word, and returns where."""
    servers = []

    def start(is_ready: bool, word: str) -> str:
        made = healthserver.serve("127.0.0.1", 0, CollectorRegistry(), list, lambda: (is_ready, word))
        servers.append(made)
        return f"http://127.0.0.1:{made.server_port}"

    yield start
    for one in servers:
        one.shutdown()
        one.server_close()


def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


def test_one_active_ingest_and_one_standing_by_are_well(serve: Serve):
    found = doctor_programs.ingest([serve(False, "standing by"), serve(True, "ready")])
    assert found.verdict is Verdict.OK


def test_ingest_of_which_none_is_active_is_bad(serve: Serve):
    found = doctor_programs.ingest([serve(False, "standing by"), serve(False, "active, not ready")])
    assert (found.verdict, "active, not ready" in found.seen) == (Verdict.BAD, True)
    assert doctor_programs.ingest([serve(False, "standing by")]).verdict is Verdict.BAD
    assert doctor_programs.ingest([nobody()]).verdict is Verdict.BAD


def test_active_ingest_with_nobody_standing_by_is_worth_a_note(serve: Serve):
    assert doctor_programs.ingest([serve(True, "ready"), nobody()]).verdict is Verdict.NOTE


def test_program_is_as_it_says_itself_and_bad_when_it_says_nothing(serve: Serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", nobody())
    assert doctor_programs.program("notify", serve(True, "ready")).verdict is Verdict.OK
    assert doctor_programs.program("notify", serve(False, "database is away")).seen.endswith("database is away")
    assert doctor_programs.program("notify", nobody()).verdict is Verdict.BAD


def test_what_doctor_was_not_told_of_is_said_to_be_unseen(database: str):
    environ = {name: None for name in os.environ if name.startswith("LIGHTTRAP_")}
    done = CliRunner().invoke(cli, ["doctor", "--format", "json"], env={**environ, "LIGHTTRAP_DATABASE__DSN": database})
    unseen = {one["what"]: one["advice"] for one in json.loads(done.stdout) if one["seen"] == "not looked at"}
    assert set(unseen) == {"broker", "ingest", "notify", "api", "dashboard", "disk", "backup"}
    assert all(advice.startswith("set LIGHTTRAP_") for advice in unseen.values())
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("setting", "value"), [("BACKUP__KEEP", "x"), ("DOCTOR__API_URL", "127.0.0.1:1"), ("BROKER__URL", "mosquitto:8883")]
)
def test_wrong_setting_does_not_hide_what_else_was_found(database: str, setting: str, value: str):
    environ = {name: None for name in os.environ if name.startswith("LIGHTTRAP_")}
    settings = {"LIGHTTRAP_DATABASE__DSN": database, f"LIGHTTRAP_{setting}": value}
    done = CliRunner().invoke(cli, ["doctor", "--format", "json"], env={**environ, **settings})
    found = json.loads(done.stdout)
    assert {"schema", "ledger"} <= {one["what"] for one in found if one["verdict"] == "ok"}
    assert [one for one in found if one["verdict"] == "bad" and setting.partition("__")[0] in one["seen"].upper()]
    assert done.exit_code == 1


def test_site_whose_broker_nobody_tells_of_logins_is_bad(database: str, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith("LIGHTTRAP_")]:
        monkeypatch.delenv(name)
    settings = {"LIGHTTRAP_DATABASE__DSN": database, "LIGHTTRAP_PUBLIC_BROKER__URL": "mqtts://bay.example.org"}

    def logins() -> str:
        done = CliRunner().invoke(cli, ["doctor", "--format", "json"], env=settings)
        return str(next(one["verdict"] for one in json.loads(done.stdout) if one["what"] == "logins"))

    assert logins() == "bad"
    with pool.connect(database, application="lighttrap broker"):
        assert logins() == "ok"


def test_trap_that_was_never_heard_of_is_not_silent(conn: pool.Connection):
    trap, _ = a_village(conn, 2)
    assert checks.silent_traps(conn) == (0, 2, 2)
    store(conn, a_night(trap, 9, 60))  # nights of long ago
    conn.execute("UPDATE ledger SET last_at = now() - interval '27 hours'")
    assert checks.silent_traps(conn) == (1, 1, 2)
    conn.execute("UPDATE ledger SET last_at = now()")
    assert checks.silent_traps(conn) == (0, 1, 2)


@pytest.mark.parametrize(
    ("counted", "verdict", "advice"),
    [((0, 0, 2), Verdict.OK, ""), ((1, 1, 2), Verdict.NOTE, "visit"), ((0, 1, 2), Verdict.NOTE, "provision")],
)
def test_silent_traps_and_new_ones_are_told_apart(counted: tuple[int, int, int], verdict: Verdict, advice: str):
    found = doctor._traps(*counted)
    assert (found.verdict, found.advice.partition(" ")[0]) == (verdict, advice)


def _look(
    broker: SiteBroker, ca: Path | None = None, public: PublicBrokerSettings | None = None
) -> tuple[Verdict, str]:
    own = str(ca or broker.site.folder / "tls/ca.pem")
    found = doctor_programs.broker(f"mqtts://localhost:{broker.port}", own, public)
    return found.verdict, found.seen


def _show(site: Site, since: timedelta) -> None:
    """Lets the broker's certificate be one of so long ago."""
    kept = {name: site.text(f"tls/{name}") for name in ("ca.key", "broker.key")}
    at = datetime.now(UTC) - since
    own = certificates.authority(kept["ca.key"], DOMAIN, at)
    (site.folder / "tls/ca.pem").write_text(own)
    made = certificates.broker(kept["broker.key"], kept["ca.key"], own, ["localhost"], at)
    (site.folder / "tls/broker.pem").write_text(made)


@pytest.mark.broker
def test_broker_is_believed_by_its_certificate_and_for_how_long(site: Site, tmp_path: Path):
    broker = SiteBroker(site)
    assert _look(broker)[0] is Verdict.BAD
    broker.start()
    verdict, seen = _look(broker)
    assert (verdict, "ends in 825 days" in seen) == (Verdict.OK, True)
    init(tmp_path / "other", "--domain", DOMAIN, "--web", "internal")
    verdict, seen = _look(broker, tmp_path / "other/tls/ca.pem")
    assert (verdict, "bad certificate" in seen) == (Verdict.BAD, True)
    told = PublicBrokerSettings(
        url=f"mqtts://{DOMAIN}:8883", ca_sha256=certificates.fingerprint(site.text("tls/ca.pem"))
    )
    assert _look(broker, public=told)[0] is Verdict.OK
    for changed in ({"url": "mqtts://other.example.org"}, {"ca_sha256": "0" * 64}):
        assert _look(broker, public=told.model_copy(update=changed))[0] is Verdict.BAD
    verdict, seen = _look(broker, tmp_path / "no-such.pem")
    assert (verdict, "there is no" in seen) == (Verdict.BAD, True)
    broker.stop()
    for days, said in ((800, Verdict.NOTE), (826, Verdict.BAD)):
        _show(site, timedelta(days=days))
        broker.start()
        assert _look(broker)[0] is said
        broker.stop()
