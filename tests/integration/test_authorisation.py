"""Who may do what: every operation of the router for every role, in their own org and in another's."""

from __future__ import annotations

from typing import Any

import pytest

from api.main import operations
from api.permissions import ALLOWED, Permission
from lighttrap import passwords
from lighttrap.model import Role
from lighttrap.store import accounts, handling, pool, traps
from tests.builders import a_trap
from tests.fix_api import Api, a_token

OWN, OTHER = "soc-trang", "an-giang"
ANYBODY = "anybody"
SIGNED_IN = "signed in"
A, G, T, V, S = Role.ADMIN, Role.AGRONOMIST, Role.TECHNICIAN, Role.VIEWER, Role.SERVICE
ALL = frozenset(Role)
LOOKS_AT_LOSSES = frozenset({A, G, T, S})

# Every operation: who may, in an org of theirs. In an org where they are nothing, it answers 404 to all.
MAY: dict[str, frozenset[Role] | str] = {
    "login": ANYBODY,
    "logout": SIGNED_IN,
    "get_me": SIGNED_IN,
    "change_my_password": SIGNED_IN,
    "list_orgs": SIGNED_IN,
    "list_species": SIGNED_IN,
    "get_org": ALL,
    "list_fields": ALL,
    "map_fields": ALL,
    "get_field": ALL,
    "put_field": frozenset({A, G}),
    "list_judged_nights": ALL,
    "list_traps": ALL,
    "get_trap": ALL,
    "register_trap": frozenset({A, T}),
    "move_trap": frozenset({A, T}),
    "retire_trap": frozenset({A, T}),
    "list_devices": ALL,
    "list_nights": ALL,
    "list_catches": ALL,
    "list_readings": ALL,
    "list_ledger": LOOKS_AT_LOSSES,
    "get_ledger": LOOKS_AT_LOSSES,
    "list_gaps": LOOKS_AT_LOSSES,
    "list_quarantine": LOOKS_AT_LOSSES,
    "list_rules": ALL,
    "put_rule": frozenset({A, G}),
    "list_alerts": ALL,
    "get_alert": ALL,
    "acknowledge_alert": frozenset({A, G, T}),
    "assign_alert": frozenset({A, G, T}),
    "comment_alert": frozenset({A, G, T}),
    "list_users": frozenset({A}),
    "add_user": frozenset({A}),
    "change_role": frozenset({A}),
    "remove_user": frozenset({A}),
    "list_tokens": frozenset({A}),
    "add_token": frozenset({A}),
    "revoke_token": frozenset({A}),
    "list_audit": frozenset({A}),
}
BODIES: dict[str, dict[str, Any]] = {
    "login": {"login": "nobody", "password": "ba con trâu trắng"},
    "change_my_password": {"old": "x", "new": "ba con trâu trắng"},
    "put_field": {"name": "Ruộng ông Ba"},
    "register_trap": {"trap_id": "st-new"},
    "move_trap": {"field_id": "field-{org}"},
    "retire_trap": {},
    "put_rule": {"species": "nilaparvata-lugens", "watch": 100},
    "acknowledge_alert": {"version": 1},
    "assign_alert": {"version": 1, "assignee": None},
    "comment_alert": {"version": 1, "text": "đã xem"},
    "add_user": {"login": "new@example.org", "role": "viewer", "name": "New", "password": "ba con trâu trắng"},
    "change_role": {"role": "viewer"},
    "add_token": {"name": "IOC"},
}
SPAN = {
    "first": "2025-11-01",
    "last": "2025-11-30",
    "first_at": "2025-11-01T00:00:00Z",
    "before_at": "2025-11-30T00:00:00Z",
}
OPERATIONS = [(path, route) for path, route in operations()]
CELLS = [
    pytest.param(method, path, route.name, id=f"{method} {path}")
    for path, route in OPERATIONS
    for method in route.methods or ()
]


def world(conn: pool.Connection) -> dict[str, dict[str, Any]]:
    """A field, a trap, an alert, an account and a token in each of two orgs."""
    made = {}
    for org in (OWN, OTHER):
        trap_id = a_trap(conn, f"trap-{org}", org=org)
        conn.execute("INSERT INTO field (field_id, org_id, name) VALUES (%s, %s, 'Ruộng')", (f"field-{org}", org))
        [(alert_id,)] = conn.execute(
            "INSERT INTO alert (org_id, kind, trap_id, fault, level, highest, opened_night)"
            " VALUES (%s, 'device', %s, 'lamp', 2, 2, '2025-11-22') RETURNING alert_id",
            (org, trap_id),
        ).fetchall()
        [(account_id,)] = conn.execute(
            "INSERT INTO account (login, name, password_hash) VALUES (%s, 'X', %s) RETURNING account_id",
            (f"person@{org}", passwords.NOBODYS),
        ).fetchall()
        accounts.put_membership(conn, account_id, org, Role.VIEWER)
        a_token(conn, org, Role.VIEWER)
        [(token_id,)] = conn.execute("SELECT max(token_id) FROM api_token").fetchall()
        made[org] = {
            "org_id": org, "trap_id": trap_id, "field_id": f"field-{org}", "alert_id": alert_id,
            "account_id": account_id, "token_id": token_id,
        }  # fmt: skip
    conn.commit()
    return made


def ask(api: Api, method: str, path: str, name: str, ids: dict[str, Any], headers: dict[str, str]) -> Any:  # noqa: ANN401
    body = BODIES.get(name)
    filled = {key: f"field-{ids['org_id']}" if key == "field_id" else value for key, value in (body or {}).items()}
    needed = {key: SPAN[key] for key in _query(name)}
    return api.client.request(
        method, path.format(**ids), params=needed, headers=headers, json=filled if body is not None else None
    )


def _query(name: str) -> tuple[str, ...]:
    if name == "list_readings":
        return ("first_at", "before_at")
    return ("first", "last") if name in ("list_nights", "list_catches", "list_judged_nights") else ()


def test_every_operation_is_declared_once():
    names = [route.name for _, route in OPERATIONS]
    assert sorted(names) == sorted(MAY)


def test_table_of_permissions_holds_every_role_and_permission():
    assert set(ALLOWED) == set(Role)
    assert frozenset().union(*ALLOWED.values()) == set(Permission)


def test_operations_are_in_the_document_and_below_an_org_unless_declared_otherwise():
    for path, route in OPERATIONS:
        assert route.include_in_schema
        assert path.startswith("/v1/orgs/{org_id}") == isinstance(MAY[route.name], frozenset), path


@pytest.mark.parametrize(("method", "path", "name"), CELLS)
def test_every_role_may_what_is_declared_and_nothing_in_another_org(api, conn, method, path, name):
    ids = world(conn)
    declared = MAY[name]
    anonymous = ask(api, method, path, name, ids[OWN], {})
    wrong = ask(api, method, path, name, ids[OWN], {"Authorization": "Bearer lt_wrong"})
    if declared == ANYBODY:
        assert anonymous.json()["type"] == "unauthenticated"  # of the login that does not fit
        return
    assert (anonymous.status_code, wrong.status_code) == (401, 401)
    for role in Role:
        headers = a_token(conn, OWN, role)
        if isinstance(declared, frozenset):
            refused = ask(api, method, path, name, ids[OTHER], headers)
            assert refused.status_code == 404, f"{role} in another org: {refused.text}"
            own_path = path.replace("{org_id}", OWN)
            if "{" in own_path and role in declared and name != "put_field":
                across = ask(api, method, own_path, name, {**ids[OTHER]}, headers)
                assert across.status_code == 404, f"{role}, another org's object in the own: {across.text}"
    for role in sorted(Role, key=lambda role: role is not Role.VIEWER):
        answer = ask(api, method, path, name, ids[OWN], a_token(conn, OWN, role))
        may = declared == SIGNED_IN or role in declared
        if name == "change_my_password":
            assert answer.status_code == 403  # a token has none
        elif may:
            # A second role may find its object taken, changed or gone by the first, which is no refusal.
            gone = {404} if name == "remove_user" else set()
            assert answer.status_code in {200, 201, 204, 409} | gone, f"{role}: {answer.text}"
        else:
            assert answer.status_code == 403, f"{role}: {answer.text}"


@pytest.mark.parametrize(("method", "path", "name"), CELLS)
def test_first_who_may_succeeds(api, conn, method, path, name):
    declared = MAY[name]
    if name in ("login", "change_my_password"):
        return  # theirs are in test_api.py
    role = Role.ADMIN if isinstance(declared, str) else sorted(declared)[-1]
    answer = ask(api, method, path, name, world(conn)[OWN], a_token(conn, OWN, role))
    assert answer.status_code in (200, 201, 204), answer.text


def test_lists_of_one_org_hold_nothing_of_another(api, conn):
    world(conn)
    headers = a_token(conn, OWN, Role.ADMIN)
    for path, route in OPERATIONS:
        if route.methods == {"GET"} and path.count("{") == 1:
            answer = ask(api, "GET", path, route.name, {"org_id": OWN}, headers)
            assert answer.status_code == 200, path
            assert OTHER not in answer.text, path
    assert [org["org_id"] for org in api.client.get("/v1/orgs", headers=headers).json()] == [OWN]


def test_a_field_of_another_org_cannot_be_taken_over(api, conn):
    ids = world(conn)
    answer = api.client.put(
        f"/v1/orgs/{OWN}/fields/{ids[OTHER]['field_id']}", json={"name": "Mine"}, headers=a_token(conn, OWN, Role.ADMIN)
    )
    assert answer.status_code == 409
    assert traps.get_trap(conn, OTHER, ids[OTHER]["trap_id"]).org_id == OTHER


def test_store_holds_the_orgs_apart_by_itself(conn):
    ids = world(conn)
    with pytest.raises(Exception, match="there is no alert"):
        handling.get_alert(conn, OWN, ids[OTHER]["alert_id"])
