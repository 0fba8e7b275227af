"""What the monitor tells of database, broker and traps: right, cheap in series, and honest about what is away."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector
from pydantic import SecretStr

from lighttrap.broker.services import Service
from lighttrap.config import BrokerSettings
from lighttrap.monitor import certificate
from lighttrap.monitor.broker import BrokerFigures
from lighttrap.monitor.database import DatabaseFigures
from lighttrap.monitor.machine import MachineFigures
from lighttrap.monitor.metrics import DATABASE
from lighttrap.monitor.settings import MonitorSettings
from lighttrap.store import orgs, pool, quarantine, traps
from lighttrap.store.quarantine import Refusal
from tests.builders import ORG
from tests.cluster import Cluster, Databases
from tests.fix_secured import SECRETS, Login, SecuredBroker
from tests.outbreak import a_person, a_village
from tests.post import Post
from tests.services import free_port
from tests.waiting import wait_until

DAY_S = 86_400


def told(collector: Collector) -> dict[str, float]:
    """What somebody who scrapes gets, by name with its labels."""
    registry = CollectorRegistry()
    registry.register(collector)
    lines = generate_latest(registry).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


@pytest.fixture
def figures_of() -> Iterator[Callable[[str], DatabaseFigures]]:
    """Makes a monitor's eye on a database, by which a trap is silent after 26 hours."""
    with ExitStack() as stack:

        def make(dsn: str) -> DatabaseFigures:
            made = DatabaseFigures(dsn, 26 * 3600)
            stack.callback(made.close)
            return made

        yield make


def a_trap(conn: pool.Connection, trap_id: str, *, heard: timedelta | None, org: str = ORG) -> None:
    """A trap in service for months that was last heard of so long ago."""
    orgs.ensure_org(conn, org)
    traps.register_trap(conn, trap_id=trap_id, org_id=org, in_service_from=datetime.now(UTC) - timedelta(days=200))
    if heard is not None:
        query = "INSERT INTO ledger (trap_id, boot, last_at) VALUES (%s, 1, %s)"
        conn.execute(query, [trap_id, datetime.now(UTC) - heard])
    conn.commit()


def test_traps_are_counted_by_how_they_are(figures_of, database: str, conn: pool.Connection):
    for number, heard in enumerate([timedelta(minutes=5), timedelta(hours=25), timedelta(hours=27), None]):
        a_trap(conn, f"trap-{number}", heard=heard)
    figures = told(figures_of(database))
    assert figures[f'lighttrap_fleet_traps{{org="{ORG}",state="reporting"}}'] == 2
    assert figures[f'lighttrap_fleet_traps{{org="{ORG}",state="silent"}}'] == 1
    assert figures[f'lighttrap_fleet_traps{{org="{ORG}",state="never heard"}}'] == 1
    assert figures[f'lighttrap_fleet_reading_age_seconds{{org="{ORG}",share="1"}}'] == pytest.approx(27 * 3600, abs=60)
    assert figures[f'lighttrap_fleet_reading_age_seconds{{org="{ORG}",share="0.5"}}'] == pytest.approx(
        25 * 3600, abs=60
    )


def test_a_retired_trap_is_no_silent_one(figures_of, database: str, conn: pool.Connection):
    a_trap(conn, "trap-1", heard=timedelta(days=9))
    conn.execute("UPDATE trap SET retired_at = now() - interval '1 day'")
    conn.commit()
    assert not [name for name in told(figures_of(database)) if name.startswith("lighttrap_fleet_traps")]


def test_last_night_is_told_by_its_state_and_only_a_trap_that_had_nights_was_silent(
    figures_of, database: str, conn: pool.Connection
):
    query = """INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at)
               VALUES (%s, night_of(now(), 'Asia/Ho_Chi_Minh') - %s, %s, 80000, 90, now(), now())"""
    nights = [("trap-1", 1, 39_600), ("trap-2", 1, 4_000), ("trap-3", 2, 39_600), ("put-up-today", 0, 4_000)]
    for trap_id, ago, lamp_s in nights:
        a_trap(conn, trap_id, heard=timedelta(0))
        conn.execute(query, [trap_id, ago, lamp_s])
    a_trap(conn, "still-in-its-box", heard=None)
    conn.commit()
    figures = told(figures_of(database))
    states = {name: value for name, value in figures.items() if name.startswith("lighttrap_fleet_last_night")}
    wanted = {"complete": 1, "lost": 1, "silent": 1}
    assert states == {f'lighttrap_fleet_last_night{{org="{ORG}",state="{s}"}}': n for s, n in wanted.items()}


def test_missing_readings_and_quarantine_are_told(figures_of, database: str, conn: pool.Connection):
    a_trap(conn, "trap-1", heard=timedelta(0))
    a_trap(conn, "trap-2", heard=timedelta(0), org="can-tho")
    query = "INSERT INTO gap (trap_id, boot, seqs, missing) VALUES ('trap-1', 1, '[3,8)', '{[3,5),[6,8)}')"
    conn.execute(query)
    poison = Refusal(datetime.now(UTC), b"lighttrap/v1/x/y/reading", b"?", "not_json", "no", None)
    quarantine.insert(conn, [poison])
    conn.commit()
    figures = told(figures_of(database))
    assert figures[f'lighttrap_fleet_open_gaps{{org="{ORG}"}}'] == 1
    assert figures[f'lighttrap_fleet_missing_readings{{org="{ORG}"}}'] == 4
    assert figures['lighttrap_fleet_missing_readings{org="can-tho"}'] == 0
    assert figures['lighttrap_quarantine_messages{reason="not_json"}'] == 1


def test_outbox_is_told_by_channel(figures_of, database: str, conn: pool.Connection):
    a_village(conn, 1)
    a_person(conn, None)
    [(alert_id,)] = conn.execute(
        """INSERT INTO alert (org_id, rule_id, species, field_id, level, highest, opened_night)
           SELECT %s, rule_id, species, 'field-1', 2, 2, '2026-11-22' FROM alert_rule RETURNING alert_id""",
        [ORG],
    ).fetchall()
    conn.execute(
        """INSERT INTO alert_event (alert_id, number, word, level, night, facts, at)
           VALUES (%s, 1, 'raised', 2, '2026-11-22', '{"value": 1234, "threshold": 300}', now() - interval '1 hour')""",
        [alert_id],
    )
    conn.commit()
    collector = figures_of(database)
    figures = told(collector)
    assert figures["lighttrap_outbox_events"] == 1
    assert figures["lighttrap_outbox_events_oldest_seconds"] == pytest.approx(3600, abs=60)
    post = Post(database)
    post.fan_out()
    conn.execute("UPDATE delivery SET due_at = now() - interval '20 minutes'")
    conn.commit()
    figures = told(collector)
    assert figures["lighttrap_outbox_events"] == 0
    assert figures['lighttrap_outbox_due{channel="sms"}'] == 1
    assert figures['lighttrap_outbox_oldest_seconds{channel="sms"}'] == pytest.approx(1200, abs=60)
    assert post.work()
    figures = told(collector)
    assert figures['lighttrap_outbox_deliveries_day{channel="sms",state="sent"}'] == 1
    assert figures['lighttrap_outbox_sms_parts_today{channel="sms"}'] >= 1
    assert 'lighttrap_outbox_due{channel="sms"}' not in figures or not figures['lighttrap_outbox_due{channel="sms"}']


def test_an_open_transaction_is_told_but_a_backups_is_not(figures_of, database: str):
    collector = figures_of(database)
    name = "lighttrap_database_oldest_transaction_seconds"
    with pool.connect(database, application="pg_dump") as dump, pool.connect(database) as somebody:
        dump.execute("SELECT")
        assert told(collector)[name] == 0
        somebody.execute("SELECT")
        assert told(collector)[name] > 0


def test_a_thousand_traps_make_no_more_series_than_one(figures_of, database: str, conn: pool.Connection):
    a_trap(conn, "trap-1", heard=timedelta(hours=2))
    few = set(told(figures_of(database)))
    for number in range(2, 60):
        a_trap(conn, f"trap-{number}", heard=timedelta(hours=number))
    assert set(told(figures_of(database))) == few


def test_of_a_database_that_is_away_only_that_is_told_and_it_comes_back(figures_of, own_cluster: Cluster):
    databases = Databases(own_cluster.dsn())
    collector = figures_of(databases.clone())
    wait_until(lambda: told(collector)["lighttrap_database_up"] == 1, within=30)
    own_cluster.kill()
    wait_until(lambda: told(collector) == {"lighttrap_database_up": 0}, within=30)
    own_cluster.start()
    own_cluster.wait_until_up()
    wait_until(lambda: told(collector)["lighttrap_database_up"] == 1, within=30)


def test_lock_on_one_table_is_no_dead_server(figures_of, database: str):
    collector = figures_of(database)
    with pool.connect(database) as holder:
        holder.execute("LOCK TABLE quarantine IN ACCESS EXCLUSIVE MODE")
        figures = told(collector)
        assert (figures["lighttrap_database_up"], figures['lighttrap_monitor_unanswered{part="losses"}']) == (1, 1)
        assert figures['lighttrap_monitor_unanswered{part="outbox"}'] == 0
        holder.rollback()
    assert told(collector)['lighttrap_monitor_unanswered{part="losses"}'] == 0


def test_watch_of_the_brokers_files_is_counted(figures_of, database: str):
    collector = figures_of(database)
    assert told(collector)["lighttrap_broker_watches"] == 0
    with pool.connect(database, application="lighttrap broker"):
        assert told(collector)["lighttrap_broker_watches"] == 1


def test_every_figure_that_the_database_gives_has_a_meaning(figures_of, database: str):
    names = {name.partition("{")[0] for name in told(figures_of(database))}
    assert names <= {family.name for family in DATABASE}


def a_monitor_of(broker: SecuredBroker) -> BrokerFigures:
    url = broker.url_of(Service.MONITOR, SECRETS[Service.MONITOR])
    return BrokerFigures(BrokerSettings(url=SecretStr(url)))


def test_broker_tells_its_own_figures_to_the_monitor(secured: SecuredBroker):
    monitor = a_monitor_of(secured)
    assert told(monitor) == {"lighttrap_broker_up": 0}
    monitor.start()
    try:
        wait_until(lambda: told(monitor).get("lighttrap_broker_connected_clients", 0) >= 1, within=30)
        # Of the figures the broker tells some sooner than others.
        wait_until(lambda: "lighttrap_broker_dropped_messages_total" in told(monitor), within=30)
        figures = told(monitor)
        assert figures["lighttrap_broker_up"] == 1
        assert figures["lighttrap_broker_dropped_messages_total"] == 0
        assert figures['lighttrap_broker_bytes_total{direction="received"}'] > 0
        secured.stop()
        wait_until(lambda: told(monitor) == {"lighttrap_broker_up": 0}, within=30)
    finally:
        monitor.stop()


def test_monitor_hears_of_the_broker_and_of_no_trap(secured: SecuredBroker, login):
    spy: Login = login(Service.MONITOR)
    spy.subscribe("lighttrap/#", "$SYS/broker/uptime")
    login(Service.INGEST).publish("lighttrap/v1/soc-trang/st-014/stored", b"{}", retain=True)
    wait_until(lambda: spy.heard)
    assert spy.topics() == {"$SYS/broker/uptime"}


def test_end_of_the_brokers_certificate_is_told(encrypted: tuple[SecuredBroker, Path]):
    broker, authority = encrypted
    url = broker.url_of(Service.MONITOR, SECRETS[Service.MONITOR]).replace("mqtt://", "mqtts://")
    monitor = BrokerFigures(BrokerSettings(url=SecretStr(url), ca_file=str(authority)), look_each_s=0.2)
    monitor.start()
    try:
        wait_until(lambda: monitor.is_up)
        assert told(monitor)["lighttrap_broker_certificate_seconds"] == pytest.approx(DAY_S, abs=600)
        assert monitor._certificate
        assert monitor._certificate._ends_s
        monitor._certificate._ends_s -= 40 * DAY_S
        # As after a renewal: the session goes on, and the certificate is looked at anew.
        wait_until(lambda: told(monitor)["lighttrap_broker_certificate_seconds"] > 0)
    finally:
        monitor.stop()


def test_certificate_of_the_pages_is_looked_at_where_the_proxy_is(encrypted: tuple[SecuredBroker, Path]):
    broker, _ = encrypted
    machine = MachineFigures(MonitorSettings(pages=f"bay.example.org@127.0.0.1:{broker.port}"), look_each_s=0)
    figures = told(machine)
    assert figures["lighttrap_pages_up"] == 1
    assert figures["lighttrap_pages_certificate_seconds"] == pytest.approx(DAY_S, abs=600)
    assert figures["lighttrap_pages_certificate_lifetime_seconds"] >= figures["lighttrap_pages_certificate_seconds"]
    broker.stop()
    assert told(machine)["lighttrap_pages_up"] == 0
    assert "lighttrap_pages_up" not in told(MachineFigures(MonitorSettings()))


def test_name_that_is_long_looked_for_holds_no_scrape_up(monkeypatch: pytest.MonkeyPatch):
    found = threading.Event()
    monkeypatch.setattr(certificate, "_WITHIN_S", 0.2)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: found.wait(30))
    machine = MachineFigures(MonitorSettings(pages="bay.example.org@caddy:443"))
    began_s = time.monotonic()
    assert told(machine)["lighttrap_pages_up"] == 0
    assert time.monotonic() - began_s < 10
    found.set()


def test_disks_are_watched_and_one_that_is_gone_is_left_out(tmp_path: Path):
    settings = MonitorSettings(disks={"here": tmp_path, "gone": tmp_path / "gone"})
    figures = told(MachineFigures(settings))
    assert 0 < figures['lighttrap_disk_free_bytes{disk="here"}'] <= figures['lighttrap_disk_bytes{disk="here"}']
    assert 'lighttrap_disk_bytes{disk="gone"}' not in figures


def test_figures_of_the_last_backup_are_passed_on(tmp_path: Path):
    file = tmp_path / "backup.prom"
    file.write_text("# TYPE lighttrap_backup_kept gauge\nlighttrap_backup_kept 7\nsomebody_elses 1\n")
    figures = told(MachineFigures(MonitorSettings(disks={}, backup_file=file)))
    assert figures["lighttrap_backup_kept"] == 7
    assert "somebody_elses" not in figures
    file.write_text("{")
    assert "lighttrap_backup_kept" not in told(MachineFigures(MonitorSettings(disks={}, backup_file=file)))


def test_monitor_serves_while_neither_database_nor_broker_answers(start_program):
    port, nobody = free_port(), free_port()
    program = start_program(
        "lighttrap.monitor", LIGHTTRAP_DATABASE__DSN=f"postgresql://x@127.0.0.1:{nobody}/x",
        LIGHTTRAP_BROKER__URL=f"mqtt://127.0.0.1:{nobody}", LIGHTTRAP_MONITOR__METRICS_PORT=str(port),
    )  # fmt: skip

    def page() -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    wait_until(page)
    text = page()
    assert "lighttrap_database_up 0.0" in text
    assert "lighttrap_broker_up 0.0" in text
    program.stop()
    assert program.wait() == 0


def test_database_that_does_not_answer_in_time_is_down_before_prometheus_has_lost_patience():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        dsn = f"postgresql://nobody@127.0.0.1:{deaf.getsockname()[1]}/x"
        figures = DatabaseFigures(dsn, 60, patience_s=0.2)
        began_s = time.monotonic()
        values = [{one.name: one.value for one in family.samples} for family in figures.collect()]
        assert time.monotonic() - began_s < 3
    assert {"lighttrap_database_up": 0.0} in values
