"""By which secret each trap logs in at the broker. A secret is told once; Mosquitto's hash of it is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from psycopg.rows import class_row

from lighttrap import brokersecret, model, sql
from lighttrap.errors import Conflict, NotFound
from lighttrap.store import traps
from lighttrap.store.pool import Connection

_SQL = sql.load("credentials")


def issue(conn: Connection, org_id: str, trap_id: str, issued_by: str) -> tuple[model.TrapCredential, str]:
    """Gives a trap a new secret; an older one is worth nothing from now on. Returns the secret too, told this once.

    Raises NotFound, and Conflict when the trap is out of service.
    """
    retired_at = traps.get_trap(conn, org_id, trap_id).retired_at
    if retired_at is not None and retired_at <= datetime.now(UTC):
        raise Conflict(f"trap {trap_id} is retired")
    secret = brokersecret.new_secret()
    values = {"trap_id": trap_id, "secret_hash": brokersecret.hashed(secret), "issued_by": issued_by}
    [made] = conn.cursor(row_factory=class_row(model.TrapCredential)).execute(_SQL["issue"], values).fetchall()
    return made, secret


def revoke(conn: Connection, org_id: str, trap_id: str) -> model.TrapCredential:
    """Lets a trap's secret open nothing from now on. Raises NotFound when it never had one."""
    return _one(conn, "revoke", org_id, trap_id)


def get_credential(conn: Connection, org_id: str, trap_id: str) -> model.TrapCredential:
    """When a trap got its secret, from whom, and whether it was revoked. Raises NotFound when it never had one."""
    return _one(conn, "get_credential", org_id, trap_id)


def list_logins(conn: Connection) -> list[model.TrapLogin]:
    """The traps of all orgs that may log in now, by id."""
    return conn.cursor(row_factory=class_row(model.TrapLogin)).execute(_SQL["list_logins"]).fetchall()


def listen(conn: Connection) -> None:
    """Makes this session hear of changes; none is lost without it, but the wait is longer."""
    conn.execute(_SQL["listen"])


def _one(conn: Connection, statement: str, org_id: str, trap_id: str) -> model.TrapCredential:
    values = {"org_id": org_id, "trap_id": trap_id}
    cursor = conn.cursor(row_factory=class_row(model.TrapCredential))
    found = cursor.execute(_SQL[statement], values).fetchone()
    if found is None:
        raise NotFound(f"trap {trap_id} has no credential")
    return found
