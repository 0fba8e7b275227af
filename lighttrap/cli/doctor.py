"""`lighttrap doctor`: is everything well, and what to do when it is not."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import typer
from rich.console import Console

from lighttrap import migrate
from lighttrap.backup.folder import backups as backups_in
from lighttrap.backup.settings import read as read_backup_settings
from lighttrap.cli import addresses, doctor_programs, doctor_settings, tables
from lighttrap.cli.findings import Finding, Verdict, not_looked_at
from lighttrap.errors import LightTrapError, StoreError
from lighttrap.store import checks, deliveries, quarantine, quarantine_room, restores, session
from lighttrap.store.pool import Connection, connect, translate_errors

_LOW_DISK_BYTES = 1 << 30
_MESSAGES_WAIT = timedelta(minutes=10)
_PROVEN_FOR = timedelta(weeks=5)
"""As the alert rule BackupUnproven."""


_STYLE = {Verdict.OK: "green", Verdict.NOTE: "yellow", Verdict.BAD: "bold red"}


def doctor(form: tables.FormOption = tables.Form.TABLE, data: addresses.DataOption = None) -> None:
    """Looks at versions, database, traps, broker, our programs and backups, and says what to do.

    What it was not told of is noted as not looked at. Exit code 1: something is bad.
    """
    found = list(_examine(data))
    if form is tables.Form.TABLE:
        console = Console(highlight=False)
        for finding in found:
            console.print(f"[{_STYLE[finding.verdict]}]{finding.verdict:<5}[/] {finding.what:<10} ", end="")
            console.print(finding.seen, markup=False, soft_wrap=True)
            if finding.advice:
                console.print(f"{'':17}-> {finding.advice}", markup=False, soft_wrap=True)
    else:
        tables.show(Finding._fields, found, form, empty="")
    if any(finding.verdict is Verdict.BAD for finding in found):
        raise typer.Exit(1)


def _examine(data: Path | None) -> Iterator[Finding]:
    yield _versions()
    try:
        found = addresses.find(data)
    except LightTrapError as fault:
        yield Finding(Verdict.BAD, "addresses", str(fault))
        found = None
    if found and found.db_dsn:
        yield from _database(found.db_dsn)
    else:
        yield not_looked_at("database", "LIGHTTRAP_DATABASE__DSN")
    for what, part in (("programs", _programs), ("backup", _backups)):
        try:
            yield from part(found)
        except LightTrapError as fault:
            yield Finding(Verdict.BAD, what, str(fault))


def _programs(found: addresses.Addresses | None) -> Iterator[Finding]:
    """The broker and our programs, where the settings say, or the `up` that runs."""
    settings = doctor_settings.read()
    said, found = settings.doctor, found or addresses.Addresses(None, None)
    yield (
        doctor_programs.broker(found.broker_url, found.broker_ca, None if found.data else settings.public_broker)
        if found.broker_url
        else not_looked_at("broker", "LIGHTTRAP_BROKER__URL, and LIGHTTRAP_BROKER__CA_FILE")
    )
    if found.db_dsn and not found.data and settings.public_broker.url:
        yield from _watch(found.db_dsn)
    workers = said.ingest_urls or found.ingest_url or ""
    yield (
        doctor_programs.ingest(workers.split(","))
        if workers
        else not_looked_at("ingest", "LIGHTTRAP_DOCTOR__INGEST_URLS")
    )
    for what, url, path in (
        ("notify", said.notify_url or found.notify_url, "/readyz"),
        ("api", said.api_url or found.api_url, "/readyz"),
        ("dashboard", said.dashboard_url or found.dashboard_url, "/_stcore/health"),
    ):
        yield (
            doctor_programs.program(what, url, path)
            if url
            else not_looked_at(what, f"LIGHTTRAP_DOCTOR__{what.upper()}_URL")
        )


def _watch(dsn: str) -> Iterator[Finding]:
    """Whether somebody tells the broker who may log in; of a database that is away something was said already."""
    with suppress(StoreError), connect(dsn, application="lighttrap doctor") as conn, translate_errors():
        if checks.watches(conn):
            yield Finding(Verdict.OK, "logins", "the broker is told who may log in")
        else:
            seen = "nobody tells the broker who may log in: new traps stay outside, revoked ones inside"
            yield Finding(Verdict.BAD, "logins", seen, "start `lighttrap broker watch`; its log says why it ended")


def _backups(found: addresses.Addresses | None) -> Iterator[Finding]:
    """The disk of an `up`, or else that of the backups, and how they are."""
    settings = read_backup_settings().backup
    disks = [place for place in (found and found.data, settings.folder) if place]
    yield from (_disk(place) for place in disks)
    if not disks:
        yield not_looked_at("disk", "LIGHTTRAP_BACKUP__FOLDER")
    yield _backup(settings.folder, settings.max_age_h)


def _backup(folder: Path | None, max_age_h: float) -> Finding:
    """How old the newest backup is, and when one was last proven."""
    if folder is None:
        return not_looked_at("backup", "LIGHTTRAP_BACKUP__FOLDER")
    found = backups_in(folder)
    advice = "look at the log of `lighttrap backup`; docs/backup.md says how it is run each night"
    if not found:
        return Finding(Verdict.BAD, "backup", f"there is none in {folder}", advice)
    newest, now = found[0].manifest, datetime.now(UTC)
    hours = (now - newest.taken_at).total_seconds() / 3600
    proven = max((one.manifest.proven_at for one in found if one.manifest.proven_at), default=None)
    seen = f"the newest of {len(found)} is {hours:.1f} hours old, {newest.bytes / 1e6:.0f} MB; " + (
        f"one was restored and compared on {proven:%Y-%m-%d}" if proven else "none was ever restored"
    )
    if hours > max_age_h:
        return Finding(Verdict.BAD, "backup", seen, advice)
    if proven is None or now - proven > _PROVEN_FOR:
        return Finding(Verdict.NOTE, "backup", seen, "prove one: lighttrap backup verify FILE --on a server")
    return Finding(Verdict.OK, "backup", seen)


def _versions() -> Finding:
    names = ("lighttrap", "psycopg", "pydantic", "paho-mqtt")
    seen = f"Python {platform.python_version()}, " + ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return Finding(Verdict.OK, "versions", seen)


def _disk(place: Path) -> Finding:
    try:
        free = shutil.disk_usage(place).free
    except OSError as fault:
        return Finding(Verdict.BAD, "disk", f"{place}: {fault.strerror}", "is it the right folder?")
    seen = f"{free / 1e9:.1f} GB free where {place} is"
    if free >= _LOW_DISK_BYTES:
        return Finding(Verdict.OK, "disk", seen)
    return Finding(Verdict.BAD, "disk", seen, "make room: a full disk stops storing, though nothing is lost meanwhile")


def _database(dsn: str) -> Iterator[Finding]:
    try:
        with connect(dsn, application="lighttrap doctor") as conn, translate_errors():
            yield _server(conn)
            yield _schema(conn)
            yield from judge_jobs(checks.jobs(conn))
            session.require_durable(conn)
            yield Finding(Verdict.OK, "durability", "commits reach the disk, and the clocks agree")
            if not migrate.pending(conn):
                yield from _contents(conn)
    except LightTrapError as fault:
        yield Finding(Verdict.BAD, "database", str(fault), "start the database, or mend its address or its settings")


def _server(conn: Connection) -> Finding:
    server = checks.server(conn)
    edition = "plain PostgreSQL"
    if server.timescaledb:
        edition = (
            f"TimescaleDB {server.timescaledb} ({'Apache' if server.license == 'apache' else 'community'} edition)"
        )
    seen = f"PostgreSQL {server.version // 10_000}.{server.version % 10_000}, {edition}, {server.bytes / 1e6:.0f} MB"
    if server.version < 150_000:
        return Finding(Verdict.BAD, "database", seen, "lighttrap needs PostgreSQL 15 or newer")
    advice = _could_have(server)
    return Finding(Verdict.NOTE if advice else Verdict.OK, "database", seen, advice)


def _could_have(server: checks.Server) -> str:
    """What of TimescaleDB lies on the server's disk and is not used; nothing depends on it."""
    if not server.on_disk:
        return ""
    if not server.preloaded:
        return "TimescaleDB lies here unused: add it to shared_preload_libraries, restart, run `lighttrap migrate`"
    if not server.timescaledb:
        return "TimescaleDB is there but not used: run `lighttrap migrate`"
    if server.timescaledb != server.on_disk:
        return (
            f"TimescaleDB {server.on_disk} lies here: `psql -X`, then first of all ALTER EXTENSION timescaledb UPDATE"
        )
    if server.has_community and server.license == "apache":
        return "timescaledb.license = timescale would let old readings take a fifth of their room: docs/timescaledb.md"
    return ""


def _schema(conn: Connection) -> Finding:
    lacking = migrate.pending(conn)
    if lacking:
        return Finding(Verdict.BAD, "schema", f"it lacks {', '.join(lacking)}", "run `lighttrap migrate`")
    if offered := migrate.offered(conn):
        seen = f"up to date; this server could also have {', '.join(offered)}"
        return Finding(Verdict.NOTE, "schema", seen, "run `lighttrap migrate`")
    return Finding(Verdict.OK, "schema", "up to date")


def judge_jobs(found: Sequence[checks.Job]) -> Iterator[Finding]:
    """TimescaleDB's jobs: the sick ones one by one, the others by their number."""
    sick = [job for job in found if job.is_failing or job.is_late]
    yield from (_sick(job) for job in sick)
    if well := len(found) - len(sick):
        yield Finding(Verdict.OK, "jobs", f"{well} of TimescaleDB's jobs on our tables, none of them failing or late")


def _sick(job: checks.Job) -> Finding:
    name = f"{job.procedure} of {job.relation} (job {job.job_id})"
    if not job.is_failing:
        seen = f"{name} should have run an hour ago; it last did at {job.last_run_at or 'no time'}"
        return Finding(
            Verdict.BAD, "jobs", seen, "are timescaledb.max_background_workers and max_worker_processes enough?"
        )
    if not job.failing_since:
        return Finding(Verdict.BAD, "jobs", f"{name} failed", "as the owner of the database doctor would see the error")
    seen = f"{name} failed {job.failures} times since {job.failing_since:%Y-%m-%d %H:%M} UTC: {job.error}"
    if job.did_its_work:
        return Finding(
            Verdict.NOTE, "jobs", seen, "its work was done all the same; versions without it: docs/timescaledb.md"
        )
    return Finding(
        Verdict.BAD, "jobs", seen, f"nothing is lost; try it with CALL run_job({job.job_id}): docs/timescaledb.md"
    )


def _contents(conn: Connection) -> Iterator[Finding]:
    kept = quarantine.count_by_reason(conn)
    seen = ", ".join(f"{messages} {reason}" for reason, messages, _ in kept) or "empty"
    advice = "look with `lighttrap quarantine list`; register unknown traps, then `lighttrap quarantine replay`"
    yield Finding(Verdict.NOTE if kept else Verdict.OK, "quarantine", seen, advice if kept else "")
    yield _dropped(*quarantine_room.dropped_since(conn, datetime.now(UTC).date() - timedelta(days=1)))
    readings, gaps = checks.missing(conn)
    seen = f"{readings} readings missing in {gaps} gaps" if gaps else "no reading is missing"
    yield Finding(
        Verdict.NOTE if gaps else Verdict.OK,
        "ledger",
        seen,
        "they are asked for again: lighttrap ledger --gaps" * bool(gaps),
    )
    yield _traps(*checks.silent_traps(conn))
    held = restores.holding(conn)
    yield _held(held) if held else _messages(deliveries.outbox(conn, datetime.now(UTC)), datetime.now(UTC))


def _traps(silent: int, unheard: int, traps: int) -> Finding:
    """Those that fell silent, and apart those that never said a word: they may be in their box still."""
    seen = f"{traps} in service, {silent} of them not heard of for 26 hours, {unheard} never"
    if silent:
        advice = "visit them, or look at the gateway when many fell silent together"
        return Finding(Verdict.NOTE, "traps", seen, advice)
    if unheard:
        advice = "provision and switch them on; what goes wrong then: docs/provisioning.md"
        return Finding(Verdict.NOTE, "traps", seen, advice)
    return Finding(Verdict.OK, "traps", seen)


def _held(restore: restores.Restore) -> Finding:
    seen = f"held since {restore.restored_at:%Y-%m-%d %H:%M} UTC, when {restore.dump} was restored"
    advice = "when the gaps are filled, `lighttrap alert pass-over` and `lighttrap alert resume`; see docs/backup.md"
    return Finding(Verdict.BAD, "messages", seen, advice)


def _dropped(messages: int, senders: int, most: str | None) -> Finding:
    """A note when more was refused since yesterday than quarantine keeps."""
    if not messages:
        return Finding(Verdict.OK, "floods", "since yesterday nothing was refused that quarantine did not keep")
    seen = f"since yesterday {messages} messages of {senders} senders were refused and not kept, most of {most or '?'}"
    advice = "a trap is broken or misused: visit it, or revoke it with `lighttrap trap revoke`"
    return Finding(Verdict.NOTE, "floods", seen, advice if most else "somebody sends as traps that are not registered")


def _messages(outbox: deliveries.Outbox, now: datetime) -> Finding:
    """Bad when what is to be said waits longer than any notifier leaves it."""
    seen = (
        f"{outbox.events} events and {outbox.due} messages to be sent, {outbox.failed} tried again; "
        f"since yesterday {outbox.unknown} unknown, {outbox.dead} given up"
    )
    if outbox.oldest_at and now - outbox.oldest_at > _MESSAGES_WAIT:
        return Finding(Verdict.BAD, "messages", seen, "does `lighttrap notify` run? are its channels well?")
    if outbox.unknown or outbox.dead:
        return Finding(Verdict.NOTE, "messages", seen, "look with `lighttrap alert list` and `alert messages NUMBER`")
    return Finding(Verdict.OK, "messages", seen)
