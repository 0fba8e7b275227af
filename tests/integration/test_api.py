"""The API on a real database: logging in, problems, pages, what is changed and written down."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from api import deps, kinds
from lighttrap import migrate
from lighttrap.model import Role
from lighttrap.store import audit, logins, pool, quarantine
from tests.builders import NIGHTFALL, ORG, TRAP, a_reading, a_topic, a_trap, store_readings
from tests.fix_api import PASSWORD, Api, a_token, an_account
from tests.waiting import wait_until

PROOF = {deps.PROOF: "tests"}
NIGHT = {"first": "2025-11-20", "last": "2025-11-24"}


def log_in(api: Api, login: str = "lan@example.org", password: str = PASSWORD) -> Any:  # noqa: ANN401
    return api.client.post("/v1/login", json={"login": login, "password": password})


def pages(api: Api, path: str, headers: dict[str, str], **params: Any) -> list[list[dict[str, Any]]]:  # noqa: ANN401
    """All pages of a list, following its cursor."""
    found, after = [], None
    while True:
        answer = api.client.get(path, params={**params, **({"after": after} if after else {})}, headers=headers)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        after = answer.json()["next"]
        if after is None:
            return found


# Logging in


def test_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(api, conn):
    an_account(conn, "lan@example.org", ORG)
    answer = log_in(api)
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert api.client.get("/v1/me").json()["roles"] == {ORG: "viewer"}
    assert api.client.post("/v1/logout", headers=PROOF).status_code == 204
    assert api.client.get("/v1/me").status_code == 401


def test_change_by_cookie_needs_what_no_other_site_can_send(api, conn):
    an_account(conn, "lan@example.org", ORG, Role.ADMIN)
    log_in(api)
    body = {"name": "IOC"}
    place = f"/v1/orgs/{ORG}/tokens"
    assert api.client.post(place, json=body).status_code == 403
    assert api.client.post(place, json=body, headers={**PROOF, "Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert api.client.post(place, json=body, headers=PROOF).status_code == 201


def test_login_cannot_be_sent_by_another_site(api, conn):
    an_account(conn, "lan@example.org", ORG)
    body = {"login": "lan@example.org", "password": PASSWORD}
    answer = api.client.post("/v1/login", json=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("login", "password"), [("lan@example.org", "not my password"), ("nobody", PASSWORD)])
def test_login_says_the_same_of_a_wrong_password_and_of_nobody(api, conn, login, password):
    an_account(conn, "lan@example.org", ORG)
    answer = log_in(api, login, password)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "login and password do not fit, or the account is locked for some minutes"
    assert "set-cookie" not in answer.headers


def test_sixth_try_in_a_minute_is_refused_even_with_the_right_password(api, conn):
    an_account(conn, "lan@example.org", ORG)
    # One minute may end between two tries; then the count begins again, so more are made than would be needed.
    answers = [log_in(api, password="wrong password").status_code for _ in range(12)]
    assert 429 in answers
    assert set(answers) == {401, 429}
    refused = log_in(api)
    assert refused.status_code in (204, 429)


def test_failures_are_kept_though_the_answer_is_an_error(api, conn):
    an_account(conn, "lan@example.org", ORG)
    log_in(api, password="wrong password")
    assert conn.execute("SELECT failed_logins FROM account").fetchall() == [(1,)]


def test_new_password_ends_the_session_and_works(api, conn):
    an_account(conn, "lan@example.org", ORG)
    log_in(api)
    new = {"old": PASSWORD, "new": "chín con trâu đen"}
    assert api.client.put("/v1/me/password", json={**new, "old": "wrong"}, headers=PROOF).status_code == 403
    assert api.client.put("/v1/me/password", json={**new, "new": "short"}, headers=PROOF).status_code == 422
    assert api.client.put("/v1/me/password", json=new, headers=PROOF).status_code == 204
    assert api.client.get("/v1/me").status_code == 401
    assert logins.log_in(conn, "lan@example.org", "chín con trâu đen", logins.LoginLimits())


def test_admin_sees_every_org_and_a_stranger_none(api, conn):
    a_trap(conn)
    an_account(conn, "root")
    log_in(api, "root")
    assert [org["org_id"] for org in api.client.get("/v1/orgs").json()] == [ORG]
    api.client.cookies.clear()
    headers = a_token(conn, "an-giang", Role.ADMIN)
    assert api.client.get(f"/v1/orgs/{ORG}", headers=headers).status_code == 404


def test_token_is_told_once_works_and_ends_when_revoked(api, conn):
    admin = a_token(conn, ORG, Role.ADMIN)
    made = api.client.post(f"/v1/orgs/{ORG}/tokens", json={"name": "IOC"}, headers=admin).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert api.client.get("/v1/me", headers=headers).json()["roles"] == {ORG: "service"}
    assert made["secret"] not in api.client.get(f"/v1/orgs/{ORG}/tokens", headers=admin).text
    assert made["secret"] not in api.client.get(f"/v1/orgs/{ORG}/audit", headers=admin).text
    place = f"/v1/orgs/{ORG}/tokens/{made['token']['token_id']}"
    assert api.client.delete(place, headers=admin).json()["revoked_at"]
    assert api.client.get("/v1/me", headers=headers).status_code == 401


def test_wrong_authorization_is_not_saved_by_a_cookie(api, conn):
    an_account(conn, "lan@example.org", ORG)
    log_in(api)
    for header in ("Bearer lt_wrong", "Basic bGFuOmxhbg==", "Bearer", ""):
        assert api.client.get("/v1/me", headers={"Authorization": header}).status_code == 401


# Problems, headers, ETag


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "not-found"),
        ("PATCH", "/v1/me", 405, "method-not-allowed"),
        ("GET", "/v1/me", 401, "unauthenticated"),
        ("POST", "/v1/login", 422, "invalid-request"),
    ],
)
def test_every_error_is_a_problem(api, method, path, status, kind):
    answer = api.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["type"]) == (status, kind)
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_faults_say_where_and_do_not_repeat_what_was_sent(api):
    body = json.dumps({"login": "lan", "password": "x" * 500, "secret\ud800": 1})
    answer = api.client.post("/v1/login", content=body, headers={"Content-Type": "application/json"})
    assert {fault["at"].split(".")[0] for fault in answer.json()["faults"]} == {"body"}
    assert "xxx" not in answer.text


@pytest.mark.parametrize("chunked", [False, True])
def test_body_over_the_limit_is_refused(api, chunked):
    body = b'{"login": "' + b"x" * 2_000_000 + b'"}'
    parts = (body[at : at + 100_000] for at in range(0, len(body), 100_000))
    answer = api.client.post(
        "/v1/login", content=parts if chunked else body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.json()["type"] == "content-too-large"


def test_answers_have_the_headers_that_guard_them(api):
    headers = api.client.get("/v1/me", headers={"X-Request-Id": "my-request-7"}).headers
    assert headers["x-request-id"] == "my-request-7"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    odd = api.client.get("/v1/me", headers={"X-Request-Id": "my request, with <tags>"}).headers
    assert odd["x-request-id"].isalnum()


def test_list_that_is_known_is_not_sent_again(api, conn):
    headers = a_token(conn, ORG, Role.TECHNICIAN)
    place = f"/v1/orgs/{ORG}/traps"
    etag = api.client.get(place, headers=headers).headers["etag"]
    again = api.client.get(place, headers={**headers, "If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    a_trap(conn)
    changed = api.client.get(place, headers={**headers, "If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


def test_health_readiness_and_metrics(api, conn):
    assert api.client.get("/healthz").status_code == 200
    assert api.client.get("/readyz").status_code == 200
    api.client.get(f"/v1/orgs/{ORG}/traps", headers=a_token(conn, ORG, Role.VIEWER))
    api.client.get("/v1/orgs/no-such/traps/st-014")
    found = api.client.get("/metrics").text
    labels = '{route="list_traps",status="200"}'
    assert f"lighttrap_api_request_seconds_count{labels} 1.0" in found
    assert "no-such" not in found


def test_not_ready_without_its_migrations(api, conn):
    conn.execute("DELETE FROM schema_migration WHERE name LIKE '0009%'")
    conn.commit()
    answer = api.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def test_not_ready_with_a_migration_of_a_newer_release(api, conn, caplog):
    conn.execute("INSERT INTO schema_migration (name, sha) VALUES ('9999_later.sql', 'x')")
    conn.commit()
    answer = api.client.get("/readyz")
    assert answer.status_code == 503
    assert "9999_later.sql" in str([getattr(record, "error", "") for record in caplog.records])


# Traps, fields, catches


def test_trap_is_registered_moved_and_retired_and_each_is_written_down(api, conn):
    headers = a_token(conn, ORG, Role.ADMIN)
    base = f"/v1/orgs/{ORG}"
    for field in ("field-1", "field-2"):
        shape = {"type": "Point", "coordinates": [105.97, 9.6]}
        put = api.client.put(f"{base}/fields/{field}", json={"name": field, "boundary": shape}, headers=headers)
        assert put.json()["boundary"]["coordinates"] == [105.97, 9.6]
    new = api.client.post(f"{base}/traps", json={"trap_id": TRAP, "field_id": "field-1"}, headers=headers)
    assert (new.status_code, new.json()["field_id"]) == (201, "field-1")
    again = api.client.post(f"{base}/traps", json={"trap_id": TRAP}, headers=headers)
    assert (again.status_code, again.json()["type"]) == (409, "conflict")
    moved = api.client.post(f"{base}/traps/{TRAP}/move", json={"field_id": "field-2"}, headers=headers)
    assert moved.json()["field_id"] == "field-2"
    late = {"field_id": "field-1", "at": "2098-01-01T00:00:00Z"}
    assert api.client.post(f"{base}/traps/{TRAP}/move", json=late, headers=headers).status_code == 422
    assert api.client.post(f"{base}/traps/{TRAP}/retire", json={}, headers=headers).json()["retired_at"]
    log = audit.list_entries(conn, ORG, object_kind="trap")
    assert [entry.action for entry in log] == ["retire", "move", "register"]
    assert (log[1].before or {})["field_id"] == "field-1"
    assert (log[1].after or {})["field_id"] == "field-2"
    features = api.client.get(f"{base}/fields.geojson", headers=headers).json()["features"]
    assert [(one["id"], one["geometry"]["type"]) for one in features] == [("field-1", "Point"), ("field-2", "Point")]


def test_refused_change_leaves_nothing_behind(api, conn):
    headers = a_token(conn, ORG, Role.ADMIN)
    body = {"trap_id": TRAP, "field_id": "no-such-field"}
    assert api.client.post(f"/v1/orgs/{ORG}/traps", json=body, headers=headers).status_code == 404
    assert conn.execute("SELECT trap_id FROM trap").fetchall() == []
    assert audit.list_entries(conn, ORG) == []


def test_nights_are_paged_without_a_hole_and_show_silence(api, conn):
    a_trap(conn)
    a_trap(conn, "st-015")
    conn.execute("UPDATE trap SET created_at = %s", (NIGHTFALL - timedelta(days=9),))
    counts = {"nilaparvata-lugens": 41, "unidentified": 2}
    store_readings(conn, *(a_reading(seq, counts=counts, lamp_s=600) for seq in range(1, 60)))
    headers = a_token(conn, ORG, Role.VIEWER)
    found = pages(api, f"/v1/orgs/{ORG}/nights", headers, **NIGHT, limit=4)
    flat = [
        (one["trap_id"], one["night"], one["species"], one["count"], one["state"]) for page in found for one in page
    ]
    assert flat == sorted(flat)
    assert len(flat) == len(set(flat)) == 6 + 5
    assert (TRAP, "2025-11-22", "nilaparvata-lugens", 59 * 41, "complete") in flat
    assert ("st-015", "2025-11-22", None, None, "silent") in flat


def test_catches_are_summed_by_place_and_leave_lost_nights_out(api, conn):
    conn.execute("INSERT INTO org (org_id, name) VALUES (%s, 'x')", (ORG,))
    conn.execute("INSERT INTO field (field_id, org_id, name, commune_code) VALUES ('f-1', %s, 'F', '31498')", (ORG,))
    for trap_id in (TRAP, "st-015"):
        a_trap(conn, trap_id)
        conn.execute("INSERT INTO deployment VALUES (%s, 'f-1', '2025-01-01')", (trap_id,))
    # 59 readings of ten minutes are most of a night; ten are less than half of one.
    store_readings(conn, *(a_reading(seq) for seq in range(1, 60)))
    store_readings(conn, *(a_reading(seq) for seq in range(1, 11)), trap_id="st-015")
    headers = a_token(conn, ORG, Role.VIEWER)
    for by, place in (("trap", TRAP), ("field", "f-1"), ("commune", "31498")):
        for per, night in (("night", "2025-11-22"), ("week", "2025-11-17")):
            [found] = pages(api, f"/v1/orgs/{ORG}/catches", headers, **NIGHT, by=by, per=per)
            assert found == [
                {
                    "place": place, "species": "nilaparvata-lugens", "night": night, "count": 59 * 41,
                    "trap_nights": 1, "per_trap_night": 59 * 41, "machine_count": 59 * 41, "corrections": 0,
                }
            ]  # fmt: skip


def test_readings_are_paged_within_their_span(api, conn):
    a_trap(conn)
    store_readings(conn, *(a_reading(seq) for seq in range(1, 11)))
    headers = a_token(conn, ORG, Role.VIEWER)
    span = {"first_at": "2025-11-22T13:40:00Z", "before_at": "2025-11-22T15:00:00Z"}
    found = pages(api, f"/v1/orgs/{ORG}/traps/{TRAP}/readings", headers, **span, limit=3)
    assert [[one["seq"] for one in page] for page in found] == [[2, 3, 4], [5, 6, 7], [8, 9]]
    too_long = {**span, "before_at": "2026-11-22T15:00:00Z"}
    assert api.client.get(f"/v1/orgs/{ORG}/traps/{TRAP}/readings", params=too_long, headers=headers).status_code == 422


@pytest.mark.parametrize("cursor", ["", "xx", "é", "WyJzdC0wMTQiXQ", "W10=", "WyJcdTAwMDAiXQ=="])
def test_cursor_that_we_did_not_give_is_refused(api, conn, cursor):
    headers = a_token(conn, ORG, Role.VIEWER)
    answer = api.client.get(f"/v1/orgs/{ORG}/traps", params={"after": cursor}, headers=headers)
    assert answer.status_code == 422


def test_quarantine_shows_what_came_under_the_orgs_topics(api, conn):
    for org in (ORG, "an-giang"):
        refusal = quarantine.Refusal(NIGHTFALL, a_topic(org=org).encode(), b"\xff{}", "json", "no JSON", "st-014")
        quarantine.insert(conn, [refusal])
    conn.commit()
    [[found]] = pages(api, f"/v1/orgs/{ORG}/quarantine", a_token(conn, ORG, Role.SERVICE))
    assert (found["topic"], found["payload"], found["payload_bytes"]) == (a_topic(), "\\xff{}", 3)


# Rules and alerts


def test_rule_is_put_as_the_next_version(api, conn):
    headers = a_token(conn, ORG, Role.AGRONOMIST)
    place = f"/v1/orgs/{ORG}/rules"
    body = {"species": "nilaparvata-lugens", "watch": 200.0}
    assert api.client.post(place, json=body, headers=headers).json()["version"] == 1
    assert api.client.post(place, json={**body, "watch": 300.0}, headers=headers).json()["version"] == 2
    [rule] = api.client.get(place, headers=headers).json()
    assert (rule["watch"], rule["version"]) == (300.0, 2)
    [newer, _] = audit.list_entries(conn, ORG, object_kind="rule")
    assert (newer.before or {})["watch"] == 200.0


@pytest.mark.parametrize(
    "wrong",
    [{}, {"watch": 5, "warning": 4}, {"jump_ratio": 3}, {"watch": 5, "k": 3}, {"watch": 0}, {"watch": float("inf")}],
)
def test_rule_that_makes_no_sense_is_refused(api, conn, wrong):
    headers = {**a_token(conn, ORG, Role.AGRONOMIST), "Content-Type": "application/json"}
    body = json.dumps({"species": "nilaparvata-lugens", **wrong})
    assert api.client.post(f"/v1/orgs/{ORG}/rules", content=body, headers=headers).status_code == 422


def test_alert_is_handled_in_the_version_that_was_seen(api, conn):
    a_trap(conn)
    an_account(conn, "lan@example.org", ORG)
    [(alert_id,)] = conn.execute(
        "INSERT INTO alert (org_id, kind, trap_id, fault, level, highest, opened_night)"
        " VALUES (%s, 'device', %s, 'lamp', 2, 2, '2025-11-22') RETURNING alert_id",
        (ORG, TRAP),
    ).fetchall()
    conn.commit()
    headers = a_token(conn, ORG, Role.TECHNICIAN)
    place = f"/v1/orgs/{ORG}/alerts/{alert_id}"

    def act(word: str, **body: object) -> Any:  # noqa: ANN401
        return api.client.post(f"{place}/{word}", json=body, headers=headers)

    taken = act("acknowledge", version=1, text="đi xem")
    assert taken.json()["alert"]["acknowledged_by"].endswith("(technician)")
    assert act("comments", version=1, text="đèn hỏng").status_code == 409
    assert act("comments", version=2, text="đèn hỏng").status_code == 201
    assert act("assign", version=3, assignee="nobody@example.org").status_code == 422
    given = act("assign", version=3, assignee="lan@example.org").json()
    assert (given["alert"]["assignee"], given["alert"]["version"]) == ("lan@example.org", 4)
    case = api.client.get(place, headers=headers).json()
    assert [(note["kind"], note["text"]) for note in case["notes"]] == [
        ("acknowledged", "đi xem"), ("comment", "đèn hỏng"), ("assigned", ""),
    ]  # fmt: skip
    [[listed]] = pages(api, f"/v1/orgs/{ORG}/alerts", headers, state="active")
    assert listed["alert_id"] == alert_id


def test_alerts_come_by_level_page_by_page_and_by_whose_they_are(api, conn):
    a_trap(conn)
    an_account(conn, "lan@example.org", ORG)
    faults = {"lamp": 2, "battery": 1, "gap": 1, "silent": 3}
    for fault, level in faults.items():
        conn.execute(
            "INSERT INTO alert (org_id, kind, trap_id, fault, level, highest, opened_night, assignee)"
            " VALUES (%s, 'device', %s, %s, %s, %s, '2025-11-22', %s)",
            (ORG, TRAP, fault, level, level, "lan@example.org" if fault == "gap" else None),
        )
    conn.commit()
    headers, place = a_token(conn, ORG, Role.VIEWER), f"/v1/orgs/{ORG}/alerts"

    def listed(**asked: object) -> list[str]:
        return [one["fault"] for page in pages(api, place, headers, **asked) for one in page]

    assert listed(limit=1, order="worst") == ["silent", "lamp", "gap", "battery"]
    assert listed(limit=2) == ["silent", "gap", "battery", "lamp"]
    assert listed(assigned=False) == ["silent", "battery", "lamp"]
    assert listed(assigned=True) == ["gap"]
    assert listed(commune_code="31117") == []


def test_devices_tell_how_traps_are(api, conn):
    a_trap(conn)
    a_trap(conn, "st-015")
    store_readings(conn, a_reading(1), a_reading(4))
    [[one, other]] = pages(api, f"/v1/orgs/{ORG}/devices", a_token(conn, ORG, Role.VIEWER))
    assert (one["trap_id"], one["missing"], one["last_heard_at"] is not None) == (TRAP, 2, True)
    assert (other["trap_id"], other["missing"], other["last_heard_at"]) == ("st-015", 0, None)


# People


def test_people_are_let_in_changed_and_removed(api, conn):
    headers = a_token(conn, ORG, Role.ADMIN)
    place = f"/v1/orgs/{ORG}/users"
    an_account(conn, "ba@example.org", "an-giang")
    new = {"login": "lan@example.org", "role": "viewer", "name": "Lan", "password": PASSWORD}
    lan = api.client.post(place, json=new, headers=headers).json()
    assert (lan["login"], lan["role"]) == ("lan@example.org", "viewer")
    taken = {**new, "login": "ba@example.org"}
    assert api.client.post(place, json=taken, headers=headers).status_code == 409
    known = {"login": "ba@example.org", "role": "technician"}
    assert api.client.post(place, json=known, headers=headers).status_code == 201
    changed = api.client.put(f"{place}/{lan['account_id']}", json={"role": "agronomist"}, headers=headers)
    assert changed.json()["role"] == "agronomist"
    assert api.client.delete(f"{place}/{lan['account_id']}", headers=headers).status_code == 204
    assert [one["login"] for one in api.client.get(place, headers=headers).json()] == ["ba@example.org"]
    log = audit.list_entries(conn, ORG, object_kind="account")
    assert [entry.action for entry in log] == ["remove", "change role", "add", "add"]
    assert PASSWORD not in str(log)
    assert "argon2" not in str(log)


# As a program


def test_program_serves_through_a_restart_of_the_database_and_stops_when_told(own_cluster, start_api):
    with pool.connect(own_cluster.dsn()) as conn:
        migrate.migrate(conn)
        headers = a_token(conn, ORG, Role.VIEWER)
    program = start_api(own_cluster.dsn())
    program.wait_until_ready()
    place = f"{program.url}/v1/orgs"
    [org] = httpx2.get(place, headers=headers).json()
    assert (org["org_id"], org["name"]) == (ORG, ORG)
    own_cluster.stop()
    answer = httpx2.get(place, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["type"]) == (503, "store-unavailable")
    assert httpx2.get(f"{program.url}/healthz").status_code == 200
    own_cluster.start()
    wait_until(lambda: httpx2.get(place, headers=headers, timeout=30).status_code == 200, within=60)
    program.stop()
    assert program.process is not None
    assert program.process.returncode == 0


def test_program_that_lacks_a_setting_says_which(start_program):
    program = start_program("api")
    assert program.wait() == 2
    assert "LIGHTTRAP_DATABASE" in program.output()


def test_every_time_zone_that_is_taken_is_one_the_database_knows(conn):
    # A field in another would fail every batch and every list with it.
    conn.execute("SELECT now() AT TIME ZONE zone FROM unnest(%s::text[]) AS zone", [sorted(kinds.ZONES)])
    assert "localtime" not in kinds.ZONES
