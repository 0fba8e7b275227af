"""The audit log: every change by a person or a token, written in the transaction that makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.store.pool import Connection

_SQL = sql.load("audit")
NEWEST = 2**63 - 1


def note(
    conn: Connection,
    *,
    who: str,
    action: str,
    object_kind: str,
    object_id: object,
    org_id: str | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Writes down a change. What is given as before and after must hold no secret."""
    values = {
        "who": who, "org_id": org_id, "action": action, "object_kind": object_kind, "object_id": str(object_id),
        "before": _json(before), "after": _json(after),
    }  # fmt: skip
    conn.execute(_SQL["note"], values)


def list_entries(
    conn: Connection, org_id: str | None, *, object_kind: str | None = None, before_id: int = NEWEST, limit: int = 100
) -> list[model.AuditEntry]:
    """The entries of an org, or with None all there are, with an id below `before_id`, the newest first."""
    values = {"org_id": org_id, "object_kind": object_kind, "before_id": before_id, "limit": limit}
    return conn.cursor(row_factory=class_row(model.AuditEntry)).execute(_SQL["list_entries"], values).fetchall()


def _json(document: Mapping[str, object] | None) -> str | None:
    return None if document is None else json.dumps(document, default=str, ensure_ascii=False)
