"""Rules and names of communes over HTTP: versions, the end of a rule, pages of names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lighttrap import model
from lighttrap.model import Role
from lighttrap.store import audit, communes
from tests.builders import ORG
from tests.fix_api import a_token
from tests.outbreak import BPH, a_village, an_outbreak, store

PLACE = f"/v1/orgs/{ORG}/rules"


def test_ended_rule_is_out_of_force_in_its_history_and_its_alert_is_over(api, conn):
    village = a_village(conn, 1)
    for night in an_outbreak(village, sick=0)[:2]:
        store(conn, night)
    headers = a_token(conn, ORG, Role.AGRONOMIST)
    body = {"species": BPH, "watch": 300, "warning": 900, "alarm": 5000}
    second = api.client.post(PLACE, json=body, headers=headers).json()
    versions = api.client.get(f"{PLACE}/{second['rule_id']}/versions", headers=headers).json()
    assert [(one["version"], one["warning"], one["replaced_at"] is None) for one in versions] == [
        (2, 900, True), (1, 1000, False),
    ]  # fmt: skip
    first = versions[1]["rule_id"]
    assert api.client.delete(f"{PLACE}/{first}", headers=headers).status_code == 409
    assert api.client.delete(f"{PLACE}/{second['rule_id']}", headers=headers).status_code == 204
    assert api.client.delete(f"{PLACE}/{second['rule_id']}", headers=headers).status_code == 409
    assert api.client.get(PLACE, headers=headers).json() == []
    [alert] = api.client.get(f"/v1/orgs/{ORG}/alerts", headers=headers).json()["items"]
    assert alert["state"] == "cleared"
    [entry, *_] = audit.list_entries(conn, ORG, object_kind="rule")
    assert (entry.action, (entry.before or {})["warning"]) == ("end", 900)
    third = api.client.post(PLACE, json=body, headers=headers).json()
    assert third["version"] == 3
    again = api.client.get(f"{PLACE}/{first}/versions", headers=headers).json()
    assert [one["version"] for one in again] == [3, 2, 1]


def test_rule_that_somebody_replaced_since_it_was_seen_is_not_put(api, conn):
    a_village(conn, 1)
    headers = a_token(conn, ORG, Role.AGRONOMIST)
    [seen] = api.client.get(PLACE, headers=headers).json()
    body = {"species": BPH, "watch": 300}
    assert api.client.post(PLACE, json={**body, "replaces": None}, headers=headers).status_code == 409
    put = api.client.post(PLACE, json={**body, "replaces": seen["rule_id"]}, headers=headers)
    assert put.status_code == 201
    assert api.client.post(PLACE, json={**body, "replaces": seen["rule_id"]}, headers=headers).status_code == 409
    assert [one["version"] for one in api.client.get(PLACE, headers=headers).json()] == [2]


def test_field_that_is_not_as_it_was_seen_is_not_put(api, conn):
    a_village(conn, 1)
    headers = a_token(conn, ORG, Role.AGRONOMIST)
    place = f"/v1/orgs/{ORG}/fields/new-field"
    shape = {"type": "Point", "coordinates": [105.97, 9.6]}
    body = {"name": "One", "boundary": shape}
    assert api.client.put(place, json={**body, "was": {"name": "One"}}, headers=headers).status_code == 409
    assert api.client.put(place, json={**body, "was": None}, headers=headers).status_code == 200
    assert api.client.put(place, json={**body, "was": None}, headers=headers).status_code == 409
    seen = {"name": "One", "boundary": shape, "area_ha": None, "commune_code": None}
    assert api.client.put(place, json={"name": "Two", "was": seen}, headers=headers).status_code == 200
    assert api.client.put(place, json={"name": "Three", "was": seen}, headers=headers).status_code == 409
    assert api.client.get(place, headers=headers).json()["name"] == "Two"


def test_setting_that_somebody_decided_anew_is_not_put(api, conn):
    a_village(conn, 1)
    headers = a_token(conn, ORG, Role.AGRONOMIST)
    place = f"/v1/orgs/{ORG}/settings"
    first = api.client.put(place, json={"phone": "0299111", "updated_at": None}, headers=headers).json()
    assert api.client.put(place, json={"phone": "0299222", "updated_at": None}, headers=headers).status_code == 409
    seen = {"phone": "0299333", "updated_at": first["updated_at"]}
    assert api.client.put(place, json=seen, headers=headers).json()["phone"] == "0299333"


def test_communes_are_paged_by_code(api, conn):
    for code, name in (("31318", "Phường Ninh Kiều"), ("31498", "Xã Kế Sách"), ("30280", "Xã Mỹ Hòa")):
        communes.put_commune(conn, model.Commune(code, name, "91" if code == "30280" else "92"))
    conn.commit()
    headers = a_token(conn, ORG, Role.VIEWER)
    first = api.client.get("/v1/communes", params={"limit": 2}, headers=headers).json()
    second = api.client.get("/v1/communes", params={"limit": 2, "after": first["next"]}, headers=headers).json()
    assert [one["commune_code"] for page in (first, second) for one in page["items"]] == ["30280", "31318", "31498"]
    some = api.client.get("/v1/communes", params={"province_code": "92"}, headers=headers).json()["items"]
    assert [one["name"] for one in some] == ["Phường Ninh Kiều", "Xã Kế Sách"]


@pytest.mark.parametrize("number", [0, 2])
def test_rules_put_side_by_side_are_each_a_version_and_each_written_down(api, conn, number):
    if number:
        a_village(conn, number)
    headers = a_token(conn, ORG, Role.AGRONOMIST)

    def put(watch: int) -> int:
        return int(api.client.post(PLACE, json={"species": BPH, "watch": watch}, headers=headers).status_code)

    with ThreadPoolExecutor(6) as crowd:
        assert set(crowd.map(put, range(100, 112))) == {201}
    [rule] = api.client.get(PLACE, headers=headers).json()
    log = audit.list_entries(conn, ORG, object_kind="rule")
    assert len({entry.object_id for entry in log}) == 12
    # Each names the one that it replaced.
    assert [(entry.before or {}).get("rule_id") for entry in log][:11] == [int(entry.object_id) for entry in log][1:]
    assert log[0].object_id == str(rule["rule_id"])


def test_rule_whose_nights_could_not_be_judged_is_written_down_all_the_same(api, conn):
    store(conn, an_outbreak(a_village(conn, 1), sick=0)[0])
    conn.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '57014'; END $$;"
        " CREATE TRIGGER fail BEFORE INSERT ON judged_night FOR EACH ROW EXECUTE FUNCTION fail()"
    )
    for table in ("trap_night", "catch"):
        conn.execute(f"UPDATE {table} SET night = current_date - 3")
    conn.commit()
    headers = a_token(conn, ORG, Role.AGRONOMIST)
    assert api.client.post(PLACE, json={"species": BPH, "watch": 77}, headers=headers).status_code == 503
    [rule] = api.client.get(PLACE, headers=headers).json()
    [entry] = audit.list_entries(conn, ORG, object_kind="rule")
    assert rule["watch"] == 77
    assert (entry.action, entry.object_id) == ("put", str(rule["rule_id"]))
