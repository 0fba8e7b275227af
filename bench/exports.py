"""Exports of 10^5 to 10^7 nights of catches: rows a second, the first byte, and memory that must not grow with rows."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench import load
from bench.api import running
from bench.seasons import SPECIES
from bench.servers import ORG, Servers, cpu_of
from lighttrap import model
from lighttrap.store import pool, tokens

TRAPS = 1000
ROWS_A_NIGHT = TRAPS * len(SPECIES)
FORMATS = ("csv", "parquet", "xlsx")
MOST_IN_A_SHEET = 10**5
ASKED_MEANWHILE = 300
LAST = date(2025, 12, 31)
# Night after night, as years of work would have written it.
_FILL = (
    "TRUNCATE catch, trap_night",
    # Made anew over all rows, which takes a tenth of the time.
    "ALTER TABLE catch DROP CONSTRAINT catch_pkey",
    """
    INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at)
    SELECT t.trap_id, %(last)s::date - n, 39600, 39600, 66, %(last)s::date - n, %(last)s::date - n + 1
    FROM generate_series(%(nights)s - 1, 0, -1) AS n CROSS JOIN trap t WHERE t.org_id = %(org)s
    """,
    """
    INSERT INTO catch (trap_id, species, night, count, lamp_s, readings)
    SELECT n.trap_id, s.species, n.night, (random() * 97)::int, 39600, 66
    FROM trap_night n CROSS JOIN unnest(%(species)s::text[]) AS s (species)
    """,
    "ALTER TABLE catch ADD PRIMARY KEY (trap_id, species, night)",
)
_FIELDS = (
    """
    INSERT INTO field (field_id, org_id, name, commune_code)
    SELECT 'field-of-' || trap_id, org_id, 'Ruộng ' || trap_id, '31498' FROM trap WHERE org_id = %(org)s
    """,
    """
    INSERT INTO deployment (trap_id, field_id, from_at) SELECT trap_id, 'field-of-' || trap_id, '2000-01-01'
    FROM trap WHERE org_id = %(org)s
    """,
)


def measure(servers: Servers, port: int, sizes: list[int]) -> dict[str, object]:
    """Each format at each size, by a client that takes all it gets; and how long lists wait meanwhile."""
    token = _prepare(servers)
    found: dict[str, object] = {}
    for rows in sizes:
        began = time.perf_counter()
        first = _fill(servers, rows)
        print(f"{rows} rows are there after {time.perf_counter() - began:.0f} s", flush=True)
        for form in FORMATS:
            if form == "xlsx" and rows > MOST_IN_A_SHEET:
                continue
            # A fresh process, so that its highest memory is of this export.
            with running(servers, port) as pids:
                cpu_s = sum(map(cpu_of, pids))
                taken = _Download(port, token, first, form).take()
                cpu_s = sum(map(cpu_of, pids)) - cpu_s
                found[f"{form}_{rows}"] = {
                    **taken,
                    "rows_per_s": round(rows / taken["s"]),
                    "server_cpu_us_per_row": round(cpu_s / rows * 1e6, 1),
                    "peak_rss_mb": max(map(_peak_mb, pids)),
                }
    with running(servers, port):
        found["lists"] = _lists_meanwhile(port, token, first)
    return found


@dataclass(frozen=True, slots=True)
class _Download:
    port: int
    token: str
    first: date
    form: str

    def take(self) -> dict[str, float]:
        """Takes the file and keeps nothing. Raises when it breaks off."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        began = time.perf_counter()
        path = f"/v1/orgs/{ORG}/exports/nights?first={self.first}&last={LAST}&format={self.form}"
        line.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = line.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {answer.read()[:300]!r}")
        size, first_s = len(answer.read(1)), time.perf_counter() - began
        while piece := answer.read(1 << 18):
            size += len(piece)
        seconds = time.perf_counter() - began
        line.close()
        return {"s": round(seconds, 1), "first_byte_s": round(first_s, 2), "mb": round(size / 1e6, 1)}

    def take_until_cut(self) -> None:
        """The same, and no matter when the server ends first."""
        with suppress(http.client.HTTPException, OSError):
            self.take()


def _lists_meanwhile(port: int, token: str, first: date) -> dict[str, dict[str, float]]:
    """What a page of one trap's nights takes, alone and beside two exports."""
    paths = [f"/v1/orgs/{ORG}/nights?first={LAST}&last={LAST}&limit=20"] * ASKED_MEANWHILE
    with closing(load.Lines(port, token, 1)) as lines:
        lines.ask(paths[:20])
        alone = lines.ask(paths).figures()
        downloads = [_Download(port, token, first, form) for form in ("csv", "parquet")]
        threads = [threading.Thread(target=one.take_until_cut, daemon=True) for one in downloads]
        for thread in threads:
            thread.start()
        beside = lines.ask(paths).figures()
    if not all(thread.is_alive() for thread in threads):
        raise RuntimeError("the exports ended before the lists: take more rows")
    return {"alone": alone, "beside_two_exports": beside}


def _prepare(servers: Servers) -> str:
    with pool.connect(servers.dsn) as conn:
        for statement in _FIELDS:
            conn.execute(statement, {"org": ORG})
        expires_at = datetime.now(UTC) + timedelta(days=1)
        _, secret = tokens.add_token(
            conn, org_id=ORG, name="bench", role=model.Role.VIEWER, created_by="bench", expires_at=expires_at
        )
        conn.commit()
    return secret


def _fill(servers: Servers, rows: int) -> date:
    """So many rows of `catch`; returns the first night."""
    nights = rows // ROWS_A_NIGHT
    with pool.connect(servers.dsn) as conn:
        conn.execute("SET statement_timeout = 0")
        for statement in _FILL:
            conn.execute(statement, {"last": LAST, "nights": nights, "org": ORG, "species": list(SPECIES)})
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM (ANALYZE) catch, trap_night")
    return LAST - timedelta(days=nights - 1)


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return round(int(kilobytes) * 1024 / 1e6)
