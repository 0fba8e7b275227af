"""No list asks the database once more for each item: ten times as many are found by as many statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from api.main import operations
from lighttrap.model import Role
from lighttrap.store import pool
from tests.fix_api import Api, a_token, an_api
from tests.integration.test_authorisation import OWN, ask, world

MORE = 10
NEVER_ENDS = {"follow_org"}
OVER_THEIR_OWN = {"export_nights", "export_readings", "export_field_nights", "export_alerts"}
"""Connections, which outlive the request's and are not counted here."""
NIGHT = {"get_overview": "2025-11-22", "list_worst_fields": "2025-11-22", "list_night_levels": "2025-11-22"}
ASKED = {
    route.name: path
    for path, route in operations()
    if route.methods == {"GET"}
    and path.startswith("/v1/orgs/{org_id}")
    and route.name not in NEVER_ENDS | OVER_THEIR_OWN
}
# What one org has, so many times more: of its own rows, under other ids.
_CROWD = (
    """
    INSERT INTO field (field_id, org_id, name, commune_code)
    SELECT 'more-' || n, org_id, name, commune_code FROM field, generate_series(1, %(more)s) AS n WHERE org_id = %(org)s
    """,
    """
    INSERT INTO trap (trap_id, org_id, name, in_service_from)
    SELECT 'more-' || n, org_id, name, in_service_from
    FROM trap, generate_series(1, %(more)s) AS n WHERE org_id = %(org)s
    """,
    # Half of them in a field of their own, half in that which is asked for.
    """
    INSERT INTO deployment (trap_id, field_id, from_at)
    SELECT 'more-' || n, CASE WHEN n %% 2 = 0 THEN 'more-' || n ELSE 'field-' || %(org)s END, '2025-01-01'
    FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO catch SELECT 'more-' || n, species, night, count, lamp_s, readings
    FROM catch, generate_series(1, %(more)s) AS n WHERE trap_id = 'trap-' || %(org)s
    """,
    """
    INSERT INTO trap_night SELECT 'more-' || n, night, lamp_s, covered_s, readings, first_at, last_at
    FROM trap_night, generate_series(1, %(more)s) AS n WHERE trap_id = 'trap-' || %(org)s
    """,
    """
    INSERT INTO ledger (trap_id, boot, sent_upto) SELECT 'more-' || n, 1, 9 FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO ledger (trap_id, boot, sent_upto) SELECT 'trap-' || %(org)s, n, 9 FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO gap (trap_id, boot, seqs, missing)
    SELECT 'trap-' || %(org)s, n, '[1,3)', '{[1,3)}' FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO alert_rule (org_id, species, field_id, watch, author)
    SELECT %(org)s, 'nilaparvata-lugens', field_id, 9, 'x' FROM field WHERE org_id = %(org)s
    """,
    """
    INSERT INTO judged_night (rule_id, field_id, night, value, traps, is_valid, is_final, level)
    SELECT r.rule_id, r.field_id, night::date, 20, 1, true, true, 1
    FROM alert_rule r, generate_series(date '2025-11-15', date '2025-11-24', '1 day') AS night
    WHERE r.field_id IS NOT NULL AND r.org_id = %(org)s
    """,
    """
    INSERT INTO alert (org_id, kind, trap_id, fault, level, highest, opened_night)
    SELECT %(org)s, 'device', 'more-' || n, 'lamp', 2, 2, '2025-11-22' FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO alert_event (alert_id, number, word, level, night, fanned_out_at)
    SELECT alert_id, 9, 'corrected', 2, '2025-11-22', now() FROM alert WHERE org_id = %(org)s
    """,
    """
    INSERT INTO alert_note (alert_id, kind, text, author)
    SELECT alert_id, 'comment', 'x', 'x' FROM alert, generate_series(1, %(more)s) WHERE org_id = %(org)s
    """,
    """
    INSERT INTO recipient (org_id, kind, name, token_sha)
    SELECT %(org)s, 'farmer', 'Bà Tư', n::text::bytea FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO recipient_address (recipient_id, channel, address)
    SELECT recipient_id, 'email', recipient_id || '@example.org' FROM recipient
    WHERE org_id = %(org)s ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO subscription (recipient_id, field_id)
    SELECT r.recipient_id, f.field_id FROM recipient r JOIN field f USING (org_id) WHERE org_id = %(org)s
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO delivery (event_id, alert_id, number, recipient_id, channel, state, due_at, next_try_at)
    SELECT e.event_id, e.alert_id, e.number, r.recipient_id, 'email', 'sent', now(), now()
    FROM alert a JOIN alert_event e USING (alert_id) JOIN recipient r USING (org_id)
    WHERE a.org_id = %(org)s ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO account (login, name, password_hash)
    SELECT 'more-' || n, 'x', 'x' FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO membership (account_id, org_id, role)
    SELECT account_id, %(org)s, 'viewer' FROM account WHERE login LIKE 'more-%%'
    """,
    """
    INSERT INTO api_token (token_sha, org_id, name, role, created_by, expires_at)
    SELECT n::text::bytea, %(org)s, 'x', 'viewer', 'x', now() FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO correction (trap_id, species, night, count, machine_count, reason, author)
    SELECT 'more-' || n, 'nilaparvata-lugens', '2025-11-22', 1, 2, 'x', 'x' FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO visit (trap_id, at, author, work)
    SELECT 'more-' || n, '2025-11-20', 'x', '{}' FROM generate_series(1, %(more)s) AS n
    """,
    """
    INSERT INTO audit (who, org_id, action, object_kind, object_id)
    SELECT 'x', %(org)s, 'put', 'field', n FROM generate_series(1, %(more)s) AS n
    """,
)


class Counted(psycopg.Cursor[Any]):
    """A cursor that counts what it asks."""

    asked = 0

    def execute(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as psycopg has it
        Counted.asked += 1
        return super().execute(*arguments, **named)


def a_pool(dsn: str) -> ConnectionPool[Any]:
    """The API's pool, with connections that count."""
    return ConnectionPool(dsn, kwargs={**pool.session_arguments("tests"), "cursor_factory": Counted}, min_size=1)


@pytest.fixture(scope="module")
def orgs(databases) -> Iterator[tuple[Api, dict[str, Any], dict[str, str], list[ConnectionPool[Any]]]]:
    """The API, ids of an org and an admin's headers, and the same org twice: with one of each thing, and with many."""
    small = databases.clone()
    with pool.connect(small) as conn:
        ids, headers = world(conn)[OWN], a_token(conn, OWN, Role.ADMIN)
    conn.close()
    large = databases.copy(small)
    with pool.connect(large) as conn:
        for statement in _CROWD:
            conn.execute(statement, {"org": OWN, "more": MORE})
    conn.close()
    with an_api(small) as api, a_pool(small) as few, a_pool(large) as many:
        yield api, ids, headers, [few, many]
    for dsn in (small, large):
        databases.drop(dsn)


def found(api: Api, lent: ConnectionPool[Any], name: str, ids: dict[str, Any], headers: dict[str, str]) -> int:
    """Asks, and returns how many bytes the answer has."""
    api.client.app.state.pool = lent  # type: ignore[attr-defined]  # an app of ours
    params = {"night": NIGHT[name]} if name in NIGHT else {}
    answer = ask(api, "GET", ASKED[name], name, ids, headers, **params)
    assert answer.status_code == 200, answer.text
    return len(answer.content)


@pytest.mark.parametrize("name", ASKED)
def test_as_many_statements_find_ten_times_as_much(orgs, name):
    api, ids, headers, pools = orgs
    asked = []
    for lent in pools:
        Counted.asked = 0
        found(api, lent, name, ids, headers)
        asked.append(Counted.asked)
    assert asked[0] >= 1
    # One more may note that the token was used.
    assert asked[1] <= asked[0] + 1, f"{asked} statements"


def test_there_is_more_to_find_in_nearly_every_list(orgs):
    api, ids, headers, (few, many) = orgs
    grown = {name for name in ASKED if found(api, many, name, ids, headers) > found(api, few, name, ids, headers) + 100}
    assert {
        "list_fields", "get_overview", "list_worst_fields", "list_traps", "list_devices", "list_nights", "list_catches",
        "list_corrections", "list_ledger", "list_rules", "list_alerts", "list_users", "list_tokens", "list_audit",
        "list_recipients", "list_deliveries", "list_visits", "list_peaks",
    } <= grown  # fmt: skip
