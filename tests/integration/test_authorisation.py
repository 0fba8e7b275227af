"""Who may do what: every operation of the router for every role, in their own org and in another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from psycopg_pool import ConnectionPool
from pydantic import SecretStr

from api import database, deps
from api.config import ApiSettings, ServerSettings
from api.main import create_app, operations
from lighttrap import model, passwords, topics
from lighttrap.config import DatabaseSettings, PublicBrokerSettings
from lighttrap.model import Role
from lighttrap.permissions import ALLOWED, Permission
from lighttrap.store import (
    accounts,
    corrections,
    credentials,
    handling,
    login_sessions,
    pool,
    quarantine,
    recipients,
    signups,
    tokens,
    traps,
    visits,
)
from lighttrap.store.corrections import CatchKey, Seen
from tests.builders import NIGHTFALL, a_reading, a_topic, a_trap, store_readings
from tests.cluster import Databases
from tests.fix_api import BROKER_URL, Api, a_session, a_token

Pool = ConnectionPool[pool.Connection]
OWN, OTHER = "soc-trang", "an-giang"
ANYBODY = "anybody"
SIGNED_IN = "signed in"
A_PERSON = "signed in as a person, not by a token"
ADMIN_OF_ALL = "an account that is admin of every org"
A, G, T, V, S = Role.ADMIN, Role.AGRONOMIST, Role.TECHNICIAN, Role.VIEWER, Role.SERVICE
ALL = frozenset(Role)
LOOKS_AT_LOSSES = frozenset({A, G, T, S})

# Every operation: who may, in an org of theirs. In an org where they are nothing, it answers 404 to all.
# What is not in an org says in a word who may.
MAY: dict[str, frozenset[Role] | str] = {
    "login": ANYBODY,
    "logout": SIGNED_IN,
    "get_me": SIGNED_IN,
    "change_my_password": A_PERSON,
    "list_orgs": SIGNED_IN,
    "list_species": SIGNED_IN,
    "list_communes": SIGNED_IN,
    "get_setting": ALL,
    "put_setting": frozenset({A, G}),
    "get_org": ALL,
    "change_org": frozenset({A}),
    "list_fields": ALL,
    "map_fields": ALL,
    "get_field": ALL,
    "put_field": frozenset({A, G}),
    "list_judged_nights": ALL,
    "get_overview": ALL,
    "list_worst_fields": ALL,
    "list_night_levels": ALL,
    "list_traps": ALL,
    "get_trap": ALL,
    "register_trap": frozenset({A, T}),
    "move_trap": frozenset({A, T}),
    "retire_trap": frozenset({A, T}),
    "provision_trap": frozenset({A, T}),
    "get_trap_credential": frozenset({A, T}),
    "revoke_trap_credential": frozenset({A, T}),
    "list_devices": ALL,
    "list_visits": ALL,
    "add_visit": frozenset({A, G, T}),
    "list_trap_events": ALL,
    "list_nights": ALL,
    "list_catches": ALL,
    "list_corrections": ALL,
    "put_correction": frozenset({A, G, T}),
    "undo_correction": frozenset({A, G, T}),
    "list_exports": ALL,
    "export_nights": ALL,
    "export_readings": ALL,
    "export_field_nights": ALL,
    "export_alerts": ALL,
    "export_corrections": ALL,
    "export_deliveries": frozenset({A, G}),
    "list_readings": ALL,
    "list_trap_hours": ALL,
    "get_trend": ALL,
    "get_trap_trend": ALL,
    "list_peaks": ALL,
    "get_normal": ALL,
    "get_trap_normal": ALL,
    "list_ledger": LOOKS_AT_LOSSES,
    "get_ledger": LOOKS_AT_LOSSES,
    "list_gaps": LOOKS_AT_LOSSES,
    "list_quarantine": LOOKS_AT_LOSSES,
    "list_quarantine_days": LOOKS_AT_LOSSES,
    "get_quarantined": LOOKS_AT_LOSSES,
    "replay_quarantine": frozenset({A, G}),
    "get_signup_code": frozenset({A, G}),
    "make_signup_code": frozenset({A, G}),
    "list_rules": ALL,
    "put_rule": frozenset({A, G}),
    "list_rule_versions": ALL,
    "end_rule": frozenset({A, G}),
    "follow_org": ALL,
    "list_alerts": ALL,
    "get_alert": ALL,
    "acknowledge_alert": frozenset({A, G, T}),
    "assign_alert": frozenset({A, G, T}),
    "comment_alert": frozenset({A, G, T}),
    "preview_alert_event": ALL,
    "approve_alert_event": frozenset({A, G}),
    "reject_alert_event": frozenset({A, G}),
    "list_deliveries": frozenset({A, G}),
    "get_delivery": frozenset({A, G}),
    "retry_delivery": frozenset({A, G}),
    "get_outbox": frozenset({A, G}),
    "list_recipients": frozenset({A, G}),
    "get_recipient": frozenset({A, G}),
    "add_recipient": frozenset({A, G}),
    "change_recipient": frozenset({A, G}),
    "reveal_recipient": frozenset({A}),
    "erase_recipient": frozenset({A}),
    "put_address": frozenset({A, G}),
    "drop_address": frozenset({A, G}),
    "note_consent": frozenset({A, G}),
    "stop_recipient": frozenset({A, G}),
    "resume_recipient": frozenset({A, G}),
    "list_subscriptions": frozenset({A, G}),
    "add_subscription": frozenset({A, G}),
    "drop_subscription": frozenset({A, G}),
    "list_users": frozenset({A}),
    "add_user": frozenset({A}),
    "change_role": frozenset({A}),
    "remove_user": frozenset({A}),
    "list_tokens": frozenset({A}),
    "add_token": frozenset({A}),
    "revoke_token": frozenset({A}),
    "list_audit": frozenset({A}),
    "list_login_ways": ANYBODY,
    "login_by_oidc": ANYBODY,
    "finish_oidc_login": ANYBODY,
    "list_my_sessions": A_PERSON,
    "end_my_session": A_PERSON,
    "end_my_other_sessions": A_PERSON,
    "add_org": ADMIN_OF_ALL,
    "rename_org": ADMIN_OF_ALL,
    "list_accounts": ADMIN_OF_ALL,
    "get_account": ADMIN_OF_ALL,
    "disable_account": ADMIN_OF_ALL,
    "enable_account": ADMIN_OF_ALL,
    "unlock_account": ADMIN_OF_ALL,
    "reset_password": ADMIN_OF_ALL,
    "set_admin": ADMIN_OF_ALL,
    "forget_identities": ADMIN_OF_ALL,
    "list_all_audit": ADMIN_OF_ALL,
}
BODIES: dict[str, dict[str, Any]] = {
    "login": {"login": "nobody", "password": "ba con trâu trắng"},
    "change_my_password": {"old": "x", "new": "ba con trâu trắng"},
    "put_field": {"name": "Ruộng ông Ba"},
    "register_trap": {"trap_id": "st-new"},
    "move_trap": {"field_id": "field-{org}"},
    "retire_trap": {},
    "add_visit": {"work": ["tray-cleaned"]},
    "put_correction": {"count": 38, "reason": "đếm lại", "machine_count": 59 * 41, "correction_id": None},
    "put_rule": {"species": "nilaparvata-lugens", "watch": 100},
    "acknowledge_alert": {"version": 1},
    "assign_alert": {"version": 1, "assignee": None},
    "comment_alert": {"version": 1, "text": "đã xem"},
    "retry_delivery": {"may_repeat": True},
    "replay_quarantine": {"reason": "json"},
    "change_org": {"keep_readings_days": 365},
    "put_setting": {"farmers_need_approval": True, "phone": "02993123456"},
    "add_recipient": {"name": "Bà Tư", "addresses": [{"channel": "sms", "address": "0912345678"}]},
    "change_recipient": {"language": "km"},
    "put_address": {"address": "0912345679"},
    "note_consent": {"how": "on paper"},
    "resume_recipient": {"how": "by telephone"},
    "add_subscription": {"min_level": 2},
    "add_user": {"login": "new@example.org", "role": "viewer", "name": "New", "password": "ba con trâu trắng"},
    "change_role": {"role": "viewer"},
    "add_token": {"name": "IOC"},
    "add_org": {"org_id": "new-org", "name": "Đơn vị mới"},
    "rename_org": {"name": "Tên mới"},
    "reset_password": {"password": "ba con trâu trắng"},
    "set_admin": {"is_admin": True},
}
SPAN = {
    "first": "2025-11-01",
    "last": "2025-11-30",
    "first_at": "2025-11-01T00:00:00Z",
    "before_at": "2025-11-30T00:00:00Z",
    "reason": "đếm nhầm",
    "species": "nilaparvata-lugens",
}
OPERATIONS = [(path, route) for path, route in operations()]


def _cells(which: Callable[[APIRoute], bool] = lambda route: True) -> list[Any]:
    return [
        pytest.param(method, path, route, id=f"{method} {path}")
        for path, route in OPERATIONS
        for method in route.methods or ()
        if which(route)
    ]


def changes(route: APIRoute) -> bool:
    return route.methods != {"GET"}


CELLS = _cells()
BPH = "nilaparvata-lugens"
NO_ORGS = {"species", "night", "channel"}
"""Of what `world` names, that which is the same for everybody."""
KEEPS_ITS_OWN_IDS = {"put_field"}
"""Of these an id in the path that is another org's is a conflict, for ids are given once."""
GONE_AFTER_THE_FIRST = {"drop_address", "drop_subscription", "erase_recipient", "remove_user"}
FILTERS = {"place": "trap_id", "assignee": "login"}
"""Query parameters and fields of bodies that hold an id under another name; the rest is called as in `world`."""


def world(conn: pool.Connection) -> dict[str, dict[str, Any]]:
    """In each org one of everything that an id in a path or a filter may name."""
    made = {}
    for org in (OWN, OTHER):
        trap_id = a_trap(conn, f"trap-{org}", org=org)
        conn.execute(
            "INSERT INTO field (field_id, org_id, name, commune_code) VALUES (%s, %s, %s, %s)",
            (f"field-{org}", org, f"Ruộng {org}", f"commune-{org}"),
        )
        traps.deploy(conn, trap_id=trap_id, field_id=f"field-{org}", at=NIGHTFALL - timedelta(days=1))
        store_readings(conn, *(a_reading(seq) for seq in range(1, 60)), trap_id=trap_id, org=org)
        credentials.issue(conn, org, trap_id, "tests")
        visits.add_visit(conn, org, trap_id, author=f"person@{org}")
        signups.make_code(conn, org, f"field-{org}", "tests")
        topic = a_topic(topics.Kind.READING, org=org, trap_id=trap_id).encode()
        quarantine.insert(conn, [quarantine.Refusal(NIGHTFALL, topic, b"{", "json", "no JSON", trap_id)])
        [(quarantine_id,)] = conn.execute("SELECT max(quarantine_id) FROM quarantine").fetchall()
        [(alert_id,)] = conn.execute(
            "INSERT INTO alert (org_id, kind, trap_id, fault, level, highest, opened_night)"
            " VALUES (%s, 'device', %s, 'lamp', 2, 2, '2025-11-22') RETURNING alert_id",
            (org, trap_id),
        ).fetchall()
        [(rule_id,)] = conn.execute(
            "INSERT INTO alert_rule (org_id, species, watch, author) VALUES (%s, 'scirpophaga-incertulas', 9, 'tests')"
            " RETURNING rule_id",
            (org,),
        ).fetchall()
        farmer = model.Recipient(org, f"Bà Tư {org}", addresses={"sms": "0987654321"})
        recipient_id, _ = recipients.add_recipient(conn, farmer)
        event_id, delivery_id = a_message(conn, alert_id, recipient_id)
        told = model.Subscription(recipient_id, field_id=f"field-{org}")
        subscription_id = recipients.subscribe(conn, told)
        recipients.stop(conn, recipient_id)
        [(account_id,)] = conn.execute(
            "INSERT INTO account (login, name, password_hash) VALUES (%s, %s, %s) RETURNING account_id",
            (f"person@{org}", f"Người {org}", passwords.NOBODYS),
        ).fetchall()
        accounts.put_membership(conn, account_id, org, Role.VIEWER)
        a_token(conn, org, Role.VIEWER)
        [(token_id,)] = conn.execute("SELECT max(token_id) FROM api_token").fetchall()
        made[org] = {
            "org_id": org, "trap_id": trap_id, "field_id": f"field-{org}", "alert_id": alert_id,
            "account_id": account_id, "token_id": token_id, "rule_id": rule_id, "recipient_id": recipient_id,
            "subscription_id": subscription_id, "channel": "sms", "quarantine_id": quarantine_id,
            "event_id": event_id, "delivery_id": delivery_id,
            "commune_code": f"commune-{org}", "login": f"person@{org}",
            "correction_id": a_correction(conn, org, trap_id), "night": "2025-11-22", "species": BPH,
        }  # fmt: skip
    conn.commit()
    return made


def a_message(conn: pool.Connection, alert_id: int, recipient_id: int) -> tuple[int, int]:
    """Two events: one that awaits approval, and before it one whose message was given up."""
    [(earlier,), (event_id,)] = [
        conn.execute(
            "INSERT INTO alert_event (alert_id, number, word, level, night, fanned_out_at)"
            " VALUES (%s, %s, 'raised', %s, '2025-11-22', now()) RETURNING event_id",
            (alert_id, level, level),
        ).fetchall()[0]
        for level in (1, 2)
    ]
    given_up, _ = [
        conn.execute(
            "INSERT INTO delivery (event_id, alert_id, number, recipient_id, channel, state, waited, text, due_at,"
            " next_try_at) VALUES (%s, %s, %s, %s, %s, %s, %s, 'Báo động', %s, %s) RETURNING delivery_id",
            (event, alert_id, number, recipient_id, channel, state, waited, due, due),
        ).fetchall()[0][0]
        for event, number, channel, state, waited, due in [
            (earlier, 1, "email", "dead", None, "2025-11-22"), (event_id, 2, "sms", "queued", "approval", "infinity"),
        ]
    ]  # fmt: skip
    return int(event_id), int(given_up)


def a_correction(conn: pool.Connection, org: str, trap_id: str) -> int:
    """A night of 41 hoppers that is corrected; the other one is not."""
    night = date(2025, 11, 21)
    conn.execute("INSERT INTO catch VALUES (%s, %s, %s, 41, 39600, 60)", (trap_id, BPH, night))
    conn.execute("INSERT INTO trap_night VALUES (%s, %s, 39600, 39600, 60, now(), now())", (trap_id, night))
    _, made = corrections.put_correction(
        conn, org, CatchKey(trap_id, BPH, night), 38, seen=Seen(41), reason="đếm lại", author="Lan"
    )
    return made.correction_id


@dataclass(frozen=True)
class Stage:
    """The app, a database with the world in it to be copied, and everybody who may come to its door."""

    client: TestClient
    app: FastAPI
    databases: Databases
    template: str
    ids: dict[str, dict[str, Any]]
    roles: dict[Role, dict[str, str]]
    """Headers of a token of each role in the own org."""
    wrong: dict[str, dict[str, str]]
    """Headers that must open nothing."""
    person: dict[str, str]
    """A session of an admin of the own org."""
    root: dict[str, str]
    """A session of an admin of every org."""


def _stage(client: TestClient, app: FastAPI, databases: Databases) -> Stage:
    template = databases.clone()
    with pool.connect(template) as conn:
        ids = world(conn)
        [person, gone, root] = [
            conn.execute(
                "INSERT INTO account (login, name, password_hash, is_admin) VALUES (%s, %s, %s, %s)"
                " RETURNING account_id",
                (login, login, passwords.NOBODYS, login == "root"),
            ).fetchall()[0][0]
            for login in ("lan", "gone", "root")
        ]
        accounts.put_membership(conn, person, OWN, Role.ADMIN)
        accounts.put_membership(conn, gone, OWN, Role.ADMIN)
        roles = {role: a_token(conn, OWN, role) for role in Role}
        root_headers = a_session(conn, root)
        for one in ids.values():
            one["session_id"] = login_sessions.list_sessions(conn, root, "")[0].session_id
        made = Stage(
            client, app, databases, template, ids, roles, _wrong(conn, person, gone), a_session(conn, person),
            root_headers,
        )  # fmt: skip
    conn.close()
    return made


def _wrong(conn: pool.Connection, person: int, gone: int) -> dict[str, dict[str, str]]:
    expired, revoked = a_token(conn, OWN, Role.ADMIN), a_token(conn, OWN, Role.ADMIN)
    last = tokens.list_tokens(conn)[-1].token_id
    tokens.revoke_token(conn, last)
    conn.execute("UPDATE api_token SET expires_at = now() WHERE token_id = %s", (last - 1,))
    out = a_session(conn, gone)
    conn.execute("UPDATE account SET disabled_at = now() WHERE account_id = %s", (gone,))
    # {"alg":"none","typ":"JWT"}.{"sub":"root","is_admin":true,"exp":4102444800}.
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJyb290IiwiaXNfYWRtaW4iOnRydWUsImV4cCI6NDEwMjQ0NDgwMH0."
    return {
        "nobody": {},
        "unknown token": {"Authorization": "Bearer lt_wrong"},
        "expired token": expired,
        "revoked token": revoked,
        "unsigned JWT": {"Authorization": f"Bearer {unsigned}"},
        "another scheme": {"Authorization": "Basic cm9vdDpyb290"},
        "a token in the cookie": {"Cookie": f"{deps.COOKIE}={expired['Authorization'][7:]}", deps.PROOF: "tests"},
        "disabled account": out,
        "expired session": a_session(conn, person, -timedelta(seconds=1)),
    }


@pytest.fixture(scope="module")
def stage(databases: Databases) -> Iterator[Stage]:
    """One app for all of this; making it takes longer than asking it."""
    nowhere = SecretStr("postgresql://127.0.0.1:1/none")
    # Any number of requests, and a live stream that says hello and ends.
    many = ServerSettings(requests_per_address=10**6, requests_per_caller=10**6, live_s=0.05)
    app = create_app(
        ApiSettings(
            database=DatabaseSettings(dsn=nowhere), api=many, public_broker=PublicBrokerSettings(url=BROKER_URL)
        )
    )
    with TestClient(app, base_url="https://testserver", raise_server_exceptions=False) as client:
        made = _stage(client, app, databases)
        yield made
        databases.drop(made.template)


@pytest.fixture(scope="module")
def shared(stage: Stage) -> Iterator[Pool]:
    """One copy of the world for all requests that must change nothing."""
    dsn = stage.databases.copy(stage.template)
    with database.make_pool(dsn, 2) as lent:
        yield lent
    stage.databases.drop(dsn)


@pytest.fixture
def still(stage: Stage, shared: Pool) -> Iterator[Api]:
    """The API on a world in which nothing is changed by the test, or it fails."""
    before = _changes(shared)
    stage.client.cookies.clear()
    stage.app.state.pool = shared
    yield Api(stage.client, str(shared.conninfo))
    assert _changes(shared) == before


def _changes(lent: Pool) -> int:
    with lent.connection() as conn:
        [(entries,)] = conn.execute("SELECT count(*) FROM audit").fetchall()
    return int(entries)


@pytest.fixture
def fresh(stage: Stage) -> Iterator[Api]:
    """The API on a world of the test's own."""
    dsn = stage.databases.copy(stage.template)
    with database.make_pool(dsn, 1) as lent:
        stage.app.state.pool = lent
        yield Api(stage.client, dsn)
    stage.databases.drop(dsn)


def ask(
    api: Api, method: str, path: str, name: str, ids: dict[str, Any], headers: dict[str, str], **params: str
) -> Any:  # noqa: ANN401
    body = BODIES.get(name)
    filled = {key: f"field-{ids['org_id']}" if key == "field_id" else value for key, value in (body or {}).items()}
    needed = {key: SPAN[key] for key in _needed(name)}
    return api.client.request(
        method,
        path.format(**ids),
        params={**needed, **params},
        headers=headers,
        json=filled if body is not None else None,
    )


def _needed(name: str) -> list[str]:
    """The query parameters without which an operation is not answered."""
    [route] = [route for _, route in OPERATIONS if route.name == name]
    return [one.alias for one in _query(route) if one.field_info.is_required()]


def _query(route: APIRoute) -> list[Any]:
    """The query parameters of an operation and of what it depends on."""
    return [one for one in get_flat_params(route.dependant) if isinstance(one.field_info, Query)]


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
        assert path.startswith("/v1/admin/") == (MAY[route.name] == ADMIN_OF_ALL), path


@pytest.mark.parametrize(("method", "path", "route"), CELLS)
def test_nobody_comes_in_by_what_is_no_credential_or_no_longer_one(stage, still, method, path, route):
    for why, headers in stage.wrong.items():
        answer = ask(still, method, path, route.name, stage.ids[OWN], headers)
        if MAY[route.name] == ANYBODY:
            assert answer.status_code < 500, why
            assert OWN not in answer.text, why
        else:
            assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated"), why


@pytest.mark.parametrize(("method", "path", "route"), CELLS)
def test_what_is_not_allowed_is_refused_and_another_org_is_not_there(stage, still, method, path, route):
    declared = MAY[route.name]
    for role, headers in stage.roles.items():
        if isinstance(declared, frozenset):
            refused = ask(still, method, path, route.name, stage.ids[OTHER], headers)
            assert refused.status_code == 404, f"{role} in another org: {refused.text}"
            own_path = path.replace("{org_id}", OWN)
            if "{" in own_path and role in declared and route.name not in KEEPS_ITS_OWN_IDS:
                across = ask(still, method, own_path, route.name, stage.ids[OTHER], headers)
                assert across.status_code == 404, f"{role}, another org's object in the own: {across.text}"
        if declared in (A_PERSON, ADMIN_OF_ALL) or (isinstance(declared, frozenset) and role not in declared):
            answer = ask(still, method, path, route.name, stage.ids[OWN], headers)
            assert answer.status_code == 403, f"{role}: {answer.text}"
    if declared == ADMIN_OF_ALL:
        answer = ask(still, method, path, route.name, stage.ids[OWN], stage.person)
        assert answer.status_code == 403, answer.text
    if changes(route) and declared != ANYBODY:
        unproven = {"Cookie": stage.root["Cookie"]}
        answer = ask(still, method, path, route.name, stage.ids[OWN], unproven)
        assert (answer.status_code, deps.PROOF in answer.text) == (403, True)


@pytest.mark.parametrize(("method", "path", "route"), _cells(lambda route: MAY[route.name] != ANYBODY))
def test_everybody_may_what_is_declared(request, stage, method, path, route):
    declared, name = MAY[route.name], route.name
    if name == "change_my_password":
        return  # its own test is in test_api.py
    api = request.getfixturevalue("fresh" if changes(route) else "still")
    askers = {**stage.roles, "admin by session": stage.person}
    if isinstance(declared, frozenset):
        askers = {role: headers for role, headers in askers.items() if role in declared or role == "admin by session"}
    elif declared != SIGNED_IN:
        askers = {}
    for place, (who, headers) in enumerate(askers.items()):
        answer = ask(api, method, path, name, stage.ids[OWN], headers)
        # A later one may find the object taken, changed or gone by the first, which is no refusal.
        later = {409} | ({404} if name in GONE_AFTER_THE_FIRST else set()) if place else set()
        assert answer.status_code in {200, 201, 202, 204} | later, f"{who}: {answer.text}"
    answer = ask(api, method, path, name, stage.ids[OTHER], stage.root)
    # An id that is given once may have been taken in the own org.
    assert answer.status_code in {200, 201, 202, 204} | ({409} if changes(route) else set()), (
        f"admin of all: {answer.text}"
    )


def test_lists_of_one_org_hold_nothing_of_another_whatever_they_are_filtered_by(stage, still):
    filtered = 0
    for path, route in OPERATIONS:
        if changes(route) or not path.startswith("/v1/orgs/{org_id}"):
            continue
        params = {one.alias for one in _query(route)} - NO_ORGS
        filters = {one: stage.ids[OTHER].get(FILTERS.get(one, one)) for one in params}
        for given in [{}, *({key: str(value)} for key, value in filters.items() if value)]:
            answer = ask(still, "GET", path, route.name, stage.ids[OWN], stage.roles[Role.ADMIN], **given)
            assert answer.status_code in ({200, 404} if given else {200}), f"{path} {given}: {answer.text}"
            # What was asked for may be named again, and nothing else.
            text = answer.text
            for value in given.values():
                text = text.replace(value, "")
            assert OTHER not in text, f"{path} {given}"
            assert not (given and "items" in text) or answer.json()["items"] == [], f"{path} {given}"
            filtered += bool(given)
    assert filtered >= 7
    orgs = still.client.get("/v1/orgs", headers=stage.roles[Role.ADMIN])
    assert [org["org_id"] for org in orgs.json()] == [OWN]


def test_filters_find_what_is_of_the_own_org(stage, still):
    """Or the test above would be content with filters that find nothing at all."""
    for path, name, given in [
        ("/v1/orgs/{org_id}/nights", "list_nights", "trap_id"),
        ("/v1/orgs/{org_id}/nights", "list_nights", "field_id"),
        ("/v1/orgs/{org_id}/catches", "list_catches", "place"),
        ("/v1/orgs/{org_id}/fields", "list_fields", "commune_code"),
        ("/v1/orgs/{org_id}/traps", "list_traps", "field_id"),
        ("/v1/orgs/{org_id}/quarantine", "list_quarantine", "trap_id"),
        ("/v1/orgs/{org_id}/visits", "list_visits", "trap_id"),
        ("/v1/orgs/{org_id}/corrections", "list_corrections", "trap_id"),
        ("/v1/orgs/{org_id}/traps/{trap_id}/readings", "list_readings", ""),
    ]:
        params = {given: str(stage.ids[OWN][FILTERS.get(given, given)])} if given else {}
        answer = ask(still, "GET", path, name, stage.ids[OWN], stage.roles[Role.ADMIN], **params)
        assert answer.json()["items"], f"{path} {given}"


@pytest.mark.parametrize(("method", "path", "route"), _cells(changes))
def test_bodies_that_name_what_is_another_orgs_change_nothing(stage, still, method, path, route):
    if not isinstance(MAY[route.name], frozenset):
        return
    known = (set(stage.ids[OTHER]) | set(FILTERS)) - {"login", "commune_code"} - NO_ORGS
    for param in route.dependant.body_params:
        for field in known & set(getattr(param.field_info.annotation, "model_fields", ())):
            body = {**BODIES[route.name], field: stage.ids[OTHER][FILTERS.get(field, field)]}
            answer = still.client.request(
                method, path.format(**stage.ids[OWN]), headers=stage.roles[Role.ADMIN], json=body
            )
            if route.name == "replay_quarantine":
                assert answer.json() == {"asked": 0, "more": False}  # its trap is a filter: none need be registered
            else:
                assert answer.status_code in (404, 409, 422), f"{field}: {answer.text}"


def test_a_field_of_another_org_cannot_be_taken_over(stage, still):
    answer = still.client.put(
        f"/v1/orgs/{OWN}/fields/{stage.ids[OTHER]['field_id']}", json={"name": "Mine"}, headers=stage.roles[Role.ADMIN]
    )
    assert answer.status_code == 409
    assert OTHER not in answer.text.replace(stage.ids[OTHER]["field_id"], "")


def test_store_holds_the_orgs_apart_by_itself(conn):
    ids = world(conn)
    with pytest.raises(Exception, match="there is no alert"):
        handling.get_alert(conn, OWN, ids[OTHER]["alert_id"])
